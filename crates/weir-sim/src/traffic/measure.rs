//! What a simulated log is like, beside the real data it was made from: gaps,
//! hours, repeats, lengths.
//!
//! Exchanges outside campaigns are measured, of at most some twenty thousand
//! accounts, taken by the hash of their names, so that memory stays bounded.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use weir_exchange::LoggedExchange;

use super::rhythm::{DAY, HOUR};
use super::world::World;
use crate::random::fingerprint;

/// The quantiles that are told: one in ten, a quarter, half and so on.
const QUANTILES: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
const SAMPLE: u64 = 20_000;
/// A longer gap between exchanges of an account is between sessions.
const SESSION_GAP: i64 = HOUR / 2;

/// Something simulated beside the same of the real data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// What it is, with its unit.
    pub what: &'static str,
    /// Quantiles of the simulation: 10, 25, 50, 75 and 90 %.
    pub simulated: Vec<f64>,
    /// The same of the real data; empty where there is none.
    pub real: Vec<f64>,
}

/// What a simulated log is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Realism {
    /// Accounts measured.
    pub accounts: u64,
    /// Exchanges of them.
    pub exchanges: u64,
    /// Quantiles side by side.
    pub beside: Vec<Beside>,
    /// The share of first messages that another account sent too, word for
    /// word, and of the real conversations that begin like another.
    pub repeated: (f64, Option<f64>),
    /// The ten texts that most accounts sent: how many accounts each.
    pub most_repeated: Vec<u32>,
}

/// Counts as exchanges go by.
#[derive(Debug)]
pub struct Measure {
    one_in: u64,
    accounts: HashMap<u64, Seen>,
    gaps: Vec<f64>,
    lengths: Vec<f64>,
    answers: Vec<f64>,
    texts: HashMap<u64, Text>,
    firsts: u64,
    exchanges: u64,
}

#[derive(Debug)]
struct Seen {
    last: i64,
    hours: [u16; 24],
    count: u32,
}

#[derive(Debug)]
struct Text {
    by: u64,
    accounts: u32,
    times: u32,
}

impl Measure {
    /// For a world of so many accounts.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self {
            one_in: u64::from(world.account_count()) / SAMPLE + 1,
            accounts: HashMap::new(),
            gaps: Vec::new(),
            lengths: Vec::new(),
            answers: Vec::new(),
            texts: HashMap::new(),
            firsts: 0,
            exchanges: 0,
        }
    }

    /// Takes note of an exchange that is part of no campaign.
    pub fn see(&mut self, exchange: &LoggedExchange) {
        let account = fingerprint(exchange.account.as_bytes());
        if !account.is_multiple_of(self.one_in) {
            return;
        }
        let now = exchange.time.millis();
        let hour = usize::try_from(now.rem_euclid(DAY) / HOUR).unwrap_or(0);
        let seen = self.accounts.entry(account).or_insert(Seen { last: i64::MIN, hours: [0; 24], count: 0 });
        if seen.last > i64::MIN && now - seen.last <= SESSION_GAP && self.gaps.len() < 1 << 20 {
            self.gaps.push(super::rhythm::seconds(now - seen.last));
        }
        seen.last = now;
        seen.hours[hour] = seen.hours[hour].saturating_add(1);
        seen.count += 1;
        self.exchanges += 1;
        let user = exchange.messages.iter().rev().find(|message| message.role == "user");
        let Some(text) = user.map(|message| &message.content) else { return };
        if self.lengths.len() < 1 << 20 {
            self.lengths.push(whole(text.len() as u64));
            self.answers.push(whole(exchange.usage.output_tokens.unwrap_or(0)));
        }
        let is_first = exchange.messages.iter().filter(|message| message.role == "user").count() == 1;
        if is_first && self.texts.len() < 1 << 21 {
            self.firsts += 1;
            let text =
                self.texts.entry(fingerprint(text.as_bytes())).or_insert(Text { by: account, accounts: 1, times: 0 });
            text.times += 1;
            if text.by != account {
                (text.by, text.accounts) = (account, text.accounts + 1);
            }
        }
    }

    /// What it comes to, beside the real data of the world.
    #[must_use]
    pub fn finish(self, world: &World) -> Realism {
        let days = world.days;
        let busiest: Vec<f64> = self
            .accounts
            .values()
            .filter(|seen| seen.count >= 20)
            .map(|seen| share_of_busiest(&seen.hours.map(f64::from)))
            .collect();
        let per_day: Vec<f64> = self.accounts.values().map(|seen| f64::from(seen.count) / days).collect();
        let shared: u64 = self.texts.values().filter(|text| text.accounts > 1).map(|text| u64::from(text.times)).sum();
        let mut most: Vec<u32> =
            self.texts.values().map(|text| text.accounts).filter(|accounts| *accounts > 1).collect();
        most.sort_unstable_by(|a, b| b.cmp(a));
        most.truncate(10);
        let real = world.corpus().real();
        let think: Vec<f64> =
            world.arrivals().think_times().iter().map(|gap| f64::from(*gap)).filter(|gap| *gap <= 1_800.0).collect();
        let has_arrivals = world.arrivals().is_real();
        let only = |real: Vec<f64>| if has_arrivals { real } else { Vec::new() };
        let beside = |what, simulated, real| Beside { what, simulated: quantiles(simulated), real: quantiles(real) };
        Realism {
            accounts: self.accounts.len() as u64,
            exchanges: self.exchanges,
            beside: vec![
                beside("gap within a session, s", self.gaps, only(think)),
                beside("share of the busiest 8 hours", busiest, only(world.arrivals().busiest_shares())),
                beside(
                    "length of a message, bytes",
                    self.lengths,
                    real.lengths.iter().map(|length| f64::from(*length)).collect(),
                ),
                beside("answer, tokens", self.answers, only(world.arrivals().answer_tokens())),
                beside("exchanges an account and day", per_day, Vec::new()),
            ],
            repeated: (ratio(shared, self.firsts), real.repeated),
            most_repeated: most,
        }
    }
}

/// Which part of a day's activity falls into its eight busiest hours.
pub(super) fn share_of_busiest(hours: &[f64; 24]) -> f64 {
    let mut sorted = *hours;
    sorted.sort_unstable_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    sorted[16..].iter().sum::<f64>() / total.max(f64::MIN_POSITIVE)
}

fn quantiles(mut values: Vec<f64>) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = u32::try_from(values.len() - 1).unwrap_or(u32::MAX);
    QUANTILES.iter().map(|at| values[crate::random::whole(at * f64::from(last)) as usize]).collect()
}

fn ratio(count: u64, of: u64) -> f64 {
    whole(count) / whole(of.max(1))
}

#[allow(clippy::cast_precision_loss, reason = "counts and lengths are far below 2^52")]
fn whole(value: u64) -> f64 {
    value as f64
}

impl fmt::Display for Realism {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Outside campaigns, {} exchanges of {} accounts:", self.exchanges, self.accounts)?;
        writeln!(out, "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "10 %", "25 %", "50 %", "75 %", "90 %")?;
        for beside in &self.beside {
            row(out, beside.what, &beside.simulated)?;
            if beside.real.is_empty() {
                writeln!(out, "{:<30} {:>9}", "  real", "no data")?;
            } else {
                row(out, "  real", &beside.real)?;
            }
        }
        write!(out, "first messages that another account sent too: {:.2} %", 100.0 * self.repeated.0)?;
        match self.repeated.1 {
            Some(real) => writeln!(out, "; real: {:.2} %", 100.0 * real)?,
            None => writeln!(out, "; real: no data")?,
        }
        writeln!(out, "accounts that sent the most repeated ones: {:?}", self.most_repeated)
    }
}

fn row(out: &mut fmt::Formatter<'_>, name: &str, values: &[f64]) -> fmt::Result {
    write!(out, "{name:<30}")?;
    for value in values {
        let decimals = if *value < 10.0 { 2 } else { 0 };
        write!(out, " {value:>9.decimals$}")?;
    }
    writeln!(out)
}
