//! The refold: every act is read, held against its opening where there is one,
//! held against the rules of authority of its moment, and folded; where it
//! changed rules, they must compile.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::Digest;
use weir_acts::act::{Act, public};
use weir_acts::entry::{Entry, EntryError, commit};
use weir_acts::import::Import;
use weir_acts::id::MeasureId;
use weir_acts::state::{FoldProblem, Holder, State};
use weir_acts::world::Follower;
use weir_rules::Policies;
use weir_tlog::{KeyChange, Verified, VerifierKey};

use super::authority::AuthorityCheck;
use super::bundle::{Bundle, Opening};
use super::decisions::Recomputer;
use super::erased::Said;
use super::report::{NamedKey, Refold, Report};
use super::rows;
use super::segments::{self, RecordsFolder};
use crate::names;

/// An act that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which.
    pub act: u64,
    /// What is wrong with it.
    pub why: String,
}

/// How much of each kind.
#[derive(Default)]
struct Kinds(BTreeMap<String, u64>);

impl Kinds {
    fn add(&mut self, kind: &str, count: u64) {
        match self.0.get_mut(kind) {
            Some(known) => *known += count,
            None => drop(self.0.insert(kind.to_owned(), count)),
        }
    }
}

/// Folds acts as they come.
pub(super) struct Refolder<'a> {
    /// The log's keys by its acts, oldest first, each with the act that names it.
    chain: Vec<(u64, VerifierKey)>,
    origin: String,
    bundle: Option<&'a Bundle>,
    world: Follower,
    authority: AuthorityCheck,
    refold: Refold,
    problem: Option<Problem>,
    unseen: Kinds,
    erased_kinds: Kinds,
    opened: u64,
    recomputer: Recomputer<'a>,
    erasures: Vec<Said>,
}

impl<'a> Refolder<'a> {
    pub(super) fn new(key: &VerifierKey, bundle: Option<&'a Bundle>, explain: Option<&'a str>) -> Refolder<'a> {
        Refolder {
            chain: Vec::new(),
            origin: key.name().to_owned(),
            bundle,
            world: Follower::default(),
            authority: AuthorityCheck::default(),
            refold: Refold::default(),
            problem: None,
            unseen: Kinds::default(),
            erased_kinds: Kinds::default(),
            opened: 0,
            erasures: Vec::new(),
            recomputer: Recomputer::new(bundle.map_or(&[], |bundle| &bundle.decisions), explain),
        }
    }

    /// Takes the next act. After the first that is wrong, or that this version
    /// does not know, none is folded; what is opened is still held against
    /// what was committed to.
    pub(super) fn take(&mut self, index: u64, bytes: &[u8]) {
        if self.problem.is_some() {
            return;
        }
        let opening = self.bundle.and_then(|bundle| bundle.openings.get(&index));
        let taken = match &self.refold.stopped {
            Some(_) => opening.map_or(Ok(()), |opening| self.open(bytes, opening)),
            None => self.fold(index, bytes, opening),
        };
        if let Err(why) = taken {
            self.problem = Some(Problem { act: index, why });
        }
    }

    fn fold(&mut self, index: u64, bytes: &[u8], opening: Option<&Opening>) -> Result<(), String> {
        let private = opening.map(|opening| (&opening.salt, opening.bytes.as_slice()));
        let (entry, committed) = match Entry::read_committed(bytes, private) {
            Ok(read) => read,
            Err(error @ (EntryError::Version { .. } | EntryError::Kind { .. })) => {
                self.refold.stopped = Some(format!("act {index}: {error}"));
                return opening.map_or(Ok(()), |opening| self.open(bytes, opening));
            }
            Err(error) => return Err(error.to_string()),
        };
        self.check_keys(index, &entry)?;
        self.authority.check(&entry, self.world.state())?;
        let rules_changed = match &entry.act {
            Act::PartyImport(parts) => self.import(index, &entry, &parts.public)?,
            _ => self.world.apply(&entry).map_err(|error| error.problem.to_string())?,
        };
        if rules_changed {
            let policies = Policies::compile(self.world.state(), self.world.at())
                .map_err(|error| format!("the rules in force from it on do not compile: {error}"))?;
            self.recomputer.rules_changed(Arc::new(policies));
        }
        match opening {
            Some(_) => self.opened += 1,
            None if committed.is_some() => {
                self.unseen.add(entry.act.kind(), 1);
                self.recomputer.not_opened(&entry);
            }
            None => {}
        }
        if let Act::PrivateErase(parts) = &entry.act {
            parts.public.acts.iter().for_each(|erased| self.erased_kinds.add(&erased.kind, 1));
            self.erasures.extend(parts.public.acts.iter().map(|erased| (index, erased.clone())));
        }
        self.refold.folded += 1;
        if self.recomputer.is_due(self.world.state().size) {
            self.recomputer.advance(self.world.world());
        }
        Ok(())
    }

    /// Folds an import with those of its rows that were given, each held
    /// against the root in its act.
    fn import(&mut self, act: u64, entry: &Entry, public: &public::PartyImport) -> Result<bool, String> {
        let given = self.bundle.and_then(|bundle| bundle.rows.get(&act));
        let mut import = Import::new(self.world.state().clone(), entry.at);
        let (mut opened, mut closed) = (0, public.rows);
        for row in rows::checked(public, given)? {
            let (subject, is_open) = (row.subject, row.private.is_some());
            match import.take(row) {
                Ok(()) if is_open => (opened, closed) = (opened + 1, closed.saturating_sub(1)),
                Ok(()) => self.recomputer.row_not_opened(subject),
                // It hangs on a row that was not given.
                Err(FoldProblem::Missing { .. }) => {}
                Err(problem) => return Err(format!("a row of it: {problem}")),
            }
        }
        self.opened += opened;
        if closed > 0 {
            self.unseen.add("party.import row", closed);
        }
        self.world.apply_import(entry, &import).map_err(|error| error.problem.to_string())
    }

    /// What erasing acts said of the acts before them.
    pub(super) fn take_erasures(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.erasures)
    }

    /// Takes what was found wrong beside the fold, unless that found an act
    /// before it wrong.
    pub(super) fn found_wrong(&mut self, problem: Option<Problem>) {
        let known = self.problem.take();
        self.problem = known.into_iter().chain(problem).min_by_key(|problem| problem.act);
    }

    /// The keys that the log names, oldest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.chain.iter().map(|(_, key)| key)
    }

    /// Holds an opening against the entry alone, where it cannot be folded.
    fn open(&mut self, bytes: &[u8], opening: &Opening) -> Result<(), String> {
        match committed(bytes) {
            None => Err(EntryError::Unexpected.to_string()),
            Some(committed) if commit(&opening.salt, &opening.bytes) != committed => {
                Err(EntryError::Opening { committed }.to_string())
            }
            Some(_) => {
                self.opened += 1;
                Ok(())
            }
        }
    }

    /// The log's first act names the log and the key that signs it; each
    /// change of keys is the word of the key before.
    fn check_keys(&mut self, index: u64, entry: &Entry) -> Result<(), String> {
        let parsed = |vkey: &str| VerifierKey::parse(vkey).map_err(|error| format!("it names no key: {error}"));
        match &entry.act {
            Act::LogOpen(parts) => {
                if parts.public.origin != self.origin {
                    let named = &parts.public.origin;
                    return Err(format!("the log calls itself `{named}`, its key is for `{}`", self.origin));
                }
                self.chain.push((index, parsed(&parts.public.vkey)?));
            }
            Act::LogKey(parts) => {
                let change = KeyChange::open(&parts.public.statement).map_err(|error| error.to_string())?;
                let follows = self.chain.last().is_some_and(|(_, present)| *present == change.old);
                if !follows || change.new.to_string() != parts.public.vkey {
                    return Err("the key before it does not say that this one takes over".into());
                }
                self.chain.push((index, change.new));
            }
            _ => {}
        }
        Ok(())
    }

    /// The checkpoint must be signed by the key that the log names last: one
    /// that was replaced signs no more alone.
    fn check_signer(&mut self, verified: &Verified, signed_by: &[VerifierKey]) {
        let Some((act, present)) = self.chain.last().filter(|_| self.refold.stopped.is_none()) else { return };
        let is_signed = signed_by.contains(present);
        if self.problem.is_none() && verified.checkpoint.size > *act && !is_signed {
            let why = match act {
                0 => "the log was opened under another key than the one that signs it".to_owned(),
                _ => "it names another key than the one that signs the checkpoint".to_owned(),
            };
            self.problem = Some(Problem { act: *act, why });
        }
    }

    pub(super) fn report(
        mut self,
        verified: &Verified,
        is_pinned: bool,
        extends: Vec<u64>,
        signed_by: &[VerifierKey],
        records: Option<&RecordsFolder>,
    ) -> Report {
        self.check_signer(verified, signed_by);
        let explained = self.recomputer.explained();
        let decisions = self.recomputer.finish();
        if self.world.state().unplaced > 0 {
            self.unseen.add("act about someone in a row not given", self.world.state().unplaced);
        }
        let imports: Vec<u64> = self.world.state().imports.iter().map(|imported| imported.act).collect();
        let given = self.bundle.into_iter().flat_map(|bundle| bundle.rows.keys());
        if let Some(act) = given.copied().find(|act| !imports.contains(act))
            && self.problem.is_none()
            && self.refold.stopped.is_none()
        {
            self.problem = Some(Problem { act, why: "the bundle has rows of it, but it is no import".into() });
        }
        let beyond = self.bundle.into_iter().flat_map(|bundle| bundle.openings.keys());
        if let Some(act) = beyond.copied().find(|act| *act >= verified.checkpoint.size)
            && self.problem.is_none()
        {
            self.problem = Some(Problem { act, why: "the bundle opens it, but the log has no such act".into() });
        }
        let without_evidence = without_evidence(self.world.state());
        let segments = segments::check(self.world.state(), records, self.bundle);
        Report {
            good: self.problem.is_none() && decisions.differing.is_empty() && segments.is_good(),
            origin: verified.checkpoint.origin.clone(),
            size: verified.checkpoint.size,
            root: verified.checkpoint.root.to_string(),
            key_pinned: is_pinned,
            extends,
            keys: self.chain.iter().map(|(act, key)| NamedKey { act: *act, vkey: key.to_string() }).collect(),
            witnesses: Vec::new(),
            unchecked_signatures: Vec::new(),
            refold: self.refold,
            problem: self.problem,
            unseen: self.unseen.0,
            erased: (self.world.state().erased.len() + self.world.state().erased_rows.len()) as u64,
            erased_kinds: self.erased_kinds.0,
            without_evidence,
            opened: self.opened,
            decisions,
            records: segments,
            explained,
        }
    }
}

/// Measures in force at the end whose evidence was erased.
fn without_evidence(state: &State) -> Vec<MeasureId> {
    let campaigns = state.campaigns.values().filter(|campaign| !campaign.erased.is_empty());
    let measures = campaigns.flat_map(|campaign| campaign.measures.keys());
    let in_force = measures.filter(|id| {
        let holder: Option<&Holder> = state.measures.get(id);
        let all = holder.map_or(&[][..], |holder| names::measures(state, *holder));
        all.iter().any(|measure| measure.id == **id && measure.life.holds(state.last))
    });
    in_force.copied().collect()
}

#[derive(serde::Deserialize)]
struct Commitment {
    #[serde(default)]
    private: Option<Digest>,
}

/// The commitment to a private part, where the entry has one, whatever else
/// the entry says.
fn committed(bytes: &[u8]) -> Option<Digest> {
    serde_json::from_slice::<Commitment>(bytes).ok()?.private
}
