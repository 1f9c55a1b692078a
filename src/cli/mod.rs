//! The command line: one file per command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the service cannot be reached.

pub mod adopt;
pub mod apply;
mod arm;
mod boot_files;
mod check;
mod client;
mod commit;
mod explain;
mod hardware;
mod inventory;
mod known_hosts;
mod logger;
mod output;
mod render;
mod serve;
mod status;
mod table;
mod watch;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

use pico_args::Arguments;

use crate::host::paths::Paths;

const HELP: &str = "\
kickstand - servers that install themselves, from an OpenWrt router

usage: kickstand [--root DIR] COMMAND …

what is going on
  status [HOST] [--json]       every host, or one with all that happened to it
  watch HOST [--json]          what happens to it, as it happens, until it is installed (0) or not (1)
  explain MAC|HOST [--json]    what that machine would be told to boot, and why
  render HOST [answer|ipxe|args]
                               what that host would get (answer is the default)
  render HOST --diff           how its answer file differs from the one that it was installed with (exit 1: it does)
  check [HOST|FILE…] [--release RHEL9] [--kind KIND] [--json]
                               what is wrong with an answer file: of all hosts, of some, of files (- is the input)
  hardware HOST [--json]       what that host's machine has, as `arm --discover` found it

what to do
  arm HOST… [--window SECONDS] [--force]
                               let each host install itself once: THIS WIPES ITS DISK at its next network boot;
                               not when its answer file has errors, but with --force
  arm --discover HOST… [--window SECONDS]
                               look at the hardware of each host at its next network boot: NO DISK IS WRITTEN, it powers off
  disarm HOST…                 take that back
  wake HOST…                   switch each host on over the network (Wake-on-LAN)
  adopt MAC NAME PROFILE       make an unknown machine a host
  forget MAC                   drop an unknown machine from the list
  import FILE [--update] [--dry-run]
                               hosts from a table, CSV or JSON (- is the input): all of it, or what is wrong with it
  export [--json]              all hosts as such a table, CSV or JSON
  known-hosts                  SSH host keys of installed hosts, as lines of ~/.ssh/known_hosts
  inventory [--list | --host NAME]
                               all hosts for Ansible: ansible-playbook -i INVENTORY
  webhook [NAME] [--json]      who is told by webhook what happens to hosts, and how that goes
  webhook NAME --test [--json] send it a test, and say what came back

what machines load first (root)
  boot-files [--json]          what is in tftp_root, what each kind of machine gets, what is missing
  boot-files add [--force] [--only ARCH] FILE…
                               check iPXE's files, or its ipxeboot.tar.gz, and put them in place
  boot-files fetch [--url URL] [--sha256 HEX] [ARCH…]
                               the same with iPXE's signed release from the Internet; ARCH: bios, x86_64, arm64

the service (root; the init script runs these)
  apply [--dry-run] [--remove] set up dnsmasq for network boot, or leave it as it was found
  serve                        run in the foreground

  version                      print the version (also --version)

options
  --root DIR                   look for every file below DIR instead of / (for tests and image builds)
  --json                       print JSON
  -h, --help                   print this

Settings are in /etc/config/kickstand: use `uci set kickstand.…` and `uci commit kickstand`.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the service cannot be reached.
";

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// It was tried and failed: exit code 1.
    Failed(String),
    /// It was not understood: exit code 2.
    Usage(String),
    /// The service did not answer: exit code 3.
    Unreachable(String),
}

impl From<pico_args::Error> for Failure {
    fn from(error: pico_args::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

/// What every command gets.
pub struct Invocation {
    paths: Paths,
    json: bool,
    arguments: Arguments,
}

impl Invocation {
    /// The next word that is no option.
    fn word(&mut self, what: &str) -> Result<String, Failure> {
        self.optional_word()?
            .ok_or_else(|| Failure::Usage(format!("{what} is missing")))
    }

    fn optional_word(&mut self) -> Result<Option<String>, Failure> {
        let word = self.arguments.opt_free_from_str::<String>()?;
        match word {
            Some(word) if word.starts_with('-') => {
                Err(Failure::Usage(format!("there is no option {word} here")))
            }
            word => Ok(word),
        }
    }

    /// All that is left; each must be a word.
    fn words(&mut self) -> Result<Vec<String>, Failure> {
        let mut words = Vec::new();
        while let Some(word) = self.optional_word()? {
            words.push(word);
        }
        Ok(words)
    }

    /// Nothing may be left.
    fn end(mut self) -> Result<(), Failure> {
        match self.optional_word()? {
            None => Ok(()),
            Some(word) => Err(Failure::Usage(format!("'{word}' is one word too many"))),
        }
    }
}

/// Runs a command line, without the program's name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    match run(Arguments::from_vec(arguments)) {
        Ok(code) => code,
        Err(Failure::Failed(why)) => complain(1, &why),
        Err(Failure::Usage(why)) => complain(2, &format!("{why}; `kickstand --help` shows how")),
        Err(Failure::Unreachable(why)) => complain(3, &why),
    }
}

fn complain(code: u8, why: &str) -> ExitCode {
    eprintln!("kickstand: {why}");
    ExitCode::from(code)
}

fn run(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    if arguments.contains(["-h", "--help"]) {
        output::print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.contains(["-V", "--version"]) {
        return version();
    }
    let root = arguments.opt_value_from_str::<_, String>("--root")?;
    let paths = Paths::new(root.as_deref().unwrap_or("/"));
    let json = arguments.contains("--json");
    let Some(command) = arguments.subcommand()? else {
        let option = arguments.finish().into_iter().next();
        let why = option.map_or("a command is missing".to_owned(), |option| {
            format!("there is no option {}", option.display())
        });
        return Err(Failure::Usage(why));
    };
    let invocation = Invocation {
        paths,
        json,
        arguments,
    };
    match command.as_str() {
        "status" => status::run(invocation),
        "watch" => watch::run(invocation),
        "explain" => explain::run(invocation),
        "render" => render::run(invocation),
        "check" => check::run(invocation),
        "hardware" => hardware::run(invocation),
        "arm" => arm::arm(invocation),
        "disarm" => arm::disarm(invocation),
        "wake" => arm::wake(invocation),
        "import" => table::import(invocation),
        "export" => table::export(invocation),
        "inventory" => inventory::run(invocation),
        "known-hosts" => known_hosts::run(invocation),
        "webhook" => webhook::run(invocation),
        "adopt" => adopt::adopt(invocation),
        "forget" => adopt::forget(invocation),
        "apply" => apply::command(invocation),
        "boot-files" => boot_files::run(invocation),
        "serve" => serve::run(invocation),
        "version" => version(),
        "help" => {
            output::print(HELP);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::Usage(format!("there is no command '{command}'"))),
    }
}

fn version() -> Result<ExitCode, Failure> {
    output::print(&format!("kickstand {}\n", env!("CARGO_PKG_VERSION")));
    Ok(ExitCode::SUCCESS)
}
