//! What operators may call things, and how the names people type are found in
//! the state.

use std::sync::Arc;

use weir_acts::holder::{Account, Measure, Party};
use weir_acts::id::{IssuerId, MeasureId};
use weir_acts::person::PersonKey;
use weir_acts::state::{Holder, State};

use crate::refusal::Refusal;

/// Checks a name that people type and programs split: party ids, account
/// names, operators, models, directives.
///
/// # Errors
/// When it is empty, too long, or holds anything but letters, digits and
/// `. _ -`.
pub fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    let starts_well = name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if starts_well && name.len() <= 128 && name.chars().all(allowed) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    Err(Refusal::invalid(format!(
        "`{shown}` is not {what}: use 1 to 128 letters, digits, `.`, `_` or `-`, beginning with a letter or digit"
    )))
}

/// Checks free text: present, bounded, without control characters.
///
/// # Errors
/// When it is not.
pub fn check_text(what: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid(format!("{what} is empty")));
    }
    if text.len() > longest {
        return Err(Refusal::invalid(format!("{what} is {} bytes; at most {longest} are kept", text.len())));
    }
    if text.chars().any(|character| character.is_control() && character != '\n' && character != '\t') {
        return Err(Refusal::invalid(format!("{what} holds control characters")));
    }
    Ok(())
}

/// The party called `handle`.
///
/// # Errors
/// When there is none.
pub fn party<'s>(state: &'s State, handle: &str) -> Result<&'s Arc<Party>, Refusal> {
    state.party_named(handle).ok_or_else(|| Refusal::not_found(format!("there is no party `{handle}`")))
}

/// The account called `PARTY/NAME`.
///
/// # Errors
/// When the text has no slash, or there is no such party or account.
pub fn account<'s>(state: &'s State, label: &str) -> Result<&'s Arc<Account>, Refusal> {
    let Some((party_handle, name)) = label.split_once('/') else {
        return Err(Refusal::invalid(format!("`{label}` is not an account: write PARTY/NAME")));
    };
    let party = party(state, party_handle)?;
    state
        .account_named(party.id, name)
        .ok_or_else(|| Refusal::not_found(format!("party `{party_handle}` has no account `{name}`")))
}

/// The party, account or person that `subject` names: `party:ID`,
/// `account:PARTY/NAME`, or either without its prefix; `person:ISSUER#SUB`.
///
/// # Errors
/// When it names nothing, or a person about whom nothing is recorded.
pub fn holder(state: &State, subject: &str) -> Result<Holder, Refusal> {
    if let Some(handle) = subject.strip_prefix("party:") {
        return party(state, handle).map(|party| Holder::Party(party.id));
    }
    if let Some(label) = subject.strip_prefix("account:") {
        return account(state, label).map(|account| Holder::Account(account.id));
    }
    if subject.starts_with("person:") {
        let key = asserted(state, subject)?.0;
        let unknown = || Refusal::not_found(format!("nothing is recorded about `{subject}`"));
        return state.person(&key).map(|person| Holder::Person(person.id)).ok_or_else(unknown);
    }
    if subject.contains('/') {
        account(state, subject).map(|account| Holder::Account(account.id))
    } else {
        party(state, subject).map(|party| Holder::Party(party.id))
    }
}

/// Whom `person:ISSUER#SUB` names, whether anything is recorded about them or
/// not, with the `sub`. ISSUER is what assertions bear as `iss`, or the
/// issuer's id.
///
/// # Errors
/// When it is written otherwise, or no issuer or several are of that name.
pub fn asserted<'t>(state: &State, subject: &'t str) -> Result<(PersonKey, &'t str), Refusal> {
    let written = subject.strip_prefix("person:").and_then(|rest| rest.split_once('#'));
    let (issuer, sub) = written.filter(|(issuer, sub)| !issuer.is_empty() && !sub.is_empty()).ok_or_else(|| {
        Refusal::invalid(format!(
            "`{subject}` is no person: write person:ISSUER#SUB, as assertions bear `iss` and `sub`"
        ))
    })?;
    check_text("the person's `sub`", sub, 256)?;
    if let Some(known) = issuer.parse().ok().and_then(|id| state.issuers.get(&id)) {
        return Ok((PersonKey::of(known.id, sub), sub));
    }
    let named: Vec<IssuerId> = state
        .issuers
        .values()
        .filter(|known| known.name.as_deref() == Some(issuer) && known.life.to.is_none())
        .map(|known| known.id)
        .collect();
    match named[..] {
        [one] => Ok((PersonKey::of(one, sub), sub)),
        [] => Err(Refusal::not_found(format!("no issuer `{issuer}` is registered"))),
        _ => {
            let ids: Vec<String> = named.iter().map(ToString::to_string).collect();
            Err(Refusal::conflict(format!(
                "several parties have an issuer `{issuer}`: name the one meant by its id, {}",
                ids.join(" or ")
            )))
        }
    }
}

/// What people call a holder.
pub fn label(state: &State, holder: Holder) -> String {
    match holder {
        Holder::Party(id) => format!("party:{}", state.party_label(id)),
        Holder::Account(id) => format!("account:{}", state.account_label(id)),
        Holder::Person(id) => {
            let named = state.persons.get(&id).and_then(|person| {
                let issuer = state.issuers.get(&person.issuer)?.name.as_deref()?;
                Some(format!("person:{issuer}#{}", person.sub.as_deref()?))
            });
            named.unwrap_or_else(|| id.to_string())
        }
    }
}

/// A measure and whom it is on.
pub fn measure(state: &State, id: MeasureId) -> Option<(Holder, &Measure)> {
    let holder = *state.measures.get(&id)?;
    measures(state, holder).iter().find(|measure| measure.id == id).map(|measure| (holder, measure))
}

/// The measures on a holder.
pub fn measures(state: &State, holder: Holder) -> &[Measure] {
    let found = match holder {
        Holder::Party(id) => state.parties.get(&id).map(|party| &party.measures),
        Holder::Account(id) => state.accounts.get(&id).map(|account| &account.measures),
        Holder::Person(id) => state.persons.get(&id).map(|person| &person.measures),
    };
    found.map_or(&[], Vec::as_slice)
}
