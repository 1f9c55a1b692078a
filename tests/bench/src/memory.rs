//! Memory in each state that a server can be in, and the time until its first answer.

use std::time::Duration;

use kickstand_lab::process::Result;
use kickstand_lab::requests::{CONFIG, R220A};
use kickstand_lab::scratch::Scratch;

use crate::load::{Manner, ask, stand};
use crate::servers::{Server, Tools};
use crate::table::{Section, median, megabytes, number};
use crate::usage::{forget_peak, memory};

/// As many as kickstand serves at once.
const CONNECTIONS: u32 = 256;
/// Requests, one connection each.
const REQUESTS: u32 = 10_000;
/// Until a server has looked at all that stands there.
const SETTLE: Duration = Duration::from_millis(400);

const TEXT: &str = "MB of RAM (`VmRSS`, children included; for busy connections and downloads the peak, `VmHWM`). kickstand is the binary that ships \
for x86_64: static, with musl and its allocator; the others share the C library's pages with the rest of this machine. *Silent*: connected, and nothing asked. *Kept*: one answer each, and the connection left open. \
*Busy*: all ask, again and again. *Unread*: all ask for a file of 100 MiB and do not read it. The configuration has two hosts. *First answer*: \
milliseconds from the start of the process until the first answer came, the median of several. Of the Python peer only what can be compared.";

type State = (&'static str, fn(&Tools, &Server) -> Result<u64>);

const STATES: [State; 6] = [
    ("idle", idle),
    ("after 10,000 requests", after_requests),
    ("256 silent", |_, server| Ok(standing(server, b""))),
    ("256 kept", |_, server| {
        Ok(standing(
            server,
            b"GET /files/small HTTP/1.1\r\nHost: x\r\n\r\n",
        ))
    }),
    ("256 busy", busy),
    ("256 unread", unread),
];

/// Measures and tells.
///
/// # Errors
///
/// When the load fails.
pub fn section(tools: &Tools, rounds: usize) -> Result<Section> {
    let mut head = vec!["server", "first answer"];
    head.extend(STATES.map(|(name, _)| name));
    let mut section = Section::new("Memory and start", TEXT, &head);
    let folder = Scratch::new("bench");
    folder.write("files/small", "small\n");
    folder.write("files/large", vec![1; 100 * 1024 * 1024]);
    folder.write("hosts.json", "{}");
    let makers: [&dyn Fn() -> Server; 4] = [
        &|| {
            let router = tools.router(CONFIG);
            let files = router.tree().join("www/kickstand");
            let _ = std::fs::create_dir_all(&files);
            let _ = std::os::unix::fs::symlink(folder.join("files"), files.join("files"));
            tools.kickstand(router)
        },
        &|| tools.nginx(folder.path()),
        &|| tools.lighttpd(folder.path()),
        &|| {
            let template = |name| (name, "a file".to_owned());
            tools.flask(&[
                ("hosts.json", "{}".to_owned()),
                template("ks"),
                template("boot"),
            ])
        },
    ];
    for make in makers {
        let starts: Vec<f64> = (0..rounds * 2 - 1)
            .map(|_| make().start.as_secs_f64() * 1000.0)
            .collect();
        let mut cells = vec![number(median(&starts))];
        let mut name = "";
        for (state, measure) in STATES {
            // Each on a fresh process: what one state leaves behind is none of the next one's.
            let server = make();
            name = server.name;
            let python = name == "Flask";
            cells.push(match python && state != "idle" && state != "256 silent" {
                true => "–".to_owned(),
                false => megabytes(measure(tools, &server)?),
            });
        }
        section.row(std::iter::once(name.to_owned()).chain(cells));
    }
    Ok(section)
}

fn idle(_: &Tools, server: &Server) -> Result<u64> {
    std::thread::sleep(SETTLE);
    Ok(memory(server.id()).now)
}

fn after_requests(_: &Tools, server: &Server) -> Result<u64> {
    let target = format!("/v1/boot?mac={}&platform=efi&try=1", R220A.card);
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for number in 0..REQUESTS {
        // Some of very many: a network has a few hundred machines.
        let from = crate::load::client(number % 500);
        let _ = kickstand_lab::http::exchange(from, server.address, request.as_bytes());
    }
    Ok(memory(server.id()).now)
}

fn standing(server: &Server, say: &[u8]) -> u64 {
    let standing = stand(server.address, CONNECTIONS, say);
    std::thread::sleep(SETTLE);
    let now = memory(server.id()).now;
    drop(standing);
    now
}

fn busy(tools: &Tools, server: &Server) -> Result<u64> {
    forget_peak(server.id());
    let manner = Manner {
        connections: CONNECTIONS,
        reused: true,
    };
    ask(tools, &server.url("/files/small"), manner, 1)?;
    Ok(memory(server.id()).peak)
}

fn unread(_: &Tools, server: &Server) -> Result<u64> {
    forget_peak(server.id());
    standing(server, b"GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n");
    Ok(memory(server.id()).peak)
}
