//! "No disk is wiped without a live arm", and "an install that completed is never repeated by itself", for any sequence of
//! requests, crashes, restarts, and state files that were lost, damaged or put back from a copy.
//!
//! Random sequences run against the lifecycle with a shell around it that keeps its files in memory, and against the real
//! engine in a tree of files. An independent model of the user's permissions says what may be granted.

mod lifecycle_support;

use kickstand::core::lifecycle::{Arm, ArmedBy, Event, Now, Outcome, Phase, Purpose, Record, step};
use lifecycle_support::driver::Driver;
use lifecycle_support::engine::RealEngine;
use lifecycle_support::operations::Operation::{
    Boot, Claim, Completed, Configure, Disarm, Discover, Fetch, Guard, Hardware, Pass, Restart,
    Tamper,
};
use lifecycle_support::operations::{Operation, Tampering, Token, operations};
use lifecycle_support::shell::Shell;
use lifecycle_support::system::System;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRng, TestRunner};

/// Longest sequence: enough for three installations of each host, and what can go wrong between.
const LONGEST: usize = 60;

fn run<S: System>(sequence: &[Operation]) -> Result<(), TestCaseError> {
    let mut driver: Driver<S> = Driver::new();
    for (index, operation) in sequence.iter().enumerate() {
        driver
            .perform(operation)
            .map_err(|why| TestCaseError::fail(format!("step {index}, {operation:?}: {why}")))?;
    }
    Ok(())
}

fn hold<S: System>(cases: u32) {
    let mut config = ProptestConfig::with_cases(cases);
    config.failure_persistence = None;
    config.max_shrink_iters = 20_000;
    // The same sequences each time, so that a failure is this change's; with LIFECYCLE_CASES, that many others.
    let mut runner = match std::env::var("LIFECYCLE_CASES")
        .ok()
        .map(|cases| cases.parse())
    {
        Some(Ok(cases)) => {
            config.cases = cases;
            TestRunner::new(config)
        }
        _ => {
            let rng = TestRng::deterministic_rng(config.rng_algorithm);
            TestRunner::new_with_rng(config, rng)
        }
    };
    let outcome = runner.run(&operations(LONGEST), |sequence| run::<S>(&sequence));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn the_lifecycle_grants_nothing_without_a_live_arm() {
    hold::<Shell>(3000);
}

#[test]
fn the_engine_grants_nothing_without_a_live_arm() {
    hold::<RealEngine>(60);
}

/// Performs a sequence on a system; the model judges each step. Gives how many runs were granted.
fn grants<S: System>(walk: &[Operation]) -> usize {
    let mut driver: Driver<S> = Driver::new();
    for operation in walk {
        if let Err(why) = driver.perform(operation) {
            panic!("{operation:?}: {why}");
        }
    }
    driver.grants()
}

/// The same on both systems.
fn granted(walk: &[Operation]) -> usize {
    let count = grants::<Shell>(walk);
    assert_eq!(grants::<RealEngine>(walk), count, "{walk:?}");
    count
}

const ARM: Operation = Operation::Arm {
    host: 0,
    window: 600,
};
const BOOT: Operation = Boot {
    card: 0,
    first_try: true,
};

fn claim(card: usize, nonce: u8) -> Operation {
    Claim {
        card,
        token: Token::Latest,
        nonce,
        blank: false,
        serial: None,
    }
}

fn tamper(how: Tampering, router: bool) -> Operation {
    Tamper { how, router }
}

/// The model would be content with a service that refuses everything, were it not for what it demands.
#[test]
fn an_undisturbed_installation_is_granted() {
    let token = Token::Latest;
    let walk = [
        ARM,
        BOOT,
        Fetch {
            card: 0,
            token,
            claims: true,
        },
        claim(0, 0),
        claim(0, 0),
        claim(0, 1),
        Restart { router: true },
        Completed { card: 0, token },
        BOOT,
        Boot {
            card: 2,
            first_try: true,
        },
        Claim {
            card: 2,
            token,
            nonce: 0,
            blank: true,
            serial: None,
        },
    ];
    assert_eq!(
        granted(&walk),
        2,
        "one for the user's arm, one for install 'once'"
    );
}

#[test]
fn a_card_that_came_after_the_arm_may_not_claim() {
    let cards = [true, false, false, true];
    let new_card = [ARM, BOOT, Configure { host: 0, cards }, claim(3, 0)];
    assert_eq!(granted(&new_card), 0);
    let old_card = [ARM, BOOT, Configure { host: 0, cards }, claim(0, 0)];
    assert_eq!(granted(&old_card), 1);
}

#[test]
fn a_file_that_does_not_claim_is_no_way_to_a_second_run() {
    let silent = Fetch {
        card: 0,
        token: Token::Latest,
        claims: false,
    };
    assert_eq!(granted(&[ARM, BOOT, claim(0, 0), silent.clone()]), 1);
    assert_eq!(
        granted(&[ARM, BOOT, silent.clone(), silent, claim(0, 0)]),
        1
    );
}

#[test]
fn a_disk_whose_serial_number_is_not_the_one_that_was_armed_for_is_never_granted() {
    let of_disk = |serial| Claim {
        card: 0,
        token: Token::Latest,
        nonce: 0,
        blank: false,
        serial,
    };
    let guard = |serial| Guard { host: 0, serial };
    for (serial, grants) in [(Some(0), 1), (Some(1), 0), (None, 0)] {
        let walk = [guard(Some(0)), ARM, BOOT, of_disk(serial)];
        assert_eq!(granted(&walk), grants, "{serial:?}");
    }
    let silent = Fetch {
        card: 0,
        token: Token::Latest,
        claims: false,
    };
    assert_eq!(granted(&[guard(Some(0)), ARM, BOOT, silent]), 0);
    let wrong_first = [guard(Some(0)), ARM, of_disk(Some(1)), of_disk(Some(0))];
    assert_eq!(granted(&wrong_first), 0, "the arm ended with it");
    let changed_later = [guard(Some(0)), ARM, guard(Some(1)), of_disk(Some(0))];
    assert_eq!(granted(&changed_later), 1, "what it was armed for counts");
}

#[test]
fn a_look_at_the_hardware_is_no_permission_to_wipe() {
    let look = Discover {
        host: 0,
        window: 600,
    };
    let hardware = Hardware {
        card: 0,
        token: Token::Latest,
    };
    let silent = Fetch {
        card: 0,
        token: Token::Latest,
        claims: false,
    };
    let walk = [look.clone(), BOOT, silent, claim(0, 0), hardware.clone()];
    assert_eq!(granted(&walk), 0);
    assert_eq!(
        granted(&[look.clone(), hardware, ARM, BOOT, claim(0, 0)]),
        1
    );
    let armed_over_it = [
        look,
        BOOT,
        ARM,
        Claim {
            card: 0,
            token: Token::Issued(0),
            nonce: 0,
            blank: true,
            serial: None,
        },
    ];
    assert_eq!(granted(&armed_over_it), 0, "the token of the look");
}

/// The copies are numbered from 0: one of the start with its hosts, then one for each step that changed something.
#[test]
fn a_copy_from_before_the_claim_is_stale_even_after_the_state_was_lost() {
    for loss in [
        Tampering::Lose,
        Tampering::Garbage(vec![b'x']),
        Tampering::Truncate(40),
    ] {
        let walk = [
            ARM,
            claim(0, 0),
            tamper(loss, false),
            tamper(Tampering::Restore(1), false),
            claim(0, 1),
        ];
        assert_eq!(granted(&walk), 1);
    }
}

#[test]
fn a_copy_from_before_the_restart_of_the_router_lets_nothing_arm_itself_again() {
    let walk = [
        Boot {
            card: 2,
            first_try: true,
        },
        Disarm { host: 1 },
        tamper(Tampering::Lose, true),
        tamper(Tampering::Restore(0), false),
        Boot {
            card: 2,
            first_try: true,
        },
        Claim {
            card: 2,
            token: Token::Latest,
            nonce: 0,
            blank: true,
            serial: None,
        },
    ];
    assert_eq!(granted(&walk), 0);
}

#[test]
fn a_digit_that_changed_on_flash_makes_no_arm_live_longer() {
    for at in 0..600 {
        let walk = [
            Operation::Arm {
                host: 0,
                window: 60,
            },
            tamper(Tampering::Change { at, byte: b'9' }, false),
            Pass { seconds: 61 },
            BOOT,
            claim(0, 0),
        ];
        assert_eq!(grants::<Shell>(&walk), 0, "byte {at}");
    }
}

/// The state file drops arms when the router restarts, which keeps this rule from ever being needed there.
#[test]
fn an_arm_of_another_start_of_the_router_is_dead_by_itself() {
    let now = |start: &str| Now {
        router_start: start.to_owned(),
        uptime: 1000,
        wall: None,
    };
    let mac = "52:54:00:00:00:01".parse().expect("valid");
    let arm = Arm {
        token: kickstand::core::token::Token::new([1; 16]),
        macs: vec![mac],
        router_start: "first".to_owned(),
        deadline: 2000,
        starts: 0,
        attempts: 2,
        by: ArmedBy::User,
        purpose: Purpose::Install,
        disk_serial: None,
        host_key: None,
    };
    let (armed, _) = step(&Record::default(), Event::Arm(arm), &now("first"));
    let asked = Event::Asked {
        mac,
        first_try: true,
    };
    let (_, outcome) = step(&armed, asked.clone(), &now("first"));
    assert!(matches!(outcome, Outcome::Install(_)));
    let (record, outcome) = step(&armed, asked, &now("second"));
    assert_eq!((record.phase, outcome), (Phase::Expired, Outcome::Local));
}
