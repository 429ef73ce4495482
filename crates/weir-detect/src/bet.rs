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

use crate::constants::{
    BET_ALL, BET_ONE, BET_PRIOR, BET_PRIOR_MEAN, BET_PRIOR_SECOND, BET_TOPIC, FAMILY_COMPARED, LIKENESS_MOST, LIKENESS_SHARE,
    REFERENCE_LEAST, TOPIC_FLOOR, TOPIC_SECOND,
};
use crate::profile::Event;
use crate::unit::{History, Pool};

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

    fn variance(&self) -> f64 {
        (self.second() - self.mean().powi(2)).max(0.0)
    }

    /// Two standard errors below the mean.
    fn low(&self) -> f64 {
        self.mean() - 2.0 * (self.variance() / self.count.max(1.0)).sqrt()
    }
}

/// A comparison of a customer's turn with its own history and the pool of
/// others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Likeness {
    /// How much more its own history shows what the turn shows: own share less
    /// pool's share, at most [`LIKENESS_MOST`]. At most 0 on average when turns
    /// are dealt out from the pool, however short the histories.
    pub(crate) excess: f64,
    /// What the excess would be if its history showed nothing else: 1 less the
    /// pool's share. The ratio of both means is the intra-account correlation;
    /// where everybody shows the same there is no room and nothing to bet on.
    pub(crate) room: f64,
}

/// How much unrelated people resemble themselves, from earlier epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reference {
    excess: Moments,
    room: Moments,
}

impl Reference {
    pub(crate) fn fade(&mut self, keep: f64) {
        self.excess.fade(keep);
        self.room.fade(keep);
    }

    pub(crate) fn take(&mut self, value: Likeness) {
        self.excess.take(value.excess);
        self.room.take(value.room);
    }

    pub(crate) fn add(&mut self, other: &Reference) {
        self.excess.add(&other.excess);
        self.room.add(&other.room);
    }

    /// The intra-account correlation; none until enough was seen.
    pub(crate) fn correlation(&self) -> Option<f64> {
        let room = self.room.mean();
        (self.excess.count >= FAMILY_COMPARED && room > 0.0).then(|| self.excess.mean() / room)
    }

    /// The intra-account correlation, two standard errors low; none until
    /// enough was seen.
    pub(crate) fn low(&self) -> Option<f64> {
        let room = self.room.mean();
        (self.excess.count >= REFERENCE_LEAST && room > 0.0).then(|| self.excess.low() / room)
    }

    /// The same without a look at this epoch or at families.
    pub(crate) fn least_of_all(&self) -> Option<f64> {
        self.low().map(|low| low * LIKENESS_SHARE)
    }

    /// The least intra-account correlation that the null holds. Two standard
    /// errors below that of earlier epochs, or of this epoch's other customers
    /// where that is lower (a launch or an outage moves everybody), and of that
    /// the share that people who use one tool are held to keep.
    pub(crate) fn least(&self, now: &Reference, families: Option<f64>) -> Option<f64> {
        let before = self.low()?;
        let low = now.low().map_or(before, |now| now.min(before));
        // Users of tools resemble themselves less than people at large.
        let least = families.map_or(low * LIKENESS_SHARE, |families| families.min(low * LIKENESS_SHARE));
        (least > 0.0).then_some(least)
    }
}

/// Compares a customer's opening turns with its own history and the pool, by
/// topic. The mean over the turns, so that one busy session counts once.
pub(crate) fn likeness<'e>(
    events: impl Iterator<Item = &'e Event>,
    own: &History,
    pool: &Pool,
    own_is_in_pool: bool,
) -> Option<Likeness> {
    let others = pool.count.saturating_sub(if own_is_in_pool { u64::from(own.count) } else { 0 });
    if own.count == 0 || others == 0 {
        return None;
    }
    let share = |bucket: u8| {
        let place = own.topics.binary_search_by_key(&bucket, |(bucket, _)| *bucket);
        let own_count = place.map_or(0, |place| own.topics[place].1);
        let all = pool.topics[usize::from(bucket)];
        let rest = if own_is_in_pool { all.saturating_sub(u64::from(own_count)) } else { all };
        ((f64::from(own_count) / f64::from(own.count)).min(1.0), (rest as f64 / others as f64).min(1.0))
    };
    let mut sum = Likeness::default();
    let mut count = 0.0_f64;
    for event in events.filter(|event| !event.follows_up && !event.topic.is_empty()) {
        let value = topic_likeness(event, &share);
        count += 1.0;
        sum.excess += value.excess;
        sum.room += value.room;
    }
    (count > 0.0).then(|| Likeness { excess: (sum.excess / count).min(LIKENESS_MOST), room: sum.room / count })
}

/// Buckets that much of the pool shows are the template's or everybody's, so
/// rare ones weigh more.
fn topic_likeness(event: &Event, share: &impl Fn(u8) -> (f64, f64)) -> Likeness {
    let (mut excess, mut room, mut weights) = (0.0, 0.0, 0.0);
    for &bucket in &event.topic {
        let (mine, theirs) = share(bucket);
        let weight = 1.0 / (theirs + TOPIC_FLOOR);
        excess += weight * (mine - theirs);
        room += weight * (1.0 - theirs);
        weights += weight;
    }
    Likeness { excess: excess / weights, room: room / weights }
}

/// What a member showed of itself in a candidate: how its joint turns compared
/// with its own joint history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    count: f64,
    excess: f64,
    room: f64,
}

impl Own {
    pub(crate) fn take(&mut self, value: Likeness) {
        self.count += 1.0;
        self.excess += value.excess;
        self.room += value.room;
    }

    /// Bits for work that is dealt out to the member (mean excess 0) against
    /// work of its own (mean excess as among unrelated people), both normal
    /// with the spread seen among the latter.
    pub(crate) fn dealt_bits(&self, reference: &Reference) -> f64 {
        let count = self.count;
        let variance = reference.excess.variance();
        let room = reference.room.mean();
        if count < 3.0 || variance <= 0.0 || room <= 0.0 {
            return 0.0;
        }
        let expected = reference.excess.mean() / room * self.room / count;
        count * expected * (expected / 2.0 - self.excess / count) / variance * std::f64::consts::LOG2_E
    }
}

/// Stakes for the next member: growth-optimal for the payoffs seen so far
/// (their mean over their second moment), begun from a prior, never negative,
/// capped so that no factor falls below a tenth. One stake for the whole group:
/// a stake for each member would seek out those few people who resemble
/// themselves less than others do, of whom every large group has some.
pub(crate) fn stakes(
    seen: &[Moments; COMPONENTS],
    least: Option<f64>,
    open: impl Fn(Component) -> bool,
) -> [f64; COMPONENTS] {
    let mut stakes = [0.0; COMPONENTS];
    for component in Component::ALL {
        let place = component as usize;
        if !open(component) {
            continue;
        }
        // Against dealt-out work a topic's mean payoff is the least correlation.
        let (mean, second, most) = match component {
            Component::Topic => (least.unwrap_or(0.0), TOPIC_SECOND, BET_TOPIC),
            _ => (BET_PRIOR_MEAN, BET_PRIOR_SECOND, BET_ONE),
        };
        let gain = seen[place].sum + BET_PRIOR * mean;
        stakes[place] = (gain / (seen[place].squares + BET_PRIOR * second)).clamp(0.0, most);
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
