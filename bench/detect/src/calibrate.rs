//! Small logs of unrelated people, under the null: how large e-values become
//! when it is left to the data when to look.
//!
//! Candidates are many and chosen by the data, so the e-value that is averaged
//! is the one that the guarantee is about: the budget's mixture `Σ γ_j e_j`
//! over all candidates ever born, the rest of the budget counting 1. Its mean
//! is at most 1 at every stopping time. Beside it stands the first candidate
//! ever born, whose e-process alone has the same property.

use anyhow::{Context, Result};
use serde::Serialize;
use weir_detect::{Detector, Settings, Trial, UnderTest};
use weir_sim::traffic::Scenario;

use crate::data::Data;
use crate::run::{Watch, run};

/// Days of a log; fewer than a candidate is kept without traffic, so none is
/// dropped and each one's e-value can be read to the end.
const DAYS: u32 = 9;

/// An e-value at three stopping times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stopped {
    /// At the end of the log.
    pub fixed: f64,
    /// When it first reached 1.1, else at the end.
    pub first_peak: f64,
    /// When it first rose after an hour that the log's own first three days
    /// chose, else at the end.
    pub chosen: f64,
}

/// What one log gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    /// The population.
    pub population: &'static str,
    /// The seed.
    pub seed: u64,
    /// Candidates born.
    pub born: u64,
    /// The mixture over all candidates.
    pub mixture: Stopped,
    /// The first candidate born, 1 where there was none.
    pub first: Stopped,
    /// The smallest alpha of those asked for at which anything was ever
    /// confirmed.
    pub confirmed_at: Vec<f64>,
}

/// Runs log number `seed`, of one of five populations in turn.
///
/// # Errors
/// When a population cannot be.
pub fn calibrate(seed: u64, data: Data<'_>, alphas: &[f64], trial: Trial) -> Result<Calibrated> {
    let populations = [("B2", 1, 60), ("document-tool", 1, 60), ("B2", 3, 30), ("B7", 1, 60), ("free-tier", 3, 30)];
    let (population, groups, size) = populations[(seed % populations.len() as u64) as usize];
    let mut scenario = Scenario::preset(population).context("no such preset")?;
    (scenario.seed, scenario.accounts, scenario.days, scenario.per_day) = (100_000 + seed, 300, DAYS, 2.0);
    scenario.look_alikes.iter_mut().for_each(|group| (group.groups, group.accounts) = (groups, Some((size, size))));
    let settings = Settings { key: key_of(seed), alpha: 0.2, memory: 64 << 20, trial, ..Settings::default() };
    let mut watched = Watched::new(alphas);
    let done = run(&scenario, data, settings, &mut watched)?;
    Ok(Calibrated {
        population,
        seed,
        born: done.born,
        mixture: watched.mixture.stopped(),
        first: watched.first.stopped(),
        confirmed_at: alphas.iter().copied().zip(&watched.confirmed).filter(|(_, is)| **is).map(|(a, _)| a).collect(),
    })
}

fn key_of(seed: u64) -> [u8; 16] {
    let mut key = [7; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}

struct Watched {
    alphas: Vec<f64>,
    confirmed: Vec<bool>,
    mixture: Path3,
    first: Path3,
}

impl Watched {
    fn new(alphas: &[f64]) -> Watched {
        Watched {
            alphas: alphas.to_vec(),
            confirmed: vec![false; alphas.len()],
            mixture: Path3::default(),
            first: Path3::default(),
        }
    }
}

/// The budget's share that a candidate holds, read from what it needs.
fn share(candidate: &UnderTest, alpha: f64) -> f64 {
    (-candidate.needed).exp2() / alpha
}

impl Watch for Watched {
    fn epoch(&mut self, epoch: i64, detector: &mut Detector) {
        let candidates = detector.under_test();
        let (mut mixture, mut spent) = (0.0, 0.0);
        for candidate in &candidates {
            let share = share(candidate, 0.2);
            spent += share;
            mixture += share * candidate.log2_e.exp2();
            for (alpha, confirmed) in self.alphas.iter().zip(&mut self.confirmed) {
                *confirmed |= candidate.log2_e >= -(alpha * share).log2();
            }
        }
        self.mixture.see(epoch, mixture + (1.0 - spent).max(0.0));
        let first = candidates.iter().find(|candidate| candidate.ordinal == 1);
        self.first.see(epoch, first.map_or(1.0, |candidate| candidate.log2_e.exp2()));
    }
}

/// An e-process as it went, stopped by three rules that read the past alone.
#[derive(Debug, Default)]
struct Path3 {
    seen: u64,
    now: f64,
    first_peak: Option<f64>,
    chosen: Option<f64>,
    /// The hour after which the third rule may stop.
    not_before: u64,
    digest: u64,
}

/// Where the second rule stops.
const PEAK: f64 = 1.1;

impl Path3 {
    fn see(&mut self, epoch: i64, e: f64) {
        self.seen += 1;
        // What the first three days showed chooses from when on to look.
        if self.seen <= 72 {
            self.digest = (self.digest ^ e.to_bits() ^ epoch.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.not_before = 72 + (self.digest >> 58);
        } else if self.seen > self.not_before && e > self.now && self.chosen.is_none() {
            self.chosen = Some(e);
        }
        if e >= PEAK && self.first_peak.is_none() {
            self.first_peak = Some(e);
        }
        self.now = e;
    }

    fn stopped(&self) -> Stopped {
        Stopped {
            fixed: self.now,
            first_peak: self.first_peak.unwrap_or(self.now),
            chosen: self.chosen.unwrap_or(self.now),
        }
    }
}

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Mean {
    /// Of some values.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Mean {
        let count = values.clone().count().max(1) as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        Mean { mean, error: (variance / count).sqrt() }
    }

    /// Whether it is at most a bound, within two standard errors.
    pub fn is_at_most(self, bound: f64) -> bool {
        self.mean - 2.0 * self.error <= bound
    }
}
