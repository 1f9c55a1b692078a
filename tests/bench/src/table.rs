//! Tables of Markdown, and the numbers in them.
//!
//! Not its job: measuring.

/// A part of the report.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// What the table shows and how it was measured.
    pub text: String,
    /// First line of the table.
    pub head: Vec<String>,
    /// Other lines.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// An empty table.
    pub fn new(title: &'static str, text: impl Into<String>, head: &[&str]) -> Self {
        Section {
            title,
            text: text.into(),
            head: head.iter().map(|&word| word.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Another line.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The section as Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("## {}\n\n{}\n\n{}", self.title, self.text, line(&self.head));
        text += &line(&vec!["---".to_owned(); self.head.len()]);
        for row in &self.rows {
            text += &line(row);
        }
        text
    }
}

/// The middle one; of an even count, the mean of the middle two. 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

/// Three digits that mean something, as in 12,300 or 0.0451.
pub fn number(value: f64) -> String {
    if value >= 1000.0 {
        return thousands(value.round() as u64);
    }
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// With a comma between thousands.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.25 ×`.
pub fn times(value: f64) -> String {
    format!("{value:.2} ×")
}

/// KiB as MB with one digit after the point.
pub fn megabytes(kibibytes: u64) -> String {
    format!("{:.1}", kibibytes as f64 * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        assert_eq!(number(0.04512), "0.045");
        assert_eq!(number(1.2345), "1.23");
        assert_eq!(number(12.345), "12.3");
        assert_eq!(number(123.45), "123");
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(100_000), "100,000");
    }

    #[test]
    fn the_median_is_no_mean() {
        assert!((median(&[1.0, 100.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 100.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(&[]).abs() < f64::EPSILON);
    }

    #[test]
    fn a_section_is_a_heading_a_text_and_a_table() {
        let mut section = Section::new("Files", "What it is.", &["a", "b"]);
        section.row(["1".to_owned(), "2".to_owned()]);
        let expected = "## Files\n\nWhat it is.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n";
        assert_eq!(section.markdown(), expected);
    }
}
