//! The running service: HTTP towards the machines, the ubus object towards the router, on one thread.
//!
//! It reads UCI and never writes it; what it must remember is one small file ([`crate::host::state_file`]).

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::core::answer::Router;
use crate::core::settings::Network;
use crate::host::interface;
use crate::host::paths::Paths;
use crate::host::state_file;
use crate::host::ubus::Provider;
use connections::Floor;
use engine::Engine;

mod admission;
mod answers;
mod applied;
mod arguments;
pub mod boot;
mod check;
mod connections;
mod diagnosis;
mod discovery;
pub mod engine;
mod events;
pub mod files;
mod http;
mod keeping;
mod methods;
mod metrics;
pub mod object;
mod observed;
mod publishing;
mod report;
pub mod routes;
mod sending;
mod served;
mod status;
mod strangers;
mod syslog;
mod telling;
mod views;
mod watch;
mod webhooks;

/// Between two looks for an address that is not there yet. netifd needs a second or two at boot.
const ADDRESS_PAUSE: Duration = Duration::from_secs(2);
/// Added to the end of a window before it is looked at: timers have a grain of a millisecond.
const GRAIN: Duration = Duration::from_millis(20);

/// Runs until a signal ends it. An error is one sentence.
pub fn run(paths: &Paths) -> Result<(), String> {
    // A second service would write over the state of the first, and close its published files.
    let _alone = state_file::alone(paths)?;
    let mut engine = Engine::new(paths)?;
    if !engine.settings.main.enabled {
        engine.close_published();
        log::warn!("kickstand.main.enabled is 0: nothing is served");
        return Ok(());
    }
    log::info!(
        "hosts: {}, profiles: {}",
        engine.settings.hosts.len(),
        engine.settings.profiles.len()
    );
    let engine = Rc::new(RefCell::new(engine));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let ended = LocalSet::new().block_on(&runtime, async {
        let reloaded = Rc::new(Notify::new());
        tokio::select! {
            ended = listen(paths, &engine, &reloaded) => ended,
            never = provide(paths, &engine) => match never {},
            () = do_what_is_due(&engine) => Ok(()),
            never = webhooks::deliver(&engine) => match never {},
            ended = signals(&engine, &reloaded) => ended,
        }
    });
    let mut engine = engine.borrow_mut();
    engine.close_published();
    engine.end();
    ended
}

/// HTTP, on the address that the served interface has; on another one when it changes.
async fn listen(
    paths: &Paths,
    engine: &Rc<RefCell<Engine>>,
    reloaded: &Rc<Notify>,
) -> Result<(), String> {
    let mut told = String::new();
    // One for all addresses: connections to an earlier one go on to their end, and count.
    let floor = Floor::new(Rc::clone(&engine.borrow().connections));
    loop {
        let (name, port, syslog_port) = wanted(engine);
        let bound = match interface::address(paths, &name) {
            Ok((address, prefix)) => {
                engine.borrow_mut().network = prefix.map(|prefix| Network { address, prefix });
                bind(address, port)
                    .await?
                    .map(|listener| (listener, Router { address, port }))
            }
            Err(error) => Err(error),
        };
        let (listener, router) = match bound {
            Ok(bound) => bound,
            Err(error) => {
                if error != told {
                    log::warn!("{error}: waiting for it");
                }
                engine
                    .borrow_mut()
                    .warnings
                    .insert("address", error.clone());
                told = error;
                tokio::time::sleep(ADDRESS_PAUSE).await;
                continue;
            }
        };
        told.clear();
        log::info!("serving at {}", router.url());
        engine.borrow_mut().serves_at(router);
        tokio::select! {
            never = http::serve(listener, &floor, engine) => match never {},
            never = syslog::receive(router.address, syslog_port, engine) => match never {},
            () = moved(paths, engine, (router, syslog_port), reloaded) => {}
        }
    }
}

/// The interface that is served, and its ports of HTTP and of syslog.
fn wanted(engine: &RefCell<Engine>) -> (String, u16, u16) {
    let main = &engine.borrow().settings.main;
    (main.interface.clone(), main.port, main.syslog_port)
}

/// A listener, or the sentence that says why there is none yet; an outer error is one that waiting does not mend.
async fn bind(address: Ipv4Addr, port: u16) -> Result<Result<TcpListener, String>, String> {
    match TcpListener::bind((address, port)).await {
        Ok(listener) => Ok(Ok(listener)),
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
            Ok(Err(format!("the router does not have {address} yet")))
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(format!(
            "port {port} of {address} is in use: stop what listens there, or set kickstand.main.port"
        )),
        Err(error) => Err(format!("cannot listen on {address} port {port}: {error}")),
    }
}

/// Returns when, after a reload, the service belongs somewhere else.
async fn moved(
    paths: &Paths,
    engine: &Rc<RefCell<Engine>>,
    place: (Router, u16),
    reloaded: &Notify,
) {
    loop {
        reloaded.notified().await;
        let (name, port, syslog_port) = wanted(engine);
        let same = interface::address(paths, &name)
            .is_ok_and(|(address, _)| (Router { address, port }, syslog_port) == place);
        if !same {
            return;
        }
    }
}

async fn provide(paths: &Paths, engine: &Rc<RefCell<Engine>>) -> std::convert::Infallible {
    let (provider, notifier) = Provider::new(paths.ubus_socket(), object::OBJECT, object::METHODS);
    {
        let mut engine = engine.borrow_mut();
        engine.events.tell(notifier.clone());
        engine.notifier = Some(notifier);
    }
    let engine = Rc::clone(engine);
    provider
        .run(move |method, arguments| engine.borrow_mut().call(method, &arguments))
        .await
}

/// Ends arms when their window ends, so that status and published files tell the truth, and does what else is due later.
/// Sleeps while nothing is.
async fn do_what_is_due(engine: &Rc<RefCell<Engine>>) {
    let due = Rc::clone(&engine.borrow().due);
    loop {
        let next = engine.borrow().next_due();
        match next {
            None => due.notified().await,
            Some(milliseconds) => tokio::select! {
                () = due.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(milliseconds) + GRAIN) => engine.borrow_mut().refresh(),
            },
        }
    }
}

/// SIGHUP reloads, SIGTERM and SIGINT end.
async fn signals(engine: &Rc<RefCell<Engine>>, reloaded: &Notify) -> Result<(), String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
    let (mut reload, mut end, mut interrupt) = (
        listen(SignalKind::hangup())?,
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    loop {
        tokio::select! {
            _ = reload.recv() => {
                log::info!("reloading");
                let mut engine = engine.borrow_mut();
                engine.refresh();
                engine.look_at_apply();
                reloaded.notify_one();
            }
            _ = end.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}
