//! CPU time a request: what a proxy's processes used while a closed loop ran,
//! divided by the requests it answered.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::proxy::{Proxy, contenders};
use super::raw::Raw;
use super::rig::{Loop, Rig};
use super::table::{Bar, Table};
use super::weir::{UNRECORDED, WEIR};
use super::{Gate, peers};
use crate::say;

/// The most that Weir may use, as a multiple of nginx's.
const BAR: f64 = 1.5;

/// The most that it may use with exchanges recorded, as a multiple of without.
const RECORDING: f64 = 1.15;

/// Rounds of a peer, which is shown and held to nothing.
const PEER_ROUNDS: usize = 2;

/// What was measured of one proxy.
struct Weighed {
    name: &'static str,
    micros: Vec<f64>,
    rates: Vec<f64>,
    peak_kib: u64,
}

/// Weighs nginx and Weir in turns, then each peer.
pub(super) fn compare(rig: &Rig<'_>, gate: &Gate, raw: &mut Raw, table: &mut Table) -> Result<()> {
    let proxies = contenders(rig)?;
    let mut all = Vec::new();
    for proxy in &proxies {
        say(&format!("{}: warming {} up", rig.shape.name, proxy.name));
        let requests = warm_up(rig, proxy, gate)?;
        all.push((proxy, requests, Weighed::of(proxy)));
    }
    for round in 1..=gate.rounds {
        for (proxy, requests, weighed) in &mut all {
            weighed.round(rig, proxy, *requests, round, raw)?;
        }
    }
    let mut all: Vec<Weighed> = all.into_iter().map(|(_, _, weighed)| weighed).collect();
    drop(proxies);
    for name in gate.peers.iter().filter(|name| *name != "none") {
        match weigh_peer(rig, name, gate, raw) {
            Ok(weighed) => all.push(weighed),
            Err(error) => {
                raw.line(
                    &json!({"row": "cpu", "shape": rig.shape.name, "proxy": name, "skipped": format!("{error:#}")}),
                )?;
                table.not_measured(&format!("CPU, {}, {name}", rig.shape.name), &format!("{error:#}"));
            }
        }
    }
    tell(rig, &all, table)
}

fn weigh_peer(rig: &Rig<'_>, name: &str, gate: &Gate, raw: &mut Raw) -> Result<Weighed> {
    let peer = peers::start(rig, name)?;
    say(&format!("{}: warming {name} up", rig.shape.name));
    let requests = warm_up(rig, &peer, gate)?;
    let mut weighed = Weighed::of(&peer);
    for round in 1..=gate.rounds.min(PEER_ROUNDS) {
        weighed.round(rig, &peer, requests, round, raw)?;
    }
    Ok(weighed)
}

/// Runs a proxy warm, and finds how many requests fill one round.
fn warm_up(rig: &Rig<'_>, proxy: &Proxy, gate: &Gate) -> Result<u64> {
    let few = 2 * rig.shape.connections as u64;
    let mut rate = 0.0;
    let mut requests = few;
    for _ in 0..3 {
        let measured = rig.load(proxy, &Loop::Closed(requests))?;
        rate = rate_of(&measured)?;
        requests = few.max((rate * gate.cpu_seconds as f64 / 2.0) as u64);
    }
    Ok(few.max((rate * gate.cpu_seconds as f64) as u64))
}

/// Answers a second.
pub(super) fn rate_of(measured: &Value) -> Result<f64> {
    let number = |name: &str| measured[name].as_f64().with_context(|| format!("the load program gave no {name}"));
    Ok(number("ok")? / number("seconds")?)
}

impl Weighed {
    fn of(proxy: &Proxy) -> Weighed {
        Weighed { name: proxy.name, micros: Vec::new(), rates: Vec::new(), peak_kib: 0 }
    }

    fn round(&mut self, rig: &Rig<'_>, proxy: &Proxy, requests: u64, round: usize, raw: &mut Raw) -> Result<()> {
        let before = proxy.used()?;
        let measured = rig.load(proxy, &Loop::Closed(requests))?;
        let after = proxy.used()?;
        let answered = measured["ok"].as_f64().context("the load program counted nothing")?;
        let micros = after.micros_since(&before)? / answered;
        self.micros.push(micros);
        self.rates.push(rate_of(&measured)?);
        self.peak_kib = after.peak_kib;
        say(&format!("{}: round {round}, {}: {micros:.1} us of CPU a request", rig.shape.name, proxy.name));
        raw.line(&json!({
            "row": "cpu",
            "shape": rig.shape.name,
            "proxy": proxy.name,
            "round": round,
            "cpu_us_per_request": micros,
            "peak_rss_kib": after.peak_kib,
            "load": measured,
        }))
    }
}

fn tell(rig: &Rig<'_>, all: &[Weighed], table: &mut Table) -> Result<()> {
    let nginx = all.first().context("nginx was not weighed")?;
    let floor = median(&nginx.micros);
    for weighed in all {
        let micros = median(&weighed.micros);
        let (least, most) = extent(&weighed.micros);
        let value = format!(
            "{micros:.1} us (rounds {least:.1} to {most:.1}), {:.2} x nginx, {:.0}/s, {:.0} MiB",
            micros / floor,
            median(&weighed.rates),
            weighed.peak_kib as f64 / 1024.0
        );
        let bar =
            (weighed.name == "weir" && rig.shape.has_bar).then(|| Bar::new(micros / floor <= BAR, "<= 1.5 x nginx"));
        table.row(&format!("CPU, {}, {}", rig.shape.name, weighed.name), value, bar);
    }
    let of = |name: &str| all.iter().find(|weighed| weighed.name == name).map(|weighed| median(&weighed.micros));
    if let (Some(on), Some(off)) = (of(WEIR), of(UNRECORDED)) {
        let value = format!("{on:.1} us with exchanges recorded, {off:.1} us without, {:.2} x", on / off);
        let bar = Bar::new(on / off <= RECORDING, "<= 1.15 x without");
        table.row(&format!("recording, {}", rig.shape.name), value, Some(bar));
    }
    Ok(())
}

/// The middle one, or the mean of the two.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => at(length / 2),
        length => f64::midpoint(at(length / 2 - 1), at(length / 2)),
    }
}

/// The least and the most.
pub(super) fn extent(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(&[]).is_nan());
        assert_eq!(extent(&[2.0, 1.0, 3.0]), (1.0, 3.0));
    }
}
