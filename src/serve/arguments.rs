//! Arguments of a ubus call: of the right type, or a sentence.
//!
//! Not its job: what they mean.

use serde_json::Value;

/// Longest text argument, in characters: a host name may have 253.
const LONGEST: usize = 256;

/// The arguments of a call. What nobody asks for is ignored: uhttpd adds `ubus_rpc_session` to every call.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a>(pub &'a Value);

impl Arguments<'_> {
    /// A text without the blanks around it. An empty one is none, as forms send it.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.trim(),
            Some(_) => return Err(format!("{name} must be a text")),
        };
        if text.chars().count() > LONGEST {
            return Err(format!("{name} may have {LONGEST} characters"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A text that counts even when it is empty, as a field that must be filled in and was not.
    pub fn given_text(&self, name: &str) -> Result<Option<String>, String> {
        let text = self.text(name)?;
        let is_given = !matches!(self.0.get(name), None | Some(Value::Null));
        Ok(is_given.then(|| text.unwrap_or_default()))
    }

    /// A text that must be there.
    pub fn needed(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// True or false, as JSON, or as the number or text that `ubus call` and forms make of it.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(value) => match value.as_str().map(str::trim) {
                Some("" | "0" | "false") => Ok(false),
                Some("1" | "true") => Ok(true),
                None if value.as_u64() == Some(0) => Ok(false),
                None if value.as_u64() == Some(1) => Ok(true),
                _ => Err(format!("{name} must be true or false")),
            },
        }
    }

    /// A whole number, or a text that is one: `ubus call` and LuCI send either.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let number = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_u64(),
        };
        let wrong = || format!("{name} must be a whole number, 0 or more");
        number.map(Some).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_a_text_and_an_empty_one_is_none() {
        let arguments = json!({"a": " x ", "b": "", "c": null, "d": 5, "e": "é".repeat(257)});
        let arguments = Arguments(&arguments);
        assert_eq!(arguments.text("a"), Ok(Some("x".to_owned())));
        for none in ["b", "c", "missing"] {
            assert_eq!(arguments.text(none), Ok(None), "{none}");
            let missing = Err(format!("{none} is missing"));
            assert_eq!(arguments.needed(none), missing);
            let empty = (none == "b").then(String::new);
            assert_eq!(arguments.given_text(none), Ok(empty), "{none}");
        }
        assert_eq!(arguments.text("d"), Err("d must be a text".to_owned()));
        let long = Err("e may have 256 characters".to_owned());
        assert_eq!(arguments.text("e"), long);
    }

    #[test]
    fn a_number_may_be_a_text_of_digits() {
        let arguments =
            json!({"a": 7, "b": "7", "c": "", "d": -1, "e": 1.5, "f": [], "g": true, "h": "7x"});
        let arguments = Arguments(&arguments);
        assert_eq!(arguments.number("a"), Ok(Some(7)));
        assert_eq!(arguments.number("b"), Ok(Some(7)));
        assert_eq!(arguments.number("c"), Ok(None));
        for wrong in ["d", "e", "f", "g", "h"] {
            let sentence = format!("{wrong} must be a whole number, 0 or more");
            assert_eq!(arguments.number(wrong), Err(sentence));
        }
    }

    #[test]
    fn a_flag_is_true_or_false_in_any_form() {
        let arguments =
            json!({"a": true, "b": 1, "c": "1", "d": false, "e": 0, "f": "", "g": 2, "h": "yes"});
        let arguments = Arguments(&arguments);
        for (name, flag) in [
            ("a", true),
            ("b", true),
            ("c", true),
            ("d", false),
            ("e", false),
            ("f", false),
            ("z", false),
        ] {
            assert_eq!(arguments.flag(name), Ok(flag), "{name}");
        }
        for wrong in ["g", "h"] {
            let sentence = format!("{wrong} must be true or false");
            assert_eq!(arguments.flag(wrong), Err(sentence));
        }
    }

    #[test]
    fn arguments_that_are_no_object_are_none() {
        for odd in [json!(null), json!([1]), json!("x"), json!(3)] {
            assert_eq!(Arguments(&odd).text("host"), Ok(None), "{odd}");
        }
    }
}
