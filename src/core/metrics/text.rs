//! Prometheus' text exposition format, version 0.0.4: comments of each family, then its samples, a line each.
//!
//! Not its job: which families there are.

use std::fmt::{Display, Write};

/// What a family's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They grow until the service is started again.
    Counter,
    /// They come and go.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A text under way.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    /// Name of the family that is written.
    name: &'static str,
}

impl Text {
    /// Begins a family. Names end as Prometheus' conventions want it: a unit, and `_total` with counters. `help` is a plain
    /// sentence, without backslashes.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.name = name;
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A sample of the family. `suffix` is for those of a histogram.
    pub fn sample(&mut self, suffix: &str, labels: &[(&'static str, &str)], value: impl Display) {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        for (index, (label, word)) in labels.iter().enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(label);
            self.text.push_str("=\"");
            for character in word.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    other => self.text.push(other),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// A family of one sample without labels.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample("", &[], value);
    }

    /// All that was written.
    pub fn finish(self) -> String {
        self.text
    }
}
