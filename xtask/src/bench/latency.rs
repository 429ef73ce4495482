//! Latency that a proxy adds: the same open loop straight to the model server
//! and through the proxy, in turns, every request timed from when it was due.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Gate;
use super::cpu::{extent, median, rate_of};
use super::proxy::{Proxy, contenders};
use super::raw::Raw;
use super::rig::{Loop, Rig};
use super::table::{Bar, Table};
use crate::say;

/// Requests a second.
const RATE: u64 = 2_000;

/// Keep-alive connections: at 2,000 a second each is due every 16 ms, so that
/// none waits for another's answer.
const CONNECTIONS: usize = 32;

/// The most that Weir may add, in microseconds.
const BAR_P50: f64 = 150.0;
const BAR_P99: f64 = 1_000.0;

/// The most of its capacity that the load may be.
const BAR_SHARE: f64 = 0.25;

/// Percentiles as the load program names them, and as they are written.
const PERCENTILES: [(&str, &str); 3] = [("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")];

/// Each round's percentiles of one way to the model server, in microseconds.
struct Timed {
    name: &'static str,
    rounds: [Vec<f64>; 3],
    /// p50 and p99 of every window of one second.
    windows: [Vec<f64>; 2],
    capacity: f64,
}

/// Times direct, nginx and Weir in turns.
pub(super) fn compare(rig: &Rig<'_>, gate: &Gate, raw: &mut Raw, table: &mut Table) -> Result<()> {
    let mut ways = vec![rig.direct()];
    ways.extend(contenders(rig)?);
    let mut all = Vec::new();
    for way in &ways {
        say(&format!("latency: warming {} up", way.name));
        all.push(Timed::warmed_up(rig, way)?);
    }
    for round in 1..=gate.rounds {
        for (way, timed) in ways.iter().zip(&mut all) {
            timed.round(rig, way, gate, round, raw)?;
        }
    }
    let (direct, proxies) = all.split_first().context("nothing was timed")?;
    direct.tell(table);
    for proxy in proxies {
        proxy.tell(table);
        proxy.tell_added(direct, table);
    }
    Ok(())
}

impl Timed {
    fn warmed_up(rig: &Rig<'_>, way: &Proxy) -> Result<Timed> {
        rig.load(way, &Loop::Closed(5_000))?;
        let capacity = rate_of(&rig.load(way, &Loop::Closed(20_000))?)?;
        rig.load(way, &Loop::Open { rate: RATE, seconds: 1, connections: CONNECTIONS })?;
        Ok(Timed { name: way.name, rounds: Default::default(), windows: Default::default(), capacity })
    }

    fn round(&mut self, rig: &Rig<'_>, way: &Proxy, gate: &Gate, round: usize, raw: &mut Raw) -> Result<()> {
        let how = Loop::Open { rate: RATE, seconds: gate.latency_seconds, connections: CONNECTIONS };
        let measured = rig.load(way, &how)?;
        for (place, (name, _)) in PERCENTILES.iter().enumerate() {
            if let Some(rounds) = self.rounds.get_mut(place) {
                rounds.push(micros(&measured["latency"][name]));
            }
        }
        for window in measured["windows"].as_array().into_iter().flatten() {
            let [p50, p99] = &mut self.windows;
            p50.push(micros(&window["p50"]));
            p99.push(micros(&window["p99"]));
        }
        say(&format!("latency: round {round}, {}: p50 {:.0} us", way.name, micros(&measured["latency"]["p50"])));
        raw.line(&json!({
            "row": "latency",
            "proxy": way.name,
            "round": round,
            "rate": RATE,
            "capacity": self.capacity,
            "load": measured,
        }))
    }

    fn tell(&self, table: &mut Table) {
        let [p50, p99, p999] = [0, 1, 2].map(|place| self.median(place));
        let [windows_50, windows_99] = [0, 1].map(|place| extent(self.windows.get(place).map_or(&[], Vec::as_slice)));
        let value = format!(
            "p50 {p50:.0} us, p99 {p99:.0} us, p99.9 {p999:.0} us; windows: p50 {:.0} to {:.0}, p99 {:.0} to {:.0}",
            windows_50.0, windows_50.1, windows_99.0, windows_99.1
        );
        table.row(&format!("latency at {RATE}/s, {}", self.name), value, None);
    }

    fn median(&self, place: usize) -> f64 {
        self.rounds.get(place).map_or(f64::NAN, |rounds| median(rounds))
    }

    /// The difference to the direct rounds just before.
    fn tell_added(&self, direct: &Timed, table: &mut Table) {
        let is_weir = self.name == "weir";
        for (place, (_, name)) in PERCENTILES.iter().enumerate() {
            let Some((ours, theirs)) = self.rounds.get(place).zip(direct.rounds.get(place)) else { continue };
            let added: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect();
            let (least, most) = extent(&added);
            let value = format!("{:.0} us (rounds {least:.0} to {most:.0})", median(&added));
            let bar = match *name {
                "p50" => Some(Bar::new(median(&added) <= BAR_P50, "<= 150 us")),
                "p99" => Some(Bar::new(median(&added) <= BAR_P99, "<= 1 ms")),
                _ => None,
            };
            table.row(&format!("added {name}, {}", self.name), value, bar.filter(|_| is_weir));
        }
        let share = RATE as f64 / self.capacity;
        let value = format!("{:.0} % of the {:.0}/s it answers in a closed loop", share * 100.0, self.capacity);
        let bar = is_weir.then(|| Bar::new(share <= BAR_SHARE, "<= 25 %"));
        table.row(&format!("share of capacity, {}", self.name), value, bar);
    }
}

fn micros(nanos: &Value) -> f64 {
    nanos.as_f64().unwrap_or(f64::NAN) / 1e3
}
