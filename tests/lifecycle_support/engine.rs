//! The real engine in a tree of files: real settings, state file, neighbour table, answer files.

use std::fs;
use std::net::Ipv4Addr;

use kickstand::core::answer::Router;
use kickstand::core::lifecycle::{Now, Record};
use kickstand::core::target::Query;
use kickstand::host::paths::Paths;
use kickstand::serve::boot::Answer;
use kickstand::serve::engine::Engine;
use kickstand_lab::flash;
use kickstand_lab::scratch::Scratch;
use serde_json::json;

use super::driver::card;
use super::operations::{CARDS, Medium, Point};
use super::system::{Run, System};

const STATE: &str = "etc/kickstand/state.json";
const GOOD: &str = include_str!("../kickstarts/good/smallest.ks");
const WRITTEN: &str = "var/run/kickstand/written";
/// What a new one is written to.
const WRITTEN_NEW: &str = "var/run/kickstand/written.new";

/// What a file holds; None when there is none.
type Content = Option<Vec<u8>>;

pub struct RealEngine {
    tree: Scratch,
    engine: Option<Engine>,
    commits: u64,
    /// Point of the crash, and both files before it.
    crash: Option<(Point, Content, Content)>,
}

impl RealEngine {
    fn start(&mut self) {
        let mut engine = Engine::new(&Paths::new(self.tree.path())).expect("the engine starts");
        engine.serves_at(Router {
            address: [10, 33, 1, 1].into(),
            port: 8067,
        });
        self.engine = Some(engine);
    }

    fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().expect("it runs")
    }

    fn report(&mut self, card: &str, token: &str, more: &str) -> bool {
        let query = Query::parse(&format!("mac={card}&token={token}&{more}"));
        matches!(self.engine().report(address(card), &query), Answer::Text(_))
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.tree.join(name)).ok()
    }

    fn put(&self, name: &str, text: Option<&[u8]>) {
        match text {
            Some(text) => drop(self.tree.write(name, text)),
            None => drop(fs::remove_file(self.tree.join(name))),
        }
    }

    fn called(&mut self, method: &str, arguments: serde_json::Value) -> bool {
        self.engine()
            .call(method, &arguments)
            .get("error")
            .is_none()
    }
}

/// The address that a card has on the network.
fn address(card: &str) -> Ipv4Addr {
    let last = card
        .rsplit(':')
        .next()
        .and_then(|byte| u8::from_str_radix(byte, 16).ok());
    [10, 33, 1, 100 + last.expect("a card")].into()
}

impl System for RealEngine {
    fn new(now: &Now) -> Self {
        let tree = Scratch::new("lifecycle");
        let mut table = "IP address HW type Flags HW address Mask Device\n".to_owned();
        for number in 0..CARDS {
            let card = card(number);
            table += &format!("{} 0x1 0x2 {card} * br-lan\n", address(&card));
        }
        tree.write("proc/net/arp", table);
        // Without errors: what arms itself must have none.
        tree.write(
            "www/kickstand/answers/claims.ks",
            format!("{GOOD}%pre\ncurl event=claim \"serial=$serial\" {{{{ token }}}}\n%end\n"),
        );
        tree.write("www/kickstand/answers/silent.ks", "{{ token }}\n");
        tree.write("etc/config/kickstand", "");
        let mut system = RealEngine {
            tree,
            engine: None,
            commits: 0,
            crash: None,
        };
        system.set_time(now);
        system.start();
        system
    }

    fn set_time(&mut self, now: &Now) {
        let (seconds, hundredths) = (now.uptime / 1000, now.uptime % 1000 / 10);
        self.tree
            .write("proc/uptime", format!("{seconds}.{hundredths:02} 1.00\n"));
        let start = now.wall.map_or(0, |wall| wall.saturating_sub(seconds));
        self.tree.write("proc/stat", format!("btime {start}\n"));
        self.tree
            .write("proc/sys/kernel/random/boot_id", &now.router_start);
    }

    fn configure(&mut self, uci: &str) {
        // Another length than before, as if the stamp's time were too coarse to tell.
        self.commits += 1;
        let padding = "#".repeat(self.commits as usize);
        self.tree
            .write("etc/config/kickstand", format!("{uci}{padding}\n"));
        self.engine().refresh();
    }

    fn arm(&mut self, host: &str, window: u32) -> bool {
        self.called(
            "arm",
            json!({"host": host, "window": window, "force": true}),
        )
    }

    fn discover(&mut self, host: &str, window: u32) -> bool {
        self.called(
            "arm",
            json!({"host": host, "window": window, "discover": true}),
        )
    }

    fn hardware(&mut self, card: &str, token: &str) -> bool {
        self.report(card, token, "event=hardware&hardware={}")
    }

    fn disarm(&mut self, host: &str) -> bool {
        self.called("disarm", json!({"host": host}))
    }

    fn boot(&mut self, card: &str, first_try: bool) -> Option<String> {
        let attempt = if first_try { 1 } else { 2 };
        let query = Query::parse(&format!("mac={card}&try={attempt}"));
        match self.engine().boot(address(card), &query) {
            Answer::Text(script) => {
                let (_, rest) = script.split_once("?token=")?;
                rest.split_whitespace().next().map(str::to_owned)
            }
            _ => None,
        }
    }

    fn fetch(&mut self, card: &str, token: &str, claims: bool) -> bool {
        let own = format!("www/kickstand/kickstart-{card}.cfg");
        if !claims {
            self.put(&own, Some(b"a file that does not claim\n"));
        }
        let mac = card.parse().expect("a card");
        let answer = self.engine().answer_file(address(card), mac, token);
        self.put(&own, None);
        matches!(answer, Answer::Text(_))
    }

    fn claim(&mut self, card: &str, token: &str, run: Run) -> bool {
        let (nonce, blank) = (run.nonce, u8::from(run.blank));
        let serial = run.serial.unwrap_or_default();
        self.report(
            card,
            token,
            &format!("event=claim&nonce={nonce}&blank={blank}&serial={serial}"),
        )
    }

    fn progress(&mut self, card: &str, token: &str) -> bool {
        self.report(card, token, "event=progress&percent=10&text=packages")
    }

    fn completed(&mut self, card: &str, token: &str) -> bool {
        self.report(card, token, "event=completed")
    }

    fn failed(&mut self, card: &str, token: &str) -> bool {
        self.report(card, token, "event=failed&reason=no+disk")
    }

    fn record(&mut self, host: &str) -> Record {
        self.engine().refresh();
        self.engine().record(host)
    }

    fn crash_at(&mut self, point: Point) {
        self.engine().refresh();
        self.crash = Some((point, self.read(STATE), self.read(WRITTEN)));
    }

    fn restart(&mut self, now: &Now) {
        self.engine = None;
        match self.crash.take() {
            Some((Point::BeforeWrite, file, written)) => {
                self.put(STATE, file.as_deref());
                self.put(WRITTEN, written.as_deref());
            }
            Some((Point::HalfWritten, file, written)) => {
                let (before, after) = (file.unwrap_or_default(), self.read(STATE));
                // A line that was added came half; a whole file takes the place of another in one step.
                let line = after
                    .as_deref()
                    .and_then(|after| after.strip_prefix(&before[..]));
                let half = line.map_or(&[][..], |line| &line[..line.len() / 2]);
                self.put(STATE, Some(&[&before[..], half].concat()));
                self.put(WRITTEN, written.as_deref());
            }
            Some((Point::AfterFile, _, written)) => self.put(WRITTEN, written.as_deref()),
            Some((Point::AfterRam, ..)) | None => {}
        }
        let start = self.read("proc/sys/kernel/random/boot_id");
        if start.as_deref() != Some(now.router_start.as_bytes()) {
            drop(fs::remove_dir_all(self.tree.join("var/run")));
        }
        self.set_time(now);
        self.start();
    }

    fn block(&mut self, medium: Option<Medium>) {
        match medium {
            Some(Medium::Flash) => flash::block(self.tree.path()),
            Some(Medium::Ram) => {
                let in_the_way = self.tree.join(WRITTEN_NEW).join("a folder");
                fs::create_dir_all(in_the_way).expect("a folder can be made");
            }
            None => {
                for name in [flash::NEW, WRITTEN_NEW] {
                    drop(fs::remove_dir_all(self.tree.join(name)));
                }
            }
        }
    }

    fn flash(&self) -> Option<Vec<u8>> {
        self.read(STATE)
    }

    fn set_flash(&mut self, text: Option<&[u8]>) {
        self.put(STATE, text);
    }
}
