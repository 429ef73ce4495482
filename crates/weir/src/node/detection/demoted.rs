//! Customers whom the detector acted on and no longer finds to be members. One
//! epoch may say so and the next not; who has been none for a day of epochs since
//! the measure was taken has it lifted. Kept in memory alone: a restart makes it
//! wait once more, it lifts nothing that stands.

use std::collections::{BTreeMap, BTreeSet};

use weir_acts::Time;
use weir_acts::id::PartyId;

/// Epochs in a row, without the first, after which a measure is lifted (stated: a
/// day of hours sees every rhythm of a customer once).
const EPOCHS: i64 = 24;

/// Since when who was acted on is no member, by campaign.
#[derive(Debug, Default)]
pub(super) struct Demoted(BTreeMap<String, BTreeMap<PartyId, Time>>);

impl Demoted {
    /// Takes a finding over epochs that ended at `end`, each of `epoch_millis`:
    /// `acted_on` are those with a measure on account of it, and since when. Gives
    /// those whose measure is to be lifted. What an epoch says that ended before a
    /// measure was taken was known when it was.
    pub(super) fn look(
        &mut self,
        campaign: &str,
        acted_on: &[(PartyId, Time)],
        members: &BTreeSet<PartyId>,
        (end, epoch_millis): (Time, i64),
    ) -> BTreeSet<PartyId> {
        let before = self.0.remove(campaign).unwrap_or_default();
        let is_none = |(party, taken): &&(PartyId, Time)| !members.contains(party) && *taken < end;
        let since: BTreeMap<PartyId, Time> = acted_on
            .iter()
            .filter(is_none)
            .map(|(party, _)| (*party, before.get(party).copied().unwrap_or(end)))
            .collect();
        let due = since.iter().filter(|(_, since)| end.since(**since) >= EPOCHS * epoch_millis).map(|(party, _)| *party).collect();
        if !since.is_empty() {
            self.0.insert(campaign.to_owned(), since);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn end(hours: i64) -> (Time, i64) {
        (Time::from_millis(hours * HOUR), HOUR)
    }

    #[test]
    fn a_day_of_epochs_in_a_row_and_none_before_the_measure() {
        let [one, two, three] = [1, 2, 3].map(|id| PartyId::from_bytes([id; 10]));
        let acted_on = [(one, Time::from_millis(10 * HOUR)), (two, Time::EPOCH), (three, Time::EPOCH)];
        let mut demoted = Demoted::default();
        // Two is a member once more at the twentieth hour, three always is.
        let members = |hour| if hour == 20 { BTreeSet::from([two, three]) } else { BTreeSet::from([three]) };
        let mut lifted = Vec::new();
        for hour in 1..=45 {
            for party in demoted.look("k7-1", &acted_on, &members(hour), end(hour)) {
                lifted.push((hour, party));
            }
            assert!(demoted.look("other-1", &[], &BTreeSet::new(), end(hour)).is_empty());
        }
        let first = |party| lifted.iter().find(|(_, of)| *of == party).map(|(hour, _)| *hour);
        // One counts from the first epoch that ends after its measure; two begins anew.
        assert_eq!((first(one), first(two), first(three)), (Some(11 + 24), Some(21 + 24), None));
        // Lifted, it is no longer acted on, and forgotten.
        assert!(demoted.look("k7-1", &[], &members(46), end(46)).is_empty());
        assert!(demoted.0.is_empty());
    }
}
