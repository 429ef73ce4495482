//! Accounts as the detector is told of them: what the log says, and beside it
//! what the operator's own systems know.
//!
//! All accounts of a party are one customer: a campaign hides across parties.
//! A party whose organisation somebody verified (`kyb_level`) is declared; one
//! known by its own word alone is not, or signing up as a firm would be a way to
//! hide.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use weir_acts::holder::{Account, Life, Measure, Party};
use weir_acts::words::MeasureKind;
use weir_acts::{Time, Value};
use weir_control::writer::Published;
use weir_control::service::Control;
use weir_exchange::read::{ReadLimits, accounts};
use weir_exchange::{ClosedBy, LoggedAccount};

/// Where the accounts of the last finding are written, so that `weir detect`
/// over the records comes to the same.
pub const ACCOUNTS_FILE: &str = "detect.accounts.jsonl";

/// The claim that makes a declared organisation.
const ORGANISATION: &str = "kyb_level";

/// What the operator's own systems know, by `PARTY/NAME`.
pub(super) fn given(path: &Path) -> Result<BTreeMap<String, LoggedAccount>> {
    let mut records = accounts(path, ReadLimits::default()).with_context(|| format!("[detect] accounts {}", path.display()))?;
    let known = records.by_ref().collect::<Result<Vec<_>, _>>()?;
    if let Some(bad) = records.report().first_bad.first() {
        bail!("[detect] accounts: {} line {}: {}", bad.file, bad.line, bad.reason);
    }
    Ok(known.into_iter().map(|account| (account.account.clone(), account)).collect())
}

/// Whose accounts the detector was told of: those of a moment, which are made anew from the fold of that moment
/// when they are asked for. A million rows that were kept would take as much memory as the fold itself.
#[derive(Debug)]
pub(super) struct Accounts {
    /// What the operator's own systems know, by `PARTY/NAME`.
    known: BTreeMap<String, LoggedAccount>,
    of: Arc<Published>,
    at: Time,
}

impl Accounts {
    /// As they are now.
    pub(super) fn now(known: BTreeMap<String, LoggedAccount>, control: &Control) -> Accounts {
        Accounts { known, of: control.published(), at: control.now() }
    }

    /// Looks again. Says whether anything may have changed.
    pub(super) fn look(&mut self, control: &Control) -> bool {
        let published = control.published();
        if published.state.size == self.of.state.size {
            return false;
        }
        (self.of, self.at) = (published, control.now());
        true
    }

    /// A row for each account, those of a party together and the oldest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = LoggedAccount> {
        let state = &self.of.state;
        let cleared = state.cleared();
        let mut parties: Vec<&Party> = state.parties.iter().map(|(_, party)| &**party).collect();
        parties.sort_unstable_by_key(|party| party.id);
        parties.into_iter().flat_map(move |party| {
            let (is_organisation, cleared) = (is_organisation(party, self.at), cleared.get(&party.id).copied());
            let accounts = party.accounts.iter().filter_map(|id| state.accounts.get(id));
            accounts.map(move |account| self.row(party, account, is_organisation, cleared))
        })
    }

    fn row(&self, party: &Party, account: &Account, is_organisation: bool, cleared: Option<Time>) -> LoggedAccount {
        let own = match self.known.is_empty() {
            true => None,
            false => self.known.get(&self.of.state.account_label(account.id)),
        };
        let own = own.cloned().unwrap_or_default();
        let shut = shut_out(party, account);
        LoggedAccount {
            account: account.id.to_string(),
            party: Some(party.id.to_string()),
            created: own.created.or(Some(account.life.from())),
            closed: shut.or(own.closed),
            closed_by: shut.map(|_| ClosedBy::Provider).or(own.closed_by),
            cleared,
            verified: Some(if is_organisation { "organisation" } else { "self" }.to_owned()),
            ..own
        }
    }
}

fn is_organisation(party: &Party, now: Time) -> bool {
    party.claims.iter().any(|claim| {
        &*claim.kind == ORGANISATION
            && claim.level >= 1
            && claim.life.holds(now)
            && matches!(claim.value, Some(Value::Long(level)) if level >= 1)
    })
}

/// When it was first shut out: by closing, suspension or a measure.
fn shut_out(party: &Party, account: &Account) -> Option<Time> {
    let shuts = |measure: &&Measure| matches!(measure.kind, MeasureKind::Refuse | MeasureKind::Suspend);
    let measures = party.measures.iter().chain(&account.measures).filter(shuts).map(|measure| measure.life);
    let began = measures.chain(account.suspensions.iter().copied()).map(|life: Life| life.from());
    began.chain(account.life.to).chain(party.life.to).min()
}
