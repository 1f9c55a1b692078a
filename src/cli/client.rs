//! Asking the service over ubus, with what to do when it does not answer.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Failure;
use crate::core::replies::ErrorReply;
use crate::host::access;
use crate::host::paths::Paths;
use crate::host::ubus::{self, CallError};
use crate::serve::object::OBJECT;

const START: &str =
    "start it with `/etc/init.d/kickstand start`; `logread -e kickstand` tells why it stopped";

/// Calls a method of the service.
pub fn ask<T: DeserializeOwned>(
    paths: &Paths,
    method: &str,
    arguments: &Value,
) -> Result<T, Failure> {
    access::lend_settings(paths);
    let reply = ubus::call(&paths.ubus_socket(), OBJECT, method, arguments).map_err(explain)?;
    if let Ok(ErrorReply { error, .. }) = serde_json::from_value(reply.clone()) {
        return Err(Failure::Failed(error));
    }
    serde_json::from_value(reply).map_err(|error| {
        Failure::Failed(format!("the service answers in another version's words ({error}): restart it with `/etc/init.d/kickstand restart`"))
    })
}

fn explain(error: CallError) -> Failure {
    match error {
        CallError::NoObject { .. } => {
            Failure::Unreachable(format!("the service is not running: {START}"))
        }
        CallError::NotReachable { path, cause } => Failure::Unreachable(format!(
            "cannot reach ubus at {} ({cause}): is this the router, and is ubusd running?",
            path.display()
        )),
        CallError::NotAllowed => Failure::Unreachable(
            "ubus does not allow this user to call kickstand: become root".to_owned(),
        ),
        CallError::TimedOut => Failure::Unreachable(
            "the service did not answer in time: try again in a moment".to_owned(),
        ),
        other => Failure::Failed(other.to_string()),
    }
}
