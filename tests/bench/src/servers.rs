//! The servers that are compared: kickstand, nginx, lighttpd, and one of Flask that renders.
//!
//! Each is a single worker on one core. Not its job: asking them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kickstand_lab::process::{Failure, Result, Running, run, wait_until};
use kickstand_lab::requests::CONFIG;
use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::{ROUTER, Runner, Service, free_port};
use kickstand_lab::setup::{Lab, target_folder};
use kickstand_lab::shelf;

use crate::usage::{SERVER_CORE, pinned_words};

/// Longest start of a server.
const START: Duration = Duration::from_secs(20);
/// Between two tries to reach a server that starts: a start is measured in milliseconds.
const BETWEEN_TRIES: Duration = Duration::from_micros(100);
/// The packages of the Python peer, from PyPI.
const PYTHON_PEER: [&str; 2] = ["flask==3.1.3", "gunicorn==23.0.0"];
const PYTHON_APPLICATION: &str = include_str!("peer.py");

/// What there is to measure with.
#[derive(Debug)]
pub struct Tools {
    kickstand: String,
    /// Root of Debian's nginx, lighttpd and wrk.
    peers: PathBuf,
    /// Flask and gunicorn.
    python: PathBuf,
}

/// A server that runs, with its files.
pub struct Server {
    /// What it is called in the tables.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddrV4,
    /// From its start until it took a connection.
    pub start: Duration,
    id: u32,
    // Ended when dropped, before the folder goes.
    _running: Option<Running>,
    _folder: Option<Scratch>,
    /// The service, when it is kickstand.
    pub service: Option<Service>,
}

impl Server {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Tools {
    /// Puts everything in place that is missing.
    ///
    /// # Errors
    ///
    /// Those of the registries.
    pub fn set_up(kickstand: &str) -> Result<Self> {
        Lab::set_up_measures()?;
        let peers = Lab::set_up_peers()?;
        let python = shelf::installed(&target_folder()?.join("parts"), "flask-3.1.3", |place| {
            run(Command::new("python3").args(["-m", "venv"]).arg(place))?;
            let mut pip = Command::new(place.join("bin/pip"));
            run(pip
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(PYTHON_PEER))?;
            Ok(())
        })?;
        Ok(Tools {
            kickstand: kickstand.to_owned(),
            peers,
            python,
        })
    }

    /// A command of the unpacked packages, on that core.
    pub fn unpacked(&self, core: usize, program: &str) -> Command {
        let mut command = pinned(core, &self.peers.join(program));
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        command.env("LD_LIBRARY_PATH", self.peers.join(libraries));
        command
    }

    /// A router with that configuration, whose service does not run yet; it will on the server's core, with the machine's own clock.
    pub fn router(&self, config: &str) -> Service {
        let mut service = Service::stopped(&self.kickstand, config);
        service.run_by(Runner {
            words: pinned_words(SERVER_CORE),
            ..Runner::default()
        });
        for name in ["uptime", "stat"] {
            let path = service.path(format!("proc/{name}"));
            let _ = fs::remove_file(&path);
            // Reading the kernel's own costs more than a file that a test has written.
            let _ = symlink(format!("/proc/{name}"), &path);
        }
        service
    }

    /// The built-in answer file of a host.
    ///
    /// # Errors
    ///
    /// When it cannot be rendered.
    pub fn rendered(&self) -> Result<String> {
        let server = self.kickstand(self.router(CONFIG));
        let service = server.service.as_ref();
        let output = service.map(|service| service.kickstand(&["render", "r220a", "answer"]));
        match output {
            Some(output) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            other => Err(Failure::new(format!("render: {other:?}"))),
        }
    }

    /// kickstand with that router.
    pub fn kickstand(&self, mut service: Service) -> Server {
        let address = SocketAddrV4::new(ROUTER, service.port());
        let begin = Instant::now();
        service.spawn();
        let start = first_answer(address, begin);
        // The rest of its start is the ubus object.
        wait_until(START, || service.kickstand(&["status"]).status.success());
        Server {
            name: "kickstand",
            address,
            start,
            id: service.id(),
            _running: None,
            _folder: None,
            service: Some(service),
        }
    }

    /// nginx as one process, without a log, as fast as its manual makes it. A master process would leave its worker behind when it is killed.
    pub fn nginx(&self, root: &Path) -> Server {
        let config = |folder: &Path, port: u16| {
            let shown = folder.display();
            let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|name| format!("{name}_temp_path {shown}/{name};\n"))
                .collect();
            format!(
                "daemon off; master_process off; user root; pid {shown}/pid; error_log stderr crit;
                events {{ worker_connections 1024; }}
                http {{ {places} access_log off; default_type text/plain; sendfile on; tcp_nopush on;
                keepalive_requests 100000000;
                server {{ listen {ROUTER}:{port} backlog=1024; root {}; }} }}\n",
                root.display()
            )
        };
        self.static_server("nginx", config, |folder, file| {
            let mut command = self.unpacked(SERVER_CORE, "usr/sbin/nginx");
            command.arg("-p").arg(folder).arg("-c").arg(file);
            command.args(["-e", "stderr"]);
            command
        })
    }

    /// lighttpd, which many routers come with, without a log.
    pub fn lighttpd(&self, root: &Path) -> Server {
        let config = |_: &Path, port: u16| {
            format!(
                "server.document-root = \"{}\"\nserver.bind = \"{ROUTER}\"\nserver.port = {port}\n\
                server.network-backend = \"sendfile\"\nserver.max-keep-alive-requests = 100000\n\
                server.max-fds = 2048\nmimetype.assign = (\"\" => \"application/octet-stream\")\n",
                root.display()
            )
        };
        self.static_server("lighttpd", config, |_, file| {
            let mut command = self.unpacked(SERVER_CORE, "usr/sbin/lighttpd");
            command.arg("-D").arg("-f").arg(file);
            command.arg("-m").arg(self.peers.join("usr/lib/lighttpd"));
            command
        })
    }

    /// Flask under gunicorn: renders `template` for each request with the host's values, out of a dictionary.
    pub fn flask(&self, templates: &[(&str, String)]) -> Server {
        let config = |folder: &Path, _| {
            for (name, text) in templates {
                let written = fs::write(folder.join(name), text);
                written.unwrap_or_else(|error| panic!("cannot write {name}: {error}"));
            }
            PYTHON_APPLICATION.to_owned()
        };
        let port = free_port();
        let folder = Scratch::new("bench");
        folder.write("peer.py", config(folder.path(), port));
        let mut command = pinned(SERVER_CORE, &self.python.join("bin/gunicorn"));
        command.args(["--worker-class", "gthread", "--threads", "8"]);
        command.args(["--keep-alive", "60", "--log-level", "critical", "peer:app"]);
        command.arg("--bind").arg(format!("{ROUTER}:{port}"));
        command.current_dir(folder.path());
        started("Flask", &mut command, port, folder)
    }

    fn static_server(
        &self,
        name: &'static str,
        config: impl Fn(&Path, u16) -> String,
        command: impl Fn(&Path, &Path) -> Command,
    ) -> Server {
        let port = free_port();
        let folder = Scratch::new("bench");
        let file = folder.write("config", config(folder.path(), port));
        let mut command = command(folder.path(), &file);
        started(name, &mut command, port, folder)
    }
}

fn started(name: &'static str, command: &mut Command, port: u16, folder: Scratch) -> Server {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begin = Instant::now();
    let running = Running::start(command);
    let start = first_answer(address, begin);
    Server {
        name,
        address,
        start,
        id: running.id(),
        _running: Some(running),
        _folder: Some(folder),
        service: None,
    }
}

/// A program on a core.
pub fn pinned(core: usize, program: &Path) -> Command {
    let runner = Runner {
        words: pinned_words(core),
        ..Runner::default()
    };
    runner.command(program)
}

/// Time until an answer came, whatever it said.
fn first_answer(address: SocketAddrV4, begin: Instant) -> Duration {
    use std::io::{Read, Write};
    while begin.elapsed() < START {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.set_read_timeout(Some(START));
            let asked = stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n");
            let mut byte = [0];
            if asked.is_ok() && matches!(stream.read(&mut byte), Ok(1)) {
                return begin.elapsed();
            }
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    panic!("nothing answers at {address}");
}
