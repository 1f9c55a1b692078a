//! Webhooks: the queue of each, the one place that fills them, and the task that empties them.
//!
//! Everything is in RAM and bounded, and nothing waits for a server of somebody else's: what happens is noted, put into words
//! when the service has nothing else to do, and sent by a task of its own. Not its job: what is said and when it is said again
//! (`core::webhook`), HTTP (`post`), HTTPS (`secure`), names (`lookup`).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};

use super::engine::{Engine, fill};
use crate::core::lifecycle::{Now, Phase, Record};
use crate::core::machine::Machine;
use crate::core::replies::WebhookTest;
use crate::core::webhook::news::{About, News, Subject};
use crate::core::webhook::queue::{Delivery, MOST_WAITING, Outcome, Queue};
use crate::core::webhook::{Happening, Scheme, Webhook};

mod calls;
mod lookup;
mod post;
mod secure;

/// Random bytes in the ids of one run of the service: two runs never meet.
const RUN_BYTES: usize = 8;

/// All webhooks.
#[derive(Debug)]
pub struct Webhooks {
    hooks: Vec<Hook>,
    /// What was not put into words yet. That waits until whoever reported it was answered: then the host's log is there too.
    noted: VecDeque<Noted>,
    /// Told when there may be something to do.
    changed: Rc<Notify>,
    /// When the service started: the queues' clock, which nobody can set.
    started: Instant,
    /// First part of all ids.
    run: String,
    /// Ids that were given away.
    ids: u64,
}

/// One webhook.
#[derive(Debug)]
struct Hook {
    setting: Webhook,
    queue: Queue,
    /// When the last attempt ended.
    ended: Option<Now>,
    test: Option<Test>,
}

/// The last test of a webhook.
#[derive(Debug)]
struct Test {
    reply: WebhookTest,
    /// Until it is sent.
    delivery: Option<Rc<Delivery>>,
}

/// Something that happened.
#[derive(Debug)]
struct Noted {
    event: Happening,
    now: Now,
    whom: Whom,
}

/// To whom it happened.
#[derive(Debug)]
enum Whom {
    Host {
        name: String,
        before: Phase,
        phase: Phase,
        note: String,
    },
    Machine(Machine),
}

/// One attempt.
struct Attempt {
    delivery: Rc<Delivery>,
    /// From 1.
    number: u32,
    setting: Webhook,
    is_test: bool,
}

/// Sends what is due, for as long as the service runs. Sleeps while there is nothing.
pub async fn deliver(engine: &Rc<RefCell<Engine>>) -> Infallible {
    let changed = Rc::clone(&engine.borrow().webhooks.changed);
    loop {
        let (attempts, next) = engine.borrow_mut().due_deliveries();
        for attempt in attempts {
            let engine = Rc::clone(engine);
            spawn_local(async move {
                let outcome = send(&engine, &attempt).await;
                engine.borrow_mut().was_sent(&attempt, &outcome);
            });
        }
        match next {
            None => changed.notified().await,
            Some(next) => tokio::select! {
                () = changed.notified() => {}
                () = sleep_until(next) => {}
            },
        }
    }
}

async fn send(engine: &Rc<RefCell<Engine>>, attempt: &Attempt) -> Outcome {
    let (to, delivery) = (&attempt.setting, &attempt.delivery);
    match to.url.scheme {
        Scheme::Http => post::post(to, delivery, attempt.number).await,
        Scheme::Https => {
            let program = engine.borrow().paths.fetch_command();
            secure::post(program, to, delivery, attempt.number).await
        }
    }
}

impl Webhooks {
    /// None yet. Fails when the kernel gives no random numbers.
    pub fn new() -> Result<Self, String> {
        let mut run = [0; RUN_BYTES];
        fill(&mut run)?;
        Ok(Webhooks {
            hooks: Vec::new(),
            noted: VecDeque::new(),
            changed: Rc::new(Notify::new()),
            started: Instant::now(),
            run: run.iter().map(|byte| format!("{byte:02x}")).collect(),
            ids: 0,
        })
    }

    /// A host entered a phase.
    pub fn tell_of_host(
        &mut self,
        event: Happening,
        name: &str,
        (before, after): (Phase, &Record),
        now: &Now,
    ) {
        self.note(event, now, || Whom::Host {
            name: name.to_owned(),
            before,
            phase: after.phase,
            note: after.note.clone(),
        });
    }

    /// A machine that is no host asked what to boot.
    pub fn tell_of_machine(&mut self, machine: &Machine, now: &Now) {
        self.note(Happening::Unknown, now, || Whom::Machine(machine.clone()));
    }

    fn note(&mut self, event: Happening, now: &Now, whom: impl FnOnce() -> Whom) {
        if !self.hooks.iter().any(|hook| hook.wants(event)) {
            return;
        }
        // More than a queue holds at once: thousands of windows that end together.
        if self.noted.len() >= MOST_WAITING
            && let Some(lost) = self.noted.pop_front()
        {
            let hooks = self.hooks.iter_mut();
            hooks
                .filter(|hook| hook.wants(lost.event))
                .for_each(|hook| hook.queue.dropped += 1);
        }
        self.noted.push_back(Noted {
            event,
            now: now.clone(),
            whom: whom(),
        });
        self.changed.notify_one();
    }

    fn find(&mut self, name: &str) -> Option<&mut Hook> {
        self.hooks.iter_mut().find(|hook| hook.setting.name == name)
    }

    fn next_id(&mut self) -> String {
        self.ids += 1;
        format!("{}-{}", self.run, self.ids)
    }

    /// Milliseconds since the service started.
    fn clock(&self) -> u64 {
        let elapsed = self.started.elapsed().as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX)
    }
}

impl Hook {
    fn new(setting: Webhook) -> Self {
        Hook {
            setting,
            queue: Queue::default(),
            ended: None,
            test: None,
        }
    }

    fn wants(&self, event: Happening) -> bool {
        self.setting.events.contains(&event)
    }

    /// What to send now: a test does not wait behind what cannot be delivered.
    fn due(&mut self, clock: u64) -> Vec<Attempt> {
        let test = self.test.as_mut().and_then(|test| test.delivery.take());
        let test = test.map(|delivery| (delivery, 1, true));
        let first = self.queue.take(clock);
        let first = first.map(|(delivery, number)| (delivery, number, false));
        let attempt = |(delivery, number, is_test)| Attempt {
            delivery,
            number,
            setting: self.setting.clone(),
            is_test,
        };
        test.into_iter().chain(first).map(attempt).collect()
    }
}

impl Engine {
    /// The settings changed: webhooks that are gone take their queues with them, what waits for others goes where they say now.
    pub(super) fn follow_webhooks(&mut self) {
        let webhooks = &mut self.webhooks;
        let clock = webhooks.clock();
        let mut hooks = Vec::new();
        for setting in &self.settings.webhooks {
            let mut old = webhooks.hooks.iter();
            let index = old.position(|hook| hook.setting.name == setting.name);
            let mut hook = match index {
                Some(index) => webhooks.hooks.swap_remove(index),
                None => Hook::new(setting.clone()),
            };
            let old = std::mem::replace(&mut hook.setting, setting.clone());
            if !old.is_told_as(setting) {
                hook.queue.redirect(clock);
            }
            hooks.push(hook);
        }
        webhooks.hooks = hooks;
        self.warn_of_webhooks();
        self.webhooks.changed.notify_one();
    }

    /// What to send now, and when to look again at the latest.
    fn due_deliveries(&mut self) -> (Vec<Attempt>, Option<Instant>) {
        self.put_in_words();
        let webhooks = &mut self.webhooks;
        let clock = webhooks.clock();
        let mut attempts = Vec::new();
        for hook in &mut webhooks.hooks {
            attempts.extend(hook.due(clock));
        }
        let next = webhooks.hooks.iter().filter_map(|hook| hook.queue.due());
        let next = next.min().map(Duration::from_millis);
        (attempts, next.map(|next| webhooks.started + next))
    }

    fn put_in_words(&mut self) {
        while let Some(noted) = self.webhooks.noted.pop_front() {
            let id = self.webhooks.next_id();
            let delivery = Rc::new(Delivery {
                body: self.news(&noted).body(&id).to_string(),
                event: noted.event,
                id,
            });
            for hook in &mut self.webhooks.hooks {
                let dropped = hook.wants(noted.event) && hook.queue.push(Rc::clone(&delivery));
                // Ever more rarely: one that is slow must not fill the log.
                if dropped && hook.queue.dropped.is_power_of_two() {
                    log::warn!(
                        "webhook '{}': too many deliveries wait, {} were dropped so far",
                        hook.setting.name,
                        hook.queue.dropped
                    );
                }
            }
        }
    }

    /// All that is told of it.
    fn news<'a>(&'a self, noted: &'a Noted) -> News<'a> {
        let subject = match &noted.whom {
            Whom::Machine(machine) => Subject::Machine(machine),
            Whom::Host {
                name,
                before,
                phase,
                note,
            } => {
                let host = self.settings.hosts.get(name);
                let profile = host.and_then(|host| self.settings.profiles.get(&host.profile));
                let failed = matches!(
                    noted.event,
                    Happening::Phase(Phase::Failed | Phase::Expired)
                );
                // It may have gone on meanwhile: what is wrong now is another matter then.
                let record = self.known(name).filter(|record| record.phase == *phase);
                let record = record.filter(|_| failed);
                Subject::Host(About {
                    name,
                    hostname: host.map_or(name, |host| &host.hostname),
                    before: *before,
                    phase: *phase,
                    note,
                    profile: host.map_or("", |host| &host.profile),
                    title: profile.map_or("", |profile| &profile.title),
                    diagnosis: record.and_then(|record| self.diagnosis(name, record, &noted.now)),
                })
            }
        };
        News {
            event: noted.event,
            subject,
            now: &noted.now,
            router: self.router.map(|router| router.url()),
        }
    }

    /// An attempt ended.
    fn was_sent(&mut self, attempt: &Attempt, outcome: &Outcome) {
        let now = self.now();
        let clock = self.webhooks.clock();
        let (name, id) = (&attempt.setting.name, &attempt.delivery.id);
        // It may have been taken out of the settings meanwhile.
        let Some(hook) = self.webhooks.find(name) else {
            return;
        };
        if attempt.is_test {
            if let Some(test) = hook.test.as_mut().filter(|test| test.reply.id == *id) {
                test.reply.delivered = Some(outcome.is_delivered());
                outcome.sentence().clone_into(&mut test.reply.said);
            }
            return;
        }
        if !hook.setting.is_told_as(&attempt.setting) && !outcome.is_delivered() {
            hook.queue.sent_elsewhere(id, clock);
            self.webhooks.changed.notify_one();
            return;
        }
        let was = hook.queue.last().to_owned();
        hook.queue.ended(id, outcome, clock);
        hook.ended = Some(now);
        if was == outcome.sentence() {
            log::debug!("webhook '{name}': {was} (again)");
        } else if outcome.is_delivered() {
            log::info!("webhook '{name}': {}", outcome.sentence());
        } else {
            log::warn!("webhook '{name}': {}", outcome.sentence());
        }
        self.warn_of_webhooks();
        self.webhooks.changed.notify_one();
    }
}
