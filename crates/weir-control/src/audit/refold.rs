//! The refold: every act is read, held against its opening where there is one,
//! held against the rules of authority of its moment, and folded.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::act::Act;
use weir_acts::entry::{BY_WEIR, Entry, EntryError};
use weir_acts::governed::Rule;
use weir_acts::id::OperatorId;
use weir_acts::state::Holder;
use weir_acts::words::Role;
use weir_acts::world::World;
use weir_rules::{ActFacts, Authority};
use weir_tlog::{VerifierKey, Verified};

use super::bundle::Bundle;
use super::decisions::Recomputer;
use super::report::{Refold, Report};

/// An act that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which.
    pub act: u64,
    /// What is wrong with it.
    pub why: String,
}

type Rules = Arc<BTreeMap<Arc<str>, Rule>>;

/// Folds acts as they come.
pub(super) struct Refolder<'a> {
    vkey: String,
    origin: String,
    bundle: Option<&'a Bundle>,
    world: World,
    authority: Option<(Rules, Authority)>,
    refold: Refold,
    problem: Option<Problem>,
    unseen: BTreeMap<String, u64>,
    opened: u64,
    recomputer: Recomputer<'a>,
}

impl<'a> Refolder<'a> {
    pub(super) fn new(key: &VerifierKey, bundle: Option<&'a Bundle>) -> Refolder<'a> {
        Refolder {
            vkey: key.to_string(),
            origin: key.name().to_owned(),
            bundle,
            world: World::default(),
            authority: None,
            refold: Refold::default(),
            problem: None,
            unseen: BTreeMap::new(),
            opened: 0,
            recomputer: Recomputer::new(bundle.map_or(&[], |bundle| &bundle.decisions)),
        }
    }

    /// Takes the next act; after the first wrong or unknown one it only counts.
    pub(super) fn take(&mut self, index: u64, bytes: &[u8]) {
        if self.problem.is_some() || self.refold.stopped.is_some() {
            return;
        }
        if let Err(why) = self.fold(index, bytes) {
            self.problem = Some(Problem { act: index, why });
            return;
        }
        if self.refold.stopped.is_none() {
            self.refold.folded += 1;
            self.recomputer.advance(&self.world);
        }
    }

    fn fold(&mut self, index: u64, bytes: &[u8]) -> Result<(), String> {
        let opening = self.bundle.and_then(|bundle| bundle.openings.get(&index));
        let private = opening.map(|opening| (&opening.salt, opening.bytes.as_slice()));
        let entry = match Entry::read(bytes, private) {
            Ok(entry) => entry,
            Err(error @ (EntryError::Version { .. } | EntryError::Kind { .. })) => {
                self.refold.stopped = Some(format!("act {index}: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        self.check_opening_act(&entry)?;
        self.check_authority(&entry)?;
        let touched = self.world.apply(&entry).map_err(|error| error.problem.to_string())?;
        if touched.rules {
            self.recomputer.rules_changed();
        }
        match opening {
            Some(_) => self.opened += 1,
            None if commits(bytes) => *self.unseen.entry(entry.act.kind().to_owned()).or_default() += 1,
            None => {}
        }
        Ok(())
    }

    /// The log's first act names the log and the key that signs it.
    fn check_opening_act(&self, entry: &Entry) -> Result<(), String> {
        let Act::LogOpen(parts) = &entry.act else { return Ok(()) };
        if parts.public.origin != self.origin {
            return Err(format!("the log calls itself `{}`, its key is for `{}`", parts.public.origin, self.origin));
        }
        if parts.public.vkey != self.vkey {
            return Err("the log was opened under another key than the one that signs it".into());
        }
        Ok(())
    }

    /// Whether the rules of authority let the author do it. Weir itself only
    /// begins a log and ends seals; an account only appeals.
    fn check_authority(&mut self, entry: &Entry) -> Result<(), String> {
        if entry.by == BY_WEIR {
            let is_beginning = self.world.state().operators.is_empty() || self.is_first_token(entry);
            let ends_seal = matches!(entry.act, Act::DirectiveDisclose(_));
            return if is_beginning || ends_seal {
                Ok(())
            } else {
                Err(format!("`{}` was not done by an operator", entry.act.kind()))
            };
        }
        if matches!(entry.act, Act::AppealFile(_)) {
            return Ok(());
        }
        let state = self.world.state();
        let roles: Vec<Role> = entry
            .by
            .parse::<OperatorId>()
            .ok()
            .and_then(|id| state.operators.get(&id))
            .map(|operator| operator.roles.clone())
            .unwrap_or_default();
        let facts = facts(entry, &self.world);
        let rules = Arc::clone(&state.rules);
        let is_current = self.authority.as_ref().is_some_and(|(kept, _)| Arc::ptr_eq(kept, &rules));
        if !is_current {
            let compiled = Authority::compile(state, entry.at).map_err(|error| error.to_string())?;
            self.authority = Some((rules, compiled));
        }
        let Some((_, authority)) = &self.authority else { return Ok(()) };
        authority.may(&entry.by, &roles, entry.act.kind(), &facts).map_err(|refusal| refusal.to_string())
    }

    /// The token of the first operator, which follows the operator's own act.
    fn is_first_token(&self, entry: &Entry) -> bool {
        let operators = &self.world.state().operators;
        matches!(entry.act, Act::TokenIssue(_))
            && operators.len() == 1
            && operators.values().all(|operator| operator.tokens.is_empty())
    }

    pub(super) fn report(mut self, verified: &Verified, is_pinned: bool, extends: Vec<u64>) -> Report {
        let decisions = self.recomputer.finish();
        let beyond = self.bundle.into_iter().flat_map(|bundle| bundle.openings.keys());
        if let Some(act) = beyond.copied().find(|act| *act >= verified.checkpoint.size)
            && self.problem.is_none()
        {
            self.problem = Some(Problem { act, why: "the bundle opens it, but the log has no such act".into() });
        }
        Report {
            good: self.problem.is_none() && decisions.differing.is_empty(),
            origin: verified.checkpoint.origin.clone(),
            size: verified.checkpoint.size,
            root: verified.checkpoint.root.to_string(),
            key_pinned: is_pinned,
            extends,
            refold: self.refold,
            problem: self.problem,
            unseen: self.unseen,
            opened: self.opened,
            decisions,
        }
    }
}

/// What authority over an act depends on, as far as the log tells.
fn facts<'s>(entry: &'s Entry, world: &'s World) -> ActFacts<'s> {
    let state = world.state();
    let approvals = u32::try_from(entry.approvals.len()).unwrap_or(u32::MAX);
    match &entry.act {
        Act::StageSet(parts) => ActFacts { stage: Some(parts.public.stage), approvals, author: None },
        Act::DirectiveEnact(_) => {
            let directive = entry.subject.parse().ok().and_then(|id| state.directives.get(&id));
            ActFacts { author: directive.map(|directive| &*directive.drafted_by), approvals, stage: None }
        }
        Act::AppealDecide(parts) => {
            let measure = state.appeals.get(&parts.public.appeal).and_then(|appeal| appeal.measure);
            let author = measure.and_then(|id| {
                let measures = match *state.measures.get(&id)? {
                    Holder::Party(party) => &state.parties.get(&party)?.measures,
                    Holder::Account(account) => &state.accounts.get(&account)?.measures,
                };
                measures.iter().find(|measure| measure.id == id).map(|measure| &*measure.by)
            });
            ActFacts { author, approvals, stage: None }
        }
        _ => ActFacts { approvals, ..ActFacts::default() },
    }
}

#[derive(serde::Deserialize)]
struct Commitment<'a> {
    #[serde(default, borrow)]
    private: Option<&'a serde_json::value::RawValue>,
}

/// Whether an entry commits to a private part.
fn commits(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Commitment<'_>>(bytes).is_ok_and(|commitment| commitment.private.is_some())
}
