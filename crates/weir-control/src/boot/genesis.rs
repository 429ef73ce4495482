//! The first acts of a log: it opens, the base rules enter into force, the
//! base kinds of claim are declared, and operator `bootstrap` gets every role
//! and a token. One transaction appends them all, so that a log either has
//! its beginning or does not exist.

use std::path::{Path, PathBuf};

use weir_acts::Time;
use weir_acts::act::{Act, Parts, PolicyText, public};
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::id::LogId;
use weir_acts::key::Pepper;
use weir_acts::state::State;
use weir_acts::words::Role;
use weir_rules::BASE_KINDS;
use weir_store::durable::write_file_atomically;
use weir_store::{Append, EMPTY_ROOT, NewEntry, PrivatePart, Store, TreeHead};
use weir_tlog::{Ed25519Signer, Frontier, Hash, leaf_hash};

use super::{BootError, TOKEN_FILE};
use crate::command::{ClaimDeclare, OperatorAdd};
use crate::plan::{Plan, Planner};
use crate::refusal::Refusal;

/// The first operator's name.
const BOOTSTRAP: &str = "bootstrap";

/// Writes the first acts and the first token; the token's file first, since a
/// token nobody ever saw could not be made again.
pub(super) fn write(
    dir: &Path,
    store: &dyn Store,
    signer: &Ed25519Signer,
    pepper: &Pepper,
    rules: Vec<PolicyText>,
    at: Time,
) -> Result<PathBuf, BootError> {
    let mut state = State::default();
    let mut entries = Vec::new();
    let mut steps = Steps { state: &mut state, entries: &mut entries, pepper, at };
    steps.add(vec![open_log(signer, at)])?;
    let rules = steps.planner().rules_entries(rules, Vec::new())?;
    steps.add(rules.entries)?;
    for (kind, value_type, describes) in BASE_KINDS {
        let declare = ClaimDeclare { kind: (*kind).to_owned(), r#type: *value_type, describes: *describes };
        steps.plan(&declare.into())?;
    }
    let bootstrap = OperatorAdd { name: BOOTSTRAP.to_owned(), roles: Role::ALL.to_vec() };
    let plan = steps.plan(&bootstrap.into())?;
    let token = plan.extras.get("token").and_then(|token| token.as_str()).unwrap_or_default();
    let path = dir.join(TOKEN_FILE);
    write_file_atomically(&path, format!("{token}\n").as_bytes(), 0o600)?;
    append(store, &entries)?;
    Ok(path)
}

struct Steps<'a> {
    state: &'a mut State,
    entries: &'a mut Vec<Entry>,
    pepper: &'a Pepper,
    at: Time,
}

impl Steps<'_> {
    fn planner(&self) -> Planner<'_> {
        Planner {
            state: self.state,
            at: self.at,
            by: BY_WEIR,
            pepper: self.pepper,
            approvals: &[],
            last_preview: None,
            erasing: None,
        }
    }

    fn plan(&mut self, command: &crate::Command) -> Result<Plan, BootError> {
        let plan = self.planner().plan(command)?;
        self.add(plan.entries.clone())?;
        Ok(plan)
    }

    fn add(&mut self, entries: Vec<Entry>) -> Result<(), BootError> {
        for entry in entries {
            self.state.apply(&entry)?;
            self.entries.push(entry);
        }
        Ok(())
    }
}

fn open_log(signer: &Ed25519Signer, at: Time) -> Entry {
    let vkey = signer.vkey();
    Entry {
        at,
        by: BY_WEIR.to_owned(),
        approvals: Vec::new(),
        subject: LogId::from_bytes([0; 10]).to_string(),
        basis: None,
        act: Act::LogOpen(Parts {
            public: public::LogOpen { origin: vkey.name().to_owned(), vkey: vkey.to_string() },
            private: None,
        }),
    }
}

fn append(store: &dyn Store, entries: &[Entry]) -> Result<(), BootError> {
    let mut frontier = Frontier::new();
    let mut new = Vec::with_capacity(entries.len());
    for entry in entries {
        let sealed = entry.seal().map_err(|error| Refusal::unavailable(error.to_string()))?;
        let leaf = leaf_hash(&sealed.bytes);
        frontier.push(leaf);
        let private = sealed.private.map(|(salt, bytes)| PrivatePart { salt, bytes });
        new.push(NewEntry { leaf: leaf.0, bytes: sealed.bytes, private });
    }
    let head = TreeHead {
        size: frontier.size(),
        root: frontier.root().0,
        frontier: frontier.hashes().iter().map(|Hash(hash)| *hash).collect(),
    };
    let append = Append {
        expected_size: 0,
        expected_root: EMPTY_ROOT,
        entries: &new,
        head,
        answers: &[],
        imports: &[],
        facts: &[],
    };
    Ok(store.append(append)?)
}
