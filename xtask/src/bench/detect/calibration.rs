//! The table of calibration.

use serde_json::Value;

use super::plan::Job;

/// E-values under the null at each stopping rule, and what was confirmed.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
pub(super) fn print(lines: &[&(&Job, Value)]) {
    println!("| row | logs | births | e-value | stopped at the end | at the first peak | at a chosen hour | confirmed at 0.2 | at 0.01 |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for broken in [false, true] {
        let logs: Vec<&Value> = lines
            .iter()
            .filter(|(_, line)| (line["same_epoch"] == true) == broken)
            .flat_map(|(_, line)| line["logs"].as_array().into_iter().flatten())
            .collect();
        if logs.is_empty() {
            continue;
        }
        let count = logs.len() as f64;
        let births: u64 = logs.iter().filter_map(|log| log["born"].as_u64()).sum();
        let confirmed = |alpha: f64| {
            let holds = |log: &&&Value| {
                log["confirmed_at"].as_array().into_iter().flatten().any(|at| at.as_f64() == Some(alpha))
            };
            let share = logs.iter().filter(holds).count() as f64 / count;
            let error = (alpha * (1.0 - alpha) / count).sqrt();
            let verdict = if share <= alpha + 2.0 * error { "held" } else { "BROKEN" };
            format!("{share:.4} {verdict}")
        };
        let row = if broken { "choose and judge on the same epoch" } else { "as it is" };
        for of in ["mixture", "first"] {
            let stopped = |rule: &str| {
                let values: Vec<f64> = logs.iter().filter_map(|log| log[of][rule].as_f64()).collect();
                let mean = values.iter().sum::<f64>() / count;
                let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
                let error = (variance / count).sqrt();
                // Where one log in a thousand makes the mean, its own error tells nothing.
                let verdict = match mean {
                    mean if mean - 2.0 * error > 1.0 => "BROKEN",
                    mean if mean > 1.0 && error > mean / 2.0 => "of a few logs",
                    _ => "held",
                };
                if mean > 1_000.0 { format!("{mean:.0e} ± {error:.0e} {verdict}") } else { format!("{mean:.3} ± {error:.3} {verdict}") }
            };
            println!(
                "| {row} | {count} | {births} | {of} | {} | {} | {} | {} | {} |",
                stopped("fixed"),
                stopped("first_peak"),
                stopped("chosen"),
                confirmed(0.2),
                confirmed(0.01)
            );
        }
    }
}
