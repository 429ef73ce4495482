//! Campaigns that the detector told of and finds no more: what chose or judged
//! them was taken back, they left no trace for long, or they are part of another.

use std::collections::BTreeSet;

use weir_acts::act::{Act, Parts, private, public};
use weir_acts::campaign::Campaign;
use weir_acts::entry::{BY_DETECTOR, Entry};
use weir_acts::state::State;
use weir_acts::Time;

use super::Control;
use super::detector::by_detector;
use crate::refusal::{Refusal, RefusalKind};
use crate::writer::{JobPlan, Planned};

impl Control {
    /// Enters into the log which open campaigns of the detector's are not among
    /// `found`, what it finds by epochs that ended at `end`; gives their ids. Of one
    /// told of since, these epochs say nothing that was not known then. It is said
    /// once, and taken back when the campaign is told of again.
    ///
    /// # Errors
    /// When the rules do not let the detector, or it could not be made durable;
    /// those before it were told.
    pub async fn tell_unfound(&self, found: &BTreeSet<String>, end: Time) -> Result<Vec<String>, Refusal> {
        let published = self.published();
        let unfound = published.state.campaigns.values().filter(|campaign| is_unfound(campaign, end));
        let unfound: Vec<String> =
            unfound.map(|campaign| campaign.id.to_string()).filter(|id| !found.contains(id)).collect();
        let mut told = Vec::new();
        for id in unfound {
            let (control, campaign) = (self.clone(), id.clone());
            let planned: Planned = Box::new(move |state, at| {
                let entry = unfound_entry(state, at, &campaign, end).ok_or_else(|| Refusal::conflict("nothing is new"))?;
                let facts = weir_rules::ActFacts::default();
                control.inner.authority.check_by(state, at, BY_DETECTOR, entry.act.kind(), &facts)?;
                Ok(JobPlan { entries: vec![entry], answer: None, import: None })
            });
            match self.write(planned).await {
                Ok(_) => told.push(id),
                // Somebody ended it meanwhile.
                Err(Refusal { kind: RefusalKind::Conflict, .. }) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(told)
    }
}

fn is_unfound(campaign: &Campaign, end: Time) -> bool {
    *campaign.by == *BY_DETECTOR && campaign.ended.is_none() && campaign.accounts > 0 && campaign.told.0 < end
}

/// An update of no accounts. What was last told stays told: the measures that
/// rest on it stand until they are lifted.
fn unfound_entry(state: &State, at: Time, id: &str, end: Time) -> Option<Entry> {
    let campaign = state.campaigns.get(id).filter(|campaign| is_unfound(campaign, end))?;
    let dossier = campaign.dossier.as_deref().map(str::to_owned);
    let Campaign { status, log2_e, exchanges, whole, .. } = **campaign;
    let public = public::CampaignUpdate { status, log2_e, accounts: 0, exchanges, growing: false };
    let private = dossier.map(|dossier| private::CampaignUpdate { dossier, whole });
    Some(by_detector(at, id, Act::CampaignUpdate(Parts { public, private })))
}
