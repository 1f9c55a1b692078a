//! JSON → the tables of ubus, within what ubus can carry.

use serde_json::Value;
use ubus::wire::MAX_MSG_LEN;
use ubus::{BlobMsgTable, UbusError};

/// Bytes left for the envelope around a table: object, method and lengths.
const ENVELOPE: usize = 4 * 1024;

/// Levels of arrays and objects that ubus-zero writes. Counted here too, since the size is reckoned by recursion.
const DEEPEST: usize = 64;

/// Why a value cannot be sent, as a sentence.
pub type Unsendable = String;

/// A table of the members of an object.
///
/// The size is reckoned beforehand: the encoder panics on what does not fit its length fields, and a panic ends the daemon.
pub(super) fn table(value: &Value) -> Result<BlobMsgTable, Unsendable> {
    let size = bytes(value)?;
    if size > MAX_MSG_LEN - ENVELOPE {
        return Err(format!(
            "{size} bytes are more than a message of ubus can carry"
        ));
    }
    ubus::json::json_to_blobmsg(value).map_err(|error| match error {
        UbusError::Method(sentence) => sentence,
        other => other.to_string(),
    })
}

/// Replaces NUL, which no string of ubus can hold, by U+FFFD: texts that machines tell about themselves may have one.
pub(super) fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(elements) => elements.iter_mut().for_each(replace_nul),
        Value::Object(members) => members.values_mut().for_each(replace_nul),
        _ => {}
    }
}

/// Bytes that a value takes in a message.
pub fn bytes(value: &Value) -> Result<usize, Unsendable> {
    size(0, value, 0)
}

/// Bytes that a value takes with its header, its name and what aligns them to four.
fn size(name: usize, value: &Value, depth: usize) -> Result<usize, Unsendable> {
    if depth > DEEPEST {
        return Err(format!("more than {DEEPEST} levels of nesting"));
    }
    let payload = match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 1,
        Value::Array(elements) => elements
            .iter()
            .map(|element| size(0, element, depth + 1))
            .sum::<Result<_, _>>()?,
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| size(name.len(), member, depth + 1))
            .sum::<Result<_, _>>()?,
    };
    Ok(4 + (name + 3).next_multiple_of(4) + payload.next_multiple_of(4))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_reckoned_size_is_the_real_one() {
        for value in [
            json!({}),
            json!({"a": null, "bc": true, "def": 1, "": -1.5, "long name": "text"}),
            json!({"list": [1, "two", [], {"three": [null]}], "table": {"x": {"y": "z"}}}),
        ] {
            let bytes = ubus::json::json_to_blobmsg(&value).unwrap();
            // The outermost table has a header of eight bytes that contents() leaves out.
            assert_eq!(
                size(0, &value, 0).unwrap(),
                bytes.contents().len() + 8,
                "{value}"
            );
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_not_a_panic() {
        let deep = (0..100).fold(json!(1), |inner, _| json!({"x": inner}));
        for value in [
            json!([]),
            json!(null),
            json!({"a": "x".repeat(17 << 20)}),
            json!({"x".repeat(70_000): 1}),
            deep,
        ] {
            assert!(table(&value).is_err());
        }
        assert!(table(&json!({"a": "x".repeat(1_000_000)})).is_ok());
    }

    #[test]
    fn nul_is_replaced_wherever_it_is() {
        let mut value = json!({"a": ["x\u{0}y", {"b": "\u{0}"}], "c": 1});
        replace_nul(&mut value);
        assert_eq!(
            value,
            json!({"a": ["x\u{fffd}y", {"b": "\u{fffd}"}], "c": 1})
        );
    }
}
