//! The table of baselines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plan::Job;
use super::wilson::share;

#[derive(Default)]
struct Sum {
    found: usize,
    campaigns: usize,
    recall: f64,
    runs: f64,
    benign: u64,
}

/// Each baseline at each budget, over all scenarios; apart where Splink was asked as well.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
pub(super) fn print(lines: &[&(&Job, Value)]) {
    let mut all: BTreeMap<(&str, String, u64), Sum> = BTreeMap::new();
    for (job, line) in lines.iter().map(|line| (&line.0, &line.1)) {
        let on = if job.row.contains(" among ") { "A1, A4 among 3,000" } else { "six adversaries among 5,000" };
        for campaign in line["score"]["campaigns"].as_array().into_iter().flatten() {
            let sum = all.entry((on, "Weir".to_owned(), 0)).or_default();
            sum.found += usize::from(campaign["found"] == true);
            sum.campaigns += 1;
            sum.recall += campaign["recall"].as_f64().unwrap_or(0.0);
            sum.runs += 1.0;
            let flagged = line["score"]["flagged"].as_object().into_iter().flatten();
            sum.benign += flagged.filter_map(|(_, count)| count.as_u64()).sum::<u64>();
        }
        for scored in line["baselines"].as_array().into_iter().flatten() {
            let name = scored["name"].as_str().unwrap_or_default().to_owned();
            let budget = scored["budget"].as_u64().unwrap_or(0);
            let sum = all.entry((on, name, budget)).or_default();
            sum.found += scored["found"].as_u64().unwrap_or(0) as usize;
            sum.campaigns += scored["campaigns"].as_u64().unwrap_or(0) as usize;
            sum.recall += scored["recall"].as_f64().unwrap_or(0.0);
            sum.benign += scored["benign"].as_u64().unwrap_or(0);
            sum.runs += 1.0;
        }
    }
    println!("| on | baseline | may flag | campaigns found | account recall | innocents flagged |\n|---|---|---|---|---|---|");
    for ((on, name, budget), sum) in all {
        let recall = sum.recall / f64::max(sum.runs, 1.0);
        println!("| {on} | {name} | {budget} | {} | {recall:.2} | {} |", share(sum.found, sum.campaigns), sum.benign);
    }
}
