//! Folding acts about campaigns and what rests on them, and of the detector.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{FoldProblem, Holder, State, Touched, missing, repeated, standing};
use crate::act::{Act, Erased, Parts, private, public};
use crate::campaign::{Campaign, is_campaign_id};
use crate::entry::Entry;
use crate::id::{AccountId, MeasureId, PartyId};
use crate::time::Time;
use crate::words::Ruling;

/// Whether the detector does acts of this kind; which it may is a rule.
pub(super) const fn is_detectors(act: &Act) -> bool {
    matches!(
        act,
        Act::CampaignFound(_)
            | Act::CampaignUpdate(_)
            | Act::CampaignMembers(_)
            | Act::CampaignEnd(_)
            | Act::DetectorHealth(_)
            | Act::MeasureTake(_)
            | Act::MeasureLimit(_)
            | Act::MeasureLift(_)
            | Act::MeasureEvidence(_)
            | Act::DraftAdd(_)
            | Act::DraftClose(_)
    )
}

impl State {
    pub(super) fn fold_campaigns(&mut self, index: u64, entry: &Entry, touched: &mut Touched) -> Result<(), FoldProblem> {
        let told = (entry.at, index);
        match &entry.act {
            Act::CampaignFound(parts) => self.campaign_found(entry, told, parts),
            Act::CampaignUpdate(parts) => {
                let campaign = self.open_campaign(entry)?;
                let (public, private) = (&parts.public, parts.private.as_ref());
                campaign.status = public.status;
                campaign.log2_e = public.log2_e;
                (campaign.accounts, campaign.exchanges) = (public.accounts, public.exchanges);
                campaign.growing = public.growing;
                campaign.told = told;
                campaign.dossier = private.map(|private| private.dossier.as_str().into());
                campaign.whole = private.and_then(|private| private.whole);
                Ok(())
            }
            Act::CampaignMembers(parts) => {
                let campaign = self.open_campaign(entry)?;
                campaign.lists.insert(index, parts.public.count);
                let accounts = parts.private.iter().flat_map(|private| &private.accounts);
                Arc::make_mut(&mut campaign.members).extend(accounts.map(|seen| ((seen.account, index), seen.clone())));
                Ok(())
            }
            Act::CampaignEnd(parts) => {
                let reason = parts.private.as_ref().map(|private| private.reason.as_str().into());
                self.open_campaign(entry)?.ended = Some((entry.at, entry.by.as_str().into(), reason));
                Ok(())
            }
            Act::MeasureEvidence(parts) => {
                let measure = parts.public.measure;
                if !self.measures.contains(&measure) {
                    return Err(missing("measure", measure));
                }
                let campaign = self.open_campaign(entry)?;
                if campaign.measures.insert(measure, parts.public.bits).is_some() {
                    return Err(repeated("evidence for measure", measure));
                }
                if !campaign.erased.is_empty() {
                    self.evidence_was_erased(measure, touched);
                }
                Ok(())
            }
            Act::DetectorHealth(parts) => {
                self.detector = Some((entry.at, parts.public.proposes, parts.public.log2_e));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn campaign_found(
        &mut self,
        entry: &Entry,
        told: (Time, u64),
        parts: &Parts<public::CampaignFound, private::CampaignFound>,
    ) -> Result<(), FoldProblem> {
        if !is_campaign_id(&entry.subject) {
            return Err(FoldProblem::Field { field: "subject", why: "it is no campaign's id".into() });
        }
        let id: Arc<str> = entry.subject.as_str().into();
        let (public, private) = (&parts.public, parts.private.as_ref());
        let campaign = Campaign {
            id: Arc::clone(&id),
            status: public.status,
            log2_e: public.log2_e,
            accounts: public.accounts,
            exchanges: public.exchanges,
            growing: public.growing,
            alarm: public.alarm,
            found: told,
            told,
            by: entry.by.as_str().into(),
            dossier: private.map(|private| private.dossier.as_str().into()),
            whole: private.and_then(|private| private.whole),
            members: Arc::default(),
            lists: BTreeMap::new(),
            erased: BTreeSet::new(),
            measures: BTreeMap::new(),
            ended: None,
        };
        match Arc::make_mut(&mut self.campaigns).insert(id, Arc::new(campaign)) {
            Some(_) => Err(repeated("campaign", &entry.subject)),
            None => Ok(()),
        }
    }

    /// Forgets the private part of an act about a campaign. What rests on it
    /// stays as it is, and says from now on that its evidence was erased.
    pub(super) fn forget_of_campaign(&mut self, erased: &Erased, touched: &mut Touched) -> Result<(), FoldProblem> {
        let found = Arc::make_mut(&mut self.campaigns).get_mut(erased.id.as_str());
        let campaign = found.map(Arc::make_mut).ok_or_else(|| missing("campaign", &erased.id))?;
        match erased.kind.as_str() {
            "campaign.end" => {
                if let Some((_, _, reason)) = &mut campaign.ended {
                    *reason = None;
                }
                return Ok(());
            }
            "campaign.members" => Arc::make_mut(&mut campaign.members).retain(|(_, act), _| *act != erased.act),
            // What was told since stands.
            _ if campaign.told.1 == erased.act => (campaign.dossier, campaign.whole) = (None, None),
            _ => {}
        }
        campaign.erased.insert(erased.act);
        let measures: Vec<MeasureId> = campaign.measures.keys().copied().collect();
        measures.into_iter().for_each(|measure| self.evidence_was_erased(measure, touched));
        Ok(())
    }

    fn evidence_was_erased(&mut self, id: MeasureId, touched: &mut Touched) {
        let Some(holder) = self.measures.get(&id).copied() else { return };
        // Of whom came with a row not given here nothing is known.
        let Ok(measures) = self.measures_mut(holder) else { return };
        if let Some(measure) = measures.iter_mut().find(|measure| measure.id == id) {
            measure.evidence_erased = true;
        }
        // Views tell it to whom it concerns.
        touched.holder(holder);
    }

    fn open_campaign(&mut self, entry: &Entry) -> Result<&mut Campaign, FoldProblem> {
        let found = Arc::make_mut(&mut self.campaigns).get_mut(entry.subject.as_str());
        let campaign = found.map(Arc::make_mut).ok_or_else(|| missing("campaign", &entry.subject))?;
        match campaign.ended {
            None => Ok(campaign),
            Some(_) => Err(standing("campaign", &entry.subject, "has ended already")),
        }
    }

    /// The customer an account belongs to: its party, whose accounts count as
    /// one.
    pub fn customer_of(&self, account: AccountId) -> Option<PartyId> {
        self.accounts.get(&account).map(|account| account.party)
    }

    /// The campaign that a measure rests on.
    pub fn campaign_of(&self, measure: MeasureId) -> Option<&Arc<Campaign>> {
        self.campaigns.values().find(|campaign| campaign.measures.contains_key(&measure))
    }

    /// Customers cleared on appeal, and when first: a measure on them that
    /// rested on a campaign was overturned, so nothing of theirs is evidence
    /// from then on.
    pub fn cleared(&self) -> BTreeMap<PartyId, Time> {
        let mut cleared = BTreeMap::new();
        if self.campaigns.is_empty() {
            return cleared;
        }
        for (_, appeal) in self.appeals.iter() {
            let Some((at, Ruling::Overturn, ..)) = appeal.ruling else { continue };
            let Some(measure) = appeal.measure.filter(|measure| self.campaign_of(*measure).is_some()) else { continue };
            let customer = match self.measures.get(&measure) {
                Some(Holder::Party(party)) => Some(*party),
                Some(Holder::Account(account)) => self.customer_of(*account),
                Some(person @ Holder::Person(_)) => self.party_of(*person),
                None => None,
            };
            if let Some(customer) = customer {
                let first = cleared.entry(customer).or_insert(at);
                *first = at.min(*first);
            }
        }
        cleared
    }
}
