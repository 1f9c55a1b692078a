//! One file on its way to a machine: how much of it went out, and whether the client stayed to its end.
//!
//! Not its job: reading and sending (`files`, `http`).

use std::cell::RefCell;
use std::fmt;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Instant;

use super::NAME;
use crate::core::machine::clean_to;
use crate::serve::engine::Engine;
use crate::serve::routes::{Method, Request, Response};

/// A file on its way. It tells the engine when it is dropped.
pub struct Transfer {
    /// Who fetches it.
    pub peer: Ipv4Addr,
    /// Path, as it was asked for.
    pub file: String,
    /// Bytes that were taken so far.
    pub sent: u64,
    /// Of so many.
    pub whole: u64,
    begun: Instant,
    engine: Rc<RefCell<Engine>>,
}

/// Watches what a machine fetches, or does not find, of the files that are for machines.
pub fn attend(response: &mut Response, request: &Request, engine: &Rc<RefCell<Engine>>) {
    let is_file = request.path.starts_with("/files/") || request.path.starts_with("/boot/");
    if request.method != Method::Get || !is_file {
        return;
    }
    match response {
        Response::File(file) if matches!(file.status, 200 | 206) => {
            file.transfer = Some(Transfer {
                peer: request.peer,
                file: clean_to(&request.path, NAME),
                sent: 0,
                whole: file.length,
                begun: Instant::now(),
                engine: Rc::clone(engine),
            });
        }
        Response::Text { status: 404, .. } => {
            engine.borrow_mut().missed_file(request.peer, &request.path);
        }
        _ => {}
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} to {}", self.sent, self.file, self.peer)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let milliseconds = self.begun.elapsed().as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        // Always free: an answer is dropped by its connection, never inside the engine.
        let engine = Rc::clone(&self.engine);
        if let Ok(mut engine) = engine.try_borrow_mut() {
            engine.sent_file(self, milliseconds);
        }
    }
}
