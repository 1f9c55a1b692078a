//! The command line: one file per command.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service cannot be reached.

pub mod adopt;
pub mod apply;
mod arm;
mod boot_files;
mod check;
mod client;
mod commit;
mod explain;
mod hardware;
mod help;
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
        let command = arguments.subcommand().ok().flatten();
        output::print(&help::of(command.as_deref()));
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
    let mut invocation = Invocation {
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
            let command = invocation.optional_word()?;
            invocation.end()?;
            output::print(&help::of(command.as_deref()));
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::Usage(format!("there is no command '{command}'"))),
    }
}

fn version() -> Result<ExitCode, Failure> {
    output::print(&format!("kickstand {}\n", env!("CARGO_PKG_VERSION")));
    Ok(ExitCode::SUCCESS)
}
