//! Answers per second: a boot script and an answer file, both rendered for a host that is armed, beside the same bytes as files and
//! beside a Python program that renders them.

use std::collections::BTreeMap;

use kickstand_lab::process::{Failure, Result};
use kickstand_lab::requests::{CONFIG, Machine, R220A, token_in};
use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::ROUTER;

use crate::load::{Manner, Sample, ask};
use crate::servers::{Server, Tools};
use crate::table::{Section, median, number, times};

const MANNERS: [Manner; 4] = [
    reused(1),
    reused(32),
    reused(256),
    Manner {
        connections: 32,
        reused: false,
    },
];
/// Seconds for each measurement.
const SECONDS: u32 = 1;

const fn reused(connections: u32) -> Manner {
    Manner {
        connections,
        reused: true,
    }
}

const TEXT: &str = "Requests of one host that is armed: `/v1/boot` decides and renders the boot script, after a rehearsal of the answer file; `/ks` \
renders the built-in answer file; *not armed* is what each boot of an installed host asks, and the answer sends it to its disk. kickstand does for each what it does on a router: it looks at the settings' stamp, reads the clock, \
finds the peer's card in a neighbour table (of one entry, a file), and checks the token. nginx serves the same bytes as static files: it \
decides nothing. The Python peer is **a minimal program of our own** (`tests/bench/src/peer.py`: Flask, Jinja and gunicorn, one worker, \
templates compiled once), which renders the same text and does nothing else; Cobbler itself wants a daemon, Apache and a database of its \
own beside it, and was not measured. One worker each, on one core; wrk on another. `p50` and `p99` are milliseconds, without the time to connect; \
\"new\" means a new connection for each request, as iPXE and curl make it. The ratio is nginx's rate over kickstand's.";

/// Measures and tells.
///
/// # Errors
///
/// When a server does not say what it should.
pub fn section(tools: &Tools, rounds: usize) -> Result<Section> {
    let own = Machine {
        address: ROUTER,
        card: R220A.card,
    };
    let router = tools.router(CONFIG);
    router.set_neighbours(&[(own.address, own.card)]);
    let kickstand = tools.kickstand(router);
    let service = kickstand.service.as_ref().ok_or_else(no_service)?;
    let armed = service.kickstand(&["arm", "r220a"]);
    if !armed.status.success() {
        return Err(Failure::new(format!("arm: {armed:?}")));
    }
    let script = own.boots(service).text();
    let token = token_in(&script).ok_or_else(|| Failure::new(format!("no token: {script}")))?;
    // Not the first try, so that no start is counted.
    let boot = format!(
        "/v1/boot?mac={}&platform=efi&buildarch=x86_64&try=2",
        own.card
    );
    let ks = format!("/ks/{}?token={token}", own.card);
    let script = own.get(service, &boot).text();
    let answer = own.get(service, &ks).text();

    let folder = Scratch::new("bench");
    folder.write("v1/boot", &script);
    folder.write(&format!("ks/{}", own.card), &answer);
    let nginx = tools.nginx(folder.path());
    let values = [
        ("token", token.as_str()),
        ("mac", own.card),
        ("hostname", "r220a"),
        ("disk", "/dev/sda"),
        ("mirror", "http://mirror.example/9"),
        ("ssh_key", "ssh-ed25519 AAAA kenneth"),
    ];
    let hosts = serde_json::json!({own.card: values.into_iter().collect::<BTreeMap<_, _>>()});
    let flask = tools.flask(&[
        ("hosts.json", hosts.to_string()),
        ("boot", template(&script, &values)),
        ("ks", template(&answer, &values)),
    ]);
    let head = [
        "request",
        "bytes",
        "connections",
        "server",
        "per second",
        "p50",
        "p99",
        "nginx ÷ it",
    ];
    let mut section = Section::new("Answers", TEXT, &head);
    let servers = [&kickstand, &nginx, &flask];
    for asked in [("/v1/boot", &boot, &script), ("/ks", &ks, &answer)] {
        compare(&mut section, tools, asked, &servers, rounds)?;
    }
    service.kickstand(&["disarm", "r220a"]);
    let script = own.get(service, &boot).text();
    folder.write("v1/boot", &script);
    let asked = ("/v1/boot, not armed", &boot, &script);
    compare(&mut section, tools, asked, &servers[..2], rounds)?;
    Ok(section)
}

/// The rows of one request: what they are called, the request's target, the body of its answer.
fn compare(
    section: &mut Section,
    tools: &Tools,
    (name, path, body): (&str, &String, &String),
    servers: &[&Server],
    rounds: usize,
) -> Result<()> {
    for server in &servers[1..] {
        same(server, path, body)?;
    }
    for manner in MANNERS {
        let shown = match manner.reused {
            true => manner.connections.to_string(),
            false => format!("{}, new", manner.connections),
        };
        let samples = interleaved(tools, servers, path, manner, rounds)?;
        let middle = |index: usize, of: fn(&Sample) -> f64| {
            median(&samples[index].iter().map(of).collect::<Vec<_>>())
        };
        let best = middle(1, |sample| sample.rate);
        for (index, server) in servers.iter().enumerate() {
            let rate = middle(index, |sample| sample.rate);
            section.row([
                name.to_owned(),
                body.len().to_string(),
                shown.clone(),
                server.name.to_owned(),
                number(rate),
                number(middle(index, |sample| sample.middle)),
                number(middle(index, |sample| sample.slowest)),
                times(best / rate.max(f64::MIN_POSITIVE)),
            ]);
        }
    }
    Ok(())
}

/// Samples of each server, taken in turns.
fn interleaved(
    tools: &Tools,
    servers: &[&Server],
    path: &str,
    manner: Manner,
    rounds: usize,
) -> Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::new(); servers.len()];
    for _ in 0..rounds {
        for (index, server) in servers.iter().enumerate() {
            let sample = ask(tools, &server.url(path), manner, SECONDS)?;
            if sample.bad > 0 {
                eprintln!(
                    "bench: {}: {} bad answers to {path}",
                    server.name, sample.bad
                );
            }
            samples[index].push(sample);
        }
    }
    Ok(samples)
}

/// The peers must say what kickstand says.
fn same(server: &Server, path: &str, expected: &str) -> Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let reply = kickstand_lab::http::exchange(ROUTER, server.address, request.as_bytes());
    match reply {
        Ok(reply) if reply.status == 200 && reply.text() == expected => Ok(()),
        other => Err(Failure::new(format!(
            "{} answers {path} differently: {other:?}",
            server.name
        ))),
    }
}

/// A text of kickstand's as a template of Jinja: wherever a value of the host stands, the template names it.
fn template(text: &str, values: &[(&str, &str)]) -> String {
    let mut template = String::new();
    let mut rest = text;
    loop {
        let found = values
            .iter()
            .filter_map(|(name, value)| Some((rest.find(value)?, *name, value.len())))
            .min();
        let Some((place, name, length)) = found else {
            break;
        };
        template += &raw(&rest[..place]);
        template += &format!("{{{{ {name} }}}}");
        rest = &rest[place + length..];
    }
    template + &raw(rest)
}

fn raw(text: &str) -> String {
    // A newline after a block's end stays in Jinja; one at the end of the template does not.
    let text = match text.strip_suffix('\n') {
        Some(text) => format!("{text}{{% endraw %}}{{{{ '\\n' }}}}{{% raw %}}"),
        None => text.to_owned(),
    };
    format!("{{% raw %}}{text}{{% endraw %}}")
}

fn no_service() -> Failure {
    Failure::new("kickstand does not run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_names_in_a_template() {
        let made = template("a /dev/sda b", &[("disk", "/dev/sda")]);
        let expected = "{% raw %}a {% endraw %}{{ disk }}{% raw %} b{% endraw %}";
        assert_eq!(made, expected);
    }
}
