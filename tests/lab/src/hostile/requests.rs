//! Attacks on what is asked: paths, identities, tokens, and text where a fact belongs.

use super::{ATTACKER, Arena, Case, attacker};
use crate::requests::{R220A, STRANGER, WEB};

pub const CASES: &[Case] = &[
    Case("paths out of a folder, in every spelling", traversal),
    Case("methods and ranges that nobody uses", oddities),
    Case("a host's script, asked from another address", forged_boot),
    Case(
        "an answer file with forged headers and no token",
        forged_headers,
    ),
    Case("tokens that are guessed", guesses),
    Case("the right token from the wrong machine", stolen_token),
    Case("reports for a host by others", forged_reports),
    Case(
        "iPXE, shell, template and web text in every fact",
        words_in_facts,
    ),
    Case("machines that nobody knows, without end", strangers),
];

fn traversal(arena: &mut Arena, effort: u32) {
    let tree = arena.service.tree();
    tree.write("www/kickstand/files/in", "in");
    tree.write("www/kickstand/answers/secret", super::SECRET);
    tree.write("secret", super::SECRET);
    let ups = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "..%00",
        "..;",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "..%5c..",
        "..\\..",
        "...",
        ".",
        "%2e",
        "",
    ];
    let slashes = ["/", "%2f", "%5c", "\\", "//", "%252f", "/./"];
    let starts = [
        "/files",
        "/boot",
        "/ks",
        "/autoinstall",
        "",
        "//",
        "/files/in",
    ];
    let ends = [
        "answers/secret",
        "secret",
        "etc/kickstand/state.json",
        "etc/config/kickstand",
        "etc/passwd",
    ];
    for _ in 0..400 * effort {
        let mut path = arena.pick(&starts).to_owned();
        for _ in 0..=arena.random(5) {
            path += arena.pick(&slashes);
            path += arena.pick(&ups);
        }
        path += arena.pick(&slashes);
        path += arena.pick(&ends);
        arena.asks(ATTACKER, "GET", &path, &[], "");
    }
}

fn oddities(arena: &mut Arena, effort: u32) {
    arena
        .service
        .tree()
        .write("www/kickstand/files/large", vec![b'x'; 1024 * 1024]);
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get",
        "G\u{e9}T",
    ];
    let targets = [
        "/files/large",
        "/boot.ipxe",
        "*",
        "http://elsewhere/files/large",
        "elsewhere:80",
        "/files/large#x",
        "/?",
        "/%zz",
    ];
    let ranges = [
        "bytes=0-",
        "bytes=-1",
        "bytes=5-2",
        "bytes=0-0,1-1",
        "bytes=99999999999999999999-",
        "bytes=-99999999999999999999",
        "bytes=--",
        "bytes=0-18446744073709551615",
        "bytes=18446744073709551615-",
        "lines=1-2",
        "",
    ];
    for _ in 0..150 * effort {
        let (method, target) = (arena.pick(&methods), arena.pick(&targets));
        let range = format!("Range: {}", arena.pick(&ranges));
        arena.asks(ATTACKER, method, target, &[&range], "");
    }
    arena.good_client();
}

fn forged_boot(arena: &mut Arena, effort: u32) {
    for number in 0..100 * effort {
        let from = if number % 2 == 0 {
            ATTACKER
        } else {
            attacker(number % 250)
        };
        for card in [
            R220A.card,
            "B8-CA-3A-00-00-01",
            "b8ca3a000001",
            "b8%3aca:3a:00:00:01",
        ] {
            let target = format!(
                "/v1/boot?mac={card}&platform=efi&buildarch=x86_64&try={}",
                number % 3
            );
            arena.asks(from, "GET", &target, &[], "");
        }
    }
}

fn forged_headers(arena: &mut Arena, effort: u32) {
    let header = format!("X-RHN-Provisioning-MAC-0: eth0 {}", R220A.card);
    let (forwarded, real) = (
        format!("X-Forwarded-For: {}", R220A.address),
        format!("X-Real-IP: {}", R220A.address),
    );
    let headers = [
        header.as_str(),
        &header,
        "X-System-Serial-Number: 1",
        &forwarded,
        &real,
        "Authorization: Basic cm9vdDpyb290",
    ];
    for _ in 0..40 * effort {
        for path in [
            format!("/ks/{}", R220A.card),
            format!("/ks/{}?token=", R220A.card),
            format!("/kickstart-{}.cfg", R220A.card),
            format!("/preseed/{}", R220A.card),
            format!("/autoinstall/{}/x/user-data", R220A.card),
            format!("/autoinstall/{}/user-data?mac={}", WEB.card, R220A.card),
        ] {
            arena.asks(ATTACKER, "GET", &path, &headers, "");
        }
    }
}

fn guesses(arena: &mut Arena, effort: u32) {
    let token = arena.token.clone();
    for number in 0..300 * effort {
        let guess = match number % 4 {
            0 => format!(
                "{:016x}{:016x}",
                arena.random(u64::MAX),
                arena.random(u64::MAX)
            ),
            1 => token[..token.len() - 1].to_owned(),
            2 => format!("{token}0"),
            _ => token.to_uppercase() + "x",
        };
        // From the host's own address, too: the token alone must stop it.
        let from = if number % 2 == 0 {
            R220A.address
        } else {
            ATTACKER
        };
        arena.asks(
            from,
            "GET",
            &format!("/ks/{}?token={guess}", R220A.card),
            &[],
            "",
        );
        let body = format!(
            "mac={}&token={guess}&event=claim&nonce=n&blank=1",
            R220A.card
        );
        arena.asks(from, "POST", "/v1/report", &[], &body);
    }
}

fn stolen_token(arena: &mut Arena, effort: u32) {
    let token = arena.token.clone();
    for number in 0..100 * effort {
        let from = attacker(number % 250);
        arena.asks(
            from,
            "GET",
            &format!("/ks/{}?token={token}", R220A.card),
            &[],
            "",
        );
        arena.asks(
            from,
            "GET",
            &format!("/ks/{}?token={token}", WEB.card),
            &[],
            "",
        );
        arena.asks(
            WEB.address,
            "GET",
            &format!("/ks/{}?token={token}", WEB.card),
            &[],
            "",
        );
    }
}

fn forged_reports(arena: &mut Arena, effort: u32) {
    for number in 0..100 * effort {
        for event in [
            "claim&nonce=x&blank=1",
            "completed",
            "failed&reason=x",
            "progress&percent=99",
            "claim",
            "wipe",
        ] {
            let token = format!("{:032x}", number);
            let query = format!("mac={}&token={token}&event={event}", R220A.card);
            arena.asks(ATTACKER, "POST", "/v1/report", &[], &query);
            arena.asks(ATTACKER, "GET", &format!("/v1/report?{query}"), &[], "");
            // The token of one host says nothing for another.
            let other = format!("mac={}&token={}&event={event}", WEB.card, arena.token);
            arena.asks(ATTACKER, "POST", "/v1/report", &[], &other);
        }
    }
}

fn words_in_facts(arena: &mut Arena, effort: u32) {
    const MARK: &str = "sanboot";
    let texts = [
        "%0asanboot%20--drive%200x80",
        "%0d%0asanboot",
        "%26%26%20sanboot",
        "%7C%7C%20sanboot%20%7C%7C",
        "$%7Bsanboot%7D",
        "%24%7Bnet0/mac%7D%0Asanboot",
        "%7B%7B%20sanboot%20%7D%7D",
        "%7B%25%20include%20'/etc/passwd'%20%25%7D",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "$(reboot)",
        "%60reboot%60",
        "%00sanboot",
        "%e2%80%aesanboot",
        "%ff%fe",
        "%1b[2Jsanboot",
        "';reboot;'",
    ];
    let facts = [
        "serial",
        "uuid",
        "asset",
        "product",
        "manufacturer",
        "hostname",
        "buildarch",
        "platform",
        "chip",
        "busid",
    ];
    for _ in 0..150 * effort {
        let mut target = format!("/v1/boot?mac={}&try=1", STRANGER.card);
        for fact in facts {
            target += &format!("&{fact}={}", arena.pick(&texts));
        }
        arena.row.tries += 1;
        let Ok(reply) = arena.service.get(ATTACKER, &target) else {
            continue;
        };
        let script = reply.text();
        // A word is a command where a line or a part of one begins.
        let begins = |line: &str| {
            line.trim_start()
                .trim_start_matches(['&', '|', ' '])
                .starts_with(MARK)
        };
        if script.contains('\0')
            || script.split(['\n', '\r']).any(begins)
            || script.contains("${sanboot")
        {
            arena.row.granted += 1;
        }
    }
    let shown = arena.service.kickstand(&["status", "--json"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let valid = serde_json::from_str::<serde_json::Value>(&shown).is_ok();
    if !valid || shown.contains(['\u{202e}', '\u{1b}', '\0']) {
        arena.row.granted += 1;
    }
}

fn strangers(arena: &mut Arena, effort: u32) {
    for number in 0..1500 * effort {
        let mac = format!(
            "02:00:{:02x}:{:02x}:{:02x}:{:02x}",
            number >> 24,
            number >> 16 & 255,
            number >> 8 & 255,
            number & 255
        );
        let target = format!("/v1/boot?mac={mac}&product={}", "x".repeat(1000));
        arena.asks(attacker(number % 250), "GET", &target, &[], "");
    }
    arena.good_client();
}
