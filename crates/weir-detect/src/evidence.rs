//! What one epoch says of one candidate. Everything that chose the candidate,
//! its members, their histories and the stakes is older than the epoch.

mod beats;
mod news;

use std::collections::BTreeMap;

use crate::bet::{Block, COMPONENTS, Component, Moments, bits, stakes};
use crate::candidate::{Candidate, Values};
use crate::constants::{BETS_A_MEMBER, BLOCK_BITS, FAMILIES_LEAST, PAYOFF_KEEP, REFERENCE_UNITS, SLOTS};
use crate::fills::Listed;
use crate::leave_out::Item;
use crate::likeness::{Gain, Likeness, Reference, Relative, TopicBet, Wrapper, likeness};
use crate::profile::{EpochProfile, Event};
use crate::settings::Without;
use crate::state::State;
use crate::unit::{History, Pool};
use beats::Beats;
use news::News;

/// A candidate's joint exchanges of an epoch, by customer in the order of their
/// keyed hashes.
pub(crate) type Joint<'e> = BTreeMap<u64, Vec<&'e Event>>;

/// The epoch as everybody lived it.
pub(crate) struct Scene<'e> {
    pub(crate) profile: &'e EpochProfile,
    listed: &'e Listed,
    /// Exchanges in each sixty-fourth.
    slots: [f64; SLOTS as usize],
    addresses: News,
    clients: News,
    /// Self-likeness of customers outside every candidate, this epoch.
    pub(crate) likeness: Reference,
    /// The same of some of them, their wrappers left out.
    pub(crate) bare: Reference,
    /// The same as a share of what earlier epochs showed.
    now: Relative,
    families: Families,
}

impl<'e> Scene<'e> {
    pub(crate) fn of(
        state: &State,
        (profile, listed): (&'e EpochProfile, &'e Listed),
        families: Families,
        in_candidates: impl Fn(u64) -> bool,
    ) -> Scene<'e> {
        let mut scene = Scene {
            profile,
            listed,
            slots: [0.0; SLOTS as usize],
            addresses: News::default(),
            clients: News::default(),
            likeness: Reference::default(),
            bare: Reference::default(),
            now: Relative::default(),
            families,
        };
        let mut compared = 0;
        for (&unit, seen) in &profile.units {
            for (_, event) in &seen.events {
                scene.slots[(event.slot % SLOTS) as usize] += 1.0;
            }
            let Some(known) = state.units.get(&unit) else { continue };
            for (_, event) in &seen.events {
                scene.addresses.take(unit, event.address, &known.addresses);
                scene.clients.take(unit, event.client, known.clients.recent());
            }
            if compared < REFERENCE_UNITS && !in_candidates(unit) {
                let like = |wrapper| {
                    let events = seen.events.iter().map(|(_, event)| event);
                    likeness(events, &known.history, &state.pool, true, wrapper)
                };
                if let Some(values) = like(Wrapper::Counted) {
                    scene.likeness.take(values);
                    scene.now.take(values, &state.reference);
                    compared += 1;
                }
                if let Some(values) = like(Wrapper::LeftOut) {
                    scene.bare.take(values);
                }
            }
        }
        scene.addresses.sort();
        scene.clients.sort();
        scene
    }
}

/// How much the users of each family resembled themselves in earlier epochs.
#[derive(Debug, Default)]
pub(crate) struct Families(Vec<(f64, u64)>);

impl Families {
    pub(crate) fn of(candidates: &[Candidate]) -> Families {
        let known = |c: &Candidate| c.likeness.share().map(|share| (share, c.ordinal));
        let mut all: Vec<(f64, u64)> = candidates.iter().filter_map(known).collect();
        all.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        Families(all)
    }

    /// The share of the usual that three quarters of the other families exceed; none
    /// where too few are known. Campaigns among them would take it down, and then
    /// less is bet.
    fn without(&self, ordinal: u64) -> Option<f64> {
        let others: Vec<f64> = self.0.iter().filter(|(_, other)| *other != ordinal).map(|(value, _)| *value).collect();
        (others.len() >= FAMILIES_LEAST).then(|| others[others.len() / 4])
    }
}

fn is_new(value: u64, known: &crate::unit::Recent) -> bool {
    value != 0 && !known.is_empty() && !known.holds(value)
}

/// Bets on the members active in the epoch, then takes the epoch in.
pub(crate) fn weigh(candidate: &mut Candidate, joint: &Joint<'_>, scene: &Scene<'_>, state: &State, epoch: i64) {
    let share = Reference::share(&scene.now, scene.families.without(candidate.ordinal));
    // People who work from one list are interchangeable and in step without a
    // common operator, so nothing is staked on either.
    let trial = state.trial;
    let common_list = !trial.leaves_out(Without::Repeats) && candidate.works_off_a_list();
    let closed: Vec<Block> = Block::ALL
        .into_iter()
        .filter(|&block| {
            let left_out = match trial.without {
                Some(Without::Text | Without::Interchangeability) => block == Block::Text,
                Some(Without::Time) => block == Block::Time,
                _ => false,
            };
            left_out || candidate.block_bits(block) >= BLOCK_BITS || (common_list && matches!(block, Block::Text | Block::Time))
        })
        .collect();
    let mut beats = Beats::of(scene, joint);
    let shared = Shared::of(candidate, scene, joint);
    let mut before: Option<History> = None;
    for (&unit, events) in joint {
        let Some(seen) = scene.profile.units.get(&unit) else { continue };
        let known = candidate.members.get(&unit).filter(|member| member.since < epoch);
        let is_core = known.is_some_and(|member| state.is_core(unit, member));
        if known.is_some() {
            let is_left_out = state.left_out.holds(unit, Item::Dealt);
            let value = match before.take() {
                _ if is_left_out => None,
                Some(other) => compare_with_one(candidate, unit, events, &other),
                None => compare(candidate, unit, events, Wrapper::Counted),
            };
            let bare = if is_left_out { None } else { compare(candidate, unit, events, Wrapper::LeftOut) };
            if is_core {
                let topic = value.zip(share).and_then(|(value, share)| TopicBet::of(value, &state.reference, share));
                let payoffs = payoffs(candidate, unit, events, topic, &beats, &shared, state);
                let bits = known.map_or([0.0; COMPONENTS], |member| member.bits);
                let open =
                    |c: Component| !closed.contains(&c.block()) && bits[c as usize] < BETS_A_MEMBER;
                bet(candidate, unit, &payoffs, topic, trial.same_epoch, open);
            }
            note_likeness(candidate, (unit, is_core), (value, bare), state);
        }
        if trial.leaves_out(Without::Group) {
            beats.forget();
            before = candidate.members.get(&unit).map(|member| member.history.clone());
        }
        beats.take(events);
        let known = state.units.get(&unit);
        candidate.take(epoch, (unit, known), (events, scene.listed), seen.events.len());
    }
}

/// Notes how a member's joint turns compared with its own, as they are and with its
/// wrapper left out; of those who work with the template, for the group as well.
fn note_likeness(
    candidate: &mut Candidate,
    (unit, is_core): (u64, bool),
    (value, bare): (Option<Likeness>, Option<Likeness>),
    state: &State,
) {
    let Some(member) = candidate.members.get_mut(&unit) else { return };
    if let Some(value) = value {
        member.own.take(value, &state.reference);
        if is_core {
            candidate.likeness.take_latest(value, &state.reference);
        }
    }
    if let Some(bare) = bare {
        member.own_bare.take(bare, &state.bare);
        if is_core {
            candidate.bare.take_latest(bare, &state.bare);
        }
    }
}

/// What a measurement that breaks the guarantee holds for seen: the payoffs
/// that are yet to be bet on.
fn chosen_late(payoffs: &[Option<f64>; COMPONENTS]) -> [Moments; COMPONENTS] {
    payoffs.map(|payoff| {
        let mut seen = Moments::default();
        (0..1000).for_each(|_| seen.take(payoff.unwrap_or(0.0)));
        seen
    })
}

/// The same of a bet on topics.
fn chosen_late_of(bet: TopicBet) -> Gain {
    let mut gain = Gain::default();
    (0..1000).for_each(|_| gain.take(&bet));
    gain
}

fn bet(
    candidate: &mut Candidate,
    unit: u64,
    payoffs: &[Option<f64>; COMPONENTS],
    topic: Option<TopicBet>,
    is_late: bool,
    open: impl Fn(Component) -> bool,
) {
    let seen = if is_late { chosen_late(payoffs) } else { candidate.payoffs };
    let gain = if is_late { topic.map_or(candidate.gain, chosen_late_of) } else { candidate.gain };
    let on_topic = topic.map_or(0.0, |bet| gain.stake(&bet));
    let stakes = stakes(&seen, on_topic, |component| open(component) && payoffs[component as usize].is_some());
    let values = payoffs.map(|payoff| payoff.unwrap_or(0.0));
    let brought = bits(&stakes, &values);
    candidate.log2_e += brought.iter().sum::<f64>();
    if let Some(bet) = topic {
        candidate.gain.take(&bet);
    }
    for place in 0..COMPONENTS {
        candidate.bits[place] += brought[place];
        candidate.bettors[place] += u64::from(stakes[place] > 0.0);
        if let Some(value) = payoffs[place] {
            candidate.payoffs[place].fade(PAYOFF_KEEP);
            candidate.payoffs[place].take(value);
        }
    }
    if let Some(member) = candidate.members.get_mut(&unit) {
        member.bits.iter_mut().zip(brought).for_each(|(sum, brought)| *sum += brought);
    }
}

/// Compares a member's joint turns with its own joint history.
fn compare(candidate: &Candidate, unit: u64, events: &[&Event], wrapper: Wrapper) -> Option<Likeness> {
    let member = candidate.members.get(&unit)?;
    likeness(events.iter().copied(), &member.history, &candidate.pool, true, wrapper)
}

/// The same against one other member alone, as where pairs decide.
fn compare_with_one(candidate: &Candidate, unit: u64, events: &[&Event], other: &History) -> Option<Likeness> {
    let member = candidate.members.get(&unit)?;
    let mut pool = Pool::default();
    pool.add(other);
    likeness(events.iter().copied(), &member.history, &pool, false, Wrapper::Counted)
}

/// The payoffs of one member; none where a component cannot be told.
fn payoffs(
    candidate: &Candidate,
    unit: u64,
    events: &[&Event],
    topic: Option<TopicBet>,
    beats: &Beats,
    shared: &Shared,
    state: &State,
) -> [Option<f64>; COMPONENTS] {
    let mut payoffs = [None; COMPONENTS];
    payoffs[Component::Topic as usize] = topic.map(|bet| bet.payoff);
    if let Some(known) = state.units.get(&unit) {
        payoffs[Component::Lockstep as usize] = beats.payoff(events, &known.moments);
        let hit = |group: &Values, value| f64::from(u8::from(group.used_by_others(value, unit)));
        let address = events.iter().map(|event| event.address).find(|&value| is_new(value, &known.addresses));
        payoffs[Component::Address as usize] =
            address.map(|value| hit(&candidate.addresses, value) - shared.addresses);
        let client = events.iter().map(|event| event.client).find(|&value| is_new(value, known.clients.recent()));
        payoffs[Component::Client as usize] =
            client.map(|value| hit(&candidate.clients, value) - shared.clients);
    }
    for component in Component::ALL.into_iter().filter(|&component| state.left_out.holds_bet(unit, component)) {
        payoffs[component as usize] = None;
    }
    payoffs
}

/// How often values new to other customers are among the group's: the chance
/// that an unrelated customer's would be, rounded up.
struct Shared {
    addresses: f64,
    clients: f64,
}

impl Shared {
    fn of(candidate: &Candidate, scene: &Scene<'_>, joint: &Joint<'_>) -> Shared {
        Shared {
            addresses: scene.addresses.share_of(&candidate.addresses, joint),
            clients: scene.clients.share_of(&candidate.clients, joint),
        }
    }
}

#[cfg(test)]
mod tests;
