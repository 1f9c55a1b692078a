//! Given settings and a template, this text or this sentence comes out.

use super::*;
use crate::core::machine::{Machine, Platform};
use crate::core::settings::{Settings, read};
use crate::core::uci;

const TREE: &str = include_str!("../../../tests/trees/r220a/etc/config/kickstand");
const CARD: &str = "b8:ca:3a:00:00:01";

fn settings(text: &str) -> Settings {
    let settings = read(&uci::parse(text.as_bytes()).expect("valid UCI"));
    assert_eq!(settings.faults, vec![]);
    settings
}

fn machine() -> Machine {
    Machine::unseen(CARD.parse().expect("valid"))
}

fn context_of(settings: &Settings, machine: &Machine) -> Context {
    let host = settings.hosts.values().next().expect("one host");
    let router = Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    };
    Context::new(
        settings,
        host,
        &settings.profiles[&host.profile],
        machine,
        router,
        "0123456789abcdef0123456789abcdef",
    )
}

fn render_with(
    text: &str,
    name: &str,
    templates: &'static [(&'static str, &'static str)],
) -> Result<String, String> {
    let settings = settings(text);
    let find = |name: &str| {
        Ok(templates
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, source)| source.to_string()))
    };
    render_answer(
        AnswerKind::Kickstart,
        name,
        &context_of(&settings, &machine()),
        find,
    )
    .map_err(|error| error.text)
}

#[test]
fn a_debian_answers_what_its_installer_asks() {
    let settings = settings(include_str!(
        "../../../tests/trees/debian/etc/config/kickstand"
    ));
    let text = render_answer(
        AnswerKind::Preseed,
        "debian.preseed",
        &context_of(&settings, &machine()),
        |_: &str| Ok(None),
    );
    let text = text.expect("a built-in");
    assert_eq!(text, include_str!("../../../tests/golden/debian.preseed"));
    let problems = crate::kickstart::preseed::check(&text);
    assert_eq!(problems, vec![]);
}

fn template(source: &'static str) -> Result<String, String> {
    let templates: &'static [(&str, &str)] = Box::leak(Box::new([("t.ks", source)]));
    render_with(TREE, "t.ks", templates)
}

#[test]
fn the_builtin_gives_the_golden_file() {
    let rendered = render_with(TREE, "almalinux.ks", &[]).expect("renders");
    assert_eq!(
        rendered,
        include_str!("../../../tests/golden/r220a.ks"),
        "\n{rendered}"
    );
}

#[test]
fn without_a_disk_pre_finds_the_only_one_and_writes_the_plan() {
    let text = TREE.replace("option disk", "#option disk");
    let rendered = render_with(&text, "almalinux.ks", &[]).expect("renders");
    assert!(rendered.contains("\n%include /tmp/kickstand-disk.ks\n"));
    assert!(rendered.contains("\nclearpart --all --initlabel --drives=$disk\n"));
    assert!(!rendered.contains("/dev/disk/by-path/pci"));
}

#[test]
fn a_bios_machine_gets_a_bios_boot_partition() {
    let settings = settings(TREE);
    let context = context_of(
        &settings,
        &Machine {
            platform: Platform::PcBios,
            ..machine()
        },
    );
    let rendered = render_answer(
        AnswerKind::Kickstart,
        "almalinux.ks",
        &context,
        |_: &str| Ok(None),
    )
    .expect("renders");
    assert!(rendered.contains("part biosboot ") && !rendered.contains("/boot/efi"));
}

#[test]
fn without_a_gateway_or_bond_there_is_no_empty_option() {
    let text = "config profile 'p'\n option kernel 'http://m/k'\n option mirror 'http://m'\n\
                config host 'web_1'\n option mac '52:54:00:00:00:01'\n option profile 'p'\n\
                config account 'a'\n option ssh_key 'ssh-ed25519 AAAA a'\n";
    let rendered = render_with(text, "almalinux.ks", &[]).expect("renders");
    assert!(
        rendered.contains(
            "\nnetwork --bootproto=dhcp --device=bootif --activate\nnetwork --hostname=web-1\n"
        ),
        "{rendered}"
    );
    assert!(rendered.contains(
        "\nuser --groups=wheel --name=a --gecos=a\nsshkey --username=a \"ssh-ed25519 AAAA a\"\n"
    ));
}

#[test]
fn nobody_to_log_in_is_a_fault() {
    let text = TREE
        .split("config account")
        .next()
        .expect("text")
        .to_owned();
    let error = render_with(&text, "almalinux.ks", &[]).expect_err("fault");
    assert!(
        error.contains("nobody could log in: add a `config account` section"),
        "{error}"
    );
}

#[test]
fn a_value_that_is_not_set_is_named_with_its_line() {
    let error = template("text\nx {{ host.device }}\n").expect_err("fault");
    assert_eq!(
        error,
        "t.ks, line 2: host.device is not set: set option device of the host"
    );
    let error = template("text\nx {{ var.colour | quote }}\n").expect_err("fault");
    assert_eq!(
        error,
        "t.ks, line 2: var.colour is not set: add `list var 'colour=…'` to the host or its profile"
    );
    let error = template("{% if nonsense %}x{% endif %}\n").expect_err("fault");
    assert_eq!(error, "t.ks, line 1: nonsense is not set");
    let error = template("{% for x in host.nothing %}{% endfor %}\n").expect_err("fault");
    assert!(error.contains("host.nothing is not set"), "{error}");
}

#[test]
fn a_value_with_blanks_must_be_quoted() {
    let error = template("sshkey {{ accounts[0].ssh_keys[0] }}\n").expect_err("fault");
    assert!(
        error.starts_with("t.ks, line 1: the value holds characters that need quoting"),
        "{error}"
    );
    let line = template("sshkey {{ accounts[0].ssh_keys[0] | quote }}\n").expect("renders");
    assert!(line.starts_with("sshkey \"ssh-ed25519 AAAA"), "{line}");
}

#[test]
fn template_text_in_a_value_is_only_text() {
    let text = TREE.replace("timezone=America/Los_Angeles", "timezone={{ token }}");
    let rendered = render_with(&text, "almalinux.ks", &[]).expect("renders");
    assert!(rendered.contains("\ntimezone \"{{ token }}\" --utc\n"));
}

#[test]
fn faults_of_the_template_name_it() {
    assert!(
        template("{% if %}")
            .expect_err("fault")
            .starts_with("t.ks: ")
    );
    assert!(
        template("{{ host.name | nosuch }}\n")
            .expect_err("fault")
            .contains("nosuch")
    );
    assert!(
        template("{% include 'nosuch.ks' %}\n")
            .expect_err("fault")
            .contains("nosuch.ks")
    );
    let missing = render_with(TREE, "nosuch.ks", &[]).expect_err("fault");
    assert_eq!(
        missing,
        "there is no template 'nosuch.ks' in <www>/answers, and no built-in of that name"
    );
}

#[test]
fn a_template_without_end_is_stopped() {
    let error = template("{% include 't.ks' %}\n").expect_err("fault");
    assert!(error.contains("t.ks"), "{error}");
}

#[test]
fn an_argument_cannot_smuggle_in_another() {
    let settings = settings(&TREE.replace("timezone=America/Los_Angeles", "timezone=a b"));
    let context = context_of(&settings, &machine());
    let error = render_option("list arg", "x={{ var.timezone }}", &context).expect_err("fault");
    assert_eq!(
        error.text,
        "list arg: a value must not hold blanks: iPXE would split it, in `x={{ var.timezone }}`"
    );
}

#[test]
fn an_option_that_was_read_before_is_rendered_anew() {
    let settings = settings(TREE);
    let context = |disk: &str| {
        let mut settings = settings.clone();
        let host = settings.hosts.get_mut("r220a").expect("it is there");
        host.disk = Some(disk.to_owned());
        context_of(&settings, &machine())
    };
    // More of them than are kept, twice.
    for round in ["sda", "sdb"] {
        let context = context(round);
        for number in 0..MOST_OPTIONS + 10 {
            let source = format!("{number}={{{{ host.disk }}}}");
            let text = render_option("list arg", &source, &context).expect("it renders");
            assert_eq!(text, format!("{number}={round}"));
        }
    }
    let unset = "x={{ var.nothing }}";
    for option in ["list arg", "option kernel"] {
        let error = render_option(option, unset, &context("sda")).expect_err("it is not set");
        assert!(error.text.starts_with(option), "{error}");
    }
}
