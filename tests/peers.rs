//! How other provisioning systems broke: each case by its name, against the running service.
//!
//! The name of a test says what happened to the peer; the test passes when it does not happen here. docs/SECURITY.md lists them.
//! Not its job: the same attacks by the thousand (`make hostile`); a machine's words (`peers_words`); the course of an
//! installation (`peers_runs`).

mod service_support;

use std::fs;
use std::os::unix::fs::symlink;

use service_support::{
    CONFIG, R220A, STRANGER, WEB, arm, config_with, phase, service, service_with, status,
};

/// Stands in the answer file of every host and nowhere else.
const SECRET: &str = "ssh-ed25519 AAAA kenneth";

#[test]
fn cobbler_cve_2024_47533_the_shared_secret_is_a_constant() {
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let service = service();
        for _ in 0..2 {
            for machine in [R220A, WEB] {
                let host = if machine.card == WEB.card {
                    "web"
                } else {
                    "r220a"
                };
                arm(&service, host);
                let token = machine.token(&service);
                assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
                for constant in [
                    "-1",
                    "",
                    "0",
                    "null",
                    "None",
                    "undefined",
                    &"0".repeat(32),
                    &"f".repeat(32),
                ] {
                    assert_eq!(
                        machine.answer_file(&service, constant).status,
                        403,
                        "{constant}"
                    );
                }
                tokens.push(token);
                assert!(service.kickstand(&["disarm", host]).status.success());
            }
        }
    }
    let count = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), count, "each arm has a token of its own");
}

#[test]
fn cobbler_cve_2018_1000226_tokens_are_never_checked() {
    let service = service();
    arm(&service, "r220a");
    arm(&service, "web");
    let (token, other) = (R220A.token(&service), WEB.token(&service));
    for wrong in [
        "",
        "x",
        "*",
        "true",
        &token[1..],
        &format!("{token} "),
        &token.to_uppercase().replace('0', "O"),
        &other,
    ] {
        let encoded = wrong.replace(' ', "%20");
        for target in [
            format!("/ks/{}?token={encoded}", R220A.card),
            format!("/ks/{}", R220A.card),
            format!("/kickstart-{}.cfg?token={encoded}", R220A.card),
            format!("/preseed/{}?token={encoded}", R220A.card),
            format!("/autoinstall/{}/{encoded}/user-data", R220A.card),
            format!("/autoinstall/{}/user-data", R220A.card),
        ] {
            let reply = R220A.get(&service, &target);
            assert!(
                matches!(reply.status, 400 | 403 | 404),
                "{target}: {reply:?}"
            );
            assert!(!reply.text().contains(SECRET), "{target}");
        }
        for event in [
            "claim&nonce=1&blank=1",
            "progress&percent=9",
            "completed",
            "failed&reason=x",
        ] {
            let reply = R220A.reports(&service, &encoded, &format!("event={event}"));
            assert!(
                matches!(reply.status, 400 | 403),
                "{wrong} {event}: {reply:?}"
            );
        }
    }
    // Two tokens, of which one is right, are no token.
    let both = format!("/ks/{}?token={other}&token={token}", R220A.card);
    assert_eq!(R220A.get(&service, &both).status, 403);
    assert_eq!(phase(&service, "r220a"), "booting");
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
}

#[test]
fn cobbler_cve_2014_3225_an_answer_file_is_any_file_of_the_server() {
    let secret = "root:secret";
    for answer in [
        "../../../etc/shadow",
        "/etc/shadow",
        "..\\etc\\shadow",
        "./x/../../etc/shadow",
    ] {
        let config = CONFIG.replace(
            "option title",
            &format!("option answer '{answer}'\n\toption title"),
        );
        let service = service_with(&config);
        service.tree().write("etc/shadow", secret);
        let said = service.kickstand(&["arm", "r220a", "--force"]);
        assert_eq!(said.status.code(), Some(1), "{answer}: {said:?}");
        assert!(!R220A.is_installed_by(&service), "{answer}");
    }
    let service = service();
    service.tree().write("etc/shadow", secret);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    for name in [
        "/etc/shadow",
        "../../../etc/shadow",
        "../kickstand/../../../etc/shadow",
    ] {
        let template = format!("{{% include \"{name}\" %}}\n");
        service
            .tree()
            .write("www/kickstand/answers/almalinux.ks", template);
        let reply = R220A.answer_file(&service, &token);
        assert_eq!(reply.status, 500, "{name}: {}", reply.text());
        assert!(!reply.text().contains(secret), "{name}");
    }
}

#[test]
fn cobbler_any_machine_of_the_lan_reads_anothers_kickstart() {
    let service = service();
    arm(&service, "r220a");
    arm(&service, "web");
    let forged = format!("/v1/boot?mac={}&platform=pcbios&try=1", R220A.card);
    let script = STRANGER.get(&service, &forged).text();
    assert!(
        !script.contains("token")
            && script.contains("is no card of this host in the router's neighbour table"),
        "{script}"
    );
    let (token, other) = (R220A.token(&service), WEB.token(&service));
    let target = format!("/ks/{}?token={token}", R220A.card);
    assert_eq!(
        STRANGER.get(&service, &target).status,
        403,
        "right token, wrong machine"
    );
    assert_eq!(
        R220A.answer_file(&service, &other).status,
        403,
        "another host's token"
    );
    for wrong in ["", "TOKEN", "0", &"0".repeat(32), &format!("{token}0")] {
        assert_eq!(R220A.answer_file(&service, wrong).status, 403, "{wrong}");
        assert_eq!(R220A.claims(&service, wrong, "run-1"), 403, "{wrong}");
    }
    assert_eq!(R220A.claims(&service, &other, "run-1"), 403);
    assert_eq!(
        status(&service, "r220a")["starts"],
        1,
        "the stranger's question did not count"
    );
    let answer = R220A.answer_file(&service, &token);
    assert!(
        answer.text().contains("/boot/efi"),
        "the stranger's firmware is not the host's"
    );
}

#[test]
fn bootimus_a_query_names_another_machine_than_the_path() {
    let config = CONFIG.replace(
        "option title",
        "option kind 'autoinstall'\n\toption answer 'u.yaml'\n\toption title",
    );
    let service = service_with(&config);
    let template = "#cloud-config\nx: {{ host.name }} # event=claim\n";
    service
        .tree()
        .write("www/kickstand/answers/u.yaml", template);
    for host in ["r220a", "web"] {
        service_support::arm_unchecked(&service, host);
    }
    let script = WEB.boots(&service).text();
    let (_, rest) = script.split_once("ds=nocloud-net;s=").expect("a seed");
    let token = rest
        .split_whitespace()
        .next()
        .and_then(|url| url.trim_end_matches('/').rsplit('/').next())
        .expect("a token");
    let name = |path: &str, query: &str| {
        let target = format!("/autoinstall/{path}/{token}/user-data?{query}");
        WEB.get(&service, &target).text()
    };
    assert!(name(WEB.card, "").contains("x: web "));
    assert!(name(WEB.card, &format!("mac={}", R220A.card)).contains("x: web "));
    for path in [R220A.card, "X", "any", ""] {
        let told = name(path, &format!("mac={}", WEB.card));
        assert!(!told.contains("#cloud-config"), "{path}: {told}");
    }
    let stranger = format!("/autoinstall/X/user-data?mac={}", WEB.card);
    assert!(matches!(
        STRANGER.get(&service, &stranger).status,
        400 | 403 | 404
    ));
}

#[test]
fn a_link_from_the_tftp_folder_into_the_web_root_runs_what_was_uploaded() {
    let service = service();
    let marker = service.path("ran");
    let program = format!(
        "<?php touch('{0}'); ?>\n#!/bin/sh\ntouch '{0}'\n",
        marker.display()
    );
    for name in ["x.php", "x.cgi", "cgi-bin/x", "x.lua"] {
        service.tree().write(&format!("srv/tftp/{name}"), &program);
    }
    fs::create_dir_all(service.path("www/kickstand/files")).expect("a folder");
    symlink(
        service.path("srv/tftp"),
        service.path("www/kickstand/files/tftp"),
    )
    .expect("a link of root's");
    for name in ["x.php", "x.cgi", "cgi-bin/x", "x.lua"] {
        for folder in ["/boot", "/files/tftp"] {
            let reply = STRANGER.get(&service, &format!("{folder}/{name}"));
            assert_eq!(
                (reply.status, reply.text()),
                (200, program.clone()),
                "{folder}/{name}"
            );
            let kind = reply.header("content-type").unwrap_or_default().to_owned();
            assert!(
                !kind.contains("html") && !kind.contains("php"),
                "{name}: {kind}"
            );
        }
        // Nothing comes up: there is no way to put a file there.
        for method in ["PUT", "POST"] {
            let put = service.send(STRANGER.address, method, &format!("/boot/{name}"), &[], "x");
            assert_eq!(put.expect("answers").status, 405, "{method}");
        }
    }
    assert!(!marker.exists());
}

#[test]
fn anaconda_names_itself_by_forged_and_repeated_mac_headers() {
    let service = service();
    arm(&service, "r220a");
    arm(&service, "web");
    let (token, _) = (R220A.token(&service), WEB.token(&service));
    let own = format!("X-RHN-Provisioning-MAC-0: eth0 {}", R220A.card);
    let many: Vec<String> = (0..40)
        .map(|n| format!("X-RHN-Provisioning-MAC-{n}: eth{n} {}", R220A.card))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let forwarded = format!("X-Forwarded-For: {}", R220A.address);
    let mixed = [
        own.as_str(),
        own.as_str(),
        "X-System-Serial-Number: 1",
        &forwarded,
    ];
    for headers in [&[own.as_str()][..], &many, &mixed] {
        for (machine, target) in [
            (STRANGER, "/ks/".to_owned()),
            (STRANGER, format!("/ks/{}", R220A.card)),
            (STRANGER, format!("/ks/{}?token={token}", R220A.card)),
            (STRANGER, format!("/ks/{}?token={token}", STRANGER.card)),
            (WEB, format!("/ks/{}?token={token}", R220A.card)),
            (WEB, format!("/ks/{}?token={token}", WEB.card)),
        ] {
            let reply = service
                .send(machine.address, "GET", &target, headers, "")
                .expect("answers");
            assert!(
                matches!(reply.status, 400 | 403 | 404),
                "{target}: {reply:?}"
            );
        }
    }
    // Nor do they take anything from the machine itself.
    let theirs = format!("X-RHN-Provisioning-MAC-0: eth0 {}", WEB.card);
    let target = format!("/ks/{}?token={token}", R220A.card);
    let reply = service
        .send(R220A.address, "GET", &target, &[&theirs, &theirs], "")
        .expect("answers");
    assert!(reply.text().contains("--only-use=/dev/sda\n"), "{reply:?}");
}

#[test]
fn an_address_that_no_lease_or_neighbour_backs_is_heard() {
    for verify in ["", "\toption verify 'neighbour'", "\toption verify 'lease'"] {
        let service = service_with(&config_with("config host 'r220a'", verify));
        arm(&service, "r220a");
        let token = R220A.token(&service);
        service.set_neighbours(&[]);
        let refused = |why: &str| {
            assert!(!R220A.is_installed_by(&service), "{verify} {why}");
            assert_eq!(
                R220A.answer_file(&service, &token).status,
                403,
                "{verify} {why}"
            );
            assert_eq!(R220A.claims(&service, &token, "run"), 403, "{verify} {why}");
            let ended = R220A.reports(&service, &token, "event=completed");
            assert_eq!(ended.status, 403, "{verify} {why}");
        };
        refused("nobody knows it");
        service.set_neighbours(&[(R220A.address, STRANGER.card)]);
        refused("it is another card's");
        service.set_neighbours(&[(STRANGER.address, R220A.card)]);
        refused("the card is elsewhere");
        let unanswered = format!(
            "IP address HW type Flags HW address Mask Device\n{} 0x1 0x0 {} * br-lan\n",
            R220A.address, R220A.card
        );
        service.tree().write("proc/net/arp", unanswered);
        refused("the router asked and nobody answered");
        assert_eq!(phase(&service, "r220a"), "booting");
        service_support::know_everybody(&service);
        assert_eq!(R220A.claims(&service, &token, "run"), 200);
    }
}
