//! Where the service's log lines go: notes to standard output, warnings and errors to standard error.
//!
//! procd logs what it reads there as daemon.info and daemon.err (`instance_stdout` and `instance_stderr` in its
//! service/instance.c), and adds the time. Not its job: what is worth a line.

use std::io::{Write, stderr, stdout};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Logger;

/// From here on, lines of this level and those that matter more are written.
pub fn start(level: LevelFilter) {
    // A logger that was set before is as good.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // In one piece, so that lines of both do not run into each other where both go to one file.
        let line = format!(
            "{:<5} [{}] {}\n",
            record.level(),
            record.target(),
            record.args()
        );
        // Nobody is left to tell when that fails.
        let _ = match record.level() {
            Level::Error | Level::Warn => stderr().lock().write_all(line.as_bytes()),
            Level::Info | Level::Debug | Level::Trace => {
                let mut out = stdout().lock();
                out.write_all(line.as_bytes()).and_then(|()| out.flush())
            }
        };
    }

    fn flush(&self) {}
}
