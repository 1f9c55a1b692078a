//! What is told of webhooks, and the call that tests one.
//!
//! Not its job: deliveries themselves.

use std::rc::Rc;

use super::{Engine, Hook, Test, Webhooks};
use crate::core::lifecycle::Now;
use crate::core::machine::clean_to;
use crate::core::replies::{WebhookStatus, WebhookTest};
use crate::core::webhook::Happening;
use crate::core::webhook::news::{News, Subject};
use crate::core::webhook::queue::Delivery;
use crate::serve::object::{Reply, reply};

/// Longest sentence that is shown, in characters.
const SENTENCE: usize = 300;
/// Longest name that is shown in a refusal, in characters.
const NAME: usize = 128;

impl Webhooks {
    /// How many fail repeatedly.
    pub fn failing(&self) -> usize {
        let failing = |hook: &&Hook| hook.queue.trouble().is_some();
        self.hooks.iter().filter(failing).count()
    }
}

impl Hook {
    fn status(&self, now: &Now) -> WebhookStatus {
        let ended = self.ended.as_ref();
        WebhookStatus {
            name: self.setting.name.clone(),
            url: self.setting.url.shown(),
            events: self
                .setting
                .events
                .iter()
                .map(|event| event.word().to_owned())
                .collect(),
            delivered: self.queue.delivered,
            failed: self.queue.failed,
            dropped: self.queue.dropped,
            waiting: self.queue.waiting(),
            last: clean_to(self.queue.last(), SENTENCE),
            last_at: ended.and_then(|ended| ended.wall),
            last_ago: ended.map(|ended| now.uptime.saturating_sub(ended.uptime) / 1000),
            trouble: self.queue.trouble().map(|text| clean_to(&text, SENTENCE)),
            test: self.test.as_ref().map(|test| test.reply.clone()),
        }
    }
}

impl Engine {
    /// All webhooks.
    pub(in crate::serve) fn webhook_statuses(&self) -> Vec<WebhookStatus> {
        let hooks = &self.webhooks.hooks;
        if hooks.is_empty() {
            return Vec::new();
        }
        let now = self.now();
        hooks.iter().map(|hook| hook.status(&now)).collect()
    }

    /// `webhook_test`: sends one delivery that says that it is a test. What came of it shows in `webhooks`.
    pub(in crate::serve) fn test_webhook(&mut self, name: &str) -> Reply {
        let Some(hook) = self.webhooks.find(name) else {
            return Err(self.no_webhook(name).into());
        };
        let test = hook.test.as_ref();
        if test.is_some_and(|test| test.reply.delivered.is_none()) {
            return Err(format!("webhook '{name}' is being tested: wait half a minute").into());
        }
        let now = self.now();
        let id = self.webhooks.next_id();
        let news = News {
            event: Happening::Test,
            subject: Subject::Webhook(name),
            now: &now,
            router: self.router.map(|router| router.url()),
        };
        let delivery = Delivery {
            body: news.body(&id).to_string(),
            event: Happening::Test,
            id: id.clone(),
        };
        let answer = WebhookTest {
            id,
            delivered: None,
            said: String::new(),
        };
        if let Some(hook) = self.webhooks.find(name) {
            hook.test = Some(Test {
                reply: answer.clone(),
                delivery: Some(Rc::new(delivery)),
            });
        }
        self.webhooks.changed.notify_one();
        reply(&answer)
    }

    /// Why there is none of that name.
    fn no_webhook(&self, name: &str) -> String {
        let name = clean_to(name, NAME);
        let section = format!("webhook '{name}'");
        let mut faults = self.settings.faults.iter();
        if let Some(fault) = faults.find(|fault| fault.section == section) {
            return format!("webhook '{name}' cannot be used: {fault}");
        }
        let hooks = self.webhooks.hooks.iter();
        let known: Vec<&str> = hooks.map(|hook| hook.setting.name.as_str()).collect();
        match known.is_empty() {
            true => {
                format!(
                    "there is no webhook '{name}', and no other: add a `config webhook` section"
                )
            }
            false => format!(
                "there is no webhook '{name}' (webhooks: {})",
                known.join(", ")
            ),
        }
    }

    /// Says in the warnings what fails repeatedly, and takes it back when it does no more.
    pub(super) fn warn_of_webhooks(&mut self) {
        let hooks = self.webhooks.hooks.iter();
        let troubles = hooks.filter_map(|hook| {
            let trouble = hook.queue.trouble()?;
            let name = &hook.setting.name;
            Some(format!(
                "webhook '{name}' at {}: {trouble}",
                hook.setting.url.shown()
            ))
        });
        let troubles: Vec<String> = troubles.collect();
        if troubles.is_empty() {
            self.warnings.remove("webhooks");
        } else {
            self.warnings.insert("webhooks", troubles.join("; "));
        }
    }
}
