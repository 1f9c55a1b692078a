//! What each event changes.

use super::{Arm, ArmedBy, Claim, Event, Now, Once, Outcome, Phase, Purpose, Record, Refusal};
use crate::core::mac::Mac;

/// The record after an event, and what the event led to.
pub fn step(record: &Record, event: Event<'_>, now: &Now) -> (Record, Outcome) {
    let mut next = record.clone();
    expire(&mut next, now);
    let outcome = match event {
        Event::Arm(arm) => arm_host(&mut next, arm, now),
        Event::Disarm => disarm(&mut next, now),
        Event::Asked { mac, first_try } => asked(&mut next, mac, first_try, now),
        Event::Fetched { mac, token, claims } => {
            fetched(&mut next, mac, token, claims, now).unwrap_or_else(Outcome::Refused)
        }
        Event::Claim {
            mac,
            token,
            nonce,
            blank,
            serial,
        } => claim(&mut next, mac, token, (nonce, blank, serial), now)
            .unwrap_or_else(Outcome::Refused),
        Event::Discovered { mac, token, what } => {
            discovered(&mut next, mac, token, what, now).unwrap_or_else(Outcome::Refused)
        }
        Event::Completed { token } => completed(&mut next, token, now),
        Event::Failed { token, reason } => failed(&mut next, token, reason, now),
        Event::Tick => Outcome::Accepted,
    };
    if next.phase != Phase::Installing
        && let Some(claim) = &mut next.claim
    {
        // Nobody can ask for the answer file again.
        claim.forget_key();
    }
    (next, outcome)
}

fn enter(record: &mut Record, phase: Phase, note: impl Into<String>, now: &Now) {
    record.phase = phase;
    record.note = note.into();
    record.since = now.wall;
}

/// A dead arm is dropped before anything else looks at the record.
fn expire(record: &mut Record, now: &Now) {
    let Some(arm) = &record.arm else { return };
    if arm.live(now) {
        return;
    }
    let note = if arm.router_start != now.router_start {
        "the router restarted before an installer claimed; arm the host again"
    } else if arm.starts > 0 {
        "the window ended; an installer was started and never claimed"
    } else {
        "the window ended and the machine never asked"
    };
    let end = arm.back().unwrap_or(Phase::Expired);
    record.arm = None;
    if matches!(record.phase, Phase::Armed | Phase::Booting) {
        enter(record, end, note, now);
    }
}

fn arm_host(record: &mut Record, arm: Arm, now: &Now) -> Outcome {
    if record.phase == Phase::Installing {
        return Outcome::Refused(Refusal::Installing);
    }
    if arm.by == ArmedBy::Once && record.once == Once::Spent {
        return Outcome::Refused(Refusal::OnceSpent);
    }
    if let Purpose::Discover(_) = arm.purpose {
        return arm_to_discover(record, arm, now);
    }
    record.once = Once::Spent;
    let note = match arm.by {
        ArmedBy::User => "",
        ArmedBy::Once => "armed by itself (install 'once'), for a blank disk only",
    };
    // A look at the hardware that is under way ends here: its token must not become one that may wipe.
    record.arm.take_if(|live| !live.purpose.installs());
    if let Some(live) = &mut record.arm {
        // Armed again: an installer that is starting now knows the token, so it stays; window and starts begin anew.
        *live = Arm {
            token: live.token.clone(),
            host_key: live.host_key.take(),
            ..arm
        };
        record.note = note.to_owned();
        return Outcome::Accepted;
    }
    record.arm = Some(arm);
    enter(record, Phase::Armed, note, now);
    Outcome::Accepted
}

/// `install 'once'` is not spent by it: nothing is installed.
fn arm_to_discover(record: &mut Record, arm: Arm, now: &Now) -> Outcome {
    let back = match &record.arm {
        Some(live) if live.purpose.installs() => {
            return Outcome::Refused(Refusal::ArmedToInstall);
        }
        Some(live) => live.back(),
        None => None,
    };
    record.arm = Some(Arm {
        purpose: Purpose::Discover(back.unwrap_or(record.phase)),
        ..arm
    });
    let note = "to report its hardware at its next network boot; no disk is written";
    enter(record, Phase::Armed, note, now);
    Outcome::Accepted
}

fn disarm(record: &mut Record, now: &Now) -> Outcome {
    match record.phase {
        Phase::Armed | Phase::Booting => {
            let back = record.arm.take().and_then(|arm| arm.back());
            enter(record, back.unwrap_or(Phase::Idle), "disarmed", now);
            Outcome::Accepted
        }
        Phase::Installing => {
            record.claim = None;
            enter(
                record,
                Phase::Failed,
                "given up by the user while it was installing",
                now,
            );
            Outcome::Accepted
        }
        Phase::Idle | Phase::Installed | Phase::Failed | Phase::Expired => {
            Outcome::Refused(Refusal::NothingToDisarm)
        }
    }
}

fn asked(record: &mut Record, mac: Mac, first_try: bool, now: &Now) -> Outcome {
    if record.phase == Phase::Installing {
        let note = "it booted again without reporting completion; arm it again to install again";
        enter(record, Phase::Failed, note, now);
        return Outcome::Local;
    }
    let Some(arm) = &mut record.arm else {
        return Outcome::Local;
    };
    if !arm.macs.contains(&mac) {
        return Outcome::Local;
    }
    if first_try || arm.starts == 0 {
        if arm.starts >= arm.attempts {
            let (end, what) = match arm.back() {
                Some(back) => (back, "reported the hardware"),
                None => (Phase::Failed, "claimed"),
            };
            let note = format!("{} installers were started and none {what}", arm.starts);
            record.arm = None;
            enter(record, end, note, now);
            return Outcome::Local;
        }
        arm.starts += 1;
    }
    let token = arm.token.clone();
    if record.phase != Phase::Booting {
        enter(record, Phase::Booting, "", now);
    }
    Outcome::Install(token)
}

fn fetched(
    record: &mut Record,
    mac: Mac,
    token: &str,
    claims: bool,
    now: &Now,
) -> Result<Outcome, Refusal> {
    if record.phase == Phase::Installing && record.claimed_with(token) {
        // A file that does not claim would begin a second run, unless handing it out is what began this one.
        let handed_out = record
            .claim
            .as_ref()
            .is_some_and(|claim| claim.nonce.is_empty());
        return if claims || handed_out {
            Ok(Outcome::Accepted)
        } else {
            Err(Refusal::Claimed)
        };
    }
    let arm = permission(record, mac, token)?;
    // What is handed out under an arm that does not install cannot be a claim.
    if claims || !arm.purpose.installs() {
        return Ok(Outcome::Accepted);
    }
    if arm.by == ArmedBy::Once || arm.disk_serial.is_some() {
        return Err(Refusal::NoClaimInAnswer);
    }
    grant(
        record,
        "",
        "the answer file does not claim, so handing it out began the installation",
        now,
    );
    Ok(Outcome::Accepted)
}

fn claim(
    record: &mut Record,
    mac: Mac,
    token: &str,
    (nonce, blank, serial): (&str, bool, Option<&str>),
    now: &Now,
) -> Result<Outcome, Refusal> {
    if record.phase == Phase::Installing {
        let same_run = record
            .claim
            .as_ref()
            .is_some_and(|claim| claim.token.matches(token) && claim.nonce == nonce);
        return if same_run {
            Ok(Outcome::Accepted)
        } else {
            Err(Refusal::Claimed)
        };
    }
    let arm = permission(record, mac, token)?;
    if !arm.purpose.installs() {
        return Err(Refusal::DiscoversOnly);
    }
    if let Some(other) = other_disk(arm, serial) {
        record.arm = None;
        enter(record, Phase::Failed, other, now);
        return Err(Refusal::OtherDisk);
    }
    if arm.by == ArmedBy::Once && !blank {
        record.arm = None;
        enter(record, Phase::Failed, Refusal::DiskNotBlank.sentence(), now);
        return Err(Refusal::DiskNotBlank);
    }
    grant(record, nonce, "", now);
    Ok(Outcome::Accepted)
}

/// The arm of that token. `expire` has dropped a dead one before.
fn matching_arm<'a>(record: &'a Record, token: &str) -> Result<&'a Arm, Refusal> {
    match &record.arm {
        Some(arm) if arm.token.matches(token) => Ok(arm),
        None if record.phase == Phase::Expired => Err(Refusal::Expired),
        _ => Err(Refusal::NotArmed),
    }
}

/// Why a target disk of that serial number is not the one that was armed for.
fn other_disk(arm: &Arm, serial: Option<&str>) -> Option<String> {
    let meant = arm.disk_serial.as_deref()?;
    match serial {
        Some(found) if found == meant => None,
        Some(found) => Some(format!(
            "armed for the disk with serial number {meant}, and the installer would have wiped the one with {found}: look at the cables and at option disk, or set option disk_serial and arm it again"
        )),
        None => Some(format!(
            "armed for the disk with serial number {meant}, and the installer cannot tell that of its target: `kickstand arm --discover` shows what it can tell"
        )),
    }
}

fn discovered(
    record: &mut Record,
    mac: Mac,
    token: &str,
    what: &str,
    now: &Now,
) -> Result<Outcome, Refusal> {
    let back = permission(record, mac, token)?.back();
    let back = back.ok_or(Refusal::NotArmed)?;
    record.arm = None;
    enter(record, back, what, now);
    Ok(Outcome::Accepted)
}

/// The permission that there is for this card and token. Cards that the host got since it was armed may be another machine's.
fn permission<'a>(record: &'a Record, mac: Mac, token: &str) -> Result<&'a Arm, Refusal> {
    let arm = matching_arm(record, token)?;
    if arm.macs.contains(&mac) {
        Ok(arm)
    } else {
        Err(Refusal::OtherCard)
    }
}

fn grant(record: &mut Record, nonce: &str, note: &str, now: &Now) {
    if let Some(arm) = record.arm.take() {
        record.claim = Some(Claim {
            token: arm.token,
            nonce: nonce.to_owned(),
            host_key: arm.host_key,
        });
        enter(record, Phase::Installing, note, now);
    }
}

fn completed(record: &mut Record, token: &str, now: &Now) -> Outcome {
    if !record.claimed_with(token) {
        return Outcome::Refused(Refusal::NotArmed);
    }
    match record.phase {
        // Said twice, or a newer arm is on its way: nothing to change.
        Phase::Installed => {}
        Phase::Armed | Phase::Booting => {
            if let Some(arm) = record.arm.as_mut().filter(|arm| !arm.purpose.installs()) {
                arm.purpose = Purpose::Discover(Phase::Installed);
            }
        }
        // Also a report that comes late: the machine was faster to boot, we were not there, a newer arm has ended.
        Phase::Installing | Phase::Failed | Phase::Expired | Phase::Idle => {
            enter(record, Phase::Installed, "", now);
        }
    }
    Outcome::Accepted
}

fn failed(record: &mut Record, token: &str, reason: &str, now: &Now) -> Outcome {
    if record.phase == Phase::Installing && record.claimed_with(token) {
        enter(record, Phase::Failed, reason, now);
        return Outcome::Accepted;
    }
    // Before its claim: what stopped the installer would stop it again, so the arm ends here.
    match matching_arm(record, token) {
        Ok(arm) => {
            let end = arm.back().unwrap_or(Phase::Failed);
            record.arm = None;
            enter(record, end, reason, now);
            Outcome::Accepted
        }
        Err(refusal) => Outcome::Refused(refusal),
    }
}
