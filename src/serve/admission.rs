//! Who is served when more connect than can be: everybody has a share, and whoever takes most gives way.
//!
//! Without this, one machine that opens connections and says nothing keeps the others from installing.
//! Not its job: connections themselves (`http`). Here are only addresses and idle times.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A connection that nothing was sent on for so long may give way to anybody who waits. Real clients ask at once; one that
/// downloads is sent something many times a second.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// An open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is.
    pub peer: Ipv4Addr,
    /// Since it was opened, or something was last sent on it.
    pub idle: Duration,
}

/// Index of the connection that is closed for a newcomer, when all places are taken; none: the newcomer must wait.
///
/// One address that holds more than its share gives way to another that holds less; who holds most gives way first, and of
/// those its connections the one that was idle longest. Among those who hold as many, the idle give way.
pub fn gives_way(standing: &[Standing], newcomer: Ipv4Addr) -> Option<usize> {
    let held = count(standing.iter().map(|connection| connection.peer));
    let own = held.get(&newcomer).copied().unwrap_or(0);
    let share = |index: &usize| held.get(&standing[*index].peer).copied().unwrap_or(0);
    let (greedy, most) = (0..standing.len())
        .map(|index| (index, share(&index)))
        .max_by_key(|(index, held)| (*held, standing[*index].idle))?;
    if most > own + 1 {
        return Some(greedy);
    }
    (0..standing.len())
        .filter(|index| standing[*index].idle >= PATIENCE && share(index) >= own)
        .max_by_key(|index| standing[*index].idle)
}

/// Index of the waiting address that is served next: the one that holds fewest connections, the first among equals.
pub fn next(waiting: &[Ipv4Addr], standing: &[Standing]) -> Option<usize> {
    let held = count(standing.iter().map(|connection| connection.peer));
    (0..waiting.len()).min_by_key(|index| held.get(&waiting[*index]).copied().unwrap_or(0))
}

/// Index of the waiting address that is turned away when too many wait: the last of whoever waits most often.
pub fn turned_away(waiting: &[Ipv4Addr]) -> Option<usize> {
    let waits = count(waiting.iter().copied());
    (0..waiting.len()).max_by_key(|index| waits.get(&waiting[*index]).copied().unwrap_or(0))
}

fn count(addresses: impl Iterator<Item = Ipv4Addr>) -> HashMap<Ipv4Addr, usize> {
    let mut counts = HashMap::new();
    for address in addresses {
        *counts.entry(address).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEDY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 66);
    const FIRST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const SECOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    fn standing(connections: &[(Ipv4Addr, u64)]) -> Vec<Standing> {
        let standing = |&(peer, idle)| Standing {
            peer,
            idle: Duration::from_secs(idle),
        };
        connections.iter().map(standing).collect()
    }

    #[test]
    fn whoever_holds_most_gives_way_with_the_connection_that_was_idle_longest() {
        let open = standing(&[(FIRST, 4), (GREEDY, 1), (GREEDY, 3), (GREEDY, 2)]);
        assert_eq!(gives_way(&open, SECOND), Some(2));
        assert_eq!(gives_way(&open, FIRST), Some(2), "3 against 1");
    }

    #[test]
    fn the_greedy_one_itself_waits_or_gives_up_an_idle_one_of_its_own() {
        let open = standing(&[(FIRST, 4), (GREEDY, 0), (GREEDY, 0)]);
        assert_eq!(gives_way(&open, GREEDY), None);
        let open = standing(&[(FIRST, 4), (GREEDY, 0), (GREEDY, 3)]);
        assert_eq!(gives_way(&open, GREEDY), Some(2));
    }

    #[test]
    fn among_equals_only_the_idle_give_way() {
        let busy = standing(&[(FIRST, 0), (GREEDY, 0)]);
        assert_eq!(gives_way(&busy, SECOND), None);
        let idle = standing(&[(FIRST, 4), (GREEDY, 6)]);
        assert_eq!(gives_way(&idle, SECOND), Some(1));
        assert_eq!(gives_way(&[], SECOND), None);
    }

    #[test]
    fn who_holds_least_is_next_and_who_waits_most_is_turned_away() {
        let open = standing(&[(GREEDY, 0), (GREEDY, 0), (FIRST, 0)]);
        let waiting = [GREEDY, FIRST, GREEDY, SECOND];
        assert_eq!(next(&waiting, &open), Some(3));
        assert_eq!(turned_away(&waiting), Some(2));
        assert_eq!(next(&[], &open), None);
        assert_eq!(turned_away(&[]), None);
    }
}
