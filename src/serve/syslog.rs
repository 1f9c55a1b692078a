//! The syslog receiver: UDP and TCP on the served address, `option syslog_port`.
//!
//! Anaconda sends over TCP: `inst.syslog=HOST:PORT` becomes `*.* @@HOST:PORT` in its rsyslog.conf (pyanaconda/
//! anaconda_logging.py of RHEL 8, 9 and 10). debian-installer sends over UDP: `log_host=`, `log_port=` become busybox
//! `syslogd -R`. Not its job: what a line says (`core::syslog`), whose it is and what becomes of it (`watch`).

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::{sleep, timeout};

use super::engine::Engine;
use crate::core::syslog::{Frames, LINE_BYTES};

/// Datagrams that are read before anybody else gets a turn.
const DATAGRAMS: usize = 64;
/// Datagrams in a second, of all senders: more than three hundred installers write. The kernel drops what is not read.
const MOST_DATAGRAMS: usize = 4000;
/// Between two looks at how many datagrams came.
const SECOND: Duration = Duration::from_secs(1);
/// Bytes that are read of a stream before anybody else gets a turn. Each stream has them for itself.
const PIECE: usize = 1024;
/// Streams at once: three hundred installers, each with the memory of a piece and a line, 2 KB.
const MOST_STREAMS: usize = 320;
/// Streams of one address: an installer has one, and a new one when it starts anew.
const MOST_OF_ONE: usize = 2;
/// How long a stream may say nothing: a long `%post` does. A machine that was switched off never says goodbye.
const SILENCE: Duration = Duration::from_secs(3600);
/// After accept() failed, as it does when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(500);

/// Receives until it is dropped. What cannot be bound is a warning: installations go on without.
pub async fn receive(address: Ipv4Addr, port: u16, engine: &Rc<RefCell<Engine>>) -> Infallible {
    let bound = match UdpSocket::bind((address, port)).await {
        Ok(socket) => TcpListener::bind((address, port))
            .await
            .map(|listener| (socket, listener)),
        Err(error) => Err(error),
    };
    let (socket, listener) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            let why = format!(
                "cannot listen for installers' logs on {address} port {port} ({error}): set kickstand.main.syslog_port"
            );
            log::warn!("{why}");
            engine.borrow_mut().warnings.insert("syslog", why);
            std::future::pending().await
        }
    };
    engine.borrow_mut().warnings.remove("syslog");
    tokio::select! {
        never = datagrams(&socket, engine) => match never {},
        never = streams(&listener, engine) => match never {},
    }
}

async fn datagrams(socket: &UdpSocket, engine: &Rc<RefCell<Engine>>) -> Infallible {
    let mut buffer = [0; LINE_BYTES];
    loop {
        let second = sleep(SECOND);
        tokio::pin!(second);
        let mut came = 0;
        loop {
            tokio::select! {
                biased;
                () = &mut second => break,
                _ = socket.readable(), if came < MOST_DATAGRAMS => {
                    came += take_datagrams(socket, &mut buffer, engine);
                    yield_now().await;
                }
            }
        }
        if came == 0 {
            // Nothing to count: sleep until something comes.
            let _ = socket.readable().await;
        }
    }
}

/// Reads what is there, a turn's worth of it; how many there were.
fn take_datagrams(socket: &UdpSocket, buffer: &mut [u8], engine: &RefCell<Engine>) -> usize {
    let mut engine = engine.borrow_mut();
    let uptime = engine.uptime();
    for count in 0..DATAGRAMS {
        match socket.try_recv_from(buffer) {
            Ok((length, SocketAddr::V4(peer))) => {
                engine.log_line(*peer.ip(), buffer.get(..length).unwrap_or(&[]), uptime);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return count,
            // Counted too, so that an error that stays does not keep the processor.
            Ok(_) | Err(_) => {}
        }
    }
    DATAGRAMS
}

async fn streams(listener: &TcpListener, engine: &Rc<RefCell<Engine>>) -> Infallible {
    let mut open = Streams::default();
    loop {
        match listener.accept().await {
            Ok((stream, SocketAddr::V4(peer))) => open.take(stream, *peer.ip(), engine),
            Ok(_) => {}
            Err(error) => {
                log::debug!("cannot accept a log: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Streams that are read, the oldest first. They end with it.
#[derive(Default)]
struct Streams(Vec<(Ipv4Addr, AbortHandle)>);

impl Streams {
    /// Hosts only. The oldest stream of the same address gives way: its machine has begun anew.
    fn take(&mut self, stream: TcpStream, peer: Ipv4Addr, engine: &Rc<RefCell<Engine>>) {
        {
            let mut engine = engine.borrow_mut();
            let uptime = engine.uptime();
            if engine.sender(peer, uptime).is_none() {
                engine.senders.count_stranger(peer, uptime);
                return;
            }
        }
        let Streams(open) = self;
        open.retain(|(_, task)| !task.is_finished());
        let own = open.iter().filter(|(other, _)| *other == peer).count();
        if own >= MOST_OF_ONE
            && let Some(oldest) = open.iter().position(|(other, _)| *other == peer)
        {
            open.remove(oldest).1.abort();
        }
        if open.len() < MOST_STREAMS {
            let task = spawn_local(take_stream(stream, peer, Rc::clone(engine)));
            open.push((peer, task.abort_handle()));
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.0.iter().for_each(|(_, task)| task.abort());
    }
}

async fn take_stream(stream: TcpStream, peer: Ipv4Addr, engine: Rc<RefCell<Engine>>) {
    let mut frames = Frames::default();
    let mut piece = [0; PIECE];
    loop {
        let ready = timeout(SILENCE, stream.readable()).await;
        if !matches!(ready, Ok(Ok(()))) {
            return;
        }
        let read = match stream.try_read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => 0,
        };
        take_piece(&mut frames, piece.get(..read).unwrap_or(&[]), peer, &engine);
        if read == 0 {
            return;
        }
        yield_now().await;
    }
}

/// The next piece of a stream; an empty one is its end.
fn take_piece(frames: &mut Frames, piece: &[u8], peer: Ipv4Addr, engine: &RefCell<Engine>) {
    let mut engine = engine.borrow_mut();
    let uptime = engine.uptime();
    let mut line = |line: &[u8]| engine.log_line(peer, line, uptime);
    frames.take(piece, &mut line);
    if piece.is_empty() {
        frames.end(line);
    }
}
