//! One attempt of a delivery to a server that wants TLS: the router's own `uclient-fetch` sends it, beside the one thread that
//! serves.
//!
//! TLS of our own would take a quarter more room (docs/SECURITY.md). Not its job: what its words mean
//! (`core::webhook::uclient_fetch`), whether it is tried again (`core::webhook::queue`).

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};

use crate::core::webhook::Webhook;
use crate::core::webhook::queue::{Delivery, Outcome};
use crate::core::webhook::uclient_fetch::{arguments, outcome};

/// For all of it: two name servers that do not answer, the certificates, a server that takes its time.
const TIME: Duration = Duration::from_secs(25);
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(50);
/// That run at once. Each takes some megabytes: the list of certificates alone is read whole.
const MOST: usize = 2;
/// Places of those that run. Who finds none waits.
static PLACES: Semaphore = Semaphore::const_new(MOST);
/// Stack of the thread that waits for one, in bytes.
const STACK: usize = 128 * 1024;
/// Most of its words that are looked at, in bytes. A pipe holds 64 KiB, and it writes a line each second.
const WORDS: u64 = 8 * 1024;

/// Sends a delivery once; `number` is that of the attempt. A failure is a sentence, and worth another attempt.
pub async fn post(program: PathBuf, to: &Webhook, delivery: &Delivery, number: u32) -> Outcome {
    // The semaphore is never closed.
    let _place = PLACES.acquire().await;
    let arguments = arguments(to, delivery, number);
    let (tell, told) = oneshot::channel();
    let work = move || {
        // Nobody waits any more: the service ends.
        let _ = tell.send(run(&program, &arguments));
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    let ended = match thread {
        Ok(_) => told
            .await
            .unwrap_or_else(|_| Err("the thread that waited for uclient-fetch ended".to_owned())),
        Err(error) => Err(format!("there is no thread for uclient-fetch: {error}")),
    };
    ended.unwrap_or_else(Outcome::failure)
}

fn run(program: &Path, arguments: &[String]) -> Result<Outcome, String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!(
                "https needs {}, which is not there: install the packages uclient-fetch and ca-bundle, and restart kickstand",
                program.display()
            ),
            _ => format!("{} does not run: {error}", program.display()),
        })?;
    let code = wait(&mut child);
    if code.is_err() {
        let _ = child.kill();
        let _ = child.wait();
        if says_something(&mut child) {
            return Ok(Outcome::Delivered(
                "it took it, and did not end its answer".to_owned(),
            ));
        }
    }
    let mut said = Vec::new();
    if let Some(words) = child.stderr.take() {
        let _ = words.take(WORDS).read_to_end(&mut said);
    }
    Ok(outcome(code?, &String::from_utf8_lossy(&said)))
}

/// Whether a body has come, which it passes on of a good answer alone.
fn says_something(child: &mut Child) -> bool {
    let mut first = [0];
    let came = child.stdout.take().map(|mut body| body.read(&mut first));
    matches!(came, Some(Ok(1)))
}

/// Its exit code; none when a signal ended it.
fn wait(child: &mut Child) -> Result<Option<i32>, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if start.elapsed() < TIME => thread::sleep(LOOK),
            Ok(None) => {
                return Err(format!(
                    "it did not end its answer within {} s",
                    TIME.as_secs()
                ));
            }
            Err(error) => return Err(format!("uclient-fetch was lost: {error}")),
        }
    }
}
