//! The built-in answer file: it says what the article said, Anaconda's own parser takes it, and its scripts are shell.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use kickstand::core::answer::{Context, Router, render_answer};
use kickstand::core::machine::{Machine, Platform};
use kickstand::core::settings::{AnswerKind, read};
use kickstand::core::uci;
use kickstand::kickstart::check;
use kickstand::kickstart::finding::Severity;
use kickstand::kickstart::meaning::Surroundings;
use kickstand::kickstart::release::Release;
use kickstand_lab::parts;
use kickstand_lab::scratch::Scratch;

const TREE: &str = include_str!("trees/r220a/etc/config/kickstand");
const ARTICLE: &str = include_str!("golden/article.ks");

fn render(config: &str, platform: Platform) -> String {
    let settings = read(&uci::parse(config.as_bytes()).expect("valid UCI"));
    assert_eq!(settings.faults, vec![], "{config}");
    let host = settings.hosts.values().next().expect("a host");
    let machine = Machine {
        platform,
        ..Machine::unseen(host.macs[0])
    };
    let router = Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    };
    let profile = &settings.profiles[&host.profile];
    let token = "0123456789abcdef0123456789abcdef";
    let context = Context::new(&settings, host, profile, &machine, router, token);
    render_answer(
        AnswerKind::Kickstart,
        "almalinux.ks",
        &context,
        |_: &str| Ok(None),
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

/// A line as Python's shlex splits it: quotes of both kinds, backslashes, comments.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "a quote that is not closed: {line}");
    words.extend(word);
    words
}

/// What a kickstart says: commands with their sorted words, and sections with their lines.
#[derive(Debug, Default)]
struct Kickstart {
    commands: Vec<Vec<String>>,
    sections: Vec<(Vec<String>, Vec<String>)>,
}

fn parse(text: &str) -> Kickstart {
    let mut kickstart = Kickstart::default();
    let mut section: Option<(Vec<String>, Vec<String>)> = None;
    for line in text.lines() {
        if let Some((_, lines)) = &mut section {
            if line.trim() == "%end" {
                kickstart.sections.extend(section.take());
            } else {
                lines.push(line.to_owned());
            }
            continue;
        }
        let words = words(line);
        match words.first() {
            Some(first) if first.starts_with('%') && first != "%include" => {
                section = Some((words, Vec::new()))
            }
            Some(_) => kickstart.commands.push(words),
            None => {}
        }
    }
    assert!(section.is_none(), "a section without %end");
    kickstart
}

fn sorted(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    words[1..].sort();
    words
}

impl Kickstart {
    /// Sections of a kind, with their options sorted and the lines that say something.
    fn of_kind(&self, kind: &str) -> Vec<(Vec<String>, Vec<String>)> {
        self.sections
            .iter()
            .filter(|(head, _)| head[0] == kind)
            .map(|(head, lines)| {
                let lines = lines
                    .iter()
                    .map(|line| line.trim())
                    .filter(|line| !line.is_empty());
                (sorted(head), lines.map(str::to_owned).collect())
            })
            .collect()
    }
}

#[test]
fn every_command_of_the_article_is_in_ours_and_nothing_else_is() {
    let (article, ours) = (parse(ARTICLE), parse(&render(TREE, Platform::Efi)));
    let count = |kickstart: &Kickstart| {
        let mut count: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for command in &kickstart.commands {
            *count.entry(sorted(command)).or_default() += 1;
        }
        count
    };
    assert!(article.commands.len() > 15, "{article:?}");
    assert_eq!(count(&ours), count(&article));
    for kind in ["%packages", "%addon"] {
        assert_eq!(article.of_kind(kind).len(), 1);
        assert_eq!(ours.of_kind(kind), article.of_kind(kind), "{kind}");
    }
}

/// Hosts of every shape, and the kind of their firmware.
fn shapes() -> Vec<(&'static str, String, Platform)> {
    let profile =
        "config profile 'p'\n\toption kernel 'http://m/k'\n\toption mirror 'http://m/9'\n";
    let host = "config host 'h'\n\tlist mac '52:54:00:00:00:01'\n\toption profile 'p'\n";
    let key = "config account 'one'\n\tlist ssh_key 'ssh-ed25519 AAAA one@x'\n";
    let hash = "config account 'two'\n\toption password_hash '$6$salt$hash'\n\toption gecos 'Second Person'\n\toption sudo 'password'\n\
                config account 'three'\n\toption password_hash '$6$salt$hash'\n\tlist ssh_key 'ssh-rsa AAAA three'\n\
                \tlist ssh_key 'ssh-ed25519 AAAAB it is \\$three'\n\toption sudo 'no'\n";
    let address =
        "\toption address '192.0.2.7/26'\n\toption gateway '192.0.2.1'\n\tlist dns '192.0.2.1'\n";
    let disk = "\toption disk '/dev/disk/by-id/ata-X_Y=1'\n";
    let packages = "\tlist package '@core'\n\tlist package 'vim-enhanced'\n\tlist package '-iwl7260-firmware'\n";
    let vars = "\tlist var 'rootpw_hash=$6$a$b'\n\tlist var 'kdump=no'\n\tlist var 'keyboard=de'\n\tlist var 'fstype=ext4'\n";
    vec![
        ("the article's", TREE.to_owned(), Platform::Efi),
        (
            "the article's with a BIOS",
            TREE.to_owned(),
            Platform::PcBios,
        ),
        (
            "dhcp, no disk",
            format!("{profile}{host}{key}"),
            Platform::Efi,
        ),
        (
            "dhcp, no disk, BIOS",
            format!("{profile}{host}{key}"),
            Platform::PcBios,
        ),
        (
            "static, disk",
            format!("{profile}{host}{address}{disk}{key}"),
            Platform::Efi,
        ),
        (
            "several accounts",
            format!("{profile}{host}{disk}{key}{hash}"),
            Platform::Efi,
        ),
        (
            "packages",
            format!("{profile}{host}{disk}{packages}{key}"),
            Platform::Efi,
        ),
        (
            "variables",
            format!("{profile}{host}{disk}{vars}{key}"),
            Platform::PcBios,
        ),
    ]
}

#[test]
fn packages_come_besides_the_minimal_environment_unless_one_is_an_environment() {
    let packages = |options: &str| {
        let (_, config, platform) = shapes().swap_remove(6);
        let config = config.replace("\tlist package '@core'\n", options);
        let text = render(&config, platform);
        let (_, rest) = text.split_once("%packages\n").expect("a section");
        rest.split("%end").next().expect("its end").to_owned()
    };
    assert_eq!(
        packages("\tlist package '@core'\n"),
        "@^minimal-environment\n@core\nvim-enhanced\n-iwl7260-firmware\n"
    );
    let server = "@^server-product-environment\nvim-enhanced\n-iwl7260-firmware\n";
    assert_eq!(
        packages("\tlist package '@^server-product-environment'\n"),
        server
    );
}

#[test]
fn anacondas_parser_takes_every_shape_for_every_release() {
    let scratch = Scratch::new("kickstart");
    for (name, config, platform) in shapes() {
        let text = render(&config, platform);
        // What %pre writes when no disk is named.
        let plan = text
            .split("<<KICKSTAND\n")
            .nth(1)
            .and_then(|rest| rest.split("KICKSTAND\n").next());
        let plan = plan.unwrap_or_default().replace("$disk", "/dev/sda");
        assert_eq!(plan.is_empty(), config.contains("option disk"), "{name}");
        let text = text.replace("%include /tmp/kickstand-disk.ks", &plan);
        let file = scratch.write("h.ks", &text);
        for release in ["RHEL8", "RHEL9", "RHEL10"] {
            let output = Command::new(parts::ksvalidator())
                .args(["--version", release])
                .arg(&file)
                .output()
                .expect("the validator starts");
            assert!(
                output.status.success(),
                "{name}, {release}:\n{}{}\n{text}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

#[test]
fn our_own_check_finds_nothing_in_any_shape() {
    for (name, config, platform) in shapes() {
        let text = render(&config, platform);
        for release in [Release::Rhel8, Release::Rhel9, Release::Rhel10] {
            let surroundings = Surroundings {
                source_given: Some(true),
                uefi: Some(platform == Platform::Efi),
                hardware: None,
            };
            let mut findings = check(&text, release, surroundings);
            // The hashes of these shapes are short, and their one mirror is of one release.
            let expected = ["broken-hash", "other-release"];
            findings.retain(|finding| finding.severity != Severity::Note);
            findings.retain(|finding| !expected.contains(&finding.code.as_str()));
            assert_eq!(findings, vec![], "{name}, {release}:\n{text}");
        }
    }
}

#[test]
fn the_validator_is_one_that_can_say_no() {
    let scratch = Scratch::new("kickstart");
    let file = scratch.write("h.ks", "text\nnonsense --x\n");
    let output = Command::new(parts::ksvalidator())
        .args(["--version", "RHEL9"])
        .arg(file)
        .output();
    assert!(!output.expect("the validator starts").status.success());
}

#[test]
fn every_key_of_an_account_is_installed() {
    let (_, config, platform) = shapes().swap_remove(5);
    let text = render(&config, platform);
    assert!(
        text.contains("\nsshkey --username=three \"ssh-rsa AAAA three\"\n"),
        "{text}"
    );
    let home = "\"$(getent passwd three | cut -d: -f6)/.ssh/authorized_keys\"";
    assert!(
        text.contains(&format!(
            "\necho 'ssh-ed25519 AAAAB it is \\$three' >>{home}\n"
        )),
        "{text}"
    );
    assert_eq!(text.matches("\nsshkey ").count(), 2, "one for each account");
}

/// Whether the shell can parse a script; nothing is run.
fn parses(script: &str) -> Result<(), String> {
    let mut shell = Command::new("sh")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut input = shell.stdin.take().expect("a pipe");
    input.write_all(script.as_bytes()).expect("the shell reads");
    drop(input);
    let output = shell.wait_with_output().expect("the shell ends");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn every_script_section_is_shell() {
    for (name, config, platform) in shapes() {
        let kickstart = parse(&render(&config, platform));
        let scripts: Vec<_> = kickstart
            .sections
            .iter()
            .filter(|(head, _)| !matches!(head[0].as_str(), "%packages" | "%addon"))
            .collect();
        assert!(scripts.len() >= 3, "{name}: %pre, %onerror and %post");
        for (head, lines) in scripts {
            let script = lines.join("\n") + "\n";
            assert!(!script.contains("{{") && !script.contains("{%"), "{script}");
            parses(&script).unwrap_or_else(|error| panic!("{name}, {head:?}: {error}\n{script}"));
        }
    }
    assert!(parses("if true; then\n").is_err(), "the shell can say no");
}
