//! Customers whom the detector acted on and no longer finds to be members. One
//! epoch may say so and the next not; who has been none for a day of epochs since
//! the measure was taken has it lifted. Kept with the detector's memory, so that
//! a node that is started every day lifts when one that runs on would.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_acts::Time;
use weir_acts::id::PartyId;

/// Epochs in a row, without the first, after which a measure is lifted (stated: a
/// day of hours sees every rhythm of a customer once).
const EPOCHS: i64 = 24;

/// Customers with a measure on account of a campaign, and since when.
pub(super) type ActedOn = BTreeMap<String, Vec<(PartyId, Time)>>;

/// Customers whose measure on account of a campaign is to be lifted.
pub(super) type Due = BTreeMap<String, BTreeSet<PartyId>>;

/// Since when who was acted on is no member, by campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Demoted(BTreeMap<String, BTreeMap<PartyId, Time>>);

impl Demoted {
    /// Takes what is found by epochs that ended at `end`, each of `epoch_millis`:
    /// `members` are the members of anything that is found. What an epoch says that
    /// ended before a measure was taken was known when it was.
    ///
    /// It matters not whether the campaign that a measure rests on is among what is
    /// found: it may be gone, and then nobody is its member, or be part of another.
    /// Whoever is a member of that one still works as one of a hidden group, which is
    /// what the measure was taken for, and so keeps it to its end.
    pub(super) fn look(
        &mut self,
        acted_on: &ActedOn,
        members: &BTreeSet<PartyId>,
        (end, epoch_millis): (Time, i64),
    ) -> Due {
        let before = std::mem::take(&mut self.0);
        let mut due = Due::new();
        for (campaign, acted_on) in acted_on {
            let known = before.get(campaign);
            let since = |party: &PartyId| known.and_then(|known| known.get(party)).copied().unwrap_or(end);
            let demoted: BTreeMap<PartyId, Time> = acted_on
                .iter()
                .filter(|(party, taken)| !members.contains(party) && *taken < end)
                .map(|(party, _)| (*party, since(party)))
                .collect();
            let is_long = |since: &Time| end.since(*since) >= EPOCHS.saturating_mul(epoch_millis);
            let long: BTreeSet<PartyId> =
                demoted.iter().filter(|(_, since)| is_long(since)).map(|(party, _)| *party).collect();
            if !long.is_empty() {
                due.insert(campaign.clone(), long);
            }
            if !demoted.is_empty() {
                self.0.insert(campaign.clone(), demoted);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn end(hours: i64) -> (Time, i64) {
        (Time::from_millis(hours * HOUR), HOUR)
    }

    fn party(id: u8) -> PartyId {
        PartyId::from_bytes([id; 10])
    }

    #[test]
    fn a_day_of_epochs_in_a_row_and_none_before_the_measure() {
        let [one, two, three] = [1, 2, 3].map(party);
        let taken = vec![(one, Time::from_millis(10 * HOUR)), (two, Time::EPOCH), (three, Time::EPOCH)];
        let acted_on = ActedOn::from([("k7-1".to_owned(), taken)]);
        let mut demoted = Demoted::default();
        // Two is a member once more at the twentieth hour, three always is.
        let members = |hour| if hour == 20 { BTreeSet::from([two, three]) } else { BTreeSet::from([three]) };
        let mut first = BTreeMap::new();
        for hour in 1..=45 {
            for party in demoted.look(&acted_on, &members(hour), end(hour)).remove("k7-1").unwrap_or_default() {
                first.entry(party).or_insert(hour);
            }
        }
        // One counts from the first epoch that ends after its measure; two begins anew.
        assert_eq!(first, BTreeMap::from([(one, 11 + 24), (two, 21 + 24)]));
        // Lifted, it is no longer acted on, and forgotten.
        assert!(demoted.look(&ActedOn::new(), &members(46), end(46)).is_empty());
        assert_eq!(demoted, Demoted::default());
    }

    proptest! {
        /// Whatever is found when, and however often it is written down and read
        /// back: due is who was a member of nothing in the last twenty-five epochs,
        /// all of which ended after the measure; and it stays so until it is lifted.
        #[test]
        fn due_is_who_was_found_in_none_of_the_last_day(
            found in proptest::collection::vec(proptest::collection::vec(proptest::bool::weighted(0.04), 3), 1..90),
            taken in proptest::collection::vec(0_i64..40, 3),
        ) {
            let mut acted_on = ActedOn::new();
            for (id, &taken) in (0..).zip(&taken) {
                let campaign = if id == 0 { "alone-1" } else { "both-1" };
                acted_on.entry(campaign.to_owned()).or_default().push((party(id), end(taken).0));
            }
            let mut demoted = Demoted::default();
            for (hour, row) in (1..).zip(&found) {
                let members = (0..).zip(row).filter(|(_, is)| **is).map(|(id, _)| party(id)).collect();
                let written = serde_json::to_string(&demoted).unwrap();
                demoted = serde_json::from_str(&written).unwrap();
                let due: BTreeSet<PartyId> = demoted.look(&acted_on, &members, end(hour)).into_values().flatten().collect();
                let is_due = |id: usize| {
                    let last = usize::try_from(hour - 25).ok().map(|from| &found[from..usize::try_from(hour).unwrap()]);
                    hour - 24 > taken[id] && last.is_some_and(|last| last.iter().all(|row| !row[id]))
                };
                let expected = (0..3_u8).filter(|id| is_due(usize::from(*id))).map(party).collect();
                prop_assert_eq!(due, expected, "at {}", hour);
            }
        }
    }
}
