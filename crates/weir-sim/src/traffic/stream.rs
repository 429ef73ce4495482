//! The run itself: who acts next, in the order of time.
//!
//! Accounts wait in one bucket an hour; only those of the current hour are
//! held in a heap. So a million of them cost one bucket move a session and the
//! heap stays small enough for the cache.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use weir_exchange::LoggedExchange;

use super::actor::Actor;
use super::operator::Operator;
use super::push_code;
use super::rhythm::HOUR;
use super::world::{CampaignId, World};

/// The exchanges of a world in the order of their times.
#[derive(Debug)]
pub struct Stream<'world> {
    world: &'world World,
    actors: Vec<Actor>,
    operators: Vec<Operator>,
    /// By hour from the start: when, and who.
    hours: Vec<Vec<(i64, u32)>>,
    hour: usize,
    now: BinaryHeap<Reverse<(i64, u32)>>,
    sent: u64,
}

/// Operators are told from accounts by this bit.
const OPERATOR: u32 = 1 << 31;

impl World {
    /// The exchanges in the order of their times, each with the campaign it is
    /// part of. Every call starts anew and gives the same.
    #[must_use]
    pub fn stream(&self) -> Stream<'_> {
        let hours = usize::try_from((self.end - self.start) / HOUR).unwrap_or(0) + 1;
        let mut stream = Stream {
            world: self,
            actors: Vec::new(),
            operators: Vec::new(),
            hours: vec![Vec::new(); hours],
            hour: 0,
            now: BinaryHeap::new(),
            sent: 0,
        };
        for (at, group) in self.groups.iter().enumerate() {
            for index in group.first..group.first + group.count {
                if let Some((actor, first)) = Actor::new(self, at, index) {
                    let who = u32::try_from(stream.actors.len()).unwrap_or(u32::MAX);
                    stream.actors.push(actor);
                    stream.wait(first, who);
                }
            }
        }
        for campaign in 0..self.plans.len() {
            let id = u16::try_from(campaign).unwrap_or(u16::MAX);
            let operator = Operator::new(self, id);
            let next = operator.next();
            stream.operators.push(operator);
            if let Some(next) = next {
                stream.wait(next, OPERATOR | u32::from(id));
            }
        }
        stream
    }

    /// The group of an account.
    pub(super) fn group_of(&self, account: u32) -> Option<usize> {
        self.groups.partition_point(|group| group.first <= account).checked_sub(1)
    }
}

impl Stream<'_> {
    /// Writes the next exchange over `out` and gives the campaign it is part
    /// of; `None` at the end. What `out` held is used again, so that a long
    /// run allocates next to nothing.
    #[allow(clippy::option_option, reason = "the end, an exchange of nobody's campaign, one of a campaign")]
    pub fn next_into(&mut self, out: &mut LoggedExchange) -> Option<Option<CampaignId>> {
        loop {
            let (at, who) = self.pop()?;
            let campaign = if who & OPERATOR == 0 {
                let actor = &mut self.actors[who as usize];
                let (campaign, next) = actor.step(self.world, &mut self.operators, at, out);
                if let Some(next) = next {
                    self.wait(next, who);
                }
                campaign
            } else {
                let operator = &mut self.operators[(who & !OPERATOR) as usize];
                let campaign = operator.step(self.world, at, out);
                if let Some(next) = operator.next() {
                    self.wait(next, who);
                }
                if campaign.is_none() {
                    continue;
                }
                campaign
            };
            let id = super::emptied(&mut out.id);
            id.push_str("x-");
            push_code(id, self.sent);
            self.sent += 1;
            return Some(campaign);
        }
    }

    fn wait(&mut self, at: i64, who: u32) {
        let hour = usize::try_from((at - self.world.start) / HOUR).unwrap_or(usize::MAX);
        if hour < self.hour {
            self.now.push(Reverse((at, who)));
        } else if let Some(bucket) = self.hours.get_mut(hour) {
            bucket.push((at, who));
        }
    }

    fn pop(&mut self) -> Option<(i64, u32)> {
        loop {
            match self.now.pop() {
                Some(Reverse(next)) if next.0 < self.world.end => return Some(next),
                Some(_) => continue,
                None => {}
            }
            let bucket = std::mem::take(self.hours.get_mut(self.hour)?);
            self.hour += 1;
            self.now = bucket.into_iter().map(Reverse).collect();
        }
    }
}

impl Iterator for Stream<'_> {
    type Item = (LoggedExchange, Option<CampaignId>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut out = LoggedExchange::default();
        self.next_into(&mut out).map(|campaign| (out, campaign))
    }
}
