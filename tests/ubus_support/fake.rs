//! The broker's side of one connection, for what no real broker can be made to do.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use serde_json::Value;
use ubus::OutboundMsg;
use ubus::envelope::{EnvBuilder, UbusAttr};
use ubus::wire::{Codec, Frame, MsgType, ObjId, UBUS_STATUS_INVALID_ARGUMENT};

/// Number of the object that is provided.
const OBJECT: u32 = 42;

/// Number of the client that calls it.
const CALLER: u32 = 9;

/// A connection, as the broker sees it.
pub struct FakeBroker {
    stream: UnixStream,
    bytes: Vec<u8>,
}

impl FakeBroker {
    /// Greets whoever connects next.
    pub fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().expect("somebody connects");
        let limit = Some(Duration::from_secs(10));
        stream.set_read_timeout(limit).expect("a time limit");
        let mut broker = FakeBroker {
            stream,
            bytes: Vec::new(),
        };
        broker.send(&Frame::to_peer(
            MsgType::Hello,
            0,
            7,
            EnvBuilder::new().finish(),
        ));
        broker
    }

    /// Answers a registration as ubusd does when no rule allows it, and waits until the other side hangs up.
    pub fn refuse_registration(mut self) {
        let request = self.read();
        assert_eq!(request.hdr.ty, MsgType::AddObject);
        self.status(request.hdr.seq, UBUS_STATUS_INVALID_ARGUMENT);
        let _ = self.stream.read(&mut [0; 1]);
    }

    /// Answers a registration as ubusd does.
    pub fn accept_registration(&mut self) {
        let request = self.read();
        assert_eq!(request.hdr.ty, MsgType::AddObject);
        let mut data = EnvBuilder::new();
        data.push_u32(UbusAttr::ObjId, OBJECT);
        let data = Frame::to_broker(MsgType::Data, request.hdr.seq, data.finish());
        self.send(&data);
        self.status(request.hdr.seq, 0);
    }

    /// Calls a method. False if the other side does not take the whole call within half a second.
    pub fn try_call(&mut self, method: &str, arguments: &Value) -> bool {
        let call = OutboundMsg::Invoke {
            obj_id: ObjId::new(OBJECT).expect("not zero"),
            method,
            args: &ubus::json::json_to_blobmsg(arguments).expect("an object"),
        };
        let mut frame = call.into_frame(1);
        frame.hdr.peer = CALLER;
        let limit = Some(Duration::from_millis(500));
        self.stream.set_write_timeout(limit).expect("a time limit");
        match self.stream.write_all(&Codec::write_frame(&frame)) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("cannot write: {error}"),
        }
    }

    /// Reads the two frames of a reply. Gives the size of the data.
    pub fn read_reply(&mut self) -> usize {
        let (data, status) = (self.read(), self.read());
        assert_eq!(data.hdr.ty, MsgType::Data);
        assert_eq!((status.hdr.ty, status.hdr.peer), (MsgType::Status, CALLER));
        data.payload.len()
    }

    fn status(&mut self, sequence: u16, status: i32) {
        let mut envelope = EnvBuilder::new();
        envelope.push_i32(UbusAttr::Status, status);
        self.send(&Frame::to_broker(
            MsgType::Status,
            sequence,
            envelope.finish(),
        ));
    }

    fn send(&mut self, frame: &Frame) {
        self.stream
            .write_all(&Codec::write_frame(frame))
            .expect("somebody reads");
    }

    fn read(&mut self) -> Frame {
        let mut chunk = [0; 64 * 1024];
        loop {
            if self.bytes.len() >= 12
                && let Ok((frame, length)) = Codec::read_frame(&self.bytes)
            {
                self.bytes.drain(..length);
                return frame;
            }
            let length = self.stream.read(&mut chunk).expect("somebody writes");
            assert_ne!(length, 0, "the connection was closed");
            self.bytes.extend_from_slice(&chunk[..length]);
        }
    }
}
