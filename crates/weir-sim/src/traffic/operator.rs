//! Whoever runs a campaign: a list of tasks, given out without replacement,
//! and with a central queue also the choice of account and moment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use weir_acts::Time;
use weir_exchange::LoggedExchange;

use super::actor::Purpose;
use super::campaign::Dispatch;
use super::exchange::{self, Said};
use super::rhythm::{HOUR, seconds};
use super::world::{CampaignId, Plan, World};
use crate::random::{SeededRandom, millis, mix};

/// The state of a campaign in a run.
#[derive(Debug)]
pub(super) struct Operator {
    campaign: u16,
    random: SeededRandom,
    next_task: u64,
    /// The task given out last, and how many more answers to it are wanted.
    wanted: (u64, u32),
    /// Where the round of accounts is.
    turn: u64,
    /// Sent later than given out: moment, account, task.
    delayed: BinaryHeap<Reverse<(i64, u32, u64)>>,
    /// When the queue gives out next.
    due: Option<i64>,
}

impl Operator {
    pub(super) fn new(world: &World, campaign: u16) -> Self {
        let plan = &world.plans[usize::from(campaign)];
        let mut operator = Self {
            campaign,
            random: SeededRandom::for_member(plan.seed, 0x6f70_6572),
            next_task: 0,
            wanted: (0, 0),
            turn: 0,
            delayed: BinaryHeap::new(),
            due: None,
        };
        if plan.with.dispatch == Dispatch::Queue {
            operator.due = operator.next_dispatch(world, plan, plan.start);
        }
        operator
    }

    /// When it acts next.
    pub(super) fn next(&self) -> Option<i64> {
        let delayed = self.delayed.peek().map(|Reverse((at, ..))| *at);
        [delayed, self.due].into_iter().flatten().min()
    }

    /// Writes the exchange due at `at`, if it is one: `None` where a task was
    /// only given out, to be sent later.
    pub(super) fn step(&mut self, world: &World, at: i64, out: &mut LoggedExchange) -> Option<CampaignId> {
        let plan = &world.plans[usize::from(self.campaign)];
        if self.delayed.peek().is_some_and(|Reverse((due, ..))| *due <= at) {
            let Reverse((_, account, task)) = self.delayed.pop()?;
            return self.send(world, plan, at, account, task, out);
        }
        self.due = self.next_dispatch(world, plan, at);
        let account = self.choose(world, plan, at)?;
        let mut random = self.random.clone();
        let task = self.next_task(&mut random, plan);
        self.random = random;
        if plan.with.jitter_hours > 0.0 {
            let later = at + millis(3600.0 * plan.with.jitter_hours * self.random.unit());
            self.delayed.push(Reverse((later, account, task)));
            return None;
        }
        self.send(world, plan, at, account, task, out)
    }

    /// The next task: the last once more until it has as many answers as are wanted,
    /// then a fresh one, or now and then one given out before.
    pub(super) fn next_task(&mut self, random: &mut SeededRandom, plan: &Plan) -> u64 {
        if let (task, more @ 1..) = self.wanted {
            self.wanted.1 = more - 1;
            return task;
        }
        let task = if self.next_task > 0 && random.happens(plan.with.repeats) {
            random.below(self.next_task)
        } else {
            self.next_task += 1;
            self.next_task - 1
        };
        self.wanted = (task, plan.with.samples - 1);
        task
    }

    /// Whether, in its ramp, it works at this moment.
    pub(super) fn is_on(&self, _world: &World, plan: &Plan, at: i64, random: &mut SeededRandom) -> bool {
        random.happens(ramp(plan, at))
    }

    fn next_dispatch(&mut self, world: &World, plan: &Plan, from: i64) -> Option<i64> {
        let accounts: u32 = plan.waves.clone().map(|wave| world.groups[wave].count).sum();
        let live = f64::from(accounts) / f64::from(plan.with.waves);
        let mut at = from;
        let mut due = self.random.exponential();
        while at < plan.end {
            let cell_end = (at.div_euclid(HOUR) + 1) * HOUR;
            // Jobs come in batches: some hours bring more than others.
            let mut hour = SeededRandom::for_member(plan.seed, mix(u64::from_ne_bytes(cell_end.to_ne_bytes())));
            let batch = hour.around(0.95, 0.35);
            let rate = (live * plan.with.per_day / 24.0 * batch * ramp(plan, at)).max(1e-9);
            let mass = rate * seconds(cell_end - at) / 3600.0;
            if mass > due {
                let next = at + millis(due / rate * 3600.0).max(1);
                return (next < plan.end && !world.is_out(next))
                    .then_some(next)
                    .or_else(|| self.after_outage(world, plan, next));
            }
            due -= mass;
            at = cell_end;
        }
        None
    }

    fn after_outage(&mut self, world: &World, plan: &Plan, mut at: i64) -> Option<i64> {
        while world.is_out(at) {
            at += 60_000;
        }
        (at < plan.end).then_some(at)
    }

    /// The next account of the round that is alive.
    fn choose(&mut self, world: &World, plan: &Plan, at: i64) -> Option<u32> {
        let stolen = plan.stolen.len() as u64;
        for _ in 0..64 {
            let wave = plan.waves.clone().rev().find(|wave| {
                let (from, _) = world.groups[*wave].active;
                at >= world.start + millis(from * 86_400.0)
            });
            let group = &world.groups[wave?];
            let round = u64::from(group.count) + stolen;
            // A balancer goes round, and skips those that are busy.
            self.turn += 1 + u64::from(self.random.chance(30));
            let place = self.turn % round;
            if let Some(stolen) = place.checked_sub(u64::from(group.count)) {
                // Of a stolen key not too much is used, lest it be missed.
                if self.random.chance(35) {
                    return Some(plan.stolen.start + u32::try_from(stolen).unwrap_or(0));
                }
                continue;
            }
            let account = group.first + u32::try_from(place).unwrap_or(0);
            let life = world.life(group, account);
            if (life.from..life.until).contains(&at) {
                return Some(account);
            }
        }
        None
    }

    fn send(
        &mut self,
        world: &World,
        plan: &Plan,
        at: i64,
        account: u32,
        task: u64,
        out: &mut LoggedExchange,
    ) -> Option<CampaignId> {
        let group_at = world.group_of(account)?;
        let group = &world.groups[group_at];
        if at >= world.life(group, account).until {
            return None;
        }
        let persona = world.persona(group, account);
        let conversation = self.random.next_bits();
        let said = Said {
            group,
            index: account,
            persona: &persona,
            conversation,
            session: conversation,
            turn: 0,
            about: persona.main_interest(),
            purpose: Purpose::Task { campaign: self.campaign, number: task },
            taken: 0,
        };
        out.time = Time::from_millis(at);
        debug_assert!(plan.start <= at);
        exchange::write(world, &said, at, &mut self.random, out)
    }
}

/// How far up its ramp a campaign is.
fn ramp(plan: &Plan, at: i64) -> f64 {
    if plan.with.ramp <= 0.0 {
        return 1.0;
    }
    (seconds(at - plan.start) / 86_400.0 / plan.with.ramp).clamp(0.02, 1.0)
}
