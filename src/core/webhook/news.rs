//! What a webhook is told: one JSON object (docs/webhooks.md).
//!
//! Nothing secret goes in: no token, no hash, no log. Not its job: collecting what is known of a host.

use serde_json::{Value, json};

use super::Happening;
use crate::core::doctor::Diagnosis;
use crate::core::lifecycle::{Now, Phase};
use crate::core::machine::{Machine, clean_to};

/// Longest sentence, in characters: a report's, as status shows it.
const SENTENCE: usize = 300;
/// Longest title, name or other word, in characters.
const WORD: usize = 128;

/// Something that happened, with all that is told of it.
#[derive(Debug)]
pub struct News<'a> {
    /// What happened.
    pub event: Happening,
    /// To whom.
    pub subject: Subject<'a>,
    /// When.
    pub now: &'a Now,
    /// URL at which machines reach the service; none while its interface has no address.
    pub router: Option<String>,
}

/// To whom something happened.
#[derive(Debug)]
pub enum Subject<'a> {
    /// A host.
    Host(About<'a>),
    /// A machine that is no host.
    Machine(&'a Machine),
    /// Nobody: the webhook of that name is tried.
    Webhook(&'a str),
}

/// What is told of a host.
#[derive(Debug)]
pub struct About<'a> {
    /// Section name.
    pub name: &'a str,
    /// Name of the installed system.
    pub hostname: &'a str,
    /// Where it was.
    pub before: Phase,
    /// Where it is.
    pub phase: Phase,
    /// Why, in one sentence; may be empty.
    pub note: &'a str,
    /// Section name of its profile; empty when its section has faults, as the title.
    pub profile: &'a str,
    /// Title of that profile.
    pub title: &'a str,
    /// What is wrong, when it seems to be known.
    pub diagnosis: Option<Diagnosis>,
}

impl News<'_> {
    /// The object. `id` is the same however often it is sent.
    pub fn body(&self, id: &str) -> Value {
        let mut body = json!({
            "id": id,
            "event": self.event.word(),
            "uptime": self.now.uptime as f64 / 1000.0,
            "text": self.text(),
        });
        if let Some(wall) = self.now.wall {
            body["time"] = json!(wall);
        }
        if let Some(router) = &self.router {
            body["router"] = json!(router);
        }
        match &self.subject {
            Subject::Host(about) => about.tell(&mut body),
            Subject::Machine(machine) => body["machine"] = json!(machine),
            Subject::Webhook(name) => body["webhook"] = json!(name),
        }
        body
    }

    /// One sentence for people.
    fn text(&self) -> String {
        let about = match &self.subject {
            Subject::Host(about) => about,
            Subject::Machine(machine) => {
                return format!(
                    "{mac} asks what to boot and is no host: kickstand adopt {mac} NAME PROFILE",
                    mac = machine.mac
                );
            }
            Subject::Webhook(name) => {
                return format!("This is a test of webhook '{name}' of kickstand");
            }
        };
        let name = about.hostname;
        let title = match plain(about.title, WORD) {
            title if title.is_empty() => "A system".to_owned(),
            title => title,
        };
        let mut text = match self.event {
            Happening::Phase(Phase::Armed) => format!("{name} is armed"),
            Happening::Phase(Phase::Booting) => format!("The installer of {name} was started"),
            Happening::Phase(Phase::Installing) => format!("{title} is being installed on {name}"),
            Happening::Phase(Phase::Installed) => format!("{title} is installed on {name}"),
            Happening::Phase(Phase::Failed) => format!("The installation of {name} failed"),
            Happening::Phase(Phase::Expired) => format!("The arm of {name} ended"),
            Happening::Discovered => format!("{name} reported its hardware"),
            Happening::Phase(Phase::Idle) | Happening::Unknown | Happening::Test => {
                format!("{name} is {}", about.phase.word())
            }
        };
        let note = plain(about.note, SENTENCE);
        if !note.is_empty() {
            text.push_str(&format!(": {note}"));
        }
        if let Some(diagnosis) = &about.diagnosis {
            text.push_str(&format!(
                ". What is wrong: {}. What to do: {}",
                plain(&diagnosis.sentence, SENTENCE),
                plain(&diagnosis.action, SENTENCE)
            ));
        }
        text
    }
}

impl About<'_> {
    fn tell(&self, body: &mut Value) {
        body["host"] = json!(self.name);
        body["hostname"] = json!(self.hostname);
        body["phase"] = json!(self.phase.word());
        body["before"] = json!(self.before.word());
        for (name, text, length) in [
            ("profile", self.profile, WORD),
            ("title", self.title, WORD),
            ("note", self.note, SENTENCE),
        ] {
            if !text.is_empty() {
                body[name] = json!(clean_to(text, length));
            }
        }
        if let Some(diagnosis) = &self.diagnosis {
            body["diagnosis"] = json!({
                "code": diagnosis.code,
                "sentence": clean_to(&diagnosis.sentence, SENTENCE),
                "action": clean_to(&diagnosis.action, SENTENCE),
            });
        }
    }
}

/// Words for a chat, which takes `@all`, `[x](http://y)`, `<!channel>` and stars for its own: installers choose some of them.
fn plain(text: &str, length: usize) -> String {
    let marks = |c: char| if "@<>[]*|".contains(c) { ' ' } else { c };
    // Our own sentences have commands in backticks.
    let text: String = text.chars().filter(|c| *c != '`').map(marks).collect();
    clean_to(&text, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(wall: Option<u64>) -> Now {
        Now {
            router_start: "a".to_owned(),
            uptime: 12_345,
            wall,
        }
    }

    fn about<'a>(phase: Phase, note: &'a str) -> About<'a> {
        About {
            name: "r220a",
            hostname: "r220a.example",
            before: Phase::Installing,
            phase,
            note,
            profile: "almalinux9",
            title: "AlmaLinux 9",
            diagnosis: None,
        }
    }

    /// What is told of that on a router whose interface has no address and whose clock was never set.
    fn told(event: Happening, subject: Subject<'_>) -> Value {
        let news = News {
            event,
            subject,
            now: &now(None),
            router: None,
        };
        news.body("x")
    }

    fn text_of(event: Happening, about: About<'_>) -> String {
        let text = told(event, Subject::Host(about))["text"].clone();
        text.as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_failure_is_told_with_its_reason_and_what_to_do() {
        let diagnosis = Diagnosis {
            code: "mirror-404".to_owned(),
            sentence: "The mirror has no such file".to_owned(),
            action: "Look at option mirror".to_owned(),
        };
        let news = News {
            event: Happening::Phase(Phase::Failed),
            subject: Subject::Host(About {
                diagnosis: Some(diagnosis),
                ..about(Phase::Failed, "404 for vmlinuz")
            }),
            now: &now(Some(1_800_000_000)),
            router: Some("http://10.33.1.1:8067".to_owned()),
        };
        let expected = json!({
            "id": "id-1", "event": "failed", "uptime": 12.345, "time": 1_800_000_000_u64, "router": "http://10.33.1.1:8067",
            "host": "r220a", "hostname": "r220a.example", "phase": "failed", "before": "installing",
            "profile": "almalinux9", "title": "AlmaLinux 9", "note": "404 for vmlinuz",
            "diagnosis": {"code": "mirror-404", "sentence": "The mirror has no such file", "action": "Look at option mirror"},
            "text": "The installation of r220a.example failed: 404 for vmlinuz. What is wrong: The mirror has no such file. What to do: Look at option mirror",
        });
        assert_eq!(news.body("id-1"), expected);
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let installed = Happening::Phase(Phase::Installed);
        let body = told(installed, Subject::Host(about(Phase::Installed, "")));
        for absent in ["time", "router", "note", "diagnosis", "machine", "webhook"] {
            assert_eq!(body.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_host_whose_section_was_broken_meanwhile_is_told_without_its_profile() {
        let installed = Happening::Phase(Phase::Installed);
        let subject = Subject::Host(About {
            profile: "",
            title: "",
            ..about(Phase::Installed, "")
        });
        let body = told(installed, subject);
        assert_eq!((body.get("profile"), body.get("title")), (None, None));
        assert_eq!(body["text"], "A system is installed on r220a.example");
    }

    #[test]
    fn each_event_has_a_sentence() {
        for (event, note, text) in [
            (
                Happening::Phase(Phase::Idle),
                "disarmed",
                "r220a.example is idle: disarmed",
            ),
            (Happening::Phase(Phase::Armed), "", "r220a.example is armed"),
            (
                Happening::Phase(Phase::Booting),
                "",
                "The installer of r220a.example was started",
            ),
            (
                Happening::Phase(Phase::Installing),
                "",
                "AlmaLinux 9 is being installed on r220a.example",
            ),
            (
                Happening::Phase(Phase::Installed),
                "",
                "AlmaLinux 9 is installed on r220a.example",
            ),
            (
                Happening::Phase(Phase::Expired),
                "nobody asked",
                "The arm of r220a.example ended: nobody asked",
            ),
            (
                Happening::Discovered,
                "1 disk",
                "r220a.example reported its hardware: 1 disk",
            ),
        ] {
            let phase = match event {
                Happening::Phase(phase) => phase,
                _ => Phase::Installed,
            };
            assert_eq!(text_of(event, about(phase, note)), text);
        }
    }

    #[test]
    fn what_an_installer_says_is_no_markup_of_a_chat() {
        let said = "@all [click](http://x) <!channel> `a` *b*\u{202e}\n";
        let text = text_of(Happening::Phase(Phase::Failed), about(Phase::Failed, said));
        assert!(
            !text.contains(['@', '[', ']', '<', '>', '`', '*', '\n', '\u{202e}']),
            "{text}"
        );
        assert!(text.contains("click") && text.contains("channel"), "{text}");
    }

    #[test]
    fn a_stranger_is_told_with_the_command_that_adopts_it_and_none_of_its_words() {
        let mac = "52:54:00:00:00:66".parse().expect("a MAC");
        let machine = Machine {
            product: "@all".to_owned(),
            ..Machine::unseen(mac)
        };
        let body = told(Happening::Unknown, Subject::Machine(&machine));
        assert_eq!(
            body["text"],
            "52:54:00:00:00:66 asks what to boot and is no host: kickstand adopt 52:54:00:00:00:66 NAME PROFILE"
        );
        assert_eq!(body["machine"]["product"], "@all");
    }
}
