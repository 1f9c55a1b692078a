//! One call of a method, blocking, for the command line.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{error, fmt};

use serde_json::{Value, json};
use ubus::client::UbusClient;
use ubus::wire::{
    Codec, Frame, UBUS_STATUS_METHOD_NOT_FOUND, UBUS_STATUS_NOT_FOUND,
    UBUS_STATUS_PERMISSION_DENIED,
};
use ubus::{Transport, UbusError};

use super::encode;
use super::frames::{CHUNK, Inbox};

/// For a whole call. The service answers within milliseconds; a router that is busy unpacking may need a second or two.
const DEADLINE: Duration = Duration::from_secs(5);

/// Why a call has no answer.
#[derive(Debug)]
pub enum CallError {
    /// No connection to ubusd.
    NotReachable {
        /// Its socket.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Nobody provides the object, or this user may not see it.
    NoObject {
        /// Its name.
        name: String,
    },
    /// The object has no such method.
    NoMethod {
        /// The object's name.
        object: String,
        /// The method's name.
        method: String,
    },
    /// This user may not call the method.
    NotAllowed,
    /// The object answered with another status of ubus.
    Status(i32),
    /// The arguments cannot be sent; says why.
    Arguments(String),
    /// Connected, but the answer did not come in time.
    TimedOut,
    /// The connection ended early, or carried what is not ubus.
    Protocol(String),
}

/// Calls a method and waits for its reply, a few seconds at most. `arguments` is an object.
pub fn call(
    socket: &Path,
    object: &str,
    method: &str,
    arguments: &Value,
) -> Result<Value, CallError> {
    let arguments = encode::table(arguments).map_err(CallError::Arguments)?;
    let stream = UnixStream::connect(socket).map_err(|cause| CallError::NotReachable {
        path: socket.to_owned(),
        cause,
    })?;
    let mut client = UbusClient::connect(Blocking::new(stream)).map_err(classify)?;
    let id = client.lookup(object).map_err(|error| match error {
        UbusError::Status(UBUS_STATUS_NOT_FOUND) => CallError::NoObject {
            name: object.to_owned(),
        },
        other => classify(other),
    })?;
    let replies = client
        .invoke_many(id, method, &arguments)
        .map_err(|error| match error {
            UbusError::Status(UBUS_STATUS_METHOD_NOT_FOUND) => CallError::NoMethod {
                object: object.to_owned(),
                method: method.to_owned(),
            },
            other => classify(other),
        })?;
    match replies.last() {
        Some(reply) => ubus::json::blobmsg_to_json(reply).map_err(classify),
        None => Ok(json!({})),
    }
}

/// What a fault of the protocol means to a caller.
fn classify(error: UbusError) -> CallError {
    match error {
        UbusError::Status(UBUS_STATUS_PERMISSION_DENIED) => CallError::NotAllowed,
        UbusError::Status(status) => CallError::Status(status),
        UbusError::Timeout(_) => CallError::TimedOut,
        UbusError::Closed => CallError::Protocol("ubusd closed the connection".to_owned()),
        other => CallError::Protocol(other.to_string()),
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::NotReachable { path, cause } => {
                write!(f, "cannot reach ubusd at {}: {cause}", path.display())
            }
            CallError::NoObject { name } => write!(f, "nobody provides '{name}' on ubus"),
            CallError::NoMethod { object, method } => {
                write!(f, "'{object}' has no method '{method}'")
            }
            CallError::NotAllowed => write!(f, "ubusd does not allow this user to call that"),
            CallError::Status(status) => write!(f, "ubus status {status}"),
            CallError::Arguments(sentence) => {
                write!(f, "these arguments cannot be sent: {sentence}")
            }
            CallError::TimedOut => {
                write!(f, "no answer from ubus within {} s", DEADLINE.as_secs())
            }
            CallError::Protocol(sentence) => write!(f, "talking to ubusd failed: {sentence}"),
        }
    }
}

impl error::Error for CallError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            CallError::NotReachable { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

/// A transport that blocks in the kernel until there is a frame, or until the deadline.
struct Blocking {
    stream: UnixStream,
    inbox: Inbox,
    deadline: Instant,
    /// What ended the last wait; told at the next [`Transport::recv`], since a wait cannot fail.
    fault: Option<UbusError>,
}

impl Blocking {
    fn new(stream: UnixStream) -> Self {
        Blocking {
            stream,
            inbox: Inbox::default(),
            deadline: Instant::now() + DEADLINE,
            fault: None,
        }
    }

    /// Time left. Never zero, which a socket takes for "no limit".
    fn left(&self) -> Result<Duration, UbusError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(UbusError::Timeout("call"));
        }
        Ok(left)
    }

    fn read(&mut self) -> Result<(), UbusError> {
        let left = self.left()?;
        self.stream.set_read_timeout(Some(left)).map_err(io_fault)?;
        let mut chunk = [0; CHUNK];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(UbusError::Closed),
            Ok(length) => {
                self.inbox.extend(&chunk[..length]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(io_fault(error)),
        }
    }
}

impl Transport for Blocking {
    fn send(&mut self, frame: &Frame) -> Result<(), UbusError> {
        let bytes = Codec::write_frame(frame);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let left = self.left()?;
            self.stream
                .set_write_timeout(Some(left))
                .map_err(io_fault)?;
            match self.stream.write(rest) {
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(io_fault(error)),
            }
        }
        Ok(())
    }

    fn recv(&mut self) -> Result<Option<Frame>, UbusError> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => self.inbox.next(),
        }
    }

    /// Waits for a whole frame: the callers count waits, and give up after some that brought none.
    fn wait_recv(&mut self) {
        while self.fault.is_none() && !self.inbox.is_ready() {
            self.fault = self.read().err();
        }
    }
}

fn io_fault(error: io::Error) -> UbusError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => UbusError::Timeout("call"),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => UbusError::Closed,
        _ => UbusError::Io(error.to_string()),
    }
}
