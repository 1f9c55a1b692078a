//! The model: which permissions the user has given, and which of them are used up.
//!
//! It knows nothing of phases, records and files. It only sees what was asked and what was answered.

use super::system::Run;

/// The user's permission, or the automatic one of `install 'once'`.
#[derive(Debug, Clone)]
pub struct Permission {
    pub token: String,
    pub cards: Vec<usize>,
    pub router_start: u32,
    pub deadline: u64,
    pub blank_only: bool,
    /// The only disk that it is for.
    pub serial: Option<usize>,
    /// Installers that were told to start, without repetitions.
    pub starts: u32,
}

/// A run of an installer that was granted.
#[derive(Debug, Clone)]
pub struct Granted {
    pub token: String,
    /// None when the answer file did not claim, so that handing it out was the grant.
    pub nonce: Option<String>,
}

impl Permission {
    fn covers(&self, blank: bool, serial: Option<usize>) -> bool {
        (blank || !self.blank_only) && (self.serial.is_none() || self.serial == serial)
    }
}

/// What the model knows of a host.
#[derive(Debug, Clone, Default)]
pub struct Ghost {
    pub permission: Option<Permission>,
    /// To look at the hardware, and never to be granted anything.
    pub look: Option<Permission>,
    pub runs: Vec<Granted>,
    /// Runs that were refused although they were allowed: they may have been written before that failed, and count then.
    pub doubtful: Vec<Granted>,
    /// The last run has neither reported its end, nor booted again, nor been given up.
    pub running: bool,
    /// Its completion must still be accepted.
    pub completion_due: bool,
    /// It was armed again since its last run.
    pub armed_since: bool,
    /// It may arm itself once.
    pub allowance: bool,
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
pub struct When {
    pub router_start: u32,
    pub uptime: u64,
}

/// Installer starts within one arm: the default of option attempts.
const ATTEMPTS: u32 = 2;

type Judgement = Result<(), String>;

fn demand(condition: bool, what: &str) -> Judgement {
    if condition {
        Ok(())
    } else {
        Err(what.to_owned())
    }
}

fn alive(permission: &Permission, when: When) -> bool {
    permission.router_start == when.router_start && when.uptime < permission.deadline
}

impl Ghost {
    fn live(&self, when: When) -> Option<&Permission> {
        self.permission.as_ref().filter(|arm| alive(arm, when))
    }

    fn live_look(&self, when: When) -> Option<&Permission> {
        self.look.as_ref().filter(|arm| alive(arm, when))
    }

    /// Whether a token was ever issued to this host.
    pub fn knows(&self, token: &str) -> bool {
        let of = |arm: &Option<Permission>| arm.as_ref().is_some_and(|arm| arm.token == token);
        let mut runs = self.runs.iter().chain(&self.doubtful);
        of(&self.permission) || of(&self.look) || runs.any(|run| run.token == token)
    }

    /// The user armed the host and was told that this worked, or that it did not.
    pub fn armed(&mut self, accepted: Option<Permission>, sound: bool) -> Judgement {
        match accepted {
            Some(permission) => {
                demand(
                    self.runs.iter().all(|run| run.token != permission.token),
                    "a new arm has a used token",
                )?;
                let looked = self.look.take();
                demand(
                    looked.is_none_or(|look| look.token != permission.token),
                    "a token that was to look may wipe now",
                )?;
                self.permission = Some(permission);
                self.allowance = false;
                self.armed_since = true;
                Ok(())
            }
            None => demand(!sound || self.running, "an arm was refused without need"),
        }
    }

    /// The user armed the host for a look at its hardware, or was told that this cannot be.
    pub fn armed_to_discover(
        &mut self,
        accepted: Option<Permission>,
        when: When,
        sound: bool,
    ) -> Judgement {
        let busy = self.running || self.live(when).is_some();
        match accepted {
            Some(look) => {
                // A state that was lost has lost its arms.
                demand(
                    !sound || self.live(when).is_none(),
                    "a look took the place of an arm",
                )?;
                demand(
                    self.runs.iter().all(|run| run.token != look.token),
                    "a look has a used token",
                )?;
                self.permission = None;
                self.look = Some(look);
                self.armed_since = true;
                Ok(())
            }
            None => demand(!sound || busy, "a look was refused without need"),
        }
    }

    /// Hardware was reported.
    pub fn discovered(
        &mut self,
        (card, token): (usize, &str),
        accepted: bool,
        when: When,
        sound: bool,
    ) -> Judgement {
        let meant = self
            .live_look(when)
            .is_some_and(|look| look.token == token && look.cards.contains(&card));
        if accepted {
            self.look = None;
            return demand(meant, "hardware was accepted that nobody asked for");
        }
        demand(!meant || !sound, "hardware was refused that was asked for")
    }

    /// The user took it back; nothing may be granted from here on.
    pub fn disarmed(&mut self, accepted: bool, when: When, sound: bool) -> Judgement {
        let needed = self.running || self.live(when).is_some() || self.live_look(when).is_some();
        self.permission = None;
        self.look = None;
        self.running = false;
        self.completion_due = false;
        demand(
            accepted || !needed || !sound,
            "there was something to take back",
        )
    }

    /// An iPXE was told to install, with that token, or to boot from its disk. `automatic` is the arm that a host of
    /// `install 'once'` may have given itself at that.
    pub fn booted(
        &mut self,
        card: usize,
        first_try: bool,
        told: Option<&str>,
        automatic: Option<Permission>,
        when: When,
        sound: bool,
    ) -> Judgement {
        self.running = false;
        if let Some(automatic) = automatic.filter(|_| self.live(when).is_none()) {
            demand(self.allowance, "a host armed itself a second time")?;
            self.permission = Some(automatic);
            self.allowance = false;
            self.armed_since = true;
        }
        let look = self.live(when).is_none();
        let arm = if look {
            self.live_look(when)
        } else {
            self.live(when)
        };
        let Some(permission) = arm.cloned() else {
            return demand(told.is_none(), "told to install without a live arm");
        };
        let meant = permission.cards.contains(&card);
        let counts = first_try || permission.starts == 0;
        let exhausted = counts && permission.starts >= ATTEMPTS;
        match told {
            Some(token) => {
                demand(
                    meant,
                    "told to install with a card that it was not armed with",
                )?;
                demand(!exhausted, "told to install more often than attempts allow")?;
                demand(
                    token == permission.token,
                    "told to install with another token",
                )?;
                let mine = if look {
                    &mut self.look
                } else {
                    &mut self.permission
                };
                if let Some(mine) = mine {
                    mine.starts += u32::from(counts);
                }
                Ok(())
            }
            None => {
                if meant && exhausted {
                    self.permission = None;
                    self.look = None;
                }
                demand(
                    !meant || exhausted || !sound,
                    "armed, and not told to install",
                )
            }
        }
    }

    /// An answer file was handed out, or refused.
    pub fn fetched(
        &mut self,
        (card, token, claims): (usize, &str, bool),
        handed_out: bool,
        when: When,
        sound: bool,
    ) -> Judgement {
        let live = self
            .live(when)
            .filter(|permission| permission.token == token && permission.cards.contains(&card));
        let grants = live.is_some_and(|permission| claims || permission.covers(false, None));
        let looks = self
            .live_look(when)
            .is_some_and(|look| look.token == token && look.cards.contains(&card));
        if !handed_out {
            if grants && !claims {
                self.doubt(token, None);
            }
            return demand(
                !(grants || looks) || !sound,
                "an answer file was refused to a live arm",
            );
        }
        let mut runs = self.runs.iter().chain(&self.doubtful);
        let again = runs.any(|run| run.token == token && (claims || run.nonce.is_none()));
        demand(
            grants || again || looks,
            "an answer file was handed out without a live arm",
        )?;
        if !claims && grants {
            self.begin(token, None);
        }
        Ok(())
    }

    /// A claim was granted or refused.
    pub fn claimed(
        &mut self,
        (card, token, run, serial): (usize, &str, Run, Option<usize>),
        granted: bool,
        when: When,
        sound: bool,
    ) -> Judgement {
        let matching = self
            .live(when)
            .filter(|permission| permission.token == token && permission.cards.contains(&card));
        let allowed = matching.is_some_and(|permission| permission.covers(run.blank, serial));
        let is_matching = matching.is_some();
        if !granted {
            if allowed {
                self.doubt(token, Some(run.nonce));
            }
            if is_matching && !allowed {
                self.permission = None;
            }
            return demand(!allowed || !sound, "a claim was refused to a live arm");
        }
        let is_it =
            |known: &Granted| known.token == token && known.nonce.as_deref() == Some(run.nonce);
        if self.runs.iter().any(is_it) {
            return Ok(());
        }
        let allowed = allowed || self.doubtful.iter().any(is_it);
        demand(allowed, "A CLAIM WAS GRANTED WITHOUT A LIVE ARM")?;
        self.begin(token, Some(run.nonce));
        Ok(())
    }

    fn begin(&mut self, token: &str, nonce: Option<&str>) {
        self.permission = None;
        self.running = true;
        self.completion_due = true;
        self.armed_since = false;
        self.runs.push(Granted {
            token: token.to_owned(),
            nonce: nonce.map(str::to_owned),
        });
    }

    fn doubt(&mut self, token: &str, nonce: Option<&str>) {
        self.doubtful.push(Granted {
            token: token.to_owned(),
            nonce: nonce.map(str::to_owned),
        });
    }

    /// A completion was accepted or refused.
    pub fn completed(&mut self, token: &str, accepted: bool, sound: bool) -> Judgement {
        let last = self.runs.last().is_some_and(|run| run.token == token);
        if accepted {
            self.running &= !last;
            return demand(
                self.runs
                    .iter()
                    .chain(&self.doubtful)
                    .any(|run| run.token == token),
                "a completion was accepted for a token that claimed nothing",
            );
        }
        demand(
            !(sound && last && self.completion_due),
            "the completion of a granted run was refused",
        )
    }

    /// Whether a completion that was accepted must show in status.
    pub fn must_be_called_installed(&self, token: &str) -> bool {
        let last = self.runs.last().is_some_and(|run| run.token == token);
        last && self.completion_due && !self.armed_since
    }

    /// A failure was accepted or refused.
    pub fn failed(&mut self, token: &str, accepted: bool) -> Judgement {
        if !accepted {
            return Ok(());
        }
        demand(
            self.knows(token),
            "a failure was accepted with a foreign token",
        )?;
        if self
            .permission
            .as_ref()
            .is_some_and(|permission| permission.token == token)
        {
            self.permission = None;
        } else if self.look.as_ref().is_some_and(|look| look.token == token) {
            self.look = None;
        } else {
            self.running = false;
        }
        Ok(())
    }

    /// Whether status may say that the host is armed.
    pub fn may_be_called_armed(&self, when: When) -> bool {
        self.live(when).is_some() || self.live_look(when).is_some()
    }
}
