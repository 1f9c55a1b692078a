//! The built-in answer file against its judges: the article that it comes from, pykickstart's ksvalidator, and a shell.
//!
//! Not its job: the text itself, letter for letter (the golden file, in `core::answer`), whether Anaconda installs with it.

use std::collections::BTreeSet;
use std::process::Command;

use kickstand::core::answer::{Context, Router, render_answer};
use kickstand::core::machine::{Machine, Platform};
use kickstand::core::settings::{self, AnswerKind, Settings};
use kickstand::core::uci;
use kickstand_lab::parts;
use kickstand_lab::scratch::Scratch;

const TREE: &str = include_str!("trees/r220a/etc/config/kickstand");
const ARTICLE: &str = include_str!("golden/article.ks");

fn read(text: &str) -> Settings {
    let settings = settings::read(&uci::parse(text.as_bytes()).expect("valid UCI"));
    assert_eq!(settings.faults, vec![], "in:\n{text}");
    settings
}

fn render(text: &str, platform: Platform) -> String {
    let settings = read(text);
    let host = settings.hosts.values().next().expect("a host");
    let machine = Machine {
        platform,
        ..Machine::unseen(host.macs[0])
    };
    let router = Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    };
    let token = "0123456789abcdef0123456789abcdef";
    let context = Context::new(
        &settings,
        host,
        &settings.profiles[&host.profile],
        &machine,
        router,
        token,
    );
    render_answer(
        AnswerKind::Kickstart,
        "almalinux.ks",
        &context,
        |_: &str| Ok(None),
    )
    .expect("renders")
}

/// Shapes of hosts that people have, each as UCI text.
fn shapes() -> Vec<(&'static str, String, Platform)> {
    let with = |from: &str, to: &str| TREE.replace(from, to);
    let small = "config profile 'p'\n option kernel 'http://m/k'\n option mirror 'http://m/9'\nconfig host 'web_1'\n\
                 option mac '52:54:00:00:00:01'\n option profile 'p'\n";
    let account = "config account 'admin'\n option ssh_key 'ssh-ed25519 AAAA you@laptop'\n";
    let second = "config account 'second'\n option password_hash '$6$salt$hash'\n option sudo 'no'\n option gecos 'Some One'\n";
    vec![
        ("the article's R220", TREE.to_owned(), Platform::Efi),
        (
            "three lines and an account",
            format!("{small}{account}"),
            Platform::Efi,
        ),
        ("BIOS", TREE.to_owned(), Platform::PcBios),
        (
            "no disk named",
            with("option disk", "#option disk"),
            Platform::Efi,
        ),
        (
            "several accounts",
            format!("{small}{account}{second}"),
            Platform::Efi,
        ),
        (
            "a root password",
            format!("{small} list var 'rootpw_hash=$6$salt$hash'\n"),
            Platform::Efi,
        ),
        (
            "a static address on one card",
            format!(
                "{small} option address '192.0.2.9/25'\n option gateway '192.0.2.1'\n list dns '9.9.9.9'\n option device 'eno1'\n{account}"
            ),
            Platform::Efi,
        ),
        (
            "packages and no kdump",
            format!(
                "{small} list package '@^server-product-environment'\n list package 'vim'\n list package '-cockpit'\n list var 'kdump=no'\n{account}"
            ),
            Platform::Efi,
        ),
    ]
}

/// Words of a kickstart's line, as Python's shlex.split(comments=True) cuts them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut inside, mut quote) = (Vec::new(), String::new(), false, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(end), c) if c == end => quote = None,
            (Some('"'), '\\') => word.extend(letters.next()),
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => (quote, inside) = (Some(letter), true),
            (None, '#') => break,
            (None, c) if c.is_whitespace() => {
                if inside || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                inside = false;
            }
            (None, c) => word.push(c),
        }
    }
    if inside || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Every command with its options, whatever their order, outside of scripts; `%packages` and `%addon` with what is in them.
fn commands(kickstart: &str) -> BTreeSet<Vec<String>> {
    let mut section = String::new();
    let mut commands = BTreeSet::new();
    for line in kickstart.lines() {
        let mut words = words(line);
        let Some(first) = words.first().cloned() else {
            continue;
        };
        if first == "%end" {
            section.clear();
            continue;
        }
        if first.starts_with('%') && first != "%include" {
            section = first;
        }
        if matches!(
            section.as_str(),
            "%pre" | "%post" | "%onerror" | "%traceback"
        ) {
            continue;
        }
        words[1..].sort();
        words.insert(0, section.clone());
        commands.insert(words);
    }
    commands
}

#[test]
fn every_command_of_the_article_is_in_ours_with_the_same_options() {
    let (article, ours) = (commands(ARTICLE), commands(&render(TREE, Platform::Efi)));
    assert!(
        article.len() > 20,
        "the article has more commands than {}",
        article.len()
    );
    let missing: Vec<_> = article.difference(&ours).collect();
    assert!(missing.is_empty(), "missing: {missing:#?}\nours: {ours:#?}");
    let added: Vec<_> = ours.difference(&article).collect();
    assert!(
        added.is_empty(),
        "nothing but scripts was added: {added:#?}"
    );
}

#[test]
fn what_the_author_missed_is_there() {
    let rendered = render(TREE, Platform::Efi);
    for part in [
        "NOPASSWD: ALL",
        "event=claim",
        "event=completed",
        "event=failed",
        "token=0123456789abcdef0123456789abcdef",
    ] {
        assert!(rendered.contains(part), "{part}");
    }
}

#[test]
fn ksvalidator_passes_every_shape_for_every_release() {
    let (ksvalidator, folder) = (parts::ksvalidator(), Scratch::new("ks"));
    for (shape, text, platform) in shapes() {
        let rendered = render(&text, platform);
        let file = folder.write("ks.cfg", &rendered);
        // An %include that %pre writes is not there yet; ksvalidator would follow it.
        let rest = rendered.replace("%include /tmp/kickstand-disk.ks\n", "");
        std::fs::write(&file, rest).expect("the folder is ours");
        for release in ["RHEL8", "RHEL9", "RHEL10"] {
            let output = Command::new(&ksvalidator)
                .args(["-v", release])
                .arg(&file)
                .output()
                .expect("ksvalidator runs");
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{shape}, {release}: {said}\n{rendered}"
            );
        }
    }
}

#[test]
fn ksvalidator_is_awake() {
    let folder = Scratch::new("ks");
    let file = folder.write("ks.cfg", "text\nnosuchcommand --x\n");
    let output = Command::new(parts::ksvalidator())
        .args(["-v", "RHEL9"])
        .arg(file)
        .output()
        .expect("ksvalidator runs");
    assert!(!output.status.success());
}

#[test]
fn the_disk_plan_that_pre_writes_is_valid_too() {
    let text = TREE.replace("option disk", "#option disk");
    let rendered = render(&text, Platform::Efi);
    let plan = rendered
        .split("<<KICKSTAND\n")
        .nth(1)
        .and_then(|rest| rest.split("\nKICKSTAND").next())
        .expect("a plan");
    let plan = plan.replace("$disk", "/dev/sda");
    let article = ARTICLE.replace("/dev/disk/by-path/pci-0000:00:1f.2-ata-1", "/dev/sda");
    let of_disk = |commands: BTreeSet<Vec<String>>| -> BTreeSet<Vec<String>> {
        let of_disk =
            |words: &Vec<String>| ["ignoredisk", "clearpart", "part"].contains(&words[1].as_str());
        commands.into_iter().filter(of_disk).collect()
    };
    assert_eq!(of_disk(commands(&plan)), of_disk(commands(&article)));
}

#[test]
fn every_script_is_valid_for_a_posix_shell() {
    let folder = Scratch::new("ks");
    for (shape, text, platform) in shapes() {
        let rendered = render(&text, platform);
        let mut scripts = 0;
        for part in rendered.split("\n%").skip(1) {
            let (head, rest) = part.split_once('\n').unwrap_or((part, ""));
            let name = head.split(' ').next().unwrap_or_default();
            if !["pre", "post", "onerror", "traceback"].contains(&name) {
                continue;
            }
            let script = folder.write("script.sh", rest);
            let output = Command::new("sh")
                .arg("-n")
                .arg(&script)
                .output()
                .expect("sh runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && said.is_empty(),
                "{shape}, %{name}: {said}\n{rest}"
            );
            scripts += 1;
        }
        assert!(scripts >= 3, "{shape} has its scripts");
    }
}
