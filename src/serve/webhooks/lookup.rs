//! Looking up the name of a server, beside the one thread that serves: the C library waits for DNS as long as it likes.
//!
//! Not its job: connecting (`post`).

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// For a place, and again for an answer. musl asks each name server twice, five seconds each; a thread that takes longer ends by itself later.
const TIME: Duration = Duration::from_secs(11);
/// Names looked up at once; each needs a thread.
const MOST: usize = 2;
/// Stack of such a thread, in bytes: musl's resolver needs some 20 KB, glibc's on a developer's machine a multiple.
const STACK: usize = 256 * 1024;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// Places of those that are looked up. Who finds none waits.
static PLACES: Semaphore = Semaphore::const_new(MOST);

/// The addresses of a host, or a sentence.
pub async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // The semaphore is never closed.
    let Ok(Ok(place)) = timeout(TIME, PLACES.acquire()).await else {
        return Err(format!(
            "'{host}' was not looked up: DNS keeps others waiting too"
        ));
    };
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
