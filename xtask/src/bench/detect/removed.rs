//! The table of removal sets.

use serde_json::Value;

use super::plan::Job;
use super::wilson::share;

/// Of members whose smallest removal set was left out of the log, how many were none.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
pub(super) fn print(lines: &[&(&Job, Value)]) {
    println!("| run | members | tested | no member without it | others still found | sets of 1, 2, 3 and more pieces |");
    println!("|---|---|---|---|---|---|");
    let mut all = (0, 0);
    for (job, line) in lines.iter().map(|line| (&line.0, &line.1)) {
        let told = &line["removals"];
        let count = |name: &str| told[name].as_u64().unwrap_or(0);
        let sizes: Vec<u64> = told["sizes"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let of = |size: usize| sizes.get(size).copied().unwrap_or(0);
        let more: u64 = sizes.iter().skip(3).sum();
        println!(
            "| {} | {} | {} | {} | {} | {}, {}, {more} |",
            job.row,
            count("members"),
            count("tested"),
            count("confirmed"),
            count("beside_a_finding"),
            of(1),
            of(2)
        );
        all = (all.0 + count("confirmed") as usize, all.1 + count("tested") as usize);
    }
    println!("\n{} of all.", share(all.0, all.1));
}
