//! What a crash in the middle of a request leaves behind, and whether it may.

use kickstand::core::lifecycle::Phase;

use super::driver::{Driver, HOSTS, Judgement, card, run_of};
use super::operations::{Operation, Point};
use super::system::System;

impl<S: System> Driver<S> {
    /// A request that nobody gets an answer to. Whether it took effect shows afterwards; either will do, as long as what
    /// took effect was allowed.
    pub(super) fn crash(&mut self, during: &Operation, point: Point, power: bool) -> Judgement {
        let when = self.when();
        let before = HOSTS.map(|host| self.system.record(host).phase);
        self.system.crash_at(point);
        let (host, number, token) = match during {
            Operation::Arm { host, window } => {
                self.system.arm(HOSTS[*host], *window);
                (Some(*host), 0, String::new())
            }
            Operation::Discover { host, window } => {
                self.system.discover(HOSTS[*host], *window);
                (Some(*host), 0, String::new())
            }
            Operation::Disarm { host } => {
                self.system.disarm(HOSTS[*host]);
                (Some(*host), 0, String::new())
            }
            Operation::Boot {
                card: number,
                first_try,
            } => {
                self.system.boot(&card(*number), *first_try);
                (self.owner(*number), *number, String::new())
            }
            Operation::Fetch {
                card: number,
                token,
                ..
            }
            | Operation::Claim {
                card: number,
                token,
                ..
            }
            | Operation::Hardware {
                card: number,
                token,
            }
            | Operation::Progress {
                card: number,
                token,
            }
            | Operation::Completed {
                card: number,
                token,
            }
            | Operation::Failed {
                card: number,
                token,
            } => {
                let token = self.token(self.owner(*number), *token);
                self.show(during, &card(*number), &token);
                (self.owner(*number), *number, token)
            }
            other => return Err(format!("{other:?} is no request")),
        };
        // Whether it was ever whole, nobody can tell afterwards.
        self.sound &= point != Point::HalfWritten;
        self.restart(power);
        let Some(host) = host else { return Ok(()) };
        let after = self.system.record(HOSTS[host]);
        self.remember_token(host);
        let armed = match during {
            Operation::Arm { window, .. } => self.permission(host, *window, &after),
            Operation::Boot { .. } => self.permission(host, 7200, &after),
            _ => None,
        };
        let look = match during {
            Operation::Discover { window, .. } => self.look(host, *window, &after),
            _ => None,
        };
        let ghost = &mut self.ghosts[host];
        // A run that was granted comes back where its end could not be written, and one that was refused where it was.
        let mut known = ghost.runs.iter().chain(&ghost.doubtful);
        let is_known = after.claim.as_ref().is_some_and(|claim| {
            known.any(|run| {
                let nonce = run.nonce.as_deref();
                run.token == claim.token.reveal() && nonce.is_none_or(|nonce| nonce == claim.nonce)
            })
        });
        let began =
            after.phase == Phase::Installing && before[host] != Phase::Installing && !is_known;
        match during {
            Operation::Arm { .. } => {
                // Whether it took effect before a power cut, nobody can tell from outside.
                ghost.armed_since = true;
                let deadline = after.arm.as_ref().map(|arm| arm.deadline);
                if let Some(armed) = armed.filter(|armed| Some(armed.deadline) == deadline) {
                    ghost.armed(Some(armed), true)?;
                }
            }
            Operation::Discover { .. } => {
                ghost.armed_since = true;
                if let Some(look) = look {
                    let known = ghost.knows(&look.token);
                    if !known {
                        ghost.armed_to_discover(Some(look), when, false)?;
                    }
                }
            }
            Operation::Boot { .. } => {
                if let Some(automatic) = armed.filter(|armed| armed.blank_only) {
                    ghost.booted(number, false, None, Some(automatic), when, false)?;
                }
            }
            Operation::Fetch { claims: false, .. } if began => {
                ghost.fetched((number, &token, false), true, when, false)?;
            }
            Operation::Claim { serial, .. } if began => {
                let run = run_of(during);
                ghost.claimed((number, &token, run, *serial), true, when, false)?;
            }
            Operation::Disarm { .. } => {
                ghost.completion_due &= after.phase == Phase::Installing;
            }
            _ => {}
        }
        ghost.running &= after.phase == Phase::Installing;
        for known in [&mut ghost.permission, &mut ghost.look] {
            match (&after.arm, known.as_mut()) {
                (Some(arm), Some(permission)) => permission.starts = arm.starts,
                (None, _) => *known = None,
                (Some(_), None) => {}
            }
        }
        Ok(())
    }
}
