//! What a system under test must be able to do, whatever it is made of.

use kickstand::core::lifecycle::{Now, Record};

use super::operations::{Medium, Point};

/// A run of an installer, as it claims.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub nonce: &'static str,
    pub blank: bool,
    pub serial: Option<&'static str>,
}

/// kickstand, seen from outside, with its files within reach.
pub trait System {
    /// A system that was started once without any host and without a state file.
    fn new(now: &Now) -> Self;

    /// The time is this from now on.
    fn set_time(&mut self, now: &Now);
    /// The configuration is this from now on.
    fn configure(&mut self, uci: &str);

    /// The user arms a host. Whether it was accepted; so in all that follow.
    fn arm(&mut self, host: &str, window: u32) -> bool;
    /// The user arms it for a look at its hardware.
    fn discover(&mut self, host: &str, window: u32) -> bool;
    /// The hardware is reported.
    fn hardware(&mut self, card: &str, token: &str) -> bool;
    /// The user takes it back.
    fn disarm(&mut self, host: &str) -> bool;
    /// An iPXE asks; the token when it is told to install.
    fn boot(&mut self, card: &str, first_try: bool) -> Option<String>;
    /// An installer fetches its answer file, which claims or does not.
    fn fetch(&mut self, card: &str, token: &str, claims: bool) -> bool;
    /// An installer claims.
    fn claim(&mut self, card: &str, token: &str, run: Run) -> bool;
    /// An installer says how far it is.
    fn progress(&mut self, card: &str, token: &str) -> bool;
    /// An installer is done.
    fn completed(&mut self, card: &str, token: &str) -> bool;
    /// An installer gave up.
    fn failed(&mut self, card: &str, token: &str) -> bool;

    /// What is known of a host now.
    fn record(&mut self, host: &str) -> Record;

    /// Whatever is written next is written up to that point only. What comes after it does not happen.
    fn crash_at(&mut self, point: Point);
    /// Nothing can be written there from now on; without a medium, everything can again. What has no files takes no notice.
    fn block(&mut self, _medium: Option<Medium>) {}
    /// Starts the service again, with the router when `now` is of another start of it.
    fn restart(&mut self, now: &Now);
    /// The state file.
    fn flash(&self) -> Option<Vec<u8>>;
    /// Another state file.
    fn set_flash(&mut self, text: Option<&[u8]>);
}
