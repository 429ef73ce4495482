//! Campaigns as analysts read them: the dossier as the log tells it, the
//! accounts with what ties each to it, and what was done and answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use weir_acts::campaign::{Campaign, Seen};
use weir_acts::id::{AccountId, MeasureId};
use weir_acts::state::Holder;
use weir_acts::words::CampaignRole;
use weir_acts::{State as World, Time};

use super::answer::{blocking, operator};
use super::show::{life, operator_label};
use super::{Answer, Shared};
use crate::names;
use crate::plan::campaigns::named;
use crate::refusal::Refusal;
use crate::service::Control;

pub(super) async fn campaigns(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let (state, now) = (&published.state, shared.control.now());
    let mut all: Vec<_> = state.campaigns.values().collect();
    all.sort_by_key(|campaign| std::cmp::Reverse(campaign.found));
    let rows: Vec<Value> = all.into_iter().map(|campaign| line(campaign, state, now)).collect();
    Ok(Json(json!({ "campaigns": rows, "detection": shared.control.detection() })))
}

fn line(campaign: &Campaign, state: &World, now: Time) -> Value {
    let holding = campaign.measures.keys().filter_map(|id| measure(state, *id)).filter(|m| m.life.holds(now)).count();
    let known = campaign.accounts_erased() == 0;
    json!({
        "id": campaign.id.as_ref(), "status": campaign.status.as_str(), "state": campaign.state(),
        "unfound": campaign.unfound(),
        "log2_e": campaign.log2_e, "accounts": campaign.accounts, "members": known.then(|| campaign.acted_on()),
        "exchanges": campaign.exchanges, "alarm": campaign.alarm, "found": campaign.found.0,
        "told": campaign.told.0, "measures": holding, "erased": erased(campaign),
    })
}

/// What of it was erased; null where nothing was. Nothing else stands in for
/// what is not known any more.
fn erased(campaign: &Campaign) -> Value {
    let acts: Vec<u64> = campaign.erased.iter().copied().collect();
    if acts.is_empty() {
        return Value::Null;
    }
    json!({ "acts": acts, "dossier": campaign.dossier_erased(), "accounts": campaign.accounts_erased() })
}

fn measure(state: &World, id: MeasureId) -> Option<&weir_acts::holder::Measure> {
    let holder = state.measures.get(&id)?;
    names::measures(state, *holder).iter().find(|measure| measure.id == id)
}

pub(super) async fn campaign(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    operator(&shared, &headers, "read")?;
    let control = shared.control.clone();
    let shown = blocking(move || shown(&control, &id));
    Ok(Json(shown.await?))
}

fn shown(control: &Control, id: &str) -> Result<Value, Refusal> {
    let published = control.published();
    let (state, now) = (&published.state, control.now());
    let campaign = named(state, id)?;
    let mut document = line(campaign, state, now);
    document["by"] = json!(operator_label(state, &campaign.by));
    document["ended"] = match &campaign.ended {
        None => Value::Null,
        Some((at, by, reason)) => json!({ "at": at, "by": operator_label(state, by), "reason": reason.as_deref() }),
    };
    document["goes_on_as"] = goes_on_as(campaign, state).into();
    document["dossier"] = dossier(control, campaign);
    document["members"] = members(campaign, state, now).into();
    document["measures"] = measures(campaign, state, now).into();
    document["appeals"] = appeals(campaign, state).into();
    document["drafts"] = drafts(campaign, state).into();
    document["acts"] = json!({
        "found": campaign.found.1, "told": campaign.told.1, "whole_dossier": campaign.whole,
        "receipt": control.receipt_url(campaign.found.1),
    });
    Ok(document)
}

/// Where a campaign is no longer found: those that are, and have members of it.
fn goes_on_as(campaign: &Campaign, state: &World) -> Vec<Value> {
    if campaign.unfound().is_none() {
        return Vec::new();
    }
    let is_member = |seen: &&Seen| seen.role == CampaignRole::Member;
    let members: BTreeSet<AccountId> = campaign.accounts().filter(is_member).map(|seen| seen.account).collect();
    let found = state.campaigns.values().filter(|other| other.ended.is_none() && other.unfound().is_none());
    let has_some = |other: &&Arc<Campaign>| {
        other.accounts().filter(is_member).any(|seen| members.contains(&seen.account))
    };
    found.filter(has_some).map(|other| json!(other.id.as_ref())).collect()
}

/// The dossier: the whole one where it is still what the act commits to.
fn dossier(control: &Control, campaign: &Campaign) -> Value {
    let told = || campaign.dossier.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let Some(whole) = campaign.whole else { return told() };
    let bytes = std::fs::read(control.whole_dossier(whole)).ok();
    let bytes = bytes.filter(|bytes| weir_acts::Digest::of(bytes) == whole);
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(told)
}

/// The accounts, those that may be acted on first and of them the weakest
/// first: whoever doubts begins there.
fn members(campaign: &Campaign, state: &World, now: Time) -> Vec<Value> {
    let cleared = state.cleared();
    let mut all: Vec<&Seen> = campaign.accounts().collect();
    all.sort_by_key(|seen| (seen.role, seen.bits, seen.account));
    all.into_iter()
        .map(|seen| {
            let customer = state.customer_of(seen.account);
            let taken: Vec<Value> = customer
                .iter()
                .flat_map(|party| names::measures(state, Holder::Party(*party)))
                .filter(|measure| campaign.measures.contains_key(&measure.id) && measure.life.holds(now))
                .map(|measure| json!(measure.kind.as_str()))
                .collect();
            let read: Value = serde_json::from_str(&seen.line).unwrap_or_default();
            json!({
                "account": state.account_label(seen.account), "subject": seen.account.to_string(),
                "role": seen.role.as_str(), "may_be_acted_on": seen.role == CampaignRole::Member,
                "bits": seen.bits, "since": seen.since,
                "share_of_own_traffic": read["share_of_own_traffic"], "top": read["top"], "against": read["against"],
                "smallest_removal": read["smallest_removal"], "measures": taken,
                "cleared": customer.and_then(|party| cleared.get(&party)),
            })
        })
        .collect()
}

fn measures(campaign: &Campaign, state: &World, now: Time) -> Vec<Value> {
    let mut all: Vec<Value> = campaign
        .measures
        .iter()
        .filter_map(|(id, bits)| {
            let (holder, measure) = (state.measures.get(id)?, measure(state, *id)?);
            Some(json!({
                "id": id.to_string(), "kind": measure.kind.as_str(), "subject": names::label(state, *holder),
                "reason": measure.reason.as_deref(), "by": operator_label(state, &measure.by), "bits": bits,
                "limits": measure.limits.as_ref().map(|span| span.limits), "evidence_erased": measure.evidence_erased, "life": life(&measure.life, now),
            }))
        })
        .collect();
    all.sort_by_key(|measure| measure["life"]["from"].as_str().unwrap_or_default().to_owned());
    all
}

fn appeals(campaign: &Campaign, state: &World) -> Vec<Value> {
    let about = state.appeals.iter().map(|(_, appeal)| appeal);
    let about = about.filter(|appeal| appeal.measure.is_some_and(|id| campaign.measures.contains_key(&id)));
    let mut all: BTreeMap<(Time, String), Value> = BTreeMap::new();
    for appeal in about {
        let ruling = appeal.ruling.as_ref().map(|(at, ruling, by, reason)| {
            json!({ "at": at, "ruling": ruling.as_str(), "by": operator_label(state, by), "reason": reason.as_deref() })
        });
        let account = appeal.account.map(|account| state.account_label(account));
        let shown = json!({
            "id": appeal.id.to_string(), "measure": appeal.measure.map(|id| id.to_string()), "account": account,
            "text": appeal.text.as_deref(), "filed": appeal.filed, "due": appeal.due, "ruling": ruling,
        });
        all.insert((appeal.filed, appeal.id.to_string()), shown);
    }
    all.into_values().collect()
}

/// Changes about it that wait for approval.
fn drafts(campaign: &Campaign, state: &World) -> Vec<Value> {
    let named = format!("\"{}\"", campaign.id);
    let waiting = state.drafts.values().filter(|draft| draft.closed.is_none());
    let about = waiting.filter(|draft| draft.with.as_deref().is_some_and(|with| with.contains(&named)));
    about
        .map(|draft| {
            let with: Value = draft.with.as_deref().and_then(|with| serde_json::from_str(with).ok()).unwrap_or_default();
            json!({
                "id": draft.id.to_string(), "command": draft.command.as_ref(), "kind": with["kind"],
                "by": operator_label(state, &draft.by), "drafted": draft.drafted,
            })
        })
        .collect()
}
