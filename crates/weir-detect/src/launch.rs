//! When a model appears that the population had not used, and who moves to it in
//! the first day. Every customer that calls in that day is counted, so that a
//! group's move can be held against everybody's: on such a day many try the model.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::constants::{GROUP_UNITS, LAUNCH_DAYS, LAUNCH_SHARE, MODELS, MOVED_LEAST, MOVED_SHARE, NEW_MODEL_DAYS};
use crate::profile::{EpochProfile, UnitEpoch};
use crate::settings::Settings;

/// The models that were seen, and the latest launch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launches {
    models: BTreeMap<u64, Model>,
    latest: Option<Launch>,
}

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Model {
    /// The epoch that first saw it.
    first: i64,
    /// Customers, counted anew in each epoch.
    uses: u64,
}

/// Models that appeared together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launch {
    /// The first epoch in which a part of the population used them.
    epoch: i64,
    /// The first epoch that is no longer counted.
    end: i64,
    models: BTreeSet<u64>,
}

impl Launch {
    pub(crate) fn is_counted(&self, epoch: i64) -> bool {
        epoch < self.end
    }
}

impl Launches {
    #[cfg(test)]
    pub(crate) fn of_one(epoch: i64) -> Launches {
        let launch = Launch { epoch, end: epoch + 24, models: BTreeSet::from([7]) };
        Launches { models: BTreeMap::new(), latest: Some(launch) }
    }

    /// The latest launch, if there was one.
    pub(crate) fn latest(&self) -> Option<&Launch> {
        self.latest.as_ref()
    }

    /// Takes in which models an epoch shows. `begun` is the first epoch of all: what
    /// was used in the first day was there before.
    pub(crate) fn take(&mut self, settings: &Settings, begun: i64, epoch: i64, profile: &EpochProfile) {
        let day = settings.epochs_in_days(1);
        let mut users: BTreeMap<u64, u64> = BTreeMap::new();
        let mut of_unit: Vec<u64> = Vec::new();
        for seen in profile.units.values() {
            // Hardly anybody uses more than one within an hour.
            of_unit.clear();
            for (_, event) in seen.events.iter().filter(|(_, event)| event.model != 0) {
                if !of_unit.contains(&event.model) {
                    of_unit.push(event.model);
                    *users.entry(event.model).or_default() += 1;
                }
            }
        }
        let customers = profile.units.len() as f64;
        for (model, count) in users {
            let known = self.models.entry(model).or_insert(Model { first: epoch, uses: 0 });
            known.uses = known.uses.saturating_add(count);
            let is_new = known.first >= begun + day && epoch - known.first < day * NEW_MODEL_DAYS;
            if is_new && count >= GROUP_UNITS && count as f64 >= LAUNCH_SHARE * customers {
                self.launch(model, epoch, day);
            }
        }
        while self.models.len() > MODELS {
            // Names that hardly anybody uses go first, the newest of them.
            let least = self.models.iter().min_by_key(|(id, model)| (model.uses, -model.first, **id)).map(|(id, _)| *id);
            least.and_then(|id| self.models.remove(&id));
        }
    }

    /// A model that is launched within the day of another counts with it; one soon
    /// after would take the other's place before it was of use, and is passed over.
    fn launch(&mut self, model: u64, epoch: i64, day: i64) {
        match &mut self.latest {
            Some(latest) if latest.models.contains(&model) => {}
            Some(latest) if latest.is_counted(epoch) => {
                latest.models.insert(model);
            }
            Some(latest) if epoch - latest.epoch < day * LAUNCH_DAYS => {}
            latest => *latest = Some(Launch { epoch, end: epoch + day, models: BTreeSet::from([model]) }),
        }
    }
}

/// A customer's exchanges in the day after the latest launch, of the sampled ones,
/// and how many of them were with a new model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    new: u8,
    all: u8,
}

impl Moved {
    /// Takes in what an epoch saw; `last` is the epoch of the exchange before, whose
    /// counts are of an earlier launch if it lies before this one.
    pub(crate) fn take(&mut self, launch: &Launch, last: i64, seen: &UnitEpoch) {
        if last < launch.epoch {
            *self = Moved::default();
        }
        for (_, event) in &seen.events {
            // Full: its share is known well enough.
            if self.all == u8::MAX {
                return;
            }
            self.all += 1;
            self.new += u8::from(launch.models.contains(&event.model));
        }
    }

    /// How many exchanges, as a power of two: customers are held against others who
    /// call as often. None where it is too few to tell, or they are of another launch.
    pub(crate) fn stratum(self, launch: &Launch, last: i64) -> Option<usize> {
        (last >= launch.epoch && self.all >= MOVED_LEAST).then(|| self.all.ilog2() as usize)
    }

    #[cfg(test)]
    pub(crate) fn of(new: u8, all: u8) -> Moved {
        Moved { new, all }
    }

    /// Whether a good part of them was with a new model.
    pub(crate) fn has_moved(self) -> bool {
        f64::from(self.new) >= MOVED_SHARE * f64::from(self.all)
    }
}

#[cfg(test)]
mod tests;
