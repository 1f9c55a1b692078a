//! `kickstand serve`: the service, in the foreground. procd keeps it running.

use std::process::ExitCode;

use super::{Failure, Invocation, logger};

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let level = if invocation.arguments.contains("--verbose") {
        log::LevelFilter::Debug
    } else {
        log::LevelFilter::Info
    };
    let paths = invocation.paths.clone();
    invocation.end()?;
    logger::start(level);
    crate::serve::run(&paths).map_err(Failure::Failed)?;
    Ok(ExitCode::SUCCESS)
}
