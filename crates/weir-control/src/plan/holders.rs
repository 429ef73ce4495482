//! Planning acts about parties, accounts, keys, claims, grants and appeals.

use serde_json::json;
use weir_acts::act::{Act, private, public};
use weir_acts::entry::Entry;
use weir_acts::holder::Life;
use weir_acts::id::{AccountId, ClaimId, GrantId, KeyId, PartyId, PersonId};
use weir_acts::key::KeyText;
use weir_acts::state::{Appeal, Holder, State};
use weir_acts::value::Value;
use weir_acts::words::Describes;
use weir_rules::condition::Condition;

use super::{Plan, Planner, open, parts};
use crate::command::{AppealDecide, ClaimAdd, GrantAdd, PartyAdd};
use crate::names::{self, check_name, check_text};
use crate::refusal::Refusal;

/// The highest assurance level there is.
const MAX_LEVEL: u8 = 4;

impl Planner<'_> {
    pub(super) fn party_add(&self, command: &PartyAdd) -> Result<Plan, Refusal> {
        check_name("a party's id", &command.id)?;
        check_text("the party's name", &command.name, 512)?;
        for (what, text) in [("the LEI", &command.lei), ("the ROR id", &command.ror)] {
            if let Some(text) = text {
                check_text(what, text, 64)?;
            }
        }
        if self.state.party_named(&command.id).is_some() {
            return Err(Refusal::conflict(format!("there is a party `{}` already", command.id)));
        }
        let id = PartyId::random()?;
        let act = Act::PartyAdd(parts(
            public::PartyAdd { kind: command.kind },
            private::PartyAdd {
                handle: command.id.clone(),
                name: command.name.clone(),
                lei: command.lei.clone(),
                ror: command.ror.clone(),
            },
        ));
        Ok(Plan::one(self.entry(id, act), id))
    }

    pub(super) fn party_close(&self, handle: &str) -> Result<Plan, Refusal> {
        let party = names::party(self.state, handle)?;
        still_open(&party.life, self, || format!("party `{handle}` is closed already"))?;
        Ok(Plan::one(self.entry(party.id, Act::PartyClose(open(public::PartyClose {}))), party.id))
    }

    /// The holder that `subject` names, with the act that records a person
    /// about whom nothing was known.
    pub(super) fn subject(&self, subject: &str) -> Result<(Holder, Option<Entry>), Refusal> {
        if !subject.starts_with("person:") {
            return names::holder(self.state, subject).map(|holder| (holder, None));
        }
        let (key, sub) = names::asserted(self.state, subject)?;
        if let Some(person) = self.state.person(&key) {
            return Ok((Holder::Person(person.id), None));
        }
        let id = PersonId::random()?;
        let private = private::PersonAdd { sub: sub.to_owned() };
        let act = Act::PersonAdd(parts(public::PersonAdd { issuer: key.issuer }, private));
        Ok((Holder::Person(id), Some(self.entry(id, act))))
    }

    pub(super) fn claim_add(&self, command: &ClaimAdd) -> Result<Plan, Refusal> {
        let (holder, person) = self.subject(&command.subject)?;
        let Some(kind) = self.state.kinds.get(command.kind.as_str()) else {
            return Err(Refusal::not_found(format!(
                "no claim kind `{}` is declared; declared are: {}",
                command.kind,
                self.state.kinds.keys().map(|name| &**name).collect::<Vec<_>>().join(", ")
            )));
        };
        if kind.describes == Describes::Party && matches!(holder, Holder::Account(_)) {
            return Err(Refusal::invalid(format!(
                "`{}` describes a party: claim it about party:{}",
                command.kind,
                command.subject.trim_start_matches("account:").split('/').next().unwrap_or_default()
            )));
        }
        if kind.describes != Describes::Person && matches!(holder, Holder::Person(_)) {
            return Err(Refusal::invalid(format!(
                "`{}` describes a {}: a person carries only kinds that describe persons",
                command.kind, kind.describes
            )));
        }
        let value = Value::parse(&command.value, kind.value_type)
            .map_err(|error| Refusal::invalid(format!("value: {error}")))?;
        if command.level > MAX_LEVEL {
            return Err(Refusal::invalid(format!("level {} is above {MAX_LEVEL}, the highest", command.level)));
        }
        check_text("the verifier's name", &command.by, 256)?;
        if command.expires.is_some_and(|expires| expires <= self.at) {
            return Err(Refusal::invalid("the claim would have expired already"));
        }
        let id = ClaimId::random()?;
        let act = Act::ClaimAdd(parts(
            public::ClaimAdd { claim: id, kind: command.kind.clone(), level: command.level, expires: command.expires },
            private::ClaimAdd { value, by: command.by.clone(), evidence: command.evidence },
        ));
        Ok(Plan::one(self.entry(holder, act), id).after(person))
    }

    pub(super) fn claim_retract(&self, id: ClaimId) -> Result<Plan, Refusal> {
        let holder = *self.state.claims.get(&id).ok_or_else(|| no_such("claim", id))?;
        let act = Act::ClaimRetract(open(public::ClaimRetract { claim: id }));
        Ok(Plan::one(self.entry(holder, act), id))
    }

    pub(super) fn account_add(&self, label: &str) -> Result<Plan, Refusal> {
        let Some((party_handle, name)) = label.split_once('/') else {
            return Err(Refusal::invalid(format!("`{label}` is not an account: write PARTY/NAME")));
        };
        let party = names::party(self.state, party_handle)?;
        still_open(&party.life, self, || format!("party `{party_handle}` is closed"))?;
        check_name("an account's name", name)?;
        if self.state.account_named(party.id, name).is_some() {
            return Err(Refusal::conflict(format!("there is an account `{label}` already")));
        }
        let id = AccountId::random()?;
        let act = Act::AccountAdd(parts(
            public::AccountAdd { party: party.id },
            private::AccountAdd { handle: name.to_owned() },
        ));
        Ok(Plan::one(self.entry(id, act), id))
    }

    pub(super) fn account_suspend(&self, label: &str) -> Result<Plan, Refusal> {
        let id = self.open_account(label)?;
        Ok(Plan::one(self.entry(id, Act::AccountSuspend(open(public::AccountSuspend {}))), id))
    }

    pub(super) fn account_restore(&self, label: &str) -> Result<Plan, Refusal> {
        let id = self.open_account(label)?;
        Ok(Plan::one(self.entry(id, Act::AccountRestore(open(public::AccountRestore {}))), id))
    }

    pub(super) fn account_close(&self, label: &str) -> Result<Plan, Refusal> {
        let id = self.open_account(label)?;
        Ok(Plan::one(self.entry(id, Act::AccountClose(open(public::AccountClose {}))), id))
    }

    fn open_account(&self, label: &str) -> Result<AccountId, Refusal> {
        let account = names::account(self.state, label)?;
        still_open(&account.life, self, || format!("account `{label}` is closed"))?;
        Ok(account.id)
    }

    pub(super) fn key_issue(&self, label: &str) -> Result<Plan, Refusal> {
        let account = self.open_account(label)?;
        let key_id = KeyId::random()?;
        let key = KeyText::random(key_id)?;
        let act = Act::KeyIssue(parts(
            public::KeyIssue { key: key_id },
            private::KeyIssue { digest: self.pepper.digest(key.reveal().as_bytes()) },
        ));
        let mut plan = Plan::one(self.entry(account, act), account);
        plan.extras.insert("key_id".into(), json!(key_id));
        plan.extras.insert("key".into(), json!(key.reveal()));
        plan.secrets = &["key"];
        Ok(plan)
    }

    pub(super) fn key_revoke(&self, id: KeyId) -> Result<Plan, Refusal> {
        let key = self.state.keys.get(&id).ok_or_else(|| no_such("key", id))?;
        still_open(&key.life, self, || format!("key {id} is revoked already"))?;
        Ok(Plan::one(self.entry(key.account, Act::KeyRevoke(open(public::KeyRevoke { key: id }))), id))
    }

    pub(super) fn grant_add(&self, command: &GrantAdd) -> Result<Plan, Refusal> {
        let party = names::party(self.state, &command.party)?;
        still_open(&party.life, self, || format!("party `{}` is closed", command.party))?;
        self.served_model(&command.model)?;
        if let Some(purpose) = &command.purpose {
            check_text("the purpose", purpose, 256)?;
        }
        if let Some(population) = &command.population {
            Condition::parse(population, &self.state.kinds)
                .map_err(|error| Refusal::invalid(format!("population: {error}")))?;
        }
        if command.expires.is_some_and(|expires| expires <= self.at) {
            return Err(Refusal::invalid("the grant would have expired already"));
        }
        let id = GrantId::random()?;
        let act = Act::GrantAdd(parts(
            public::GrantAdd {
                grant: id,
                model: command.model.clone(),
                population: command.population.clone(),
                expires: command.expires,
            },
            private::GrantAdd { purpose: command.purpose.clone() },
        ));
        Ok(Plan::one(self.entry(party.id, act), id))
    }

    pub(super) fn grant_revoke(&self, id: GrantId) -> Result<Plan, Refusal> {
        let party = *self.state.grants.get(&id).ok_or_else(|| no_such("grant", id))?;
        Ok(Plan::one(self.entry(party, Act::GrantRevoke(open(public::GrantRevoke { grant: id }))), id))
    }

    pub(super) fn appeal_decide(&self, command: &AppealDecide) -> Result<Plan, Refusal> {
        let appeal = self.state.appeals.get(&command.id).ok_or_else(|| no_such("appeal", command.id))?;
        check_text("the reason", &command.reason, 2_000)?;
        if authors_of_appealed(self.state, appeal).any(|author| *author == *self.by) {
            return Err(Refusal::forbidden("nobody decides an appeal against their own act: ask another operator"));
        }
        let act = Act::AppealDecide(parts(
            public::AppealDecide { appeal: command.id, ruling: command.ruling },
            private::AppealDecide { reason: command.reason.clone() },
        ));
        Ok(Plan::one(self.entry(command.id, act), command.id))
    }
}

/// Who did what an appeal answers: took the measure, enacted the directive.
pub(crate) fn authors_of_appealed<'s>(state: &'s State, appeal: &'s Appeal) -> impl Iterator<Item = &'s str> {
    let measure = appeal.measure.and_then(|id| names::measure(state, id)).map(|(_, measure)| &*measure.by);
    let enacted = appeal.rules.iter().filter_map(|rule| {
        let (directive, _) = rule.rsplit_once('/')?;
        state.directive_named(directive)?.enacted.as_ref().map(|enacted| &*enacted.by)
    });
    measure.into_iter().chain(enacted)
}

fn still_open(life: &Life, planner: &Planner<'_>, message: impl Fn() -> String) -> Result<(), Refusal> {
    if life.holds(planner.at) { Ok(()) } else { Err(Refusal::conflict(message())) }
}

pub(super) fn no_such(what: &str, id: impl std::fmt::Display) -> Refusal {
    Refusal::not_found(format!("there is no {what} {id}"))
}
