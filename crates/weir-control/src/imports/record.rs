//! One line of a file: a record and its columns.

use std::borrow::Cow;

use weir_rules::nearest;

/// The columns there are.
pub(super) const COLUMNS: [&str; 14] = [
    "record", "party", "account", "name", "kind", "lei", "ror", "claim", "value", "level", "by", "evidence", "expires",
    "key",
];

/// Where a column is in [`COLUMNS`]; none for a name that is none of them.
pub(super) fn column(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| *column == name)
}

/// What to say of a name that is no column.
pub(super) fn no_column(name: &str) -> String {
    no_such("column", name, &COLUMNS)
}

/// What to say of a word that is none of the known.
pub(super) fn no_such(what: &str, word: &str, known: &[&str]) -> String {
    let shown: String = word.chars().take(64).collect();
    let near = nearest(word, known.iter().copied());
    match near.is_empty() {
        true => format!("there is no {what} `{shown}`; there are: {}", known.join(", ")),
        false => format!("there is no {what} `{shown}`; nearest: {}", near.join(", ")),
    }
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Party,
    Account,
    Claim,
    Key,
}

impl Kind {
    pub(super) const WORDS: [&str; 4] = ["party", "account", "claim", "key"];

    pub(super) fn read(word: &str) -> Option<Kind> {
        match word {
            "party" => Some(Kind::Party),
            "account" => Some(Kind::Account),
            "claim" => Some(Kind::Claim),
            "key" => Some(Kind::Key),
            _ => None,
        }
    }

    /// The columns that such a record may fill.
    pub(super) const fn columns(self) -> &'static [&'static str] {
        match self {
            Kind::Party => &["record", "party", "name", "kind", "lei", "ror"],
            Kind::Account => &["record", "party", "account"],
            Kind::Claim => &["record", "party", "account", "claim", "value", "level", "by", "evidence", "expires"],
            Kind::Key => &["record", "party", "account", "key"],
        }
    }
}

/// One record as it was read; a column left out is empty.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The line it begins on.
    pub(super) line: u64,
    /// In the order of [`COLUMNS`].
    pub(super) fields: [Cow<'a, str>; COLUMNS.len()],
}

impl Record<'_> {
    pub(super) fn get(&self, name: &str) -> &str {
        column(name).map_or("", |place| &self.fields[place])
    }

    /// A column that may be left out.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|text| !text.is_empty())
    }
}
