//! The methods of the ubus object, with their arguments and who may call them.
//!
//! Not its job: what they do (`object`).

use crate::host::ubus::ArgumentKind::{Flag, Integer, Text};
use crate::host::ubus::{MethodSpec, Right};

/// All methods.
pub const METHODS: &[MethodSpec] = &[
    MethodSpec {
        name: "status",
        arguments: &[
            ("offset", Integer),
            ("limit", Integer),
            ("filter", Text),
            ("sort", Text),
            ("phase", Text),
        ],
        right: Right::Read,
    },
    MethodSpec {
        name: "overview",
        arguments: &[],
        right: Right::Read,
    },
    MethodSpec {
        name: "host",
        arguments: &[("name", Text)],
        right: Right::Read,
    },
    MethodSpec {
        name: "explain",
        arguments: &[("mac", Text)],
        right: Right::Read,
    },
    MethodSpec {
        name: "render",
        arguments: &[("host", Text), ("what", Text), ("diff", Flag)],
        right: Right::Read,
    },
    MethodSpec {
        name: "profiles",
        arguments: &[],
        right: Right::Read,
    },
    MethodSpec {
        name: "hardware",
        arguments: &[("host", Text)],
        right: Right::Read,
    },
    MethodSpec {
        name: "webhooks",
        arguments: &[],
        right: Right::Read,
    },
    MethodSpec {
        name: "check",
        arguments: &[("host", Text), ("release", Text)],
        right: Right::Read,
    },
    MethodSpec {
        name: "arm",
        arguments: &[
            ("host", Text),
            ("window", Integer),
            ("confirm", Text),
            ("force", Flag),
            ("discover", Flag),
        ],
        right: Right::Write,
    },
    MethodSpec {
        name: "disarm",
        arguments: &[("host", Text)],
        right: Right::Write,
    },
    MethodSpec {
        name: "adopt",
        arguments: &[("mac", Text), ("name", Text), ("profile", Text)],
        right: Right::Write,
    },
    MethodSpec {
        name: "forget",
        arguments: &[("mac", Text)],
        right: Right::Write,
    },
    MethodSpec {
        name: "wake",
        arguments: &[("host", Text)],
        right: Right::Write,
    },
    MethodSpec {
        name: "webhook_test",
        arguments: &[("name", Text)],
        right: Right::Write,
    },
    MethodSpec {
        name: "report",
        arguments: &[
            ("kind", Text),
            ("action", Text),
            ("mac", Text),
            ("address", Text),
            ("hostname", Text),
            ("vendor_class", Text),
            ("file", Text),
            ("size", Integer),
        ],
        right: Right::Router,
    },
];
