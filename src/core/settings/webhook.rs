//! `config webhook`: its options, of which faults show no value, for both may hold a secret.
//!
//! Not its job: what a URL is (`core::webhook`).

use super::check::choice;
use super::read::fault;
use super::section::Reader;
use super::{Fault, Settings};
use crate::core::uci::Section;
use crate::core::webhook::{
    DEFAULT_HAPPENINGS, HAPPENINGS, Happening, MOST_WEBHOOKS, Secret, Url, Webhook,
};

/// Longest value of the header `Authorization`, in bytes: a token of OpenID Connect may have a thousand.
const AUTHORIZATION_LENGTH: usize = 2048;
/// Options whose values may be secrets: a URL's path often is one.
const SECRETS: [&str; 2] = ["url", "authorization"];

/// Reads a section. What is wrong is in the settings' faults, and the webhook left out.
pub fn read_webhook(section: &Section, settings: &mut Settings) {
    if section.anonymous {
        let message = "give the section a name: config webhook 'chat'";
        settings.faults.push(fault(section, &section.name, message));
        return;
    }
    let mut reader = Reader::new(section, &section.name);
    let hint = "where it is told, such as http://192.168.1.5:8065/hooks/abc";
    let url = reader.required("url", Url::parse, hint);
    let events = reader.list("event", happening);
    let authorization = reader.option("authorization", authorization);
    if settings.webhooks.len() >= MOST_WEBHOOKS {
        let message = format!("there are {MOST_WEBHOOKS} webhooks before it, which is the most");
        reader.fault("", None, message);
    }
    let faults = reader.finish();
    if let Some(url) = url.filter(|_| faults.is_empty()) {
        settings.webhooks.push(Webhook {
            name: section.name.clone(),
            url,
            events: match events.is_empty() {
                true => DEFAULT_HAPPENINGS.to_vec(),
                false => events,
            },
            authorization,
        });
    }
    settings
        .faults
        .extend(faults.into_iter().map(without_secret));
}

fn without_secret(mut fault: Fault) -> Fault {
    let option = fault.option.as_deref().unwrap_or_default();
    if SECRETS.contains(&option) {
        fault.value = None;
    }
    fault
}

fn happening(value: &str) -> Result<Happening, String> {
    choice(
        value,
        &HAPPENINGS.map(|happening| (happening.word(), happening)),
    )
}

/// The value of a header (RFC 9110, 5.5), of ASCII.
fn authorization(value: &str) -> Result<Secret, String> {
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if plain && value.trim() == value && value.len() <= AUTHORIZATION_LENGTH {
        Ok(Secret::new(value))
    } else {
        Err(format!(
            "the value of a header such as 'Bearer abc', of plain characters, {AUTHORIZATION_LENGTH} at most"
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::settings::tests::{faults, settings};

    #[test]
    fn a_webhook_is_told_what_ends_an_installation_when_nothing_else_is_said() {
        let text = "config webhook 'chat'\n\toption url 'http://a/x'\n";
        let settings = settings(text);
        assert_eq!(settings.faults, []);
        let events: Vec<_> = settings.webhooks[0]
            .events
            .iter()
            .map(|event| event.word())
            .collect();
        assert_eq!(events, ["installed", "failed", "expired"]);
    }

    #[test]
    fn each_fault_names_its_option_and_no_secret() {
        let text = "config webhook 'chat'
\toption url 'ftp://hooks.example.org/secret'
\toption authorization 'secret\u{e9}'
\tlist event 'instaled'
\toption urls 'http://secret'

config webhook 'none'
\tlist event 'failed'

config webhook
\toption url 'http://a/secret'
";
        let found = faults(text);
        for (fault, part) in found.iter().zip([
            "webhook 'chat', option url (line 2): must be the URL of a server such as http",
            "webhook 'chat', option authorization (line 3): must be the value of a header",
            "webhook 'chat', option event 'instaled' (line 4): must be 'idle', 'armed', 'booting', 'installing', 'installed', 'failed', 'expired', 'discovered', 'unknown'",
            "webhook 'chat', option urls (line 5): is no option here; did you mean 'url'?",
            "webhook 'none', option url (line 7): is missing",
            "(line 10): give the section a name",
        ]) {
            assert!(fault.contains(part), "{fault}");
            assert!(!fault.contains("secret"), "{fault}");
        }
        assert_eq!(found.len(), 6, "{found:#?}");
        assert!(settings(text).webhooks.is_empty());
    }

    #[test]
    fn a_ninth_webhook_is_one_too_many() {
        let text: String = (1..=9)
            .map(|index| format!("config webhook 'w{index}'\n\toption url 'http://a/'\n"))
            .collect();
        assert_eq!(settings(&text).webhooks.len(), 8);
        assert_eq!(
            faults(&text),
            ["webhook 'w9' (line 17): there are 8 webhooks before it, which is the most"]
        );
    }

    #[test]
    fn what_is_secret_does_not_show_in_a_dump() {
        let text = "config webhook 'chat'\n\toption url 'http://a/secret'\n\toption authorization 'Bearer secret'\n";
        let dump = format!("{:?}", settings(text));
        assert!(
            dump.contains("http://a/…") && !dump.contains("secret\""),
            "{dump}"
        );
        assert!(
            !dump.contains("/secret") && !dump.contains("Bearer"),
            "{dump}"
        );
    }
}
