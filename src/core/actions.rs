//! What a user may do with a host in its phase, and what to offer first.
//!
//! Not its job: whether it is granted (`lifecycle` decides that when it is asked).

use serde::{Deserialize, Serialize};

use super::lifecycle::Phase;

/// Something that a user may do with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Permit one installation, which wipes its disk; armed again, its window begins anew.
    Arm,
    /// Take that back; while it installs, give the installation up.
    Disarm,
    /// Switch it on over the network.
    Wake,
}

/// The action to offer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // See [`Action`].
pub enum Next {
    Arm,
    Disarm,
    Wake,
    /// Nothing needs doing.
    None,
}

/// The action to offer first, and all that make sense. `usable` is false for a host whose section has faults: it can only be
/// taken back what was given before.
pub fn actions(phase: Phase, usable: bool) -> (Next, Vec<Action>) {
    use Action::{Arm, Disarm, Wake};
    match phase {
        Phase::Armed | Phase::Booting | Phase::Installing if !usable => {
            (Next::Disarm, vec![Disarm])
        }
        _ if !usable => (Next::None, Vec::new()),
        Phase::Idle | Phase::Failed | Phase::Expired => (Next::Arm, vec![Arm, Wake]),
        Phase::Armed => (Next::Wake, vec![Arm, Disarm, Wake]),
        Phase::Booting => (Next::Disarm, vec![Arm, Disarm, Wake]),
        Phase::Installing => (Next::None, vec![Disarm]),
        // What is installed is not offered to be wiped.
        Phase::Installed => (Next::None, vec![Arm, Wake]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 7] = [
        Phase::Idle,
        Phase::Armed,
        Phase::Booting,
        Phase::Installing,
        Phase::Installed,
        Phase::Failed,
        Phase::Expired,
    ];

    #[test]
    fn what_is_offered_first_is_possible() {
        for phase in PHASES {
            for usable in [true, false] {
                let (next, can) = actions(phase, usable);
                let possible = match next {
                    Next::Arm => can.contains(&Action::Arm),
                    Next::Disarm => can.contains(&Action::Disarm),
                    Next::Wake => can.contains(&Action::Wake),
                    Next::None => true,
                };
                assert!(possible, "{phase:?} {usable}");
            }
        }
    }

    #[test]
    fn nothing_that_is_at_work_or_installed_is_offered_to_be_wiped() {
        for phase in [Phase::Installing, Phase::Installed] {
            assert_eq!(actions(phase, true).0, Next::None, "{phase:?}");
        }
        assert!(!actions(Phase::Installing, true).1.contains(&Action::Arm));
    }

    #[test]
    fn a_host_with_faults_can_only_be_disarmed() {
        for phase in PHASES {
            let can = actions(phase, false).1;
            assert!(
                can.iter().all(|action| *action == Action::Disarm),
                "{phase:?}"
            );
        }
        assert_eq!(actions(Phase::Armed, false).0, Next::Disarm);
    }
}
