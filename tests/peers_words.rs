//! How other provisioning systems broke by words: what a machine, a log or a user's field says never becomes a command.
//!
//! Not its job: who may ask (`peers`); the same words by the thousand (`make hostile`).

mod service_support;

use std::fs;
use std::process::Command;

use service_support::{
    Machine, R220A, STRANGER, WEB, arm, config_with, phase, service, service_with, status,
};

#[test]
fn cobbler_cve_2021_40323_a_log_that_was_poisoned_is_executed_as_a_template() {
    let service = service();
    service.tree().write("etc/shadow", "root:secret");
    let poison = "{{ 7 * 191 }} {% include '/etc/shadow' %} ${7*191} $(expr 7 \\* 191) <% 7*191 %>";
    let encoded: String = poison.bytes().map(|byte| format!("%{byte:02x}")).collect();
    STRANGER.get(&service, &format!("/{encoded}"));
    STRANGER.get(
        &service,
        &format!("/v1/boot?mac={}&product={encoded}", STRANGER.card),
    );
    arm(&service, "r220a");
    let token = R220A.token(&service);
    R220A.reports(&service, &token, &format!("event=progress&text={encoded}"));
    let failed = format!("event=failed&reason={encoded}&log={encoded}");
    assert_eq!(R220A.reports(&service, &token, &failed).status, 200);
    assert_eq!(status(&service, "r220a")["note"], poison);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let shown = service.kickstand(&["status", "r220a"]);
    for text in [
        R220A.boots(&service).text(),
        R220A.answer_file(&service, &token).text(),
        STRANGER.boots(&service).text(),
        String::from_utf8_lossy(&shown.stdout).into_owned(),
        service.log(),
    ] {
        assert!(
            !text.contains("1337") && !text.contains("root:secret"),
            "{text}"
        );
    }
}

#[test]
fn cobbler_cve_2017_1000469_and_cve_2012_2395_a_field_reaches_a_shell() {
    let service = service();
    let marker = service.path("ran");
    let shell = format!(
        "$(touch${{IFS}}{0})`touch {0}`;touch {0};'\"|touch {0}\n",
        marker.display()
    );
    for words in [
        vec!["adopt", STRANGER.card, &shell, "almalinux9"],
        vec!["adopt", &shell, "db", "almalinux9"],
        vec!["adopt", STRANGER.card, "db", &shell],
        vec!["forget", &shell],
        vec!["wake", &shell],
        vec!["arm", &shell],
        vec!["disarm", &shell],
        vec!["explain", &shell],
        vec!["render", &shell],
        vec!["status", &shell],
        vec!["check", &shell],
    ] {
        STRANGER.boots(&service);
        let output = service.kickstand(&words);
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{words:?}: {output:?}"
        );
    }
    assert!(!marker.exists());
}

/// The installer's own shell is a shell, too: what a field holds is one word there.
#[test]
fn cobbler_cve_2017_1000469_a_field_reaches_the_installers_shell() {
    let marker = service().path("ran");
    let words = format!(
        "$(touch {0})`touch {0}`; touch {0}; \"| touch {0} #",
        marker.display()
    );
    let service = service_with(&config_with(
        "config host 'r220a'",
        &format!("\tlist var 'words={words}'"),
    ));
    let template = "text\n%pre\nprintf %s {{ var.words | shell }} >\"$1\"\n%end\n";
    service
        .tree()
        .write("www/kickstand/answers/almalinux.ks", template);
    service_support::arm_unchecked(&service, "r220a");
    // Who forgets the filter is told so, before anything is armed.
    let bare = template.replace(" | shell", "");
    service.tree().write("www/kickstand/answers/bare.ks", bare);
    let config = config_with("config host 'web'", &format!("\tlist var 'words={words}'"));
    service.commit(&config.replace("option title", "option answer 'bare.ks'\n\toption title"));
    let refused = service.kickstand(&["arm", "web", "--force"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("need quoting"),
        "{refused:?}"
    );
    service.commit(&config_with(
        "config host 'r220a'",
        &format!("\tlist var 'words={words}'"),
    ));
    let token = R220A.token(&service);
    let answer = R220A.answer_file(&service, &token).text();
    let (_, rest) = answer.split_once("%pre\n").expect("a script");
    let (script, _) = rest.split_once("%end").expect("its end");
    let said = service.path("said");
    let ran = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(&said)
        .status();
    assert!(ran.is_ok_and(|status| status.success()), "{script}");
    assert_eq!(fs::read_to_string(&said).expect("it was written"), words);
    assert!(!marker.exists(), "{script}");
}

#[test]
fn nil_and_duplicate_uuids_make_one_machine_of_many() {
    let service = service();
    arm(&service, "r220a");
    let other = Machine {
        address: [127, 0, 0, 67].into(),
        card: "52:54:00:00:00:67",
    };
    service.set_neighbours(
        &[R220A, WEB, STRANGER, other].map(|machine| (machine.address, machine.card)),
    );
    for uuid in [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
        "",
    ] {
        let asks = |machine: Machine| {
            let target = format!(
                "/v1/boot?mac={}&uuid={uuid}&serial=To+be+filled&try=1",
                machine.card
            );
            machine.get(&service, &target).text()
        };
        // The host's own machine first, so that its UUID is known as the host's.
        assert!(asks(WEB).contains("web is not armed"), "{uuid}");
        for machine in [STRANGER, other] {
            assert!(asks(machine).contains("is no host yet"), "{uuid}");
        }
    }
    assert_eq!(phase(&service, "r220a"), "armed");
    let unknown = service_support::status_of_all(&service)["unknown"].to_string();
    assert!(
        unknown.contains(STRANGER.card) && unknown.contains(other.card),
        "two machines: {unknown}"
    );
    let same = "03000200-0400-0500-0006-000700080009";
    let target = format!("/v1/boot?mac={}&uuid={same}&try=1", R220A.card);
    assert!(R220A.get(&service, &target).text().contains("?token="));
    let target = format!("/v1/boot?mac={}&uuid={same}&try=1", WEB.card);
    assert!(!WEB.get(&service, &target).text().contains("?token="));
}

#[test]
fn template_shell_ipxe_and_html_text_in_facts_and_a_mac_of_many_lines() {
    let service = service();
    let facts = "serial=%0asanboot%20%26%26&product=%24%7Bnet0/mac%7D&manufacturer=%3Cscript%3E&uuid=%e2%80%ae";
    let script = STRANGER
        .get(&service, &format!("/v1/boot?mac={}&{facts}", STRANGER.card))
        .text();
    assert!(
        !script.contains("sanboot") && !script.contains("<script>"),
        "{script}"
    );
    let shown = service.kickstand(&["status"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("<script> ${net0/mac}") && !shown.contains('\u{202e}'),
        "{shown}"
    );
    for mac in [
        "",
        "zz",
        "52:54:00:00:00:66%0a",
        "${netX/mac}",
        "ff:ff:ff:ff:ff:ff",
        "../../x",
    ] {
        assert_eq!(
            STRANGER
                .get(&service, &format!("/v1/boot?mac={mac}"))
                .status,
            400,
            "{mac}"
        );
        assert!(
            matches!(
                STRANGER.get(&service, &format!("/ks/{mac}")).status,
                400 | 404
            ),
            "{mac}"
        );
    }
}
