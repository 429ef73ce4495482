//! Curves as small SVG pictures: each run a point, medians joined by a line.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::plan::{Axis, Job};

/// What is drawn over which axis.
struct Drawing {
    axis: Axis,
    measure: Measure,
    file: &'static str,
    title: &'static str,
    across: &'static str,
    up: &'static str,
    /// Whether steps across are by factors.
    by_factors: bool,
    /// The highest value drawn at least, and a bar that is to be kept.
    most: f64,
    bar: Option<f64>,
}

/// What a run says over an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// The share of a campaign's accounts that are members; nothing where it is not found.
    Recall,
    /// Epochs of an hour until the alarm.
    Epochs,
}

const DRAWINGS: [Drawing; 6] = [
    Drawing {
        axis: Axis::Cover,
        measure: Measure::Recall,
        file: "detect-cover.svg",
        title: "Cover traffic (A7): campaign accounts found",
        across: "share of cover in an account's traffic",
        up: "account recall",
        by_factors: false,
        most: 1.0,
        bar: None,
    },
    Drawing {
        axis: Axis::Memory,
        measure: Measure::Recall,
        file: "detect-memory.svg",
        title: "Recall against --memory (A6, 5.5 a day, among 20,000)",
        across: "--memory in MiB",
        up: "account recall",
        by_factors: true,
        most: 1.0,
        bar: None,
    },
    Drawing {
        axis: Axis::Rate,
        measure: Measure::Epochs,
        file: "detect-leak.svg",
        title: "Hourly epochs to the alarm (3,500 accounts among 20,000)",
        across: "exchanges of the campaign an hour",
        up: "epochs",
        by_factors: true,
        most: 24.0,
        bar: Some(7.0),
    },
    Drawing {
        axis: Axis::Memory,
        measure: Measure::Epochs,
        file: "detect-memory-alarm.svg",
        title: "Hourly epochs to the alarm against --memory (the same)",
        across: "--memory in MiB",
        up: "epochs",
        by_factors: true,
        most: 24.0,
        bar: None,
    },
    Drawing {
        axis: Axis::Variants,
        measure: Measure::Recall,
        file: "detect-variants.svg",
        title: "Wordings of one template (A6): campaign accounts found",
        across: "wordings",
        up: "account recall",
        by_factors: true,
        most: 1.0,
        bar: None,
    },
    Drawing {
        axis: Axis::Shards,
        measure: Measure::Recall,
        file: "detect-shards.svg",
        title: "Work cut into shards by topic: campaign accounts found",
        across: "topics, one an account",
        up: "account recall",
        by_factors: true,
        most: 1.0,
        bar: None,
    },
];

/// What a run says; none where nothing was found and there is no value for that.
fn value(measure: Measure, line: &Value) -> Option<f64> {
    let campaign = &line["score"]["campaigns"][0];
    let is_found = campaign["found"] == true;
    match measure {
        Measure::Recall => Some(if is_found { campaign["recall"].as_f64()? } else { 0.0 }),
        // An alarm is told at the end of an epoch.
        Measure::Epochs => campaign["hours"].as_f64().filter(|_| is_found).map(f64::ceil),
    }
}

/// Draws every axis that there are lines of; gives the files.
pub(super) fn draw(folder: &Path, lines: &[(&Job, Value)]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for drawing in &DRAWINGS {
        let mut points: Vec<(f64, Option<f64>)> = Vec::new();
        for (job, line) in lines {
            if let Some((_, x)) = job.at.filter(|(axis, _)| *axis == drawing.axis) {
                points.push((x, value(drawing.measure, line)));
            }
        }
        if points.is_empty() {
            continue;
        }
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        let path = folder.join(drawing.file);
        fs::write(&path, svg(drawing, &points)).with_context(|| format!("cannot write {}", path.display()))?;
        files.push(path);
    }
    Ok(files)
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Left, right, top and bottom of what is drawn on.
const FRAME: [f64; 4] = [64.0, 616.0, 48.0, 300.0];

fn svg(drawing: &Drawing, points: &[(f64, Option<f64>)]) -> String {
    let mut xs: Vec<f64> = points.iter().map(|(x, _)| *x).collect();
    xs.dedup();
    let [left, right, top, bottom] = FRAME;
    let scaled = |x: f64| if drawing.by_factors { x.ln() } else { x };
    let (least, most) = (scaled(xs[0]), scaled(xs[xs.len() - 1]));
    let at_x = |x: f64| left + (right - left) * (scaled(x) - least) / (most - least).max(1e-9);
    // Nothing is cut off.
    let highest = points.iter().filter_map(|(_, y)| *y).fold(drawing.most, f64::max);
    let at_y = |y: f64| bottom - (bottom - top) * y / highest;
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">
<style>svg{{background:#fff;font:13px system-ui,sans-serif}}text{{fill:#222}}.a{{stroke:#888;fill:none}}.l{{stroke:#0b62a4;fill:none;stroke-width:2}}.p{{fill:#0b62a4;fill-opacity:.5}}.b{{stroke:#b3261e;stroke-dasharray:5 4}}.n{{fill:#b3261e}}
@media (prefers-color-scheme:dark){{svg{{background:#161616}}text{{fill:#ddd}}.l{{stroke:#6cb6ff}}.p{{fill:#6cb6ff}}}}</style>
<text x="{left}" y="24" font-weight="600">{title}</text>
<path class="a" d="M{left} {top}V{bottom}H{right}"/>
<text x="{middle}" y="346" text-anchor="middle">{across}</text>
<text x="16" y="38">{up}</text>
"#,
        title = drawing.title,
        across = drawing.across,
        up = drawing.up,
        middle = f64::midpoint(left, right),
    );
    for step in 0..=4 {
        let y = highest * f64::from(step) / 4.0;
        let _ = writeln!(out, r#"<text x="{}" y="{:.1}" text-anchor="end">{y}</text>"#, left - 8.0, at_y(y) + 4.0);
    }
    for &x in &xs {
        let _ = writeln!(out, r#"<text x="{:.1}" y="{}" text-anchor="middle">{x}</text>"#, at_x(x), bottom + 20.0);
    }
    if let Some(bar) = drawing.bar {
        let y = at_y(bar);
        let _ = writeln!(out, r#"<path class="b" d="M{left} {y:.1}H{right}"/><text x="{right}" y="{:.1}" text-anchor="end">bar</text>"#, y - 4.0);
    }
    let mut path = String::new();
    for &x in &xs {
        let mut found: Vec<f64> = points.iter().filter(|(other, _)| *other == x).filter_map(|(_, y)| *y).collect();
        let missed = points.iter().filter(|(other, y)| *other == x && y.is_none()).count();
        if missed > 0 {
            let _ = writeln!(out, r#"<text class="n" x="{:.1}" y="{}" text-anchor="middle">{missed} not found</text>"#, at_x(x), top - 4.0);
        }
        for y in &found {
            let _ = writeln!(out, r#"<circle class="p" cx="{:.1}" cy="{:.1}" r="4"/>"#, at_x(x), at_y(*y));
        }
        found.sort_by(f64::total_cmp);
        if let Some(median) = found.get(found.len() / 2) {
            let _ = write!(path, "{}{:.1} {:.1}", if path.is_empty() { 'M' } else { 'L' }, at_x(x), at_y(*median));
        }
    }
    let _ = writeln!(out, r#"<path class="l" d="{path}"/>"#);
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(svg: &str, before: &str) -> Vec<f64> {
        svg.split(before).skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
    }

    #[test]
    fn every_run_is_a_point_where_its_value_is_and_what_was_missed_is_said() {
        let points = [(2.0, Some(0.0)), (4.0, Some(0.5)), (4.0, Some(1.0)), (8.0, Some(1.0))];
        let drawn = svg(&DRAWINGS[1], &points);
        let [left, right, top, bottom] = FRAME;
        let middle = f64::midpoint(left, right);
        assert_eq!(numbers(&drawn, "cx=\""), [left, middle, middle, right], "twice as much is one step");
        assert_eq!(numbers(&drawn, "cy=\""), [bottom, f64::midpoint(top, bottom), top, top]);
        assert!(drawn.contains(&format!("M{left:.1} {bottom:.1}L{middle:.1} {top:.1}L{right:.1} {top:.1}")), "{drawn}");
        let missed = svg(&DRAWINGS[2], &[(100.0, None), (300.0, Some(7.0))]);
        assert!(missed.contains("1 not found") && missed.contains("bar"), "{missed}");
        assert_eq!(missed.matches("<circle").count(), 1);
        let high = svg(&DRAWINGS[2], &[(100.0, Some(14.0)), (300.0, Some(28.0))]);
        assert_eq!(numbers(&high, "cy=\""), [f64::midpoint(top, bottom), top], "the frame grows with what is in it");
    }

    #[test]
    fn a_campaign_that_was_not_found_has_no_hours_and_a_recall_of_nothing() {
        let line = |found: bool| serde_json::json!({"score": {"campaigns": [{"found": found, "recall": 0.4, "hours": 6.2}]}});
        assert_eq!(value(Measure::Recall, &line(false)), Some(0.0));
        assert_eq!(value(Measure::Recall, &line(true)), Some(0.4));
        assert_eq!((value(Measure::Epochs, &line(true)), value(Measure::Epochs, &line(false))), (Some(7.0), None));
    }
}
