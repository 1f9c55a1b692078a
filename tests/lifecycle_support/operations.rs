//! What can happen to a router, its user and two hosts, and random sequences of it.

use proptest::prelude::*;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Operation {
    /// The user arms a host.
    Arm { host: usize, window: u32 },
    /// The user arms a host for a look at its hardware.
    Discover { host: usize, window: u32 },
    /// The installer's environment reports the hardware.
    Hardware { card: usize, token: Token },
    /// From now on, option disk_serial of a host is this one of [`SERIALS`](super::driver::SERIALS), or not set.
    Guard { host: usize, serial: Option<usize> },
    /// The user takes it back.
    Disarm { host: usize },
    /// The iPXE of a card asks what to boot.
    Boot { card: usize, first_try: bool },
    /// An installer fetches the answer file.
    Fetch {
        card: usize,
        token: Token,
        claims: bool,
    },
    /// An installer asks to begin.
    Claim {
        card: usize,
        token: Token,
        nonce: u8,
        blank: bool,
        /// Which disk it has found; none when it cannot tell.
        serial: Option<usize>,
    },
    /// An installer says how far it is.
    Progress { card: usize, token: Token },
    /// An installer is done.
    Completed { card: usize, token: Token },
    /// An installer gave up.
    Failed { card: usize, token: Token },
    /// Time passes.
    Pass { seconds: u64 },
    /// The clock on the wall is set.
    WallClock { seconds: Option<u64> },
    /// The service is killed and started again; with it, maybe, the router.
    Restart { router: bool },
    /// The service is killed, or the power fails, while something else happens.
    Crash {
        during: Box<Operation>,
        point: Point,
        power: bool,
    },
    /// Nothing can be written there while something else happens.
    Unwritten {
        during: Box<Operation>,
        medium: Medium,
    },
    /// The service is killed, its state file changes, and it is started again; with it, maybe, the router.
    Tamper { how: Tampering, router: bool },
    /// A host is taken out of the configuration.
    Remove { host: usize },
    /// A host is configured (again) with these cards, as far as they are free.
    Configure { host: usize, cards: [bool; CARDS] },
}

/// Cards that exist.
pub const CARDS: usize = 4;

/// Which token is shown.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// The last one of the card's host.
    Latest,
    /// Any that was ever issued, to whatever host.
    Issued(usize),
    /// One that was never issued.
    Garbage(usize),
}

/// What takes no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Where the state file is.
    Flash,
    /// Where the note is that vouches for it.
    Ram,
}

/// Where a crash comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Nothing is on flash yet.
    BeforeWrite,
    /// Half of what is new is on flash.
    HalfWritten,
    /// The state file is on flash, the generation in RAM is the old one.
    AfterFile,
    /// All is written, and nobody has been answered.
    AfterRam,
}

/// What becomes of the state file.
#[derive(Debug, Clone)]
pub enum Tampering {
    /// It is gone.
    Lose,
    /// It ends early.
    Truncate(usize),
    /// One of its bytes is another one.
    Change { at: usize, byte: u8 },
    /// It is something else.
    Garbage(Vec<u8>),
    /// An earlier one is put back.
    Restore(usize),
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        6 => Just(Token::Latest),
        2 => any::<usize>().prop_map(Token::Issued),
        1 => any::<usize>().prop_map(Token::Garbage),
    ]
}

fn request() -> impl Strategy<Value = Operation> {
    let host = 0..2_usize;
    let card = 0..CARDS;
    // Those that a host has at first come more often.
    let card = prop_oneof![3 => Just(0), 2 => Just(2), 2 => card];
    prop_oneof![
        5 => (host.clone(), prop_oneof![Just(60), Just(600), Just(7200)])
            .prop_map(|(host, window)| Operation::Arm { host, window }),
        2 => (host.clone(), prop_oneof![Just(60), Just(600)])
            .prop_map(|(host, window)| Operation::Discover { host, window }),
        1 => host.prop_map(|host| Operation::Disarm { host }),
        6 => (card.clone(), prop::bool::weighted(0.7))
            .prop_map(|(card, first_try)| Operation::Boot { card, first_try }),
        3 => (card.clone(), token(), prop::bool::weighted(0.7))
            .prop_map(|(card, token, claims)| Operation::Fetch { card, token, claims }),
        6 => (card.clone(), token(), 0..3_u8, any::<bool>(), serial())
            .prop_map(|(card, token, nonce, blank, serial)| Operation::Claim { card, token, nonce, blank, serial }),
        2 => (card.clone(), token()).prop_map(|(card, token)| Operation::Hardware { card, token }),
        1 => (card.clone(), token()).prop_map(|(card, token)| Operation::Progress { card, token }),
        3 => (card.clone(), token()).prop_map(|(card, token)| Operation::Completed { card, token }),
        1 => (card, token()).prop_map(|(card, token)| Operation::Failed { card, token }),
    ]
}

fn serial() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 4 => Just(Some(0)), 1 => Just(Some(1))]
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        1 => Just(Tampering::Lose),
        1 => any::<usize>().prop_map(Tampering::Truncate),
        2 => (any::<usize>(), prop_oneof![any::<u8>(), b'0'..=b'9'])
            .prop_map(|(at, byte)| Tampering::Change { at, byte }),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Tampering::Garbage),
        5 => any::<usize>().prop_map(Tampering::Restore),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let point = prop_oneof![
        Just(Point::BeforeWrite),
        Just(Point::HalfWritten),
        Just(Point::AfterFile),
        Just(Point::AfterRam)
    ];
    prop_oneof![
        24 => request(),
        3 => prop_oneof![Just(1), Just(59), Just(61), Just(600), Just(7201)]
            .prop_map(|seconds| Operation::Pass { seconds }),
        1 => prop_oneof![Just(None), Just(Some(0)), Just(Some(4_102_444_800)), Just(Some(u64::MAX))]
            .prop_map(|seconds| Operation::WallClock { seconds }),
        1 => prop::bool::weighted(0.3).prop_map(|router| Operation::Restart { router }),
        3 => (request(), point, prop::bool::weighted(0.3)).prop_map(|(during, point, power)| {
            Operation::Crash { during: Box::new(during), point, power }
        }),
        3 => (request(), prop_oneof![Just(Medium::Flash), Just(Medium::Ram)]).prop_map(|(during, medium)| {
            Operation::Unwritten { during: Box::new(during), medium }
        }),
        2 => (tampering(), prop::bool::weighted(0.3))
            .prop_map(|(how, router)| Operation::Tamper { how, router }),
        2 => (0..2_usize, serial()).prop_map(|(host, serial)| Operation::Guard { host, serial }),
        1 => (0..2_usize).prop_map(|host| Operation::Remove { host }),
        2 => (0..2_usize, any::<[bool; CARDS]>())
            .prop_map(|(host, cards)| Operation::Configure { host, cards }),
    ]
}

/// Sequences of that length at most.
pub fn operations(longest: usize) -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(operation(), 1..longest)
}
