//! What one scope has taken and holds.

use std::time::Duration;

use weir_acts::Time;
use weir_acts::limits::{Limits, Rate, Rates, Window};

use super::ring::Ring;

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// Tokens at most.
    pub(crate) tokens: u64,
    /// Whether that is the most it can take. Where neither the request nor the
    /// model says how long an answer may be, a limit that is smaller than
    /// anything one might guess would never let it through; so it then
    /// reserves the whole limit.
    pub(crate) is_bounded: bool,
    /// What a token counts against spend.
    pub(crate) weight: u64,
}

impl Need {
    fn spend(&self) -> u64 {
        self.tokens.saturating_mul(self.weight)
    }
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Requests(Rate),
    Tokens(Rate),
    Spend(Rate),
    Concurrent(u64),
}

/// A limit that a request would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) what: What,
    /// How much was needed.
    pub(crate) needed: u64,
    /// When it may fit; none where it never does.
    pub(crate) wait: Option<Duration>,
}

impl Exceeded {
    pub(super) fn lasts_less_than(&self, other: &Exceeded) -> bool {
        match (self.wait, other.wait) {
            (None, _) => false,
            (_, None) => true,
            (Some(ours), Some(theirs)) => ours < theirs,
        }
    }
}

/// Until something that runs may have ended.
const A_MOMENT: Duration = Duration::from_secs(1);

/// One field over its windows: what was taken and what is held for requests
/// under way.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) rings: Vec<Ring>,
    pub(super) held: u64,
}

impl Field {
    fn ring(&mut self, window: Window, now: Time) -> &mut Ring {
        let place = match self.rings.iter().position(|ring| ring.window == window) {
            Some(place) => place,
            None => {
                self.rings.push(Ring::new(window, now));
                self.rings.len() - 1
            }
        };
        let ring = &mut self.rings[place];
        ring.advance(now);
        ring
    }

    fn check(&mut self, rates: &Rates, needed: u64, what: fn(Rate) -> What, now: Time) -> Result<(), Exceeded> {
        let held = self.held;
        let mut worst: Option<Exceeded> = None;
        for rate in rates.iter() {
            let ring = self.ring(rate.window, now);
            if ring.sum().saturating_add(held).saturating_add(needed) <= rate.amount {
                continue;
            }
            let wait = rate.amount.checked_sub(needed).map(|room| match room.checked_sub(held) {
                // What is held is given back at an unknown moment.
                None => A_MOMENT,
                Some(allowed) => {
                    Duration::from_millis(u64::try_from(ring.until_at_most(allowed, now)).unwrap_or_default())
                }
            });
            let exceeded = Exceeded { what: what(rate), needed, wait };
            if worst.as_ref().is_none_or(|worst| worst.lasts_less_than(&exceeded)) {
                worst = Some(exceeded);
            }
        }
        worst.map_or(Ok(()), Err)
    }

    fn post(&mut self, amount: u64, now: Time) {
        for ring in &mut self.rings {
            ring.advance(now);
            ring.add(amount);
        }
    }

    fn is_idle(&mut self, now: Time) -> bool {
        self.rings.iter_mut().for_each(|ring| ring.advance(now));
        self.held == 0 && self.rings.iter().all(|ring| ring.sum() == 0)
    }
}

/// What a request holds in one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(super) tokens: u64,
    pub(super) spend: u64,
}

/// One scope's counts.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(super) concurrent: u64,
    pub(super) requests: Field,
    pub(super) tokens: Field,
    pub(super) spend: Field,
    /// Whether something changed since it was last kept.
    pub(super) is_changed: bool,
}

impl Meter {
    /// Whether `need` fits under `limits` beside all that is counted and held.
    pub(super) fn check(&mut self, limits: &Limits, need: &Need, now: Time) -> Result<(), Exceeded> {
        let taken = taken(limits, need);
        let mut worst: Option<Exceeded> = None;
        let mut note = |checked: Result<(), Exceeded>| {
            if let Err(exceeded) = checked
                && worst.as_ref().is_none_or(|worst| worst.lasts_less_than(&exceeded))
            {
                worst = Some(exceeded);
            }
        };
        if let Some(most) = limits.concurrent.filter(|most| self.concurrent >= *most) {
            note(Err(Exceeded { what: What::Concurrent(most), needed: 1, wait: Some(A_MOMENT) }));
        }
        note(self.requests.check(&limits.requests, 1, What::Requests, now));
        note(self.tokens.check(&limits.tokens, taken.tokens, What::Tokens, now));
        note(self.spend.check(&limits.spend, taken.spend, What::Spend, now));
        worst.map_or(Ok(()), Err)
    }

    /// Takes what was checked. A request counts from here on, however it ends.
    pub(super) fn take(&mut self, limits: &Limits, need: &Need, now: Time) -> Taken {
        let taken = taken(limits, need);
        self.concurrent += 1;
        self.requests.post(1, now);
        self.tokens.held = self.tokens.held.saturating_add(taken.tokens);
        self.spend.held = self.spend.held.saturating_add(taken.spend);
        self.is_changed = true;
        taken
    }

    /// Gives back what was held and counts what was used.
    pub(super) fn settle(&mut self, taken: Taken, tokens: u64, spend: u64, now: Time) {
        self.concurrent = self.concurrent.saturating_sub(1);
        self.tokens.held = self.tokens.held.saturating_sub(taken.tokens);
        self.spend.held = self.spend.held.saturating_sub(taken.spend);
        self.tokens.post(tokens, now);
        self.spend.post(spend, now);
        self.is_changed = true;
    }

    pub(super) fn is_idle(&mut self, now: Time) -> bool {
        self.concurrent == 0
            && !self.is_changed
            && self.requests.is_idle(now)
            && self.tokens.is_idle(now)
            && self.spend.is_idle(now)
    }

    pub(super) fn ring(&mut self, field: super::KeptField, window: Window, now: Time) -> &mut Ring {
        let field = match field {
            super::KeptField::Requests => &mut self.requests,
            super::KeptField::Tokens => &mut self.tokens,
            super::KeptField::Spend => &mut self.spend,
        };
        field.ring(window, now)
    }
}

/// What a request takes under `limits`.
fn taken(limits: &Limits, need: &Need) -> Taken {
    let (mut tokens, mut spend) = (need.tokens, need.spend());
    if !need.is_bounded {
        let least = |rates: &Rates| rates.iter().map(|rate| rate.amount).min().unwrap_or(u64::MAX);
        tokens = tokens.min(least(&limits.tokens));
        spend = spend.min(least(&limits.spend));
    }
    Taken { tokens, spend }
}
