//! Bytes of the socket → frames.

use ubus::UbusError;
use ubus::wire::{Codec, Frame, HEADER_SIZE};

/// Bytes in front of any body: the header, and the outer attribute's, which tells the length.
const PREFIX: usize = HEADER_SIZE + 4;

/// Bytes that are kept allocated between frames. Frames can have a megabyte, but nearly all have less than this.
const KEPT: usize = 16 * 1024;

/// Bytes asked of the kernel at a time.
pub(super) const CHUNK: usize = 8 * 1024;

/// What has arrived and is not a whole frame yet. Bounded by the protocol: a frame that claims more than a megabyte is a fault.
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Takes what was read.
    pub(super) fn extend(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// Whether [`Inbox::next`] has something to say.
    pub(super) fn is_ready(&self) -> bool {
        self.bytes.len() >= PREFIX
            && !matches!(
                Codec::read_frame_borrowed(&self.bytes),
                Err(UbusError::Short { .. })
            )
    }

    /// The next whole frame.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, UbusError> {
        // The codec would take a header without a body for a frame.
        if !self.is_ready() {
            return Ok(None);
        }
        let (frame, length) = Codec::read_frame(&self.bytes)?;
        self.bytes.drain(..length);
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT);
        }
        Ok(Some(frame))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ubus::OutboundMsg;

    #[test]
    fn frames_are_found_wherever_reads_end() {
        let frame = OutboundMsg::Lookup {
            obj_path: "kickstand",
        }
        .into_frame(7);
        let bytes = [Codec::write_frame(&frame), Codec::write_frame(&frame)].concat();
        for size in 1..bytes.len() {
            let mut inbox = Inbox::default();
            let mut found = 0;
            for chunk in bytes.chunks(size) {
                inbox.extend(chunk);
                while let Some(next) = inbox.next().unwrap() {
                    assert_eq!(next, frame);
                    found += 1;
                }
            }
            assert_eq!(found, 2, "reads of {size} bytes");
        }
    }

    #[test]
    fn a_frame_of_more_than_a_megabyte_is_a_fault() {
        let mut inbox = Inbox::default();
        inbox.extend(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff]);
        assert!(inbox.next().is_err());
    }
}
