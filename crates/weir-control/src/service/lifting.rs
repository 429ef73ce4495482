//! What the detector takes back. A measure it took without a person rests on what
//! it finds; where later epochs no longer say that, it does not wait to be appealed.

use std::collections::BTreeSet;

use weir_acts::Time;
use weir_acts::campaign::Campaign;
use weir_acts::entry::BY_DETECTOR;
use weir_acts::id::{MeasureId, PartyId};
use weir_acts::state::{Holder, State};

use super::Control;
use super::authority::facts_of_lifting;
use crate::command::MeasureLift;
use crate::names;
use crate::refusal::{Refusal, RefusalKind};
use crate::writer::{JobPlan, Planned};

/// Measures that are lifted at once; the next epoch's end lifts the next.
const MOST: usize = 1_000;

const MEASURE_LIFT: &str = "measure.lift";

impl Control {
    /// The customers on whom the detector has a measure in force on account of
    /// `campaign` that it may lift by itself, each with when it was taken: what
    /// took a person's approval is a person's to lift.
    pub fn acted_on_alone(&self, campaign: &str) -> Vec<(PartyId, Time)> {
        let published = self.published();
        let liftable = self.liftable(&published.state, self.now(), campaign);
        liftable.into_iter().map(|(_, party, since)| (party, since)).collect()
    }

    /// Lifts those measures on `parties`; false where none was.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn lift_automatically(&self, campaign: &str, parties: BTreeSet<PartyId>) -> Result<bool, Refusal> {
        let (control, id) = (self.clone(), campaign.to_owned());
        let planned: Planned = Box::new(move |state, at| {
            let on_them = control.liftable(state, at, &id).into_iter().filter(|(_, party, _)| parties.contains(party));
            let planner = control.planner(state, at, BY_DETECTOR);
            let mut entries = Vec::new();
            for (id, ..) in on_them.take(MOST) {
                entries.extend(planner.plan(&MeasureLift { id }.into())?.entries);
            }
            if entries.is_empty() {
                return Err(Refusal::conflict("nothing is to be lifted"));
            }
            Ok(JobPlan { entries, answer: None, import: None })
        });
        match self.write(planned).await {
            Ok(_) => Ok(true),
            Err(Refusal { kind: RefusalKind::Conflict, .. }) => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    fn liftable(&self, state: &State, at: Time, campaign: &str) -> Vec<(MeasureId, PartyId, Time)> {
        let Some(campaign) = state.campaigns.get(campaign) else { return Vec::new() };
        let may_lift = |id| {
            let facts = facts_of_lifting(state, id);
            self.inner.authority.check_by(state, at, BY_DETECTOR, MEASURE_LIFT, &facts).is_ok()
        };
        in_force(state, at, campaign).filter(|(id, ..)| may_lift(*id)).collect()
    }
}

/// What the detector has in force on customers on account of the campaign.
fn in_force<'s>(
    state: &'s State,
    at: Time,
    campaign: &'s Campaign,
) -> impl Iterator<Item = (MeasureId, PartyId, Time)> + 's {
    campaign.measures.keys().filter_map(move |&id| match names::measure(state, id)? {
        (Holder::Party(party), measure) if *measure.by == *BY_DETECTOR && measure.life.holds(at) => {
            Some((id, party, measure.life.from()))
        }
        _ => None,
    })
}
