//! An account as it lives: sessions, conversations, exchanges.

use weir_acts::Time;
use weir_exchange::LoggedExchange;

use super::corpus::About;
use super::exchange::{self, Said};
use super::group::{Fills, Group, Rhythm};
use super::operator::Operator;
use super::persona::Persona;
use super::rhythm::{HOUR, seconds};
use super::world::{CampaignId, World};
use crate::random::{SeededRandom, millis, mix};

/// An account that will call again.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) index: u32,
    group: u16,
    random: SeededRandom,
    persona: Persona,
    until: i64,
    /// Conversations left in the session after this one.
    left: u16,
    session: u64,
    conversation: u64,
    turn: u8,
    turns: u8,
    about: About,
    purpose: Purpose,
    /// How many public items it took.
    taken: u32,
}

/// Whose conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Own,
    /// Somebody's who passes through; in a campaign or not.
    Relayed {
        customer: u64,
        campaign: Option<u16>,
    },
    /// A task of a campaign.
    Task {
        campaign: u16,
        number: u64,
    },
}

impl Actor {
    /// The account, and when it first calls; `None` if never.
    pub(super) fn new(world: &World, group_at: usize, index: u32) -> Option<(Self, i64)> {
        let group = &world.groups[group_at];
        if group.per_day <= 0.0 {
            return None;
        }
        let life = world.life(group, index);
        let persona = world.persona(group, index);
        let mut actor = Self {
            index,
            group: u16::try_from(group_at).ok()?,
            random: SeededRandom::for_member(world.account_seed(index), 0x6c69_7665),
            persona,
            until: life.until,
            left: 0,
            session: 0,
            conversation: 0,
            turn: 0,
            turns: 0,
            about: persona.main_interest(),
            purpose: Purpose::Own,
            taken: 0,
        };
        let first = if group.rhythm == Rhythm::Once {
            let at = life.from + millis(seconds(life.until - life.from).max(0.0) * actor.random.unit());
            (at < life.until).then_some(at)
        } else {
            actor.next_session(world, group, life.from)
        };
        first.filter(|at| *at < actor.until).map(|at| (actor, at))
    }

    /// Writes the exchange that is due at `at` and says when the next is.
    pub(super) fn step(
        &mut self,
        world: &World,
        operators: &mut [Operator],
        at: i64,
        out: &mut LoggedExchange,
    ) -> (Option<CampaignId>, Option<i64>) {
        let group = &world.groups[usize::from(self.group)];
        if self.turn >= self.turns {
            self.begin(world, group, operators, at);
        }
        let campaign = self.write(world, group, at, out);
        self.turn += 1;
        let next = self.next(world, group, at).filter(|next| *next < self.until);
        (campaign, next)
    }

    /// Begins a conversation.
    fn begin(&mut self, world: &World, group: &Group, operators: &mut [Operator], at: i64) {
        if self.left == 0 {
            self.session = self.random.next_bits();
            let mean = match group.rhythm {
                Rhythm::Program => 8.0,
                Rhythm::Service | Rhythm::Cron { .. } | Rhythm::Once => 1.0,
                Rhythm::Person | Rhythm::Deadline { .. } => 1.6,
            };
            self.left = u16::try_from(self.random.run_length(mean)).unwrap_or(1);
        }
        self.left -= 1;
        self.conversation = self.random.next_bits();
        self.turn = 0;
        self.about = self.persona.about(&mut self.random, world.corpus.topics());
        self.purpose = Purpose::Own;
        self.turns = if matches!(group.rhythm, Rhythm::Person | Rhythm::Deadline { .. }) {
            world.corpus.turns(&mut self.random).min(12)
        } else {
            1
        };
        match group.fills {
            Fills::Own => {}
            Fills::Batch | Fills::Public { .. } => self.turns = 1,
            Fills::Documents { .. } => self.turns = self.turns.min(3),
            Fills::Relayed { customers, seed } => self.relay(world, group, u64::from(customers), seed, None),
            Fills::Harvest { campaign, cover, relayed } => {
                let Some((plan, operator)) =
                    world.plans.get(usize::from(campaign)).zip(operators.get_mut(usize::from(campaign)))
                else {
                    return;
                };
                if at < plan.start
                    || at >= plan.end
                    || self.random.happens(cover)
                    || !operator.is_on(world, plan, at, &mut self.random)
                {
                    if let Some(seed) = relayed {
                        self.relay(world, group, 2_000, seed, None);
                    }
                } else if let (false, Some(seed)) = (plan.with.template, relayed) {
                    self.relay(world, group, 20_000, seed ^ 1, Some(campaign));
                } else {
                    let number = operator.next_task(&mut self.random, plan);
                    self.turns = u8::try_from(self.random.run_length(plan.with.turns)).unwrap_or(1).min(12);
                    self.purpose = Purpose::Task { campaign, number };
                }
            }
        }
    }

    fn relay(&mut self, world: &World, group: &Group, customers: u64, seed: u64, campaign: Option<u16>) {
        let customer = mix(seed ^ mix(self.random.below(customers)));
        let persona = Persona::draw(&world.corpus, &world.arrivals, group, customer);
        self.about = persona.about(&mut self.random, world.corpus.topics());
        self.purpose = Purpose::Relayed { customer, campaign };
    }

    fn write(&mut self, world: &World, group: &Group, at: i64, out: &mut LoggedExchange) -> Option<CampaignId> {
        let said = Said {
            group,
            index: self.index,
            persona: &self.persona,
            conversation: self.conversation,
            session: self.session,
            turn: self.turn,
            about: self.about,
            purpose: self.purpose,
            taken: self.taken,
        };
        if self.turn == 0 {
            self.taken += 1;
        }
        out.time = Time::from_millis(at);
        exchange::write(world, &said, at, &mut self.random, out)
    }

    fn next(&mut self, world: &World, group: &Group, at: i64) -> Option<i64> {
        let pause = |seconds: f64| Some(at + millis(seconds).max(1));
        match group.rhythm {
            Rhythm::Once => None,
            Rhythm::Program if self.turn < self.turns || self.left > 0 => {
                let gap = self.random.around(6.0, 1.1);
                pause(gap * f64::from(self.persona.pace))
            }
            _ if self.turn < self.turns => {
                let gap = world.arrivals.think(&mut self.random);
                pause(gap * f64::from(self.persona.pace))
            }
            _ if self.left > 0 => {
                let gap = world.arrivals.think(&mut self.random);
                pause(1.5 * gap * f64::from(self.persona.pace))
            }
            _ => self.next_session(world, group, at),
        }
    }

    fn next_session(&mut self, world: &World, group: &Group, from: i64) -> Option<i64> {
        if let Fills::Public { count, in_turn: true, .. } = group.fills
            && u64::from(self.taken) >= count
        {
            return None;
        }
        if let Rhythm::Cron { minutes } = group.rhythm {
            let period = i64::from(minutes.max(1)) * 60_000;
            // Clocks are right to a second or two; queues add a little.
            let late = millis(self.random.around(1.2, 0.6));
            return Some((from.div_euclid(period) + 1) * period + late);
        }
        let per_session = match group.rhythm {
            Rhythm::Program => 8.0,
            Rhythm::Service => 1.0,
            _ => match group.fills {
                Fills::Batch | Fills::Public { .. } => 1.6,
                Fills::Harvest { campaign, .. } => {
                    1.6 * world.plans.get(usize::from(campaign)).map_or(1.0, |plan| plan.with.turns.max(1.0))
                }
                _ => 4.0,
            },
        };
        let per_day = f64::from(self.persona.per_day) / per_session;
        let account = world.account_seed(self.index);
        let deadline = match group.rhythm {
            Rhythm::Deadline { day, spread } => Some((world.start + millis(day * 86_400.0), spread)),
            _ => None,
        };
        let factor = |at: i64| {
            // Some days are busy and some are idle.
            let mut day =
                SeededRandom::for_member(account, mix(u64::from_ne_bytes(at.div_euclid(24 * HOUR).to_ne_bytes())));
            let mood = (0.7 * (day.unit() + day.unit() + day.unit() - 1.5) * 2.0).exp() * 0.8;
            let near = deadline.map_or(1.0, |(end, spread)| {
                let left = seconds(end - at) / 86_400.0;
                if left < 0.0 { 0.0 } else { 8.0 * (-left / spread).exp() }
            });
            mood * near * world.activity(at)
        };
        world.arrivals.next_start(self.persona.habit, per_day, from, self.until, factor, &mut self.random)
    }
}
