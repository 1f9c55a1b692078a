//! One installation from arm to end, with something that happens before each step.
//!
//! Not its job: what happens ([`super::faults`], [`super::surroundings`]).

use super::{Arena, LIMIT};
use crate::process::wait_until;
use crate::requests::{R220A, token_in};

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// iPXE asks what to boot.
    Asks,
    /// The installer fetches its answer file.
    Fetches,
    /// It claims.
    Claims,
    /// It reports that it is done.
    Ends,
    /// Nothing: it is over.
    Ended,
}

/// Arms host `r220a` and installs it. Each step must go well whatever `before` did; what `before` broke, it has mended.
pub fn install(arena: &mut Arena, mut before: impl FnMut(&mut Arena, Step)) {
    arena.token.clear();
    arena.row.tries += 1;
    let nonce = format!("run-{}", arena.row.tries);
    arena.arm();
    before(arena, Step::Asks);
    let Some(token) = token_in(&R220A.boots(&arena.service).text()) else {
        arena.row.lost += 1;
        return;
    };
    before(arena, Step::Fetches);
    let fetched = R220A.answer_file(&arena.service, &token).status;
    before(arena, Step::Claims);
    let claimed = R220A.claims(&arena.service, &token, &nonce);
    before(arena, Step::Ends);
    let ended = R220A
        .reports(&arena.service, &token, "event=completed")
        .status;
    for status in [fetched, claimed, ended] {
        arena.row.lost += u32::from(status != 200);
    }
    if R220A.is_installed_by(&arena.service) {
        arena.row.granted += 1;
    }
    before(arena, Step::Ended);
    let kept = wait_until(LIMIT, || arena.phase("r220a") == "installed");
    arena.row.lost += u32::from(!kept);
    if R220A.is_installed_by(&arena.service) {
        arena.row.granted += 1;
    }
}
