//! Reading what was decided: records of decisions, and those whom they affect.

use std::collections::BTreeSet;

use weir_acts::holder::Account;
use weir_acts::id::AccountId;
use weir_acts::key::{Form, form};
use weir_acts::{Time, World};
use weir_exchange::DecisionId;
use weir_store::segment;

use serde_json::Value as Json;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

use super::Control;
use crate::boot::read_entry;
use crate::refusal::{Refusal, RefusalKind};

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// An account that showed its own key under `/access`.
#[derive(Debug, Clone)]
pub struct AccessCaller {
    /// The account, suspended or not.
    pub account: Arc<Account>,
}

impl Control {
    /// Whose key `presented` is. A suspension or measure does not matter here:
    /// those whom it affects must be able to answer it.
    ///
    /// # Errors
    /// When it is nobody's.
    pub fn account_of_key(&self, presented: &str) -> Result<AccessCaller, Refusal> {
        let unknown = || Refusal {
            kind: RefusalKind::Unauthenticated,
            message: "no account's key: send `Authorization: Bearer KEY`".into(),
        };
        let published = self.published();
        let (state, now) = (&published.state, self.now());
        let digest = self.inner.pepper.digest(presented.as_bytes());
        let account = match form(presented.as_bytes()) {
            Form::Mistyped => return Err(unknown()),
            Form::Own(id) => {
                let key = state.keys.get(&id).filter(|key| key.life.holds(now)).ok_or_else(unknown)?;
                let same: bool = key.digest.is_some_and(|kept| kept.0.ct_eq(&digest.0).into());
                if !same {
                    return Err(unknown());
                }
                key.account
            }
            Form::Foreign => published.snapshot.view().identify(&digest.0).ok_or_else(unknown)?.account,
        };
        let account = state.accounts.get(&account).filter(|account| account.life.holds(now)).ok_or_else(unknown)?;
        Ok(AccessCaller { account: Arc::clone(account) })
    }

    /// The world as the first `size` acts made it, folded anew: the present
    /// state would answer with what was said since.
    ///
    /// # Errors
    /// When the database cannot be read or has fewer acts.
    pub(crate) fn world_of(&self, size: u64) -> Result<World, Refusal> {
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the database cannot be read: {error}"));
        let mut world = World::default();
        while world.state().size < size {
            let from = world.state().size;
            let most = usize::try_from(size - from).unwrap_or(ACTS_AT_A_TIME).min(ACTS_AT_A_TIME);
            let stored = self.store().entries(from, most).map_err(|error| cannot(&error))?;
            if stored.is_empty() {
                return Err(Refusal::unavailable(format!("the log has {from} acts, the decision was made on {size}")));
            }
            for stored in &stored {
                let entry = read_entry(stored).map_err(|error| cannot(&error))?;
                world.apply(&entry).map_err(|error| cannot(&error))?;
            }
        }
        Ok(world)
    }

    /// The record of decision `id`, as it was written; none where there is none
    /// (yet). Reads files.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn decision(&self, id: DecisionId) -> Result<Option<Json>, Refusal> {
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the records cannot be read: {error}"));
        let wanted = id.to_string();
        let segments = segment::segments(self.dir()).map_err(|error| cannot(&error))?;
        for held in segments.iter().filter(|held| held.number >= u64::from(id.segment)) {
            let found = segment::find(self.dir(), held.number, |line| decision_line(line, &wanted))
                .map_err(|error| cannot(&error))?;
            if let Some(found) = found.found {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The records of decisions about `account`, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn decisions_of(&self, account: AccountId, limit: usize) -> Result<Vec<Json>, Refusal> {
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the records cannot be read: {error}"));
        let (wanted, mut records) = (account.to_string(), Vec::new());
        for held in segment::segments(self.dir()).map_err(|error| cannot(&error))? {
            segment::find(self.dir(), held.number, |line| {
                if let Some(record) = decision_about(line, &wanted) {
                    records.push(record);
                }
                (records.len() >= limit).then_some(())
            })
            .map_err(|error| cannot(&error))?;
        }
        Ok(records)
    }

    /// The records of decisions from `from` until before `to`, about `accounts`
    /// or everybody, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn decisions_between(
        &self,
        from: Time,
        to: Time,
        accounts: Option<&BTreeSet<String>>,
        limit: usize,
    ) -> Result<Vec<Json>, Refusal> {
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the records cannot be read: {error}"));
        let mut records = Vec::new();
        for held in segment::segments(self.dir()).map_err(|error| cannot(&error))? {
            segment::find(self.dir(), held.number, |line| {
                let record = decision(line).filter(|record| {
                    let at = record["time"].as_str().and_then(|time| time.parse::<Time>().ok());
                    let account = record["account"].as_str().unwrap_or_default();
                    at.is_some_and(|at| from <= at && at < to)
                        && accounts.is_none_or(|accounts| accounts.contains(account))
                });
                records.extend(record);
                (records.len() >= limit).then_some(())
            })
            .map_err(|error| cannot(&error))?;
        }
        Ok(records)
    }
}

fn decision(line: &[u8]) -> Option<Json> {
    let record: Json = serde_json::from_slice(line).ok()?;
    (record["record"] == "decision").then_some(record)
}

fn decision_line(line: &[u8], id: &str) -> Option<Json> {
    let text = std::str::from_utf8(line).ok()?;
    if !text.contains(id) {
        return None;
    }
    let record: Json = serde_json::from_str(text).ok()?;
    (record["record"] == "decision" && record["id"] == id).then_some(record)
}

fn decision_about(line: &[u8], account: &str) -> Option<Json> {
    let text = std::str::from_utf8(line).ok()?;
    if !text.contains(account) {
        return None;
    }
    let record: Json = serde_json::from_str(text).ok()?;
    (record["record"] == "decision" && record["account"] == account).then_some(record)
}
