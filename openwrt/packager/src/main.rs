//! Arguments → one step of packaging → exit code. `make package` calls every step in its order.
//!
//! Not its job: the steps themselves (the library's modules).

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = pico_args::Arguments::from_env();
    match arguments.subcommand() {
        Ok(Some(step)) => {
            eprintln!("kickstand-packager: there is no step '{step}'");
            ExitCode::from(2)
        }
        _ => {
            eprintln!("kickstand-packager: name a step");
            ExitCode::from(2)
        }
    }
}
