//! Planning what is done about a campaign. A campaign's accounts count by
//! customer: whatever calls for one party is one customer, so a measure is on
//! the party and holds for an account that it opens tomorrow.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use weir_acts::act::{Act, private, public};
use weir_acts::campaign::{Bits, Campaign, Seen};
use weir_acts::entry::Entry;
use weir_acts::id::{MeasureId, PartyId};
use weir_acts::state::{Holder, State};
use weir_acts::words::{CampaignRole, MeasureKind};

use super::limits::Typed;
use super::measures::Taking;
use super::{Plan, Planner, open, parts};
use crate::command::{CampaignAct, CampaignEnd};
use crate::names::{self, check_text};
use crate::refusal::Refusal;

/// Customers that one command acts on; the next takes the next.
const MOST: usize = 1_000;

const HOUR: i64 = 3_600_000;

/// What counts of the accounts of a campaign that one customer has: of several
/// the one with the most evidence.
pub(crate) fn by_customer<'c>(state: &State, campaign: &'c Campaign) -> BTreeMap<PartyId, &'c Seen> {
    let mut customers: BTreeMap<PartyId, &Seen> = BTreeMap::new();
    for seen in campaign.accounts() {
        let Some(party) = state.customer_of(seen.account) else { continue };
        let kept = customers.entry(party).or_insert(seen);
        // `Member` comes before `Associated`.
        if (seen.role, std::cmp::Reverse(seen.bits)) < (kept.role, std::cmp::Reverse(kept.bits)) {
            *kept = seen;
        }
    }
    customers
}

/// The campaign of that id.
///
/// # Errors
/// When there is none.
pub(crate) fn named<'s>(state: &'s State, id: &str) -> Result<&'s Arc<Campaign>, Refusal> {
    let shown: String = id.chars().take(64).collect();
    state.campaigns.get(id).ok_or_else(|| Refusal::not_found(format!("there is no campaign `{shown}`")))
}

impl Planner<'_> {
    fn open_campaign(&self, id: &str) -> Result<&Campaign, Refusal> {
        let campaign = named(self.state, id)?;
        match &campaign.ended {
            None => Ok(campaign),
            Some((at, ..)) => Err(Refusal::conflict(format!("campaign `{id}` was ended {at}"))),
        }
    }

    pub(super) fn campaign_end(&self, command: &CampaignEnd) -> Result<Plan, Refusal> {
        check_text("the reason", &command.reason, 2_000)?;
        let campaign = self.open_campaign(&command.id)?;
        let private = private::CampaignEnd { reason: command.reason.clone() };
        let entry = self.entry(&campaign.id, Act::CampaignEnd(parts(public::CampaignEnd {}, private)));
        let mut plan = Plan::one(entry, &campaign.id);
        let holding = campaign.measures.keys().filter(|id| self.holds(**id)).count();
        if holding > 0 {
            plan.warnings.push(format!("{holding} measures that rest on it stay until they are lifted or end"));
        }
        Ok(plan)
    }

    /// The act that ties a measure of `kind` on `holder` to a campaign. Only
    /// members are acted on; the associated are observed.
    pub(super) fn evidence(
        &self,
        campaign: &str,
        measure: MeasureId,
        kind: MeasureKind,
        holder: Holder,
    ) -> Result<Entry, Refusal> {
        let campaign = self.open_campaign(campaign)?;
        let label = names::label(self.state, holder);
        let customer = match holder {
            Holder::Party(party) => Some(party),
            Holder::Account(account) => self.state.customer_of(account),
            Holder::Person(_) => None,
        };
        let customers = by_customer(self.state, campaign);
        let seen = customer.and_then(|customer| customers.get(&customer));
        let seen = seen.ok_or_else(|| Refusal::conflict(format!("{label} is not with campaign `{}`", campaign.id)))?;
        if seen.role == CampaignRole::Associated && kind != MeasureKind::Observe {
            return Err(Refusal::conflict(format!(
                "{label} is only associated with campaign `{}`: it may be observed and nothing more",
                campaign.id
            )));
        }
        Ok(self.tie(campaign, measure, seen.bits))
    }

    fn tie(&self, campaign: &Campaign, measure: MeasureId, bits: Bits) -> Entry {
        self.entry(&campaign.id, Act::MeasureEvidence(open(public::MeasureEvidence { measure, bits })))
    }

    pub(super) fn holds(&self, id: MeasureId) -> bool {
        names::measure(self.state, id).is_some_and(|(_, measure)| measure.life.holds(self.at))
    }

    /// Customers of `campaign` about whom `kind` is not being done on account of
    /// it, and may be: not those cleared on appeal, nor who has closed.
    pub(crate) fn those_to_act_on<'c>(&self, campaign: &'c Campaign, kind: MeasureKind) -> Vec<(PartyId, &'c Seen)> {
        let cleared = self.state.cleared();
        let is_done = |party: &PartyId| {
            names::measures(self.state, Holder::Party(*party)).iter().any(|measure| {
                measure.kind == kind && measure.life.holds(self.at) && campaign.measures.contains_key(&measure.id)
            })
        };
        let may = |seen: &Seen| seen.role == CampaignRole::Member || kind == MeasureKind::Observe;
        let is_open = |party: &PartyId| self.state.parties.get(party).is_some_and(|party| party.life.holds(self.at));
        by_customer(self.state, campaign)
            .into_iter()
            .filter(|(party, seen)| may(seen) && !cleared.contains_key(party) && is_open(party) && !is_done(party))
            .collect()
    }

    pub(super) fn campaign_act(&self, command: &CampaignAct) -> Result<Plan, Refusal> {
        let campaign = self.open_campaign(&command.id)?;
        let until = match (command.until, command.hours) {
            (Some(_), Some(_)) => return Err(Refusal::invalid("give `until` or `hours`, not both")),
            (until, None) => until,
            (None, Some(hours)) => Some(self.at.plus_millis(i64::from(hours) * HOUR)),
        };
        if let (Some(since), None) = (campaign.unfound(), &command.reason) {
            return Err(Refusal::conflict(format!(
                "campaign `{}` is no longer found since {since}: what is done about it needs a reason of yours",
                campaign.id
            )));
        }
        let to_act_on = self.those_to_act_on(campaign, command.kind);
        if to_act_on.is_empty() {
            let none = if campaign.acted_on() == 0 { "has no members" } else { "has no member left" };
            return Err(Refusal::conflict(format!(
                "campaign `{}` {none} that `{}` could be taken on",
                campaign.id, command.kind
            )));
        }
        let mut plan = Plan { id: Some(campaign.id.to_string()), ..Plan::default() };
        for (party, seen) in to_act_on.iter().take(MOST) {
            let taking = Taking {
                kind: command.kind,
                until,
                reason: command.reason.as_deref().map_or_else(|| reason(campaign, seen).into(), Cow::from),
                limits: Typed {
                    requests: command.requests.as_deref(),
                    tokens: command.tokens.as_deref(),
                    concurrent: command.concurrent.as_deref(),
                    spend: command.spend.as_deref(),
                },
            };
            let taken = self.measure_on(Holder::Party(*party), &taking)?;
            let measure = taken.id.as_deref().and_then(|id| id.parse().ok());
            plan.entries.extend(taken.entries);
            plan.entries.extend(measure.map(|measure| self.tie(campaign, measure, seen.bits)));
            plan.warnings = taken.warnings;
        }
        let (taken, left) = (to_act_on.len().min(MOST), to_act_on.len().saturating_sub(MOST));
        plan.extras.insert("measures".into(), taken.into());
        if left > 0 {
            plan.warnings.push(format!("{left} more members are left: give the same command again"));
        }
        Ok(plan)
    }
}

/// What a member is told, where nobody wrote anything else.
fn reason(campaign: &Campaign, seen: &Seen) -> String {
    let role = match seen.role {
        CampaignRole::Member => "this account works as one of them",
        CampaignRole::Associated => "this account was seen with them; it is observed and nothing more",
    };
    format!(
        "{} accounts act as one to harvest outputs (campaign {}), and {role}: {:.1} bits of evidence of its own since \
         {}. If that is wrong, appeal: the evidence is looked at by a person, and dropped where it does not hold",
        campaign.accounts,
        campaign.id,
        seen.bits.get(),
        seen.since
    )
}
