//! A connection to ubusd on tokio: frames in, frames out, asleep in between.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::Path;

use tokio::io::Interest;
use tokio::net::UnixStream;
use ubus::UbusError;
use ubus::wire::{Codec, Frame};

use super::frames::{CHUNK, Inbox};

/// The connection, with what is not read and what is not written yet.
///
/// Nothing is read while something waits to be written, so callers that send requests faster than they take replies wait in
/// ubusd and not in our memory.
pub(super) struct Link {
    stream: UnixStream,
    inbox: Inbox,
    outbox: VecDeque<u8>,
}

impl Link {
    pub(super) async fn connect(socket: &Path) -> io::Result<Link> {
        Ok(Link {
            stream: UnixStream::connect(socket).await?,
            inbox: Inbox::default(),
            outbox: VecDeque::new(),
        })
    }

    /// Bytes that ubusd has not taken yet.
    pub(super) fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// Puts a frame in line. [`Link::next`] sends it.
    pub(super) fn queue(&mut self, frame: &Frame) {
        self.outbox.extend(Codec::write_frame(frame));
    }

    /// Sends what is in line, then waits for the next frame. Loses nothing when it is given up half-way.
    pub(super) async fn next(&mut self) -> Result<Frame, UbusError> {
        loop {
            self.write()?;
            let interest = if self.outbox.is_empty() {
                if let Some(frame) = self.inbox.next()? {
                    return Ok(frame);
                }
                Interest::READABLE
            } else {
                Interest::WRITABLE
            };
            let ready = self.stream.ready(interest).await.map_err(fault)?;
            if ready.is_readable() {
                self.read()?;
            }
        }
    }

    fn read(&mut self) -> Result<(), UbusError> {
        let mut chunk = [0; CHUNK];
        match self.stream.try_read(&mut chunk) {
            Ok(0) => Err(UbusError::Closed),
            Ok(length) => {
                self.inbox.extend(&chunk[..length]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    fn write(&mut self) -> Result<(), UbusError> {
        while !self.outbox.is_empty() {
            match self.stream.try_write(self.outbox.as_slices().0) {
                Ok(length) => drop(self.outbox.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(fault(error)),
            }
        }
        // A reply can have a megabyte; nearly all have less than a chunk.
        self.outbox.shrink_to(CHUNK);
        Ok(())
    }
}

fn fault(error: io::Error) -> UbusError {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => UbusError::Closed,
        _ => UbusError::Io(error.to_string()),
    }
}
