//! Files on their way into a connection: the kernel copies them (sendfile(2)), and this process never holds a byte of them.
//!
//! hyper wants a body's bytes, to write them when the client takes them. It gets slices of [`place`], which stand for pieces of
//! the file, and hands them on in their order. The connection knows them by their address, and sends the piece in place of each.
//!
//! Not its job: which file, and which part of it (`files`); what else goes over the connection (`connections`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::num::NonZero;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::OnceLock;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::watch::Transfer;

/// Bytes of a piece. From a slow USB disk (20 MB/s) it is there after 26 ms, in which nobody else is served; pieces of a quarter
/// cost a single client a fifth more processor time.
const PIECE: usize = 512 * 1024;
/// Bytes that are read at once where the file system knows no sendfile.
const COPIED: usize = 16 * 1024;
/// Stands for pieces of files, and is never sent. Nobody reads or writes it, so it takes no memory. A plain static of zeros would
/// take as much of the program's file.
fn place() -> &'static [u8] {
    static PLACE: OnceLock<Box<[u8]>> = OnceLock::new();
    PLACE.get_or_init(|| vec![0; PIECE].into_boxed_slice())
}

/// Whether these bytes stand for a piece of a file.
pub fn is_place(bytes: &[u8]) -> bool {
    place().as_ptr_range().contains(&bytes.as_ptr())
}

/// A file that is sent.
#[derive(Debug)]
pub struct Sent {
    /// The file.
    pub file: File,
    /// Who watches it on its way.
    pub transfer: RefCell<Option<Transfer>>,
}

/// Pieces that hyper has got a place for and that were not sent yet, of one connection.
#[derive(Debug, Default)]
pub struct Outgoing(RefCell<VecDeque<Piece>>);

#[derive(Debug)]
struct Piece {
    of: Rc<Sent>,
    /// Its next byte in the file.
    offset: u64,
    /// Bytes left of it.
    left: usize,
    /// Whether the body ends with it.
    is_last: bool,
}

/// (A part of) a file as a body.
#[derive(Debug)]
pub struct Body {
    of: Rc<Sent>,
    next: u64,
    left: u64,
    to: Rc<Outgoing>,
}

impl Body {
    /// `length` bytes from `first`, for that connection.
    pub fn new(of: Sent, first: u64, length: u64, to: &Rc<Outgoing>) -> Self {
        Body {
            of: Rc::new(of),
            next: first,
            left: length,
            to: Rc::clone(to),
        }
    }

    /// Bytes that no place was taken for.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The place of the next piece; empty at the end.
    pub fn next(&mut self) -> &'static [u8] {
        let length = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        if length > 0 {
            self.to.0.borrow_mut().push_back(Piece {
                of: Rc::clone(&self.of),
                offset: self.next,
                left: length,
                is_last: self.left == length as u64,
            });
        }
        self.next += length as u64;
        self.left -= length as u64;
        &place()[..length]
    }
}

impl Outgoing {
    /// Sends of the next piece what the connection takes now, `WouldBlock` when that is nothing. An error ends the
    /// connection: the client must not take what it has for the whole.
    pub fn send(&self, stream: &TcpStream, place: &[u8]) -> io::Result<usize> {
        let mut pieces = self.0.borrow_mut();
        let piece = pieces
            .front_mut()
            .filter(|piece| piece.left == place.len())
            .ok_or_else(|| io::Error::other("the pieces of a file are out of order"))?;
        let count = stream.try_io(Interest::WRITABLE, || piece.send(stream))?;
        if count == 0 {
            // Cut short under our hands.
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(transfer) = &mut *piece.of.transfer.borrow_mut() {
            transfer.sent += count as u64;
        }
        piece.offset += count as u64;
        piece.left -= count;
        if piece.left == 0 {
            if piece.is_last {
                cork(stream, false)?;
            }
            pieces.pop_front();
        }
        Ok(count)
    }
}

/// With it, only whole packets go out: the head waits for the file, and the end of a piece for the next one. Without it, a
/// file takes up to 1.8 times as long over the loopback.
pub fn cork(stream: &TcpStream, is_in: bool) -> io::Result<()> {
    SockRef::from(stream).set_tcp_cork(is_in)
}

impl Piece {
    fn send(&self, stream: &TcpStream) -> io::Result<usize> {
        // With 32 bits, what lies beyond 4 GiB is out of its reach.
        let Ok(offset) = usize::try_from(self.offset) else {
            return self.copy(stream);
        };
        match SockRef::from(stream).sendfile(&self.of.file, offset, NonZero::new(self.left)) {
            // The file system does not know how: EINVAL, ENOSYS, EOPNOTSUPP (sendfile(2)).
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::Unsupported
                ) =>
            {
                self.copy(stream)
            }
            sent => sent,
        }
    }

    fn copy(&self, stream: &TcpStream) -> io::Result<usize> {
        let mut bytes = vec![0; self.left.min(COPIED)];
        let count = self.of.file.read_at(&mut bytes, self.offset)?;
        SockRef::from(stream).send(&bytes[..count])
    }
}

/// How much one connection may send before the others have their turn.
#[derive(Debug, Default)]
pub struct Turn(Cell<usize>);

/// Bytes of one turn: 52 ms of a slow USB disk.
const TURN: usize = 1024 * 1024;

impl Turn {
    /// True when it is the others' turn.
    pub fn is_over(&self) -> bool {
        let over = self.0.get() >= TURN;
        if over {
            self.0.set(0);
        }
        over
    }

    /// So many bytes went out.
    pub fn sent(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_add(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// A file of these bytes, and what it is sent over: our end and the client's.
    fn ready(content: &[u8]) -> (Sent, TcpStream, std::net::TcpStream) {
        let thread = std::thread::current().id();
        let name = format!("ks-sending-{}-{thread:?}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = File::create_new(&path).expect("a file");
        file.write_all(content).expect("it is small");
        let file = File::open(&path).expect("it is there");
        // The name goes, the file stays until it is closed.
        std::fs::remove_file(&path).expect("it is ours");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let client = std::net::TcpStream::connect(address).expect("it listens");
        let (stream, _) = listener.accept().expect("it connected");
        stream.set_nonblocking(true).expect("it can be");
        let sent = Sent {
            file,
            transfer: RefCell::new(None),
        };
        (sent, TcpStream::from_std(stream).expect("a stream"), client)
    }

    fn in_a_runtime(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(test);
    }

    #[test]
    fn a_file_system_without_sendfile_is_read() {
        in_a_runtime(async {
            let (sent, stream, mut client) = ready(b"0123456789");
            let piece = Piece {
                of: Rc::new(sent),
                offset: 2,
                left: 5,
                is_last: true,
            };
            stream.writable().await.expect("it is open");
            assert_eq!(piece.copy(&stream).expect("it is sent"), 5);
            drop(stream);
            let mut got = Vec::new();
            client.read_to_end(&mut got).expect("it came");
            assert_eq!(got, b"23456");
        });
    }

    #[test]
    fn a_place_is_sent_only_for_the_piece_that_it_stands_for() {
        in_a_runtime(async {
            let (sent, stream, _client) = ready(b"0123456789");
            let outgoing = Rc::default();
            let mut body = Body::new(sent, 0, 10, &outgoing);
            let place = body.next();
            assert!(is_place(place) && is_place(&place[3..]) && !is_place(b"0123456789"));
            assert_eq!((body.left(), body.next().len()), (0, 0));
            stream.writable().await.expect("it is open");
            let wrong = outgoing.send(&stream, &place[1..]);
            assert!(wrong.is_err_and(|error| error.to_string().contains("out of order")));
            assert_eq!(outgoing.send(&stream, place).expect("it is sent"), 10);
            let none_left = outgoing.send(&stream, place);
            assert!(none_left.is_err());
        });
    }

    #[test]
    fn a_file_that_ended_early_is_an_error() {
        in_a_runtime(async {
            let (sent, stream, _client) = ready(b"0123");
            let outgoing = Rc::default();
            let place = Body::new(sent, 4, 6, &outgoing).next();
            stream.writable().await.expect("it is open");
            let cut = outgoing.send(&stream, place).expect_err("nothing is left");
            assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        });
    }
}
