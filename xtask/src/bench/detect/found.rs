//! Tables of runs: what was found, what was flagged, how late.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plan::Job;
use super::wilson::share;

/// What the runs of one row gave together.
#[derive(Default)]
struct Row {
    runs: usize,
    campaigns: usize,
    found: usize,
    suspected: usize,
    accounts: f64,
    inside: f64,
    listed: f64,
    hours: Vec<f64>,
    leaked: Vec<f64>,
    benign: usize,
    flagged: BTreeMap<String, usize>,
    false_campaigns: usize,
    false_suspected: usize,
}

impl Row {
    fn take(&mut self, line: &Value) {
        let score = &line["score"];
        self.runs += 1;
        for campaign in score["campaigns"].as_array().into_iter().flatten() {
            let number = |name: &str| campaign[name].as_f64().unwrap_or(0.0);
            self.campaigns += 1;
            if campaign["found"] == true {
                self.found += 1;
                self.suspected += usize::from(campaign["confirmed"] != true);
                self.accounts += number("accounts");
                self.inside += number("recall") * number("accounts");
                self.listed += number("recall") * number("accounts") / number("precision").max(1e-9);
                self.hours.extend(campaign["hours"].as_f64());
                self.leaked.push(number("leaked") / number("exchanges").max(1.0));
            }
        }
        self.benign += line["score"]["benign"].as_u64().unwrap_or(0) as usize;
        for (kind, count) in score["flagged"].as_object().into_iter().flatten() {
            *self.flagged.entry(kind.clone()).or_default() += count.as_u64().unwrap_or(0) as usize;
        }
        self.false_campaigns += score["false_campaigns"].as_u64().unwrap_or(0) as usize;
        self.false_suspected += score["false_suspected"].as_u64().unwrap_or(0) as usize;
    }

    /// Whether there was nothing to find and nothing was told.
    fn is_silent(&self) -> bool {
        self.campaigns == 0 && self.flagged.is_empty() && self.false_campaigns == 0 && self.false_suspected == 0
    }

    fn flagged(&self) -> String {
        if self.flagged.is_empty() {
            return "0".to_owned();
        }
        let each: Vec<String> = self.flagged.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        each.join(", ")
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn rows<'l>(lines: &[&'l (&Job, Value)]) -> Vec<(&'l str, Row)> {
    let mut rows: Vec<(&str, Row)> = Vec::new();
    for (job, line) in lines.iter().map(|line| (&line.0, &line.1)) {
        let place = rows.iter().position(|(name, _)| *name == job.row).unwrap_or_else(|| {
            rows.push((&job.row, Row::default()));
            rows.len() - 1
        });
        rows[place].1.take(line);
    }
    rows
}

/// Recall with its interval, accounts, alarms and what was flagged wrongly; with a sum
/// where the rows are of one kind.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
pub(super) fn print(lines: &[&(&Job, Value)], is_summed: bool) {
    println!(
        "| row | campaigns found | of them suspected | account recall | precision | hours to alarm | leaked | innocents flagged | false dossiers (suspected) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let rows = rows(lines);
    let (silent, told): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| row.is_silent());
    told.iter().for_each(|(name, row)| print_row(name, row));
    if is_summed && told.len() > 1 {
        let mut all = Row::default();
        lines.iter().for_each(|(_, line)| all.take(line));
        print_row("**all**", &all);
        println!("\n{} innocents, of whom {} are flagged.", all.benign, all.flagged.values().sum::<usize>());
    }
    if !silent.is_empty() {
        let names: Vec<String> = silent.iter().map(|(name, _)| format!("`{name}`")).collect();
        let runs: usize = silent.iter().map(|(_, row)| row.runs).sum();
        println!("\nWithout a campaign, nobody flagged and no dossier in any of {runs} logs: {}.", names.join(", "));
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
fn print_row(name: &str, row: &Row) {
    let of_found = |value: f64| if row.found == 0 { "–".to_owned() } else { format!("{value:.4}") };
    println!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} ({}) |",
        share(row.found, row.campaigns),
        row.suspected,
        of_found(row.inside / row.accounts.max(1.0)),
        of_found(row.inside / row.listed.max(1.0)),
        median(&row.hours).map_or("–".to_owned(), |hours| format!("{hours:.0}")),
        median(&row.leaked).map_or("–".to_owned(), |leaked| format!("{:.1} %", leaked * 100.0)),
        row.flagged(),
        row.false_campaigns,
        row.false_suspected,
    );
}

/// Benign populations: what was flagged, and the bound that follows.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
pub(super) fn print_benign(lines: &[&(&Job, Value)]) {
    println!("| row | populations | benign accounts | flagged | false dossiers (suspected) | bound at 95 % |");
    println!("|---|---|---|---|---|---|");
    for (name, row) in rows(lines) {
        // The rule of three, of populations: accounts of one are not apart.
        let bound = if row.flagged.is_empty() && row.false_campaigns == 0 {
            format!("{:.0} % of such populations", (100.0 * (1.0 - 0.05_f64.powf(1.0 / row.runs as f64))).min(100.0))
        } else {
            "–".to_owned()
        };
        println!(
            "| {name} | {} | {} | {} | {} ({}) | {bound} |",
            row.runs,
            row.benign,
            row.flagged(),
            row.false_campaigns,
            row.false_suspected
        );
    }
}
