//! Connections: how many, whose, and for how long one may stand that takes nothing.
//!
//! Not its job: what is said on them (`http`), who gives way to whom (`admission`).

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::admission::{self, Standing};
use super::sending::{Outgoing, Turn, cork, is_place};

/// Connections served at once: each installer has a few. One that asks takes 12 KB, one that says nothing 2 KB.
const MOST_CONNECTIONS: usize = 256;
/// With more connections than these, none stays for another request, which would keep hyper's buffers: 64 take 768 KB.
const MOST_KEPT: usize = 64;
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

/// What became of connections since the service started.
#[derive(Debug, Default)]
pub struct Counts {
    /// Those that are served now.
    pub open: Cell<u64>,
    /// All that were served.
    pub served: Cell<u64>,
    /// Of these, those that took nothing and were cut off.
    pub cut_off: Cell<u64>,
    /// Of these, those that made way for others.
    pub made_way: Cell<u64>,
    /// Those that were never served, because too many waited.
    pub turned_away: Cell<u64>,
}

fn one_more(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

/// Serves what connects with `talk`, until it is dropped.
pub async fn serve<Talk: Future<Output = ()> + 'static>(
    listener: TcpListener,
    floor: &Rc<Floor>,
    talk: impl Fn(Watched) -> Talk,
) -> Infallible {
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
        while let Some(stream) = Floor::admit(floor, &mut waiting) {
            let open = Rc::clone(&stream.open);
            let talk = talk(stream);
            let floor = Rc::clone(floor);
            tokio::task::spawn_local(async move {
                tokio::select! {
                    () = talk => {}
                    () = open.stalls() => {
                        one_more(&floor.counts.cut_off);
                        log::debug!("{} takes too little and is cut off", open.peer);
                    }
                    () = open.close.notified() => {
                        one_more(&floor.counts.made_way);
                        log::debug!("{} makes way for others", open.peer);
                    }
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
            one_more(&floor.counts.turned_away);
            if told.is_none_or(|told| told.elapsed() >= QUIET) {
                log::warn!("{peer} is turned away: too many connections from there");
                told = Some(Instant::now());
            }
        }
    }
}

/// Connections that are served, whatever address of the router they were made to.
pub struct Floor {
    open: RefCell<Vec<Rc<Open>>>,
    /// Somebody left.
    left: Notify,
    counts: Rc<Counts>,
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
    /// None yet.
    pub fn new(counts: Rc<Counts>) -> Rc<Self> {
        Rc::new(Floor {
            open: RefCell::default(),
            left: Notify::new(),
            counts,
        })
    }

    /// Takes the next of those who wait, when there is a place or one is made.
    fn admit(floor: &Rc<Self>, waiting: &mut Vec<(TcpStream, Ipv4Addr)>) -> Option<Watched> {
        let mut open = floor.open.borrow_mut();
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
        floor.counts.open.set(open.len() as u64);
        one_more(&floor.counts.served);
        Some(Watched {
            stream,
            open: entry,
            floor: Rc::clone(floor),
            outgoing: Rc::default(),
            turn: Turn::default(),
        })
    }

    fn leave(&self, gone: &Rc<Open>) {
        let mut open = self.open.borrow_mut();
        open.retain(|open| !Rc::ptr_eq(open, gone));
        self.counts.open.set(open.len() as u64);
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

/// A stream that notes what is sent on it, and sends pieces of files in the place of what stands for them.
pub struct Watched {
    stream: TcpStream,
    open: Rc<Open>,
    floor: Rc<Floor>,
    outgoing: Rc<Outgoing>,
    turn: Turn,
}

impl Watched {
    /// Its place.
    pub fn open(&self) -> &Rc<Open> {
        &self.open
    }

    /// Whether it may stay open for another request.
    pub fn may_stay(&self) -> bool {
        self.floor.open.borrow().len() <= MOST_KEPT
    }

    /// Where files wait that are sent on it.
    pub fn outgoing(&self) -> &Rc<Outgoing> {
        &self.outgoing
    }

    /// Ends when the client has sent something (true) or has left.
    pub async fn speaks(&self) -> io::Result<bool> {
        Ok(self.stream.peek(&mut [0]).await? > 0)
    }

    fn poll_send(&self, context: &mut Context<'_>, place: &[u8]) -> Poll<io::Result<usize>> {
        if self.turn.is_over() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.outgoing.send(&self.stream, place) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => {
                    self.turn.sent(*sent.as_ref().unwrap_or(&0));
                    return Poll::Ready(sent);
                }
            }
        }
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
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().position(|slice| !slice.is_empty());
        let slices = &slices[first.unwrap_or(0)..];
        let place = slices.iter().position(|slice| is_place(slice));
        let written = match place {
            Some(0) => self.poll_send(context, &slices[0]),
            // What stands before it, such as the head.
            Some(before) => {
                cork(&self.stream, true)?;
                Pin::new(&mut self.stream).poll_write_vectored(context, &slices[..before])
            }
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        };
        if let Poll::Ready(Ok(count)) = written {
            self.open.moved(count as u64);
        }
        written
    }

    /// Without this, hyper would copy the places together, and they would lose their address.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
