//! What operators may call things, and how the names people type are found in
//! the state.

use std::sync::Arc;

use weir_acts::holder::{Account, Party};
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

/// The party or account that `subject` names: `party:ID`,
/// `account:PARTY/NAME`, or either without its prefix.
///
/// # Errors
/// When it names nothing, or a person, who is only ever known by a token.
pub fn holder(state: &State, subject: &str) -> Result<Holder, Refusal> {
    if let Some(handle) = subject.strip_prefix("party:") {
        return party(state, handle).map(|party| Holder::Party(party.id));
    }
    if let Some(label) = subject.strip_prefix("account:") {
        return account(state, label).map(|account| Holder::Account(account.id));
    }
    if subject.starts_with("person:") {
        return Err(Refusal::invalid("a person's claims come with each request, signed by the party's issuer"));
    }
    if subject.contains('/') {
        account(state, subject).map(|account| Holder::Account(account.id))
    } else {
        party(state, subject).map(|party| Holder::Party(party.id))
    }
}
