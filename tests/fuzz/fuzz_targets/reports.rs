//! Any sequence of reports and questions of the host's own machine, each a line: one run is granted, and nothing that is shown has the
//! token or a character that moves others.
//!
//! `TOKEN` stands for the token.
#![no_main]

use std::cell::RefCell;
use std::collections::BTreeSet;

use kickstand::core::target::Query;
use kickstand::serve::boot::Answer;
use kickstand::serve::engine::Engine;
use kickstand_fuzz::{OWN, arm, armed_engine, disturbs};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Lines of one sequence: each may write the state.
const MOST: usize = 12;

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(armed_engine());
}

fuzz_target!(|input: &str| {
    ENGINE.with(|engine| run(&mut engine.borrow_mut(), input));
});

fn boot(engine: &mut Engine) -> Option<String> {
    let query = Query::parse("mac=52:54:00:00:00:01&platform=efi&try=2");
    let Answer::Text(script) = engine.boot(OWN, &query) else {
        return None;
    };
    let (_, rest) = script.split_once("?token=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn run(engine: &mut Engine, input: &str) {
    // What the last sequence left behind.
    engine.call("disarm", &json!({"host": "h"}));
    arm(engine);
    let token = boot(engine).expect("it is armed");
    let mut runs = BTreeSet::new();
    for line in input.lines().take(MOST) {
        let line = line.replace("TOKEN", &token);
        if line.starts_with("boot") {
            boot(engine);
            continue;
        }
        let query = Query::parse(&format!("mac=52:54:00:00:00:01&{line}"));
        let answer = engine.report(OWN, &query);
        if answer == Answer::Text("granted\n".to_owned()) {
            assert_eq!(query.get("token"), Some(token.as_str()), "{line}");
            if query.get("event") == Some("claim") {
                runs.insert(query.get("nonce").unwrap_or_default().chars().take(64).collect::<String>().trim().to_owned());
            }
        }
    }
    assert!(runs.len() <= 1, "{runs:?}");
    for (method, arguments) in [("status", json!({})), ("host", json!({"name": "h"}))] {
        let told = engine.call(method, &arguments);
        assert!(!told.to_string().contains(&token), "{told}");
        judge(&told);
    }
}

fn judge(value: &Value) {
    match value {
        Value::String(text) => assert!(!disturbs(text), "{text:?}"),
        Value::Array(values) => values.iter().for_each(judge),
        Value::Object(values) => values.values().for_each(judge),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
