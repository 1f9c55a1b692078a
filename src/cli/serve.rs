//! `kickstand serve`: the service, in the foreground. procd keeps it running.

use std::process::ExitCode;

use super::{Failure, Invocation};

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let level = if invocation.arguments.contains("--verbose") {
        log::LevelFilter::Debug
    } else {
        log::LevelFilter::Info
    };
    let paths = invocation.paths.clone();
    invocation.end()?;
    // procd's log has its own times. A logger that was set before is as good.
    let _ = simple_logger::SimpleLogger::new().with_level(level).init();
    crate::serve::run(&paths).map_err(Failure::Failed)?;
    Ok(ExitCode::SUCCESS)
}
