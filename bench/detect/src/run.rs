//! One run: a world streamed through a detector.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use std::collections::BTreeMap;

use weir_detect::{Detector, Findings, Intake, MemberLine, Role, Settings, Sketcher, UnderTest};
use weir_exchange::{LoggedAccount, LoggedExchange};
use weir_sim::traffic::{AccountTruth, Scenario, World};

use crate::data::Data;
use crate::score::{Score, score};

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// Held against the truth.
    pub score: Score,
    /// What was found.
    pub findings: Findings,
    /// Candidates ever born.
    pub born: u64,
    /// Candidates that the e-process alone confirmed.
    pub confirmed: usize,
    /// Each living candidate at the end, the strongest first, with how many of
    /// its accounts are of which kind.
    pub under_test: Vec<(UnderTest, BTreeMap<String, usize>)>,
    /// The intra-account correlation that was the reference at the end.
    pub correlation: Option<f64>,
    /// Lines of members that are of no campaign.
    pub flagged: Vec<(String, MemberLine)>,
    /// Of each account, why it is in the simulation.
    pub kinds: BTreeMap<String, String>,
    /// Exchanges streamed.
    pub exchanges: u64,
    /// Time spent sketching and folding, without the simulator's own.
    pub detecting: Duration,
    /// Time in all.
    pub all: Duration,
}

/// Is handed the detector after each epoch, for curves, stopping rules and
/// restarts.
pub trait Watch {
    /// Before the first epoch.
    ///
    /// # Errors
    /// When the run cannot be as it is asked to be.
    fn begin(&mut self, _: &mut Detector) -> Result<()> {
        Ok(())
    }

    /// After an epoch was folded.
    fn epoch(&mut self, epoch: i64, detector: &mut Detector);
}

impl Watch for () {
    fn epoch(&mut self, _: i64, _: &mut Detector) {}
}

/// A log on its way through a detector, an exchange at a time.
pub(crate) struct Fold<'w, W> {
    detector: Detector,
    sketcher: Sketcher,
    intake: Intake,
    watch: &'w mut W,
    /// Time spent sketching and folding.
    spent: Duration,
}

impl<'w, W: Watch> Fold<'w, W> {
    pub(crate) fn of(mut detector: Detector, watch: &'w mut W) -> Result<Self> {
        watch.begin(&mut detector)?;
        let sketcher = detector.sketcher();
        Ok(Fold { detector, sketcher, intake: Intake::default(), watch, spent: Duration::ZERO })
    }

    pub(crate) fn take(&mut self, exchange: &LoggedExchange) -> Result<()> {
        let started = Instant::now();
        self.intake.take(self.sketcher.sketch(exchange));
        while let Some((epoch, profile)) = self.intake.next_over() {
            self.detector.fold(epoch, &profile)?;
            self.watch.epoch(epoch, &mut self.detector);
        }
        self.spent += started.elapsed();
        Ok(())
    }

    /// The log is over.
    pub(crate) fn end(&mut self) -> Result<Findings> {
        let started = Instant::now();
        for (epoch, profile) in self.intake.rest().collect::<Vec<_>>() {
            self.detector.fold(epoch, &profile)?;
            self.watch.epoch(epoch, &mut self.detector);
        }
        let findings = self.detector.findings();
        self.spent += started.elapsed();
        Ok(findings)
    }
}

/// Streams a scenario, made of `data`, through a detector.
///
/// # Errors
/// When the scenario cannot be, or the data not be read.
pub fn run(scenario: &Scenario, data: Data<'_>, settings: Settings, watch: &mut impl Watch) -> Result<Run> {
    let begun = Instant::now();
    let (corpus, arrivals) = data.read()?;
    let world = World::new(scenario, corpus, arrivals).context("the scenario cannot be")?;
    let accounts: Vec<LoggedAccount> =
        if scenario.without_accounts_file { Vec::new() } else { world.accounts().collect() };
    let mut fold = Fold::of(Detector::new(settings, &accounts), watch)?;
    let mut stream = world.stream();
    let mut exchange = LoggedExchange::default();
    let mut of_campaigns = BTreeMap::<String, Vec<i64>>::new();
    while let Some(campaign) = stream.next_into(&mut exchange) {
        if let Some(campaign) = campaign {
            let name = world.campaign_name(campaign);
            of_campaigns.entry(name.to_owned()).or_default().push(exchange.time.millis());
        }
        fold.take(&exchange)?;
    }
    let findings = fold.end()?;
    let Fold { detector, intake, spent, .. } = fold;
    let truth: Vec<_> = world.truth().collect();
    Ok(Run {
        score: score(&findings, &truth, &of_campaigns),
        born: detector.born(),
        flagged: flagged(&findings, &truth),
        correlation: detector.correlation(),
        confirmed: detector.confirmed(),
        under_test: by_kind(detector.under_test(), &truth),
        kinds: truth.iter().map(|line| (line.account.clone(), line.kind.to_string())).collect(),
        exchanges: intake.taken() + intake.late(),
        findings,
        detecting: spent,
        all: begun.elapsed(),
    })
}

fn by_kind(mut all: Vec<UnderTest>, truth: &[AccountTruth]) -> Vec<(UnderTest, BTreeMap<String, usize>)> {
    all.sort_by(|left, right| right.log2_e.total_cmp(&left.log2_e));
    let kinds: BTreeMap<&str, String> = truth.iter().map(|t| (t.account.as_str(), t.kind.to_string())).collect();
    all.into_iter()
        .map(|candidate| {
            let mut counts = BTreeMap::new();
            for kind in candidate.members.iter().filter_map(|account| kinds.get(account.as_str())) {
                *counts.entry(kind.clone()).or_default() += 1;
            }
            (candidate, counts)
        })
        .collect()
}

fn flagged(findings: &Findings, truth: &[AccountTruth]) -> Vec<(String, MemberLine)> {
    let innocent: BTreeMap<&str, String> =
        truth.iter().filter(|t| t.campaigns.is_empty()).map(|t| (t.account.as_str(), t.kind.to_string())).collect();
    let members = findings.members.iter().filter(|line| line.role == Role::Member);
    members.filter_map(|line| Some((innocent.get(line.account.as_str())?.clone(), line.clone()))).collect()
}
