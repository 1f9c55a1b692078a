//! Looking up the name of a server, beside the one thread that serves: the C library waits for DNS as long as it likes.
//!
//! Not its job: connecting (`post`).

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// For an answer. musl asks each name server twice, five seconds each; a thread that takes longer ends by itself later.
const TIME: Duration = Duration::from_secs(11);
/// Names looked up at once; each needs a thread.
const MOST: usize = 2;
/// Stack of such a thread, in bytes: musl's resolver needs some 20 KB, glibc's on a developer's machine a multiple.
const STACK: usize = 256 * 1024;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// Names that are being looked up.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A place among them.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let next = |count| (count < MOST).then_some(count + 1);
        let taken = UNDER_WAY.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        taken.ok().map(|_| Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The addresses of a host, or a sentence.
pub async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let place = Place::take()
        .ok_or_else(|| format!("'{host}' was not looked up: DNS keeps others waiting too"))?;
    let (tell, told) = oneshot::channel();
    let name = host.to_owned();
    let look = move || {
        let found = (name.as_str(), port).to_socket_addrs();
        drop(place);
        // Nobody waits any more: it took too long.
        let _ = tell.send(found.map(|all| all.take(ADDRESSES).collect::<Vec<_>>()));
    };
    let failed = |why: &dyn std::fmt::Display| {
        format!("'{host}' cannot be looked up ({why}): does the router's DNS know it?")
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(look);
    thread.map_err(|error| failed(&error))?;
    match timeout(TIME, told).await {
        Ok(Ok(Ok(found))) => Ok(found),
        Ok(Ok(Err(error))) => Err(failed(&error)),
        Ok(Err(_)) => Err(failed(&"the thread ended")),
        Err(_) => Err(failed(&"DNS does not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_places_and_who_leaves_makes_room() {
        let (first, second) = (Place::take(), Place::take());
        assert!(first.is_some() && second.is_some());
        assert!(Place::take().is_none());
        drop(first);
        assert!(Place::take().is_some());
    }
}
