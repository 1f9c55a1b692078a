//! How long things took, in buckets.
//!
//! Not its job: which things.

use super::text::Text;

/// Upper ends of the buckets, in seconds: a small virtual machine takes one minute, a large server over a slow mirror an hour.
const ENDS: [u64; 9] = [60, 120, 180, 300, 600, 900, 1200, 1800, 3600];

/// Counts of what took so long.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// Of each bucket alone.
    counts: [u64; ENDS.len()],
    count: u64,
    sum: u64,
}

impl Histogram {
    /// One more took so many seconds.
    pub fn add(&mut self, seconds: u64) {
        if let Some(bucket) = ENDS.iter().position(|end| seconds <= *end) {
            self.counts[bucket] += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(seconds);
    }

    /// Its samples, in a family that is begun.
    pub fn write(&self, text: &mut Text, label: (&'static str, &str)) {
        let mut below = 0;
        for (end, count) in ENDS.iter().zip(&self.counts) {
            below += count;
            text.sample("_bucket", &[label, ("le", &end.to_string())], below);
        }
        text.sample("_bucket", &[label, ("le", "+Inf")], self.count);
        text.sample("_sum", &[label], self.sum);
        text.sample("_count", &[label], self.count);
    }
}
