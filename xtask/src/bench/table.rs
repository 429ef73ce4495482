//! The table at the end: each row with its bar, held or missed.

/// What a row is held to.
pub(super) struct Bar {
    is_held: bool,
    text: String,
}

impl Bar {
    /// A bar and whether it is held.
    pub(super) fn new(is_held: bool, text: &str) -> Bar {
        Bar { is_held, text: text.to_owned() }
    }
}

/// Rows in the order they were measured.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// Adds a measured row.
    pub(super) fn row(&mut self, what: &str, value: String, bar: Option<Bar>) {
        let (bar, verdict) = match bar {
            None => (String::new(), "".to_owned()),
            Some(bar) => (bar.text, if bar.is_held { "held".to_owned() } else { "MISSED".to_owned() }),
        };
        self.rows.push([what.to_owned(), value, bar, verdict]);
    }

    /// Adds a row that could not be measured, and why.
    pub(super) fn not_measured(&mut self, what: &str, why: &str) {
        let why = why.lines().collect::<Vec<_>>().join(" ");
        self.rows.push([what.to_owned(), format!("not measured: {why}"), String::new(), String::new()]);
    }

    /// Prints it as a Markdown table, ready for `bench/README.md`.
    #[expect(clippy::print_stdout, reason = "the table is what the chore is for")]
    pub(super) fn print(&self) {
        println!("| what | measured | bar | |\n|---|---|---|---|");
        for [what, value, bar, verdict] in &self.rows {
            println!("| {what} | {value} | {bar} | {verdict} |");
        }
    }
}
