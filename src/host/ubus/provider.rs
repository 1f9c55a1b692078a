//! Providing an object for as long as the service runs, across restarts of ubusd.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use ubus::wire::{MsgType, ObjId};
use ubus::{InboundMsg, UbusError};

use super::link::Link;
use super::object::{self, MethodSpec};

/// Before the first new attempt after ubusd has gone. procd starts it again at once.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Between attempts in a long outage: rare enough to cost nothing, often enough that nobody restarts us meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// For ubusd to greet and to register the object. It does both in microseconds.
const REGISTRATION: Duration = Duration::from_secs(5);

/// Notifications that wait to be sent. Phases change a few times in an install.
const MOST_NOTIFICATIONS: usize = 64;

/// Bytes to be sent above which notifications wait: far more than all of them ever have.
const MOST_UNSENT: usize = 4 * 1024 * 1024;

/// Number of the only request that a provider makes, so that its answer is told from everything else.
const REGISTRATION_SEQUENCE: u16 = 1;

/// An object of ours on ubus.
pub struct Provider {
    socket: PathBuf,
    object: &'static str,
    methods: &'static [MethodSpec],
    notifications: mpsc::Receiver<Notification>,
}

/// Tells subscribers of the object what happens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Notifier {
    sender: mpsc::Sender<Notification>,
}

#[derive(Debug)]
struct Notification {
    event: &'static str,
    data: Value,
}

impl Notifier {
    /// Tells every subscriber of an event. `data` is an object. Never waits; while ubusd is away, or does not take anything,
    /// it is lost: subscribers ask for the status anyway when they come back.
    pub fn notify(&self, event: &'static str, data: Value) {
        // Full: the subscribers have missed so much already that this one does not matter either.
        let _ = self.sender.try_send(Notification { event, data });
    }
}

impl Provider {
    /// An object with methods, to be registered with the ubusd at `socket`.
    pub fn new(
        socket: impl Into<PathBuf>,
        object: &'static str,
        methods: &'static [MethodSpec],
    ) -> (Provider, Notifier) {
        let (sender, notifications) = mpsc::channel(MOST_NOTIFICATIONS);
        let provider = Provider {
            socket: socket.into(),
            object,
            methods,
            notifications,
        };
        (provider, Notifier { sender })
    }

    /// Registers the object and answers calls with `handler`, which gets the method and an object of arguments and gives an
    /// object. It is called on this task: it may take some milliseconds, and must not wait for anything.
    ///
    /// Never returns. Faults are logged, once per outage, and tried again.
    pub async fn run(mut self, mut handler: impl FnMut(&str, Value) -> Value) -> Infallible {
        let mut pause = FIRST_PAUSE;
        // Whether the fault that was logged last in this outage was a refusal.
        let mut told = None;
        loop {
            let start = Instant::now();
            let mut registered = false;
            let Err(fault) = self.serve(&mut handler, &mut registered).await;
            if registered {
                told = None;
            }
            // Not after a short time: an ubusd that comes and goes is not to be chased.
            if start.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            let is_refusal = matches!(fault, Fault::Refused(_));
            if told != Some(is_refusal) {
                log::warn!("{}", describe(&self.socket, self.object, &fault));
                told = Some(is_refusal);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One connection, until it fails.
    async fn serve(
        &mut self,
        handler: &mut impl FnMut(&str, Value) -> Value,
        registered: &mut bool,
    ) -> Result<Infallible, Fault> {
        let mut link = Link::connect(&self.socket).await.map_err(Fault::Connect)?;
        let id = timeout(REGISTRATION, self.register(&mut link))
            .await
            .map_err(|_| Fault::Silent)??;
        *registered = true;
        log::info!("ubus: '{}' is registered", self.object);
        // Subscribers of an earlier connection are gone, and what was meant for them.
        while self.notifications.try_recv().is_ok() {}
        loop {
            let has_room = link.unsent() < MOST_UNSENT;
            tokio::select! {
                frame = link.next() => {
                    let frame = frame.map_err(Fault::Lost)?;
                    for answer in object::answer(id, self.methods, &frame, handler) {
                        link.queue(&answer);
                    }
                    // A caller in a hurry must not keep everything else on this thread from running.
                    tokio::task::yield_now().await;
                }
                Some(Notification { event, data }) = self.notifications.recv(), if has_room => {
                    match object::notification(id, event, &data) {
                        Ok(frame) => link.queue(&frame),
                        Err(sentence) => log::error!("ubus: '{event}' cannot be sent: {sentence}"),
                    }
                }
            }
        }
    }

    /// Waits for the greeting, then adds the object. Gives the number that it has from now on.
    async fn register(&self, link: &mut Link) -> Result<ObjId, Fault> {
        while link.next().await.map_err(Fault::Lost)?.hdr.ty != MsgType::Hello {}
        link.queue(&object::registration(
            self.object,
            self.methods,
            REGISTRATION_SEQUENCE,
        ));
        let mut id = None;
        loop {
            let frame = link.next().await.map_err(Fault::Lost)?;
            if frame.hdr.seq != REGISTRATION_SEQUENCE {
                continue;
            }
            match InboundMsg::parse(&frame).map_err(Fault::Lost)? {
                InboundMsg::Data { obj_id, .. } => id = obj_id.and_then(ObjId::new),
                InboundMsg::Status { status: 0, .. } => {
                    return id.ok_or(Fault::Lost(UbusError::Malformed("no object id")));
                }
                InboundMsg::Status { status, .. } => return Err(Fault::Refused(status)),
                _ => {}
            }
        }
    }
}

/// Why there is no connection, or none any more.
#[derive(Debug)]
enum Fault {
    /// Nobody listens, or we may not connect.
    Connect(io::Error),
    /// Connected, but ubusd says nothing.
    Silent,
    /// ubusd does not take the object, with this status.
    Refused(i32),
    /// The connection ended, or carried what is not ubus.
    Lost(UbusError),
}

/// The fault in words, with what to do about it.
fn describe(socket: &Path, object: &str, fault: &Fault) -> String {
    let socket = socket.display();
    let cause: &dyn fmt::Display = match fault {
        // ubusd says "invalid argument" for a name that is taken and for one that its rules deny.
        Fault::Refused(status) => {
            return format!(
                "ubusd refused to register '{object}' (status {status}): is /usr/share/acl.d/{object}.json there and ubusd \
                 reloaded, and does no other process provide '{object}'?"
            );
        }
        Fault::Connect(error) => error,
        Fault::Silent => &"it accepts connections but does not greet",
        Fault::Lost(UbusError::Closed) => &"it closed the connection",
        Fault::Lost(error) => error,
    };
    format!("'{object}' is not on ubus, trying again: ubusd at {socket}: {cause}")
}
