//! The findings as a table for the terminal.

use crate::numbers::{bits, count, moment};
use crate::text::{cut, plain};
use crate::{Dossier, State, Status};

const HEAD: [&str; 8] = ["FINDING", "STATUS", "ACCOUNTS", "EXCHANGES", "ALARM (UTC)", "LINK", "HARVEST", "CONCEAL"];

/// Which columns are numbers and stand to the right.
const RIGHT: [bool; 8] = [false, false, true, true, false, true, true, true];

/// A table of findings, one line each with its template below, ending in a line
/// feed. Nothing from the log can steer the terminal.
#[must_use]
pub fn table(dossiers: &[Dossier]) -> String {
    if dossiers.is_empty() {
        return "No findings.\n".to_owned();
    }
    let rows: Vec<[String; 8]> = dossiers.iter().map(row).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).max(HEAD[column].len())
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = line(&HEAD.map(str::to_owned), &widths);
    for (dossier, row) in dossiers.iter().zip(&rows) {
        text.push_str(&line(row, &widths));
        if let Some(family) = dossier.families.first() {
            text.push_str(&format!("  “{}”\n", cut(&plain(&family.template), 90)));
        }
    }
    text
}

fn row(dossier: &Dossier) -> [String; 8] {
    let status = match dossier.status {
        Status::Campaign => "campaign",
        Status::Suspected => "suspected",
    };
    let state = match dossier.state {
        State::Growing => ", growing",
        State::Quiet => ", quiet",
    };
    [
        cut(&plain(&dossier.id), 40),
        format!("{status}{state}"),
        count(dossier.accounts),
        count(dossier.exchanges),
        moment(dossier.alarm),
        bits(dossier.axes.linkage),
        bits(dossier.axes.harvest),
        dossier.axes.concealment.map_or_else(|| "n/a".to_owned(), bits),
    ]
}

fn line(cells: &[String; 8], widths: &[usize; 8]) -> String {
    let mut text = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(RIGHT) {
        let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
        if right {
            text.push_str(&gap);
        }
        text.push_str(cell);
        if !right {
            text.push_str(&gap);
        }
        text.push_str("  ");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_is_said() {
        assert_eq!(table(&[]), "No findings.\n");
    }
}
