//! A client that subscribes. kickstand itself never does, so this one is the test's own.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ubus::client::UbusClient;
use ubus::envelope::{UbusAttr, find};
use ubus::wire::{Codec, Frame, MsgType};
use ubus::{Transport, UbusError};

pub struct Listener {
    stream: UnixStream,
    bytes: Vec<u8>,
}

impl Transport for Listener {
    fn send(&mut self, frame: &Frame) -> Result<(), UbusError> {
        std::io::Write::write_all(&mut self.stream, &Codec::write_frame(frame))
            .map_err(|error| UbusError::Io(error.to_string()))
    }

    fn recv(&mut self) -> Result<Option<Frame>, UbusError> {
        if self.bytes.len() < 12 {
            return Ok(None);
        }
        match Codec::read_frame(&self.bytes) {
            Ok((frame, length)) => {
                self.bytes.drain(..length);
                Ok(Some(frame))
            }
            Err(UbusError::Short { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn wait_recv(&mut self) {
        let mut chunk = [0; 4096];
        let length = self.stream.read(&mut chunk).unwrap_or(0);
        self.bytes.extend_from_slice(&chunk[..length]);
    }
}

pub fn connect(socket: &Path) -> UbusClient<Listener> {
    let stream = UnixStream::connect(socket).expect("the broker listens");
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a time limit");
    UbusClient::connect(Listener {
        stream,
        bytes: Vec::new(),
    })
    .expect("the broker greets")
}

pub fn notification(client: &mut UbusClient<Listener>) -> (String, Value) {
    for _ in 0..100 {
        match client.recv_frame().expect("the connection holds") {
            // ubusd hands on a notification as a call of the subscriber.
            Some(frame) if frame.hdr.ty == MsgType::Invoke => {
                let event = find(&frame.payload, UbusAttr::Method).expect("an event");
                let data = find(&frame.payload, UbusAttr::Data).expect("data");
                return (
                    event.as_str().expect("text").to_owned(),
                    ubus::json::blobmsg_to_json(data.payload).expect("a table"),
                );
            }
            Some(_) => {}
            None => client.transport_mut().wait_recv(),
        }
    }
    panic!("no notification came")
}
