//! What is kept of a customer between epochs: enough to ask whether its next
//! exchange resembles its own earlier ones more than other people's.

mod clients;
mod topics;

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use weir_acts::Time;
use weir_exchange::{ClosedBy, LoggedAccount};

use crate::anchor::short;
use crate::constants::{EDGES_A_UNIT, HISTORY_FULL, MOMENTS, RECENT_VALUES, TOPIC_BUCKETS};
use crate::fills::Given;
use crate::footprint::rounded;
use crate::hash::{Domain, Keyed, Table};
use crate::launch::{Launch, Moved};
use crate::primed::Primer;
use crate::profile::{Event, UnitEpoch};
pub(crate) use clients::Clients;
pub(crate) use topics::Topics;

/// Counts of what a customer's exchanges were like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History {
    /// Exchanges counted.
    pub(crate) count: u32,
    /// How often each topic bucket was met.
    pub(crate) topics: Topics,
    pub(crate) lengths: [u8; 16],
    pub(crate) scripts: [u8; 8],
}

impl History {
    pub(crate) fn take(&mut self, event: &Event) {
        if self.count >= HISTORY_FULL {
            self.halve();
        }
        self.count += 1;
        event.topic.iter().for_each(|&bucket| self.topics.take(bucket));
        let counters = [
            &mut self.lengths[usize::from(event.length & 15)],
            &mut self.scripts[usize::from(event.script & 7)],
        ];
        for counter in counters {
            *counter = counter.saturating_add(1);
        }
    }

    /// The same where the history is part of a pool, which follows: by the
    /// difference, because a history is long and what is new is not. No count can
    /// be full before [`HISTORY_FULL`], so each grows by what is added.
    fn take_pooled(&mut self, event: &Event, pool: &mut Pool) {
        if self.count >= HISTORY_FULL {
            pool.remove(self);
            self.take(event);
            pool.add(self);
            return;
        }
        self.take(event);
        pool.count += 1;
        event.topic.iter().for_each(|&bucket| pool.topics[usize::from(bucket)] += 1);
        pool.lengths[usize::from(event.length & 15)] += 1;
        pool.scripts[usize::from(event.script & 7)] += 1;
    }

    fn halve(&mut self) {
        self.count /= 2;
        self.topics.halve();
        let rest = self.lengths.iter_mut().chain(&mut self.scripts);
        rest.for_each(|count| *count /= 2);
    }
}

/// The sum of many customers' histories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pool {
    pub(crate) count: u64,
    pub(crate) topics: Vec<u64>,
    pub(crate) lengths: [u64; 16],
    pub(crate) scripts: [u64; 8],
}

impl Default for Pool {
    fn default() -> Pool {
        Pool { count: 0, topics: vec![0; TOPIC_BUCKETS], lengths: [0; 16], scripts: [0; 8] }
    }
}

impl Pool {
    pub(crate) fn add(&mut self, history: &History) {
        self.count += u64::from(history.count);
        for (bucket, count) in history.topics.iter() {
            self.topics[usize::from(bucket)] += u64::from(count);
        }
        add_each(&mut self.lengths, &history.lengths);
        add_each(&mut self.scripts, &history.scripts);
    }

    /// Takes out what was added before.
    pub(crate) fn remove(&mut self, history: &History) {
        self.count = self.count.saturating_sub(u64::from(history.count));
        for (bucket, count) in history.topics.iter() {
            let sum = &mut self.topics[usize::from(bucket)];
            *sum = sum.saturating_sub(u64::from(count));
        }
        remove_each(&mut self.lengths, &history.lengths);
        remove_each(&mut self.scripts, &history.scripts);
    }
}

fn add_each(sums: &mut [u64], counts: &[u8]) {
    for (sum, &count) in sums.iter_mut().zip(counts) {
        *sum += u64::from(count);
    }
}

fn remove_each(sums: &mut [u64], counts: &[u8]) {
    for (sum, &count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_sub(u64::from(count));
    }
}

/// The last few values of a kind, oldest first. New ones are rare, so it takes
/// just the room it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recent(Box<[u64]>);

impl Recent {
    pub(crate) fn holds(&self, value: u64) -> bool {
        self.0.contains(&value)
    }

    pub(crate) fn any(&self, is: impl FnMut(u64) -> bool) -> bool {
        self.0.iter().copied().any(is)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().copied()
    }

    pub(crate) fn take(&mut self, value: u64) {
        if value == 0 || self.holds(value) {
            return;
        }
        let oldest = usize::from(self.0.len() == RECENT_VALUES);
        self.0 = self.0[oldest..].iter().copied().chain([value]).collect();
    }
}

/// In which sixty-fourth of their epochs the latest exchanges came, oldest
/// first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latest {
    count: u8,
    slots: [u8; MOMENTS],
}

impl Latest {
    fn take(&mut self, slot: u8) {
        let full = usize::from(self.count) == MOMENTS;
        if full {
            self.slots.copy_within(1.., 0);
        }
        self.count += u8::from(!full);
        self.slots[usize::from(self.count) - 1] = slot;
    }
}

impl Deref for Latest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.slots[..usize::from(self.count).min(MOMENTS)]
    }
}

/// A link from a customer to an admitted anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Edge {
    pub(crate) anchor: u64,
    pub(crate) uses: u32,
    /// The epoch of the last use, as far as it fits: epochs of ten seconds do
    /// for centuries.
    pub(crate) last: i32,
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) name: Box<str>,
    /// The epochs of its first and last exchange.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) exchanges: u64,
    /// Of them, those whose texts were looked at.
    pub(crate) sampled: u32,
    /// What came before a turn of its.
    pub(crate) primer: Primer,
    /// What its opening turns were like; later turns of a conversation follow
    /// from the first and would only make everybody look alike to themselves.
    pub(crate) history: History,
    pub(crate) edges: Vec<Edge>,
    pub(crate) addresses: Recent,
    pub(crate) clients: Clients,
    pub(crate) prefix: u64,
    pub(crate) marks: u64,
    pub(crate) moments: Latest,
    pub(crate) given: Given,
    /// Exchanges in the day that began with its first epoch.
    pub(crate) first_day: u16,
    /// Whether it went over to what was launched last.
    pub(crate) moved: Moved,
}

/// What everybody lives through at the same time as an epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct During<'s> {
    pub(crate) epoch: i64,
    /// Epochs in a day.
    pub(crate) day: i64,
    /// What was launched within the last day.
    pub(crate) launch: Option<&'s Launch>,
}

impl Unit {
    /// Takes in what an epoch saw of it; what it was like before is gone. Its
    /// history is part of the pool.
    pub(crate) fn take(&mut self, during: During<'_>, seen: &UnitEpoch, pool: &mut Pool) {
        let During { epoch, day, launch } = during;
        if self.name.is_empty() {
            self.name.clone_from(&seen.name);
            self.first = epoch;
        }
        if epoch - self.first < day {
            self.first_day = self.first_day.saturating_add(u16::try_from(seen.exchanges).unwrap_or(u16::MAX));
        }
        if let Some(launch) = launch {
            self.moved.take(launch, self.last, seen);
        }
        self.last = epoch;
        self.exchanges = self.exchanges.saturating_add(seen.exchanges);
        self.sampled = self.sampled.saturating_add(seen.events.len() as u32);
        for (_, event) in &seen.events {
            if !event.follows_up() {
                self.history.take_pooled(event, pool);
            }
            self.addresses.take(event.address);
            self.clients.take(event.client);
            self.moments.take((event.slot & 63) as u8);
            if event.prefix != 0 {
                self.prefix = event.prefix;
            }
            if event.marks != 0 {
                self.marks = event.marks;
            }
        }
    }

    /// Bytes it has elsewhere, its links left out.
    pub(crate) fn heap_bytes(&self) -> usize {
        let values = |recent: &Recent| rounded(size_of_val(&*recent.0));
        rounded(self.name.len())
            + self.history.topics.heap_bytes()
            + values(&self.addresses)
            + values(self.clients.recent())
    }

    /// Exchanges, at least, that showed one of these anchors.
    pub(crate) fn shows(&self, anchors: &BTreeSet<u64>) -> u64 {
        let links = self.edges.iter().filter(|edge| anchors.contains(&edge.anchor));
        links.map(|edge| u64::from(edge.uses)).max().unwrap_or(0)
    }

    /// Links to an anchor; true when the link is new. When full, the link
    /// that was used least and longest ago gives way.
    pub(crate) fn link(&mut self, anchor: u64, uses: u32, epoch: i64) -> bool {
        let epoch = short(epoch);
        if let Some(edge) = self.edges.iter_mut().find(|edge| edge.anchor == anchor) {
            edge.uses = edge.uses.saturating_add(uses);
            edge.last = epoch;
            return false;
        }
        if self.edges.len() >= EDGES_A_UNIT {
            let weakest = self.edges.iter().enumerate().min_by_key(|(_, edge)| (edge.uses, edge.last, edge.anchor));
            if let Some((place, _)) = weakest {
                self.edges.swap_remove(place);
            }
        }
        if self.edges.len() == self.edges.capacity() {
            self.edges.reserve_exact(4);
        }
        self.edges.push(Edge { anchor, uses, last: epoch });
        true
    }
}

/// `verified` of an account whose party is known by its own word alone.
pub(crate) const SELF_DECLARED: &str = "self";

/// What sign-up and billing know of a customer. It may propose and describe;
/// it never enters an e-value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) declared: bool,
    pub(crate) created: Option<i64>,
    pub(crate) closed: Option<i64>,
    pub(crate) closed_by_provider: bool,
    pub(crate) plan: u64,
    pub(crate) payment: u64,
    pub(crate) mail: u64,
    pub(crate) path: u64,
}

impl Facts {
    pub(crate) fn of(account: &LoggedAccount, key: &Keyed) -> Facts {
        Facts {
            // Whoever says so alone of itself is no declared organisation.
            declared: account.party.is_some() && account.verified.as_deref() != Some(SELF_DECLARED),
            created: account.created.map(Time::millis),
            closed: account.closed.map(Time::millis),
            closed_by_provider: account.closed_by == Some(ClosedBy::Provider),
            plan: key.of_text(Domain::Plan, account.plan.as_deref()),
            payment: key.of_text(Domain::Payment, account.payment.as_deref()),
            mail: key.of_text(Domain::Mail, account.email_domain.as_deref()),
            path: key.of_text(Domain::Path, account.signup_path.as_deref()),
        }
    }

    /// The week of sign-up, from 1; 0 when unknown.
    pub(crate) fn birth_week(&self) -> u64 {
        self.created.map_or(0, |millis| millis.div_euclid(7 * 86_400_000).unsigned_abs() + 1)
    }
}

/// Customers by their keyed hash.
pub(crate) type Units = Table<Unit>;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64) -> Event {
        let text = format!("{} harbour {} lantern", number % 37, ["orchard", "granite", "violin"][(number % 3) as usize]);
        let sketcher = crate::Sketcher::new(&crate::Settings::default());
        let mut exchange = weir_exchange::LoggedExchange::default();
        exchange.messages.push(weir_exchange::LoggedMessage { role: "user".to_owned(), content: text });
        sketcher.sketch(&exchange).event
    }

    #[test]
    fn the_pool_is_the_sum_of_its_histories_through_growth_and_halving() {
        let (mut pool, mut histories) = (Pool::default(), vec![History::default(); 3]);
        for number in 0..2_000 {
            histories[(number % 7 % 3) as usize].take_pooled(&event(number), &mut pool);
        }
        let mut sum = Pool::default();
        histories.iter().for_each(|history| sum.add(history));
        assert_eq!(pool, sum);
        assert!(pool.count > 300 && histories.iter().all(|history| history.count <= HISTORY_FULL));
    }
}
