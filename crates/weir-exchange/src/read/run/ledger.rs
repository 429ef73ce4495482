//! Puts what was seen of a file's parts together in the file's order, whatever
//! the order in which they were read, so that a report never depends on timing.

use std::collections::BTreeMap;

use super::super::report::{ReadFile, ReadReport};
use super::super::{ReadError, ReadLimits};

/// Bad lines kept of one part; no report keeps more of a whole reading.
const BAD_LINES_KEPT: usize = 20;

/// What was seen of one part of a file.
#[derive(Debug, Default)]
pub(crate) struct UnitReport {
    /// Lines without the bad ones.
    pub(crate) lines: u64,
    pub(crate) records: u64,
    pub(crate) skipped: u64,
    pub(crate) bad: Bad,
    /// The number of the last line seen, or 0.
    pub(crate) last_line: u64,
    /// Set in a file's last part: whether it ended well.
    pub(crate) end: Option<Result<(), String>>,
    /// What broke inside this part, where something did.
    pub(crate) damage: Option<String>,
    /// The file's digest, where it was asked for and this part brings it.
    pub(crate) file: Option<ReadFile>,
}

/// Bad lines: all counted, the first ones kept.
#[derive(Debug, Default)]
pub(crate) struct Bad {
    pub(super) count: u64,
    first: Vec<(u64, String)>,
}

impl UnitReport {
    pub(crate) fn note_bad(&mut self, line: u64, reason: String) {
        self.bad.count += 1;
        self.last_line = line;
        if self.bad.first.len() < BAD_LINES_KEPT {
            self.bad.first.push((line, reason));
        }
    }
}

/// What was seen of one file.
#[derive(Debug)]
pub(super) struct Ledger {
    report: ReadReport,
    limits: ReadLimits,
    waiting: BTreeMap<u64, UnitReport>,
    next: u64,
    last_line: u64,
}

impl Ledger {
    pub(super) fn new(file: String, limits: ReadLimits) -> Self {
        let report = ReadReport::of_file(file);
        Self { report, limits, waiting: BTreeMap::new(), next: 0, last_line: 0 }
    }

    /// Takes the report of the part at `place`.
    pub(super) fn record(&mut self, place: u64, unit: UnitReport) -> Result<(), ReadError> {
        self.waiting.insert(place, unit);
        while let Some(unit) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.fold(unit)?;
        }
        Ok(())
    }

    fn fold(&mut self, unit: UnitReport) -> Result<(), ReadError> {
        let report = &mut self.report;
        report.lines += unit.lines;
        report.records += unit.records;
        report.skipped += unit.skipped;
        let unnamed = unit.bad.count - unit.bad.first.len() as u64;
        for (line, reason) in &unit.bad.first {
            report.note_bad(*line, reason);
        }
        report.lines += unnamed;
        report.bad += unnamed;
        self.last_line = self.last_line.max(unit.last_line);
        report.files.extend(unit.file);
        if let Some(reason) = &unit.damage {
            report.note_damage(self.last_line, reason);
        }
        match unit.end {
            None => report.judge(&self.limits, false),
            Some(end) => {
                if let Err(reason) = end {
                    report.note_damage(self.last_line, &reason);
                }
                report.judge(&self.limits, true)
            }
        }
    }

    pub(super) fn report(&self) -> &ReadReport {
        &self.report
    }
}
