//! Bets. For each member active in an epoch there are payoffs whose mean is at
//! most zero if the member is unrelated to the others, given everything before
//! it. The factor `1 + Σ stake × payoff` then has mean at most one whatever the
//! dependence among one member's payoffs, because it is linear in them; and the
//! product over members has, because members are taken one after the other in
//! an order fixed by their keyed hashes, each against what came before it.
//! Stakes are fixed before the member is looked at.
//!
//! (Betting martingales: Waudby-Smith and Ramdas 2024; Ville 1939.)

use serde::{Deserialize, Serialize};

use crate::constants::{BET_ALL, BET_ONE, BET_PRIOR, BET_PRIOR_MEAN, BET_PRIOR_SECOND, BET_TOPIC, LIKENESS_MOST};

/// How many components there are.
pub(crate) const COMPONENTS: usize = 4;

/// A component of the evidence, an index into arrays of [`COMPONENTS`].
///
/// Lengths and scripts are not among them: a tool fixes both, so its users are
/// alike in them without a common operator, and the null would be false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Component {
    Topic,
    Lockstep,
    Address,
    Client,
}

impl Component {
    pub(crate) const ALL: [Component; COMPONENTS] = [
        Component::Topic,
        Component::Lockstep,
        Component::Address,
        Component::Client,
    ];

    pub(crate) fn block(self) -> Block {
        match self {
            Component::Topic => Block::Text,
            Component::Lockstep => Block::Time,
            Component::Address => Block::Network,
            Component::Client => Block::Client,
        }
    }

    /// How far below 0 a payoff can fall.
    fn worst(self) -> f64 {
        match self {
            Component::Topic => LIKENESS_MOST,
            _ => 1.0,
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Component::Topic => "topics are dealt out: an account resembles its own earlier work no more than the others'",
            Component::Lockstep => "moments of an epoch shared with other members, beyond the population's rhythm and its own habit",
            Component::Address => "addresses new to the account that other members used before",
            Component::Client => "clients new to the account that other members used before",
        }
    }
}

/// Evidence within a block may have one cause, so each block counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Block {
    Text,
    Time,
    Network,
    Client,
    Identity,
    Life,
}

impl Block {
    pub(crate) const ALL: [Block; 6] =
        [Block::Text, Block::Time, Block::Network, Block::Client, Block::Identity, Block::Life];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Block::Text => "text",
            Block::Time => "time",
            Block::Network => "network",
            Block::Client => "client",
            Block::Identity => "identity",
            Block::Life => "life cycle",
        }
    }
}

/// Running moments of a payoff or a reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) squares: f64,
}

impl Moments {
    pub(crate) fn take(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// Forgets some of what was seen.
    pub(crate) fn fade(&mut self, keep: f64) {
        self.count *= keep;
        self.sum *= keep;
        self.squares *= keep;
    }

    pub(crate) fn add(&mut self, other: &Moments) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(crate) fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    fn second(&self) -> f64 {
        if self.count > 0.0 { self.squares / self.count } else { 0.0 }
    }

    pub(crate) fn variance(&self) -> f64 {
        (self.second() - self.mean().powi(2)).max(0.0)
    }

    /// So many standard errors below the mean.
    pub(crate) fn below(&self, errors: f64) -> f64 {
        self.mean() - errors * (self.variance() / self.count.max(1.0)).sqrt()
    }
}

/// Stakes for the next member: growth-optimal for the payoffs seen so far
/// (their mean over their second moment), begun from a prior, never negative,
/// capped so that no factor falls below a tenth. One stake for the whole group:
/// a stake for each member would seek out those few people who resemble
/// themselves less than others do, of whom every large group has some. The stake
/// on topics is given (see [`crate::likeness::Gain`]).
pub(crate) fn stakes(seen: &[Moments; COMPONENTS], topic: f64, open: impl Fn(Component) -> bool) -> [f64; COMPONENTS] {
    let mut stakes = [0.0; COMPONENTS];
    for component in Component::ALL.into_iter().filter(|&component| open(component)) {
        let place = component as usize;
        stakes[place] = match component {
            Component::Topic => topic.clamp(0.0, BET_TOPIC),
            _ => {
                let gain = seen[place].sum + BET_PRIOR * BET_PRIOR_MEAN;
                (gain / (seen[place].squares + BET_PRIOR * BET_PRIOR_SECOND)).clamp(0.0, BET_ONE)
            }
        };
    }
    // What could be lost at once, each component at its worst.
    let worst: f64 = Component::ALL.iter().map(|&component| stakes[component as usize] * component.worst()).sum();
    if worst > BET_ALL {
        stakes.iter_mut().for_each(|stake| *stake *= BET_ALL / worst);
    }
    stakes
}

/// The bits each component brings: they sum to the factor's logarithm exactly
/// (the factor's argument is linear, so each share is its own part of it).
pub(crate) fn bits(stakes: &[f64; COMPONENTS], payoffs: &[f64; COMPONENTS]) -> [f64; COMPONENTS] {
    let sum: f64 = stakes.iter().zip(payoffs).map(|(stake, payoff)| stake * payoff).sum();
    let scale = if sum.abs() < 1e-9 { std::f64::consts::LOG2_E } else { (1.0 + sum).max(1e-3).log2() / sum };
    std::array::from_fn(|place| stakes[place] * payoffs[place] * scale)
}
