//! What is measured of one log, and what follows for a larger one.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use weir_detect::{Detector, Intake, Settings, Sketcher, Stage};
use weir_detect_bench::Line;
use weir_exchange::LoggedExchange;
use weir_exchange::read::{Column, Columns, Inputs, Progress, ReadOptions, read_in_order};

use crate::cpu::{Laps, peak_memory};
use crate::log::{Form, Log};

/// Exchanges of the largest campaign on record.
const LARGEST: f64 = 151e6;

/// What `weir detect` reads of an exchange.
const JUDGED: Columns = Columns::of(&[
    Column::Id,
    Column::Party,
    Column::Model,
    Column::Conversation,
    Column::Messages,
    Column::Client,
    Column::Params,
    Column::Usage,
    Column::Outcome,
]);

fn options() -> ReadOptions {
    ReadOptions { threads: 1, digests: true, columns: JUDGED, ..ReadOptions::default() }
}

/// What was spent on what.
#[derive(Default)]
struct Spent {
    read: Duration,
    sketch: Duration,
    intake: Duration,
    fold: [Duration; Stage::ALL.len()],
    findings: Duration,
}

impl Spent {
    fn all(&self) -> Duration {
        self.read + self.sketch + self.intake + self.fold.iter().sum::<Duration>() + self.findings
    }
}

/// Reads, sketches and folds a log on this thread, each apart.
pub(crate) fn measure(log: &Log, form: Form, memory: u64, say: &mut dyn FnMut(Value)) -> Result<()> {
    let inputs = Inputs::find([&log.path])?;
    let settings = Settings { key: [7; 16], memory, ..Settings::default() };
    let mut run = Run {
        detector: Detector::new(settings.clone(), &[]),
        sketcher: Detector::new(settings, &[]).sketcher(),
        intake: Intake::default(),
        spent: Spent::default(),
        failed: None,
    };
    let mut laps = Laps::start();
    let mut exchanges = 0;
    read_in_order(&inputs, &options(), &Progress::default(), |some| {
        run.spent.read += laps.lap();
        exchanges += some.len() as u64;
        run.take(some, &mut laps);
    })?;
    run.spent.read += laps.lap();
    let rest: Vec<_> = run.intake.rest().collect();
    run.spent.intake += laps.lap();
    for (epoch, profile) in rest {
        run.fold(epoch, &profile, &mut laps);
    }
    laps.lap();
    let findings = run.detector.findings();
    run.spent.findings = laps.lap();
    if let Some(error) = run.failed {
        return Err(error.into());
    }
    let (spent, all) = (&run.spent, run.spent.all());
    let nanos = |time: Duration| (time.as_nanos() as f64 / exchanges as f64).round();
    let a_second = |time: Duration| (exchanges as f64 / time.as_secs_f64()).round();
    say(
        json!({"row": "read", "form": form.name(), "exchanges": exchanges, "ns": nanos(spent.read), "a_second": a_second(spent.read)}),
    );
    let on_the_way = spent.read + spent.sketch;
    say(
        json!({"row": "read and sketched", "form": form.name(), "exchanges": exchanges, "ns": nanos(on_the_way), "a_second": a_second(on_the_way)}),
    );
    say(
        json!({"row": "sketch", "form": form.name(), "exchanges": exchanges, "ns": nanos(spent.sketch), "a_second": a_second(spent.sketch)}),
    );
    for (stage, time) in Stage::ALL.iter().zip(spent.fold) {
        say(json!({"row": format!("fold: {stage:?}").to_lowercase(), "form": form.name(), "ns": nanos(time)}));
    }
    let footprint = run.detector.footprint();
    let bar = if form == Form::Parquet { 150_000 } else { 80_000 };
    say(json!({
        "row": "whole", "form": form.name(), "exchanges": exchanges, "ns": nanos(all), "a_second": a_second(all),
        "bar_a_second": bar, "intake_ns": nanos(spent.intake), "findings_ns": nanos(spent.findings),
        "seconds": all.as_secs_f64(), "peak_bytes": peak_memory(), "dossiers": findings.dossiers.len(), "born": run.detector.born(),
        "customers": footprint.customers, "bytes_a_customer": footprint.customer_bytes / footprint.customers.max(1), "bar_bytes_a_customer": 512,
        "link_bytes": footprint.link_bytes, "anchors": footprint.anchors, "anchor_bytes": footprint.anchor_bytes, "single_bytes": footprint.single_bytes, "fill_bytes": footprint.fill_bytes,
    }));
    Ok(())
}

struct Run {
    detector: Detector,
    sketcher: Sketcher,
    intake: Intake,
    spent: Spent,
    failed: Option<weir_detect::FoldError>,
}

impl Run {
    fn take(&mut self, exchanges: &[LoggedExchange], laps: &mut Laps) {
        let sketched: Vec<_> = exchanges.iter().map(|exchange| self.sketcher.sketch(exchange)).collect();
        self.spent.sketch += laps.lap();
        for one in sketched {
            self.intake.take(one);
            while let Some((epoch, profile)) = self.intake.next_over() {
                self.spent.intake += laps.lap();
                self.fold(epoch, &profile, laps);
            }
        }
        self.spent.intake += laps.lap();
    }

    fn fold(&mut self, epoch: i64, profile: &weir_detect::EpochProfile, laps: &mut Laps) {
        let fold = &mut self.spent.fold;
        let done = self.detector.fold_in_stages(epoch, profile, &mut |stage| fold[stage as usize] += laps.lap());
        self.failed = self.failed.take().or(done.err());
    }
}

/// A line through the sizes measured, by least squares, and where it leads.
pub(crate) fn extrapolated(wholes: &[&Value]) -> Option<Value> {
    let points = |what: &str| -> Vec<(f64, f64)> {
        wholes.iter().filter_map(|row| Some((row["exchanges"].as_f64()?, row[what].as_f64()?))).collect()
    };
    let (seconds, bytes) = (Line::through(&points("seconds"))?, Line::through(&points("peak_bytes"))?);
    let largest = points("seconds").iter().map(|(size, _)| *size).fold(0.0, f64::max);
    Some(json!({
        "row": "extrapolated", "exchanges": LARGEST, "times_the_largest_measured": LARGEST / largest, "sizes": wholes.len(),
        "core_seconds": seconds.at(LARGEST), "minutes_on_two_cores": seconds.at(LARGEST) / 120.0, "bar_minutes": 60,
        "seconds_r2": seconds.r2, "gib": bytes.at(LARGEST) / f64::from(1 << 30), "bar_gib": 16, "bytes_r2": bytes.r2,
    }))
}
