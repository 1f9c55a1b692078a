//! Replies of the ubus object, of `/v1/status` and of `--json`: one definition for service, CLI and tests.
//!
//! Field names are part of the interface (docs/ubus.md); later releases only add. Every reply is a JSON object; a refusal is
//! an [`ErrorReply`]. Not its job: which hosts a status shows (`core::listing`), filling them in (`serve`).

mod changes;
mod host;
mod status;
mod webhook;

use serde::{Deserialize, Serialize};

pub use changes::{AdoptReply, ArmReply, DoneReply, UciSet};
pub use host::{
    Check, CheckReply, EventEntry, ExplainReply, HostDetails, HostReply, Problem, RenderReply,
    Severity, Source,
};
pub use status::{
    Asking, Counts, FaultEntry, HostStatus, OverviewReply, ProfileEntry, ProfilesReply,
    StatusReply, UnknownMachine,
};
pub use webhook::{WebhookStatus, WebhookTest, WebhooksReply};

/// Something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErrorReply {
    /// One sentence that says what to do.
    pub error: String,
    /// File name of the template that is to blame, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Line of that template, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl From<String> for ErrorReply {
    fn from(error: String) -> Self {
        ErrorReply {
            error,
            ..ErrorReply::default()
        }
    }
}

impl From<&str> for ErrorReply {
    fn from(error: &str) -> Self {
        error.to_owned().into()
    }
}
