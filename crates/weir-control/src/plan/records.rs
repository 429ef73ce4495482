//! Planning holds, and the erasing of private parts.

use std::collections::BTreeMap;

use weir_acts::act::{Act, Erased, private, public};
use weir_acts::holder::{Account, Measure, Party};
use weir_acts::id::{DraftId, HoldId, MeasureId};
use weir_acts::state::{About, Holder};

use super::{Erasing, Plan, Planner, drafts, open, parts};
use crate::command::{HoldPlace, PrivateErase};
use crate::names::{self, check_text};
use crate::refusal::Refusal;

/// Acts that one erasing act names; entries stay under 64 KiB.
const ERASED_PER_ACT: usize = 400;

impl Planner<'_> {
    pub(super) fn hold_place(&self, command: &HoldPlace) -> Result<Plan, Refusal> {
        let holder = names::holder(self.state, &command.subject)?;
        check_text("the reason", &command.reason, 2_000)?;
        if let Some(citation) = &command.citation {
            check_text("the citation", citation, 512)?;
        }
        let id = HoldId::random()?;
        let private = private::HoldPlace { reason: command.reason.clone(), citation: command.citation.clone() };
        let act = Act::HoldPlace(parts(public::HoldPlace { hold: id }, private));
        Ok(Plan::one(self.entry(holder, act), id))
    }

    pub(super) fn hold_lift(&self, id: HoldId) -> Result<Plan, Refusal> {
        let hold = self.state.holds.get(&id).ok_or_else(|| Refusal::not_found(format!("there is no hold {id}")))?;
        if !hold.life.holds(self.at) {
            return Err(Refusal::conflict(format!("hold {id} is lifted already")));
        }
        Ok(Plan::one(self.entry(hold.on, Act::HoldLift(open(public::HoldLift { hold: id }))), id))
    }

    pub(super) fn private_erase(&self, command: &PrivateErase) -> Result<Plan, Refusal> {
        check_text("the reason", &command.reason, 2_000)?;
        if command.act.is_some() == command.subject.is_some() {
            return Err(Refusal::invalid("name either a subject or one act"));
        }
        let nothing = Erasing::default();
        let erasing = self.erasing.unwrap_or(&nothing);
        if erasing.names.are_in(&command.reason) {
            return Err(Refusal::invalid(
                "the reason names who is to be forgotten, and it would stay: say why without",
            ));
        }
        let mut by_subject: BTreeMap<&About, Vec<Erased>> = BTreeMap::new();
        for (erased, about) in erasing.found.iter().filter(|(erased, _)| !self.is_erased(erased)) {
            self.check_held(about)?;
            self.check_erasable(erased, erasing.carrying)?;
            by_subject.entry(about).or_default().push(erased.clone());
        }
        if by_subject.is_empty() {
            return Err(Refusal::conflict("nothing private is left of it"));
        }
        let mut plan = Plan::default();
        let count: usize = by_subject.values().map(Vec::len).sum();
        for (about, all) in by_subject {
            plan.warnings.extend(self.rests_on(about));
            for some in all.chunks(ERASED_PER_ACT) {
                let private = private::PrivateErase { reason: command.reason.clone() };
                let act = Act::PrivateErase(parts(public::PrivateErase { acts: some.to_vec() }, private));
                plan.entries.push(self.entry(about, act));
            }
        }
        plan.extras.insert("erased".into(), count.into());
        Ok(plan)
    }

    fn check_held(&self, about: &About) -> Result<(), Refusal> {
        let Some(hold) = self.state.hold_on(about, self.at) else { return Ok(()) };
        let (id, held) = (hold.id, names::label(self.state, hold.on));
        Err(Refusal::conflict(match about {
            About::Holder(holder) => {
                let what = names::label(self.state, *holder);
                format!("{what} is under hold {id}: nothing of it is erased until that is lifted")
            }
            About::Campaign(campaign) => format!(
                "campaign {campaign} tells of {held}, which is under hold {id}: nothing of it is erased until that is lifted"
            ),
        }))
    }

    /// What stays in force although what it rests on is erased.
    fn rests_on(&self, about: &About) -> Option<String> {
        let About::Campaign(id) = about else { return None };
        let holding = self.state.campaigns.get(id)?.measures.keys().filter(|id| self.holds(**id)).count();
        let says = "measures in force rest on it; they stay, and say that their evidence was erased";
        (holding > 0).then(|| format!("{holding} {says}"))
    }

    /// A campaign goes on to be told of until somebody ends it, and who decides
    /// an appeal must be able to read what it is about.
    fn campaign_in_use(&self, id: &str) -> Option<String> {
        let campaign = self.state.campaigns.get(id)?;
        if campaign.ended.is_none() {
            return Some(format!("campaign {id} goes on: end it first"));
        }
        let rests = |measure: MeasureId| campaign.measures.contains_key(&measure);
        let open = self.state.appeals.iter().map(|(_, appeal)| appeal).find(|appeal| {
            appeal.ruling.is_none() && appeal.measure.is_some_and(rests)
        })?;
        Some(format!("appeal {} is open, against a measure that rests on campaign {id}: decide it first", open.id))
    }

    fn is_erased(&self, erased: &Erased) -> bool {
        match erased.row() {
            Some(Ok((_, row))) => self.state.erased_rows.contains(&(erased.act, row)),
            Some(Err(_)) | None => self.state.erased.contains(&erased.act),
        }
    }

    fn party_in_use(&self, party: &Party) -> Option<String> {
        let label = self.state.party_label(party.id);
        party.life.holds(self.at).then(|| format!("party `{label}` is open: close it first"))
    }

    fn account_in_use(&self, account: &Account) -> Option<String> {
        let of = self.state.parties.get(&account.party);
        let is_open = account.life.holds(self.at) && of.is_some_and(|party| party.life.holds(self.at));
        is_open.then(|| format!("account `{}` is open: close it first", self.state.account_label(account.id)))
    }

    /// What is in use is ended first: to forget it is not to undo it. The draft
    /// that is being carried out ends with it.
    fn check_erasable(&self, erased: &Erased, carrying: Option<DraftId>) -> Result<(), Refusal> {
        let (state, at) = (self.state, self.at);
        let in_force =
            |measures: &[Measure]| measures.iter().find(|measure| measure.life.holds(at)).map(|found| found.id);
        let id = &erased.id;
        let in_use = match erased.kind.as_str() {
            "party.add" => {
                let party = id.parse().ok().and_then(|id| state.parties.get(&id));
                party.and_then(|party| self.party_in_use(party))
            }
            "account.add" => {
                let account = id.parse().ok().and_then(|id| state.accounts.get(&id));
                account.and_then(|account| self.account_in_use(account))
            }
            "party.import" => match erased.row().and_then(Result::ok) {
                Some((Holder::Party(id), _)) => state.parties.get(&id).and_then(|party| self.party_in_use(party)),
                Some((Holder::Account(id), _)) => {
                    state.accounts.get(&id).and_then(|account| self.account_in_use(account))
                }
                Some((Holder::Person(_), _)) | None => None,
            },
            "draft.add" => {
                let draft = id.parse().ok().filter(|id| Some(*id) != carrying).and_then(|id| state.drafts.get(&id));
                draft
                    .filter(|draft| drafts::check_waits(draft, at).is_ok())
                    .map(|draft| format!("draft {} names it and waits for approval: drop it first", draft.id))
            }
            "person.add" => {
                let person = id.parse().ok().and_then(|id| state.persons.get(&id));
                person
                    .and_then(|person| in_force(&person.measures))
                    .map(|measure| format!("measure {measure} on the person holds: lift it first"))
            }
            "key.issue" => {
                let key = id.parse().ok().and_then(|id| state.keys.get(&id));
                let opens = key.filter(|key| {
                    key.life.holds(at) && state.accounts.get(&key.account).is_some_and(|account| account.life.holds(at))
                });
                opens
                    .filter(|key| {
                        state
                            .party_of(Holder::Account(key.account))
                            .and_then(|id| state.parties.get(&id))
                            .is_some_and(|party| party.life.holds(at))
                    })
                    .map(|key| format!("key {} is in use: revoke it first", key.id))
            }
            "measure.take" => {
                let id = id.parse().ok();
                let holder = id.as_ref().and_then(|id| state.measures.get(id));
                let measures = holder.map_or(&[][..], |holder| names::measures(state, *holder));
                measures.iter().find(|measure| Some(measure.id) == id && measure.life.holds(at)).map(|measure| {
                    format!("measure {} holds, and whom it is on may read why: lift it first", measure.id)
                })
            }
            "appeal.file" => {
                let appeal = id.parse().ok().and_then(|id| state.appeals.get(&id));
                appeal
                    .filter(|appeal| appeal.ruling.is_none())
                    .map(|appeal| format!("appeal {} is open: decide it first", appeal.id))
            }
            "issuer.add" | "issuer.keys" => {
                let issuer = id.parse().ok().and_then(|id| state.issuers.get(&id));
                issuer
                    .filter(|issuer| issuer.life.holds(at))
                    .map(|issuer| format!("issuer {} speaks for the party: remove it first", issuer.id))
            }
            "campaign.found" | "campaign.update" | "campaign.members" | "campaign.end" => self.campaign_in_use(id),
            _ => None,
        };
        in_use.map_or(Ok(()), |why| Err(Refusal::conflict(format!("act {} cannot be erased: {why}", erased.act))))
    }
}
