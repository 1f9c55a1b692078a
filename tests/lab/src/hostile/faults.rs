//! Faults under the service: it is killed at any instant, and its state file is damaged in every way.

use std::fs;
use std::thread;
use std::time::Duration;

use super::course::{Step, install};
use super::{Arena, Case, LIMIT};
use crate::flash;
use crate::process::wait_until;
use crate::requests::{CONFIG, Machine, R220A, token_in};

pub const CASES: &[Case] = &[
    Case("killed at random instants of an installation", killed),
    Case(
        "ubusd restarted, configuration broken, clock anywhere",
        shaken,
    ),
    Case("flash that cannot be written", full_flash),
    Case("state file cut, changed, old or gone", damaged),
];

/// Longest wait before a kill, in microseconds: a request takes some hundred.
const INSTANT: u64 = 3000;

/// Asks in a thread of its own while the service is killed under it, and starts the service again. The status, when one came.
fn during_a_kill(arena: &mut Arena, target: String, body: Option<String>) -> Option<(u16, String)> {
    let wait = Duration::from_micros(arena.random(INSTANT));
    let reply = thread::scope(|scope| {
        let service = &arena.service;
        let asking = scope.spawn(move || match body {
            Some(body) => service.send(R220A.address, "POST", "/v1/report", &[], &body),
            None => service.get(R220A.address, &target),
        });
        thread::sleep(wait);
        service.signal("KILL");
        asking.join().ok()
    });
    arena.service.kill();
    arena.service.start();
    reply?.ok().map(|reply| (reply.status, reply.text()))
}

/// One arm is one claim and one installation, wherever the service dies.
fn killed(arena: &mut Arena, effort: u32) {
    arena.token.clear();
    for number in 0..12 * effort {
        arena.row.tries += 1;
        arena.arm();
        let boot = format!("/v1/boot?mac={}&platform=efi&try=1", R220A.card);
        during_a_kill(arena, boot, None);
        // The machine starts again and asks anew.
        let Some(token) = token(arena, &R220A) else {
            arena.row.lost += 1;
            continue;
        };
        let report = |more: &str| format!("mac={}&token={token}&{more}", R220A.card);
        let mut granted = 0;
        for nonce in [format!("first-{number}"), format!("second-{number}")] {
            let body = report(&format!("event=claim&nonce={nonce}&blank=0"));
            let told = during_a_kill(arena, String::new(), Some(body.clone()));
            let told = told.map(|(status, _)| status);
            // The installer asks again until it is told; the answer must not have changed since.
            let again = R220A.reports(
                &arena.service,
                &token,
                body.split_once(&token).map_or("", |(_, rest)| &rest[1..]),
            );
            granted += u32::from(again.status == 200);
            if told == Some(200) && again.status != 200 {
                arena.row.lost += 1;
            }
        }
        match granted {
            0 => arena.row.lost += 1,
            1 => {}
            _ => arena.row.granted += 1,
        }
        let told = during_a_kill(arena, String::new(), Some(report("event=completed")));
        let phase = arena.phase("r220a");
        let kept = phase == "installed" || (told.is_none() && phase == "installing");
        if !kept {
            arena.row.lost += 1;
        }
        R220A.reports(&arena.service, &token, "event=completed");
        if arena.phase("r220a") != "installed" {
            arena.row.lost += 1;
        }
        if R220A.is_installed_by(&arena.service) {
            arena.row.granted += 1;
        }
    }
}

/// Between any two steps of an installation something else breaks. It ends all the same, and no other begins.
fn shaken(arena: &mut Arena, effort: u32) {
    for _ in 0..6 * effort {
        install(arena, |arena, step| match step {
            // Somebody breaks the configuration while it installs: what was granted may end, and nothing begins.
            Step::Ends => {
                shake(arena);
                let broken = CONFIG
                    .replace("option mac", "option mac 'no card'\n\toption mac")
                    .replace("list mac", "list mac 'x'\n\tlist mac");
                arena.service.commit(&broken);
            }
            Step::Ended => arena.service.commit(CONFIG),
            Step::Asks | Step::Fetches | Step::Claims => shake(arena),
        });
    }
}

/// One of the things that happen to a router.
fn shake(arena: &mut Arena) {
    match arena.random(4) {
        0 => {
            arena.service.kill_broker();
            arena.service.start_broker();
        }
        1 => {
            // The clock is set, forward or back; 1970 and past what 32 bits hold.
            let start = match arena.random(3) {
                0 => 0,
                1 => 5_000_000_000,
                _ => arena.random(4_000_000_000),
            };
            arena
                .service
                .tree()
                .write("proc/stat", format!("btime {start}\n"));
        }
        2 => arena.service.signal("HUP"),
        _ => arena.service.commit("config host 'half written\n"),
    }
    // What was broken is mended again, and everything answers.
    arena.service.commit(CONFIG);
    let service = &arena.service;
    let answers = wait_until(LIMIT, || service.kickstand(&["status"]).status.success());
    arena.row.lost += u32::from(!answers);
}

/// What cannot be remembered is not granted; what can be again, is.
fn full_flash(arena: &mut Arena, effort: u32) {
    arena.token.clear();
    for number in 0..4 * effort {
        arena.row.tries += 1;
        if arena.phase("r220a") != "booting" {
            arena.arm();
        }
        let Some(token) = token(arena, &R220A) else {
            arena.row.lost += 1;
            continue;
        };
        flash::block(arena.service.tree().path());
        let nonce = format!("run-{number}");
        if R220A.claims(&arena.service, &token, &nonce) == 200 {
            arena.row.granted += 1;
        }
        flash::free(arena.service.tree().path());
        if R220A.claims(&arena.service, &token, &nonce) != 200 {
            arena.row.lost += 1;
        }
        R220A.reports(&arena.service, &token, "event=completed");
        if arena.phase("r220a") != "installed" {
            arena.row.lost += 1;
        }
    }
}

fn token(arena: &Arena, machine: &Machine) -> Option<String> {
    token_in(&machine.boots(&arena.service).text())
}

/// With its state gone or doubtful, the service installs nothing by itself, says so, and goes on.
fn damaged(arena: &mut Arena, effort: u32) {
    arena.token.clear();
    let path = arena.service.path("etc/kickstand/state.json");
    let before = fs::read(&path).unwrap_or_default();
    // A state in which the host is done: every older or damaged one must not make it installable again.
    if let Some(token) = token(arena, &R220A) {
        R220A.claims(&arena.service, &token, "run");
        R220A.reports(&arena.service, &token, "event=completed");
    }
    let whole = fs::read(&path).unwrap_or_default();
    for number in 0..25 * effort {
        arena.row.tries += 1;
        let at = usize::try_from(arena.random(whole.len() as u64)).unwrap_or(0);
        let mut text = whole.clone();
        match number % 6 {
            0 => text.truncate(at),
            1 => text[at] ^= 1 << (number % 7),
            2 => text = before.clone(),
            3 => text.clear(),
            4 => text = b"{\"hosts\":{\"r220a\":{\"phase\":\"armed\"}}}".to_vec(),
            _ => text.splice(at..at, [b'0', b'1']).for_each(drop),
        }
        arena.service.kill();
        if number % 12 == 11 {
            let _ = fs::remove_file(&path);
        } else {
            let _ = fs::write(&path, &text);
        }
        arena.service.restart_router();
        if text != whole && R220A.is_installed_by(&arena.service) {
            arena.row.granted += 1;
        }
    }
}
