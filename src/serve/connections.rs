//! Connections: how many, whose, and for how long one may stand that takes nothing.
//!
//! Not its job: what is said on them (`http`), who gives way to whom (`admission`).

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::admission::{self, Standing};

/// Connections served at once: each installer has a few, and with 24 KB each they stay below 6 MB.
const MOST_CONNECTIONS: usize = 256;
/// Connections that wait for a place. Each costs a file descriptor and what the kernel keeps of it, some 2 KB.
const MOST_WAITING: usize = 512;
/// Between two looks at whether a client takes what it asked for. Longer than a report's body may take.
const WATCH: Duration = Duration::from_secs(45);
/// What a client must take between two looks, in bytes, or ask anew: slower than any link that an installer survives.
const LEAST: u64 = 16 * 1024;
/// Between two warnings that clients are turned away: a flood of connections must not become one of the log.
const QUIET: Duration = Duration::from_secs(60);
/// After accept() failed, as it does when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves what connects with `talk`, until it is dropped.
pub async fn serve<Talk: Future<Output = ()> + 'static>(
    listener: TcpListener,
    talk: impl Fn(Watched) -> Talk,
) -> Infallible {
    let floor = Rc::new(Floor::default());
    let mut waiting = Vec::new();
    let mut told: Option<Instant> = None;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, SocketAddr::V4(peer))) => waiting.push((stream, *peer.ip())),
                Ok(_) => {}
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = floor.left.notified() => {}
            // Somebody may have been idle for long enough by now.
            () = tokio::time::sleep(admission::PATIENCE), if !waiting.is_empty() => {}
        }
        while let Some(stream) = floor.admit(&mut waiting) {
            let open = Rc::clone(&stream.open);
            let talk = talk(stream);
            let floor = Rc::clone(&floor);
            tokio::task::spawn_local(async move {
                tokio::select! {
                    () = talk => {}
                    () = open.stalls() => log::debug!("{} takes too little and is cut off", open.peer),
                    () = open.close.notified() => log::debug!("{} makes way for others", open.peer),
                }
                floor.leave(&open);
            });
        }
        while waiting.len() > MOST_WAITING {
            let peers: Vec<Ipv4Addr> = waiting.iter().map(|(_, peer)| *peer).collect();
            let Some(index) = admission::turned_away(&peers) else {
                break;
            };
            let (_, peer) = waiting.swap_remove(index);
            if told.is_none_or(|told| told.elapsed() >= QUIET) {
                log::warn!("{peer} is turned away: too many connections from there");
                told = Some(Instant::now());
            }
        }
    }
}

/// Connections that are served.
#[derive(Default)]
struct Floor {
    open: RefCell<Vec<Rc<Open>>>,
    /// Somebody left.
    left: Notify,
}

/// A connection that is served.
pub struct Open {
    peer: Ipv4Addr,
    /// When it was opened, or something was last sent on it.
    moved: Cell<Instant>,
    /// Bytes sent, and for each request as many as [`LEAST`].
    sent: Cell<u64>,
    /// It gives way to others.
    close: Notify,
}

impl Floor {
    /// Takes the next of those who wait, when there is a place or one is made.
    fn admit(&self, waiting: &mut Vec<(TcpStream, Ipv4Addr)>) -> Option<Watched> {
        let mut open = self.open.borrow_mut();
        let index = if open.len() < MOST_CONNECTIONS {
            (!waiting.is_empty()).then_some(0)?
        } else {
            let standing: Vec<Standing> = open.iter().map(|open| open.standing()).collect();
            let peers: Vec<Ipv4Addr> = waiting.iter().map(|(_, peer)| *peer).collect();
            let index = admission::next(&peers, &standing)?;
            let closed = admission::gives_way(&standing, *peers.get(index)?)?;
            open.swap_remove(closed).close.notify_one();
            index
        };
        let (stream, peer) = waiting.remove(index);
        let entry = Rc::new(Open {
            peer,
            moved: Cell::new(Instant::now()),
            sent: Cell::new(0),
            close: Notify::new(),
        });
        open.push(Rc::clone(&entry));
        Some(Watched {
            stream,
            open: entry,
        })
    }

    fn leave(&self, gone: &Rc<Open>) {
        self.open
            .borrow_mut()
            .retain(|open| !Rc::ptr_eq(open, gone));
        self.left.notify_one();
    }
}

impl Open {
    fn standing(&self) -> Standing {
        Standing {
            peer: self.peer,
            idle: self.moved.get().elapsed(),
        }
    }

    /// The address at the other end.
    pub fn peer(&self) -> Ipv4Addr {
        self.peer
    }

    /// A whole request came in: that counts as much as taking an answer.
    pub fn asks(&self) {
        self.moved(LEAST);
    }

    fn moved(&self, bytes: u64) {
        self.moved.set(Instant::now());
        self.sent.set(self.sent.get().saturating_add(bytes));
    }

    /// Ends when the client takes next to nothing of what it asked for.
    async fn stalls(&self) {
        let mut before = self.sent.get();
        loop {
            tokio::time::sleep(WATCH).await;
            let sent = self.sent.get();
            if sent - before < LEAST {
                return;
            }
            before = sent;
        }
    }
}

/// A stream that notes what is sent on it.
pub struct Watched {
    stream: TcpStream,
    open: Rc<Open>,
}

impl Watched {
    /// Its place.
    pub fn open(&self) -> &Rc<Open> {
        &self.open
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.open.moved(count as u64);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
