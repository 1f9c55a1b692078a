//! Webhooks, and how they do.
//!
//! Commands read it as JSON: reading it into types would be code that only shows it again.

use serde::Serialize;

/// `webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhooksReply {
    /// In the order of the file.
    pub webhooks: Vec<WebhookStatus>,
}

/// One webhook since the service started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookStatus {
    /// Section name.
    pub name: String,
    /// Where it is told: host and port alone, for the rest may be a secret.
    pub url: String,
    /// What it is told.
    pub events: Vec<String>,
    /// Deliveries that were taken.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Deliveries that were dropped since too many waited.
    pub dropped: u64,
    /// Deliveries that wait, with the one that is being sent.
    pub waiting: usize,
    /// What came of the last attempt, in one sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// Seconds since 1970 at which that was, when the clock was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<u64>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ago: Option<u64>,
    /// What is wrong, when it fails repeatedly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The last test, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<WebhookTest>,
}

/// A test of a webhook: the reply of `webhook_test`, and afterwards part of its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookTest {
    /// Id of the delivery.
    pub id: String,
    /// Whether it was taken; absent while it is being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<bool>,
    /// What came of it, in one sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub said: String,
}
