//! The ledger of what is taken and held: one [`Meter`] for each account,
//! party, stage and rule that limits, found in a sharded map, each behind a
//! lock of its own that is held for a few additions.
//!
//! A request reserves in every meter that concerns it or in none: the locks
//! are taken together, in the order of the scopes, so that nothing is checked
//! now and added later. What was reserved is a [`Hold`], which is settled
//! exactly once, by a charge or by being dropped.

mod hold;
mod keep;
mod meter;
mod ring;
#[cfg(test)]
mod tests;
mod used;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use weir_acts::Time;
use weir_acts::id::{AccountId, PartyId};
use weir_acts::limits::Limits;
use weir_acts::words::Stage;

pub(crate) use hold::Hold;
pub use keep::{Kept, KeptField};
use meter::Meter;
pub(crate) use meter::{Exceeded, Need, What};
pub use used::Used;

/// Whose use is counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// One account's.
    Account(AccountId),
    /// All accounts' of one party.
    Party(PartyId),
    /// Everybody's at a stage.
    Stage(Stage),
    /// One account's, of what a rule permits.
    Rule(AccountId, Arc<str>),
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Account(id) => write!(out, "account:{id}"),
            Scope::Party(id) => write!(out, "party:{id}"),
            Scope::Stage(stage) => write!(out, "stage:{stage}"),
            Scope::Rule(id, rule) => write!(out, "rule:{id}:{rule}"),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Scope, ()> {
        let (kind, name) = text.split_once(':').ok_or(())?;
        Ok(match kind {
            "account" => Scope::Account(name.parse().map_err(|_| ())?),
            "party" => Scope::Party(name.parse().map_err(|_| ())?),
            "stage" => Scope::Stage(name.parse().map_err(|_| ())?),
            "rule" => {
                let (account, rule) = name.split_once(':').ok_or(())?;
                Scope::Rule(account.parse().map_err(|_| ())?, rule.into())
            }
            _ => return Err(()),
        })
    }
}

type Shared = Arc<Mutex<Meter>>;

/// What is taken and held, by scope.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    meters: DashMap<Scope, Shared>,
}

fn lock(meter: &Mutex<Meter>) -> MutexGuard<'_, Meter> {
    // Additions do not panic; a poisoned lock still guards numbers.
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    /// Reserves `need` under all of `bounds`, which are in the order of their
    /// scopes and without repeats, or under none.
    ///
    /// # Errors
    /// What is exceeded, with the place of its bound; of several, what takes
    /// longest to pass.
    pub(crate) fn reserve<'a>(
        &self,
        bounds: impl Iterator<Item = (&'a Scope, &'a Limits)> + Clone,
        need: &Need,
        now: Time,
    ) -> Result<Hold, (usize, Exceeded)> {
        let meters: Vec<Shared> = bounds.clone().map(|(scope, _)| self.meter(scope)).collect();
        let mut locked: Vec<MutexGuard<'_, Meter>> = meters.iter().map(|meter| lock(meter)).collect();
        let mut worst: Option<(usize, Exceeded)> = None;
        for (place, (meter, (_, limits))) in locked.iter_mut().zip(bounds.clone()).enumerate() {
            let Err(exceeded) = meter.check(limits, need, now) else { continue };
            if worst.as_ref().is_none_or(|(_, known)| known.lasts_less_than(&exceeded)) {
                worst = Some((place, exceeded));
            }
        }
        if let Some(worst) = worst {
            return Err(worst);
        }
        let taken: Vec<_> =
            locked.iter_mut().zip(bounds).map(|(meter, (_, limits))| meter.take(limits, need, now)).collect();
        drop(locked);
        Ok(Hold::new(meters.into_iter().zip(taken).collect(), now))
    }

    fn meter(&self, scope: &Scope) -> Shared {
        if let Some(meter) = self.meters.get(scope) {
            return Arc::clone(&meter);
        }
        Arc::clone(&self.meters.entry(scope.clone()).or_default())
    }

    /// Forgets meters that hold nothing and count nothing any more.
    pub(crate) fn forget_idle(&self, now: Time) {
        // With the shard locked, nobody can come to hold a meter that nobody
        // else holds.
        self.meters.retain(|_, meter| Arc::strong_count(meter) > 1 || !lock(meter).is_idle(now));
    }

    /// How many meters there are.
    pub(crate) fn len(&self) -> usize {
        self.meters.len()
    }
}
