//! Arguments → command → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    kickstand::cli::main(std::env::args_os().skip(1).collect())
}
