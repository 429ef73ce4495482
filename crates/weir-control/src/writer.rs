//! The one writer. Jobs wait in a queue; each turn takes what is there, plans
//! job by job against a trial of the state, appends all accepted acts in one
//! transaction, moves the world to where the trial ended, installs the snapshot
//! and only then answers.
//! An act is therefore acknowledged after its durable commit, the swap, and
//! the sweep of the requests in flight that it touches.
//!
//! Between jobs the writer sleeps until the view's next change and installs
//! the successor when it comes.

mod gather;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use weir_acts::entry::{Entry, Sealed};
use weir_acts::import::Import;
use weir_acts::state::State;
use weir_acts::world::World;
use weir_acts::{Clock, Time, Touched};
use weir_rules::policies::Policies;
use weir_rules::{Enforce, Snapshot};
use weir_store::{Answered, Append, NewEntry, PrivatePart, Settled, Store, StoreError, TreeHead};
use weir_tlog::{Frontier, Hash, leaf_hash};

use crate::refusal::Refusal;

pub(crate) use gather::Gather;

/// The longest the writer sleeps without looking at the clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Builds the acts of one job against the trial state at a time.
pub type Planned = Box<dyn FnOnce(&State, Time) -> Result<JobPlan, Refusal> + Send>;

/// What a job's planning came to.
#[derive(Debug, Default)]
pub struct JobPlan {
    /// The acts, in order.
    pub entries: Vec<Entry>,
    /// The answer to keep under an `Idempotency-Key`, with the act's index
    /// still to be filled in by the writer.
    pub answer: Option<Answered>,
    /// The rows that the first act brings, where it is an import.
    pub import: Option<Importing>,
}

/// Staged rows, folded and waiting for their act.
#[derive(Debug, Clone)]
pub struct Importing {
    /// The fold of them.
    pub import: Arc<Import>,
    /// The name under which they are staged.
    pub name: String,
    /// How many they are.
    pub rows: u64,
}

/// Something to be made an act.
pub struct Job {
    /// Plans it.
    pub plan: Planned,
    /// Where the outcome goes.
    pub reply: tokio::sync::oneshot::Sender<Result<Written, Refusal>>,
}

/// Where a job's first act stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Its index.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// How many acts the job appended.
    pub acts: u64,
}

/// What readers of the control plane see: the state and what is in force.
#[derive(Debug)]
pub struct Published {
    /// The state.
    pub state: State,
    /// What is in force.
    pub snapshot: Arc<Snapshot>,
    /// The right edge of the tree of the acts that are folded.
    pub frontier: Frontier,
    /// When the last acts were durable; none before this process's first.
    pub committed: Option<Instant>,
}

/// Told of every new tree, so that the projection can follow.
pub trait Follow: Send {
    /// The tree has grown.
    fn grown(&self, size: u64);
}

/// The writer's own things. It owns the world; nobody else changes it.
pub struct Writer {
    /// The durable truth.
    pub store: Arc<dyn Store>,
    /// The state and its view.
    pub world: World,
    /// The right edge of the tree.
    pub frontier: Frontier,
    /// The rules in force, compiled.
    pub policies: Arc<Policies>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who enforces.
    pub enforce: Arc<dyn Enforce>,
    /// What readers see.
    pub published: Arc<arc_swap::ArcSwap<Published>>,
    /// Who makes tiles and checkpoints.
    pub follow: Box<dyn Follow>,
    /// When the last acts were durable.
    pub committed: Option<Instant>,
    /// How many jobs come together.
    pub(crate) gather: Gather,
}

/// A job accepted by the trial, waiting for the commit.
struct Accepted {
    first: u64,
    leaf: Hash,
    entries: Vec<Entry>,
    sealed: Vec<NewEntry>,
    answer: Option<Answered>,
    import: Option<Importing>,
    reply: tokio::sync::oneshot::Sender<Result<Written, Refusal>>,
}

impl Accepted {
    /// Which rows become visible with which entry of an append on `first`.
    fn settled(&self, first: u64) -> Option<Settled<'_>> {
        let Importing { name, rows, .. } = self.import.as_ref()?;
        let position = usize::try_from(self.first - first).unwrap_or(usize::MAX);
        Some(Settled { name, rows: *rows, position })
    }
}

impl Writer {
    /// Works until every sender of jobs is gone, or the store can no longer be
    /// trusted; then the error says why and the process must stop.
    ///
    /// # Errors
    /// When the durable state could not be read back after a failed append.
    pub fn run(mut self, jobs: &Receiver<Job>) -> Result<(), StoreError> {
        loop {
            self.let_time_pass();
            let job = match jobs.recv_timeout(self.sleep()) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let batch = self.gather.with_others(job, jobs);
            self.let_time_pass();
            self.commit(batch)?;
        }
    }

    fn sleep(&self) -> Duration {
        let Some(change) = self.world.view().next_change else { return LONGEST_SLEEP };
        let millis = change.since(self.clock.now()).max(0);
        LONGEST_SLEEP.min(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }

    fn let_time_pass(&mut self) {
        let touched = self.world.advance(self.clock.now());
        if !touched.is_empty() {
            self.install(&touched, None);
        }
    }

    fn commit(&mut self, batch: Vec<Job>) -> Result<(), StoreError> {
        let at = self.clock.now().max(self.world.state().last);
        let expected = (self.frontier.size(), self.frontier.root());
        let mut trial = Trial { state: self.world.state().clone(), touched: Touched::default(), compiled: None };
        let mut frontier = self.frontier.clone();
        let mut accepted = Vec::new();
        for job in batch {
            match prepare(job.plan, &mut trial, &mut frontier, at, &self.policies) {
                Ok(Prepared { plan, sealed, leaf }) if !plan.entries.is_empty() => {
                    accepted.push(Accepted {
                        first: frontier.size() - plan.entries.len() as u64,
                        leaf,
                        entries: plan.entries,
                        sealed,
                        answer: plan.answer,
                        import: plan.import,
                        reply: job.reply,
                    });
                }
                Ok(_) => drop(job.reply.send(Err(Refusal::invalid("nothing to do")))),
                Err(refusal) => drop(job.reply.send(Err(refusal))),
            }
        }
        if accepted.is_empty() {
            return Ok(());
        }
        let entries: Vec<NewEntry> =
            accepted.iter_mut().flat_map(|accepted| std::mem::take(&mut accepted.sealed)).collect();
        let answers: Vec<Answered> = accepted.iter_mut().filter_map(|accepted| accepted.answer.take()).collect();
        let imports: Vec<Settled<'_>> = accepted.iter().filter_map(|accepted| accepted.settled(expected.0)).collect();
        let head = TreeHead {
            size: frontier.size(),
            root: frontier.root().0,
            frontier: frontier.hashes().iter().map(|hash| hash.0).collect(),
        };
        let append = Append {
            expected_size: expected.0,
            expected_root: expected.1.0,
            entries: &entries,
            head,
            answers: &answers,
            imports: &imports,
            facts: &[],
        };
        let started = Instant::now();
        match self.store.append(append) {
            Ok(()) => {
                let committed = Instant::now();
                self.committed = Some(committed);
                self.gather.took(committed - started);
                self.acknowledge(accepted, frontier, trial)
            }
            Err(error) => self.refuse_all(accepted, &error),
        }
    }

    fn acknowledge(&mut self, accepted: Vec<Accepted>, frontier: Frontier, trial: Trial) -> Result<(), StoreError> {
        self.frontier = frontier;
        let Trial { state, touched, compiled } = trial;
        let touched = match accepted.iter().any(|accepted| accepted.import.is_some()) {
            // What an import brings is seen before its turn, and joined.
            true => self.apply_each(&accepted)?,
            false => self.world.take_over(state, touched),
        };
        self.install(&touched, compiled);
        self.follow.grown(self.frontier.size());
        for job in accepted {
            let acts = job.entries.len() as u64;
            drop(job.reply.send(Ok(Written { index: job.first, leaf: job.leaf, acts })));
        }
        Ok(())
    }

    fn apply_each(&mut self, accepted: &[Accepted]) -> Result<Touched, StoreError> {
        let mut touched = Touched::default();
        let entries = accepted.iter().flat_map(|accepted| accepted.entries.iter().map(move |entry| (accepted, entry)));
        for (accepted, entry) in entries {
            // The trial folded these very entries: a failure here would mean
            // that folding is not a function, so the process must stop.
            let applied = match &accepted.import {
                Some(importing) => self.world.apply_import(entry, &importing.import),
                None => self.world.apply(entry),
            };
            match applied {
                Ok(by_act) => touched.merge(by_act),
                Err(error) => {
                    return Err(StoreError::Corrupt { doing: "folding acknowledged acts", detail: error.to_string() });
                }
            }
        }
        Ok(touched)
    }

    /// After a failed append nothing is acknowledged. Where the durable tree
    /// moved all the same, this process no longer knows what it holds: stop.
    fn refuse_all(&self, accepted: Vec<Accepted>, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, "append failed; nothing of this batch was acknowledged");
        for job in accepted {
            let refusal = Refusal::unavailable(format!("the act could not be made durable: {error}"));
            drop(job.reply.send(Err(refusal)));
        }
        let head = self.store.head()?;
        if (head.size, head.root) == (self.frontier.size(), self.frontier.root().0) {
            return Ok(());
        }
        Err(StoreError::Stale { expected: self.frontier.size(), found: head.size })
    }

    /// Puts what the world now holds in force. `compiled` are its rules where
    /// they were compiled before the commit, so that between the commit and
    /// the sweep there is no work that could have been done earlier.
    fn install(&mut self, touched: &Touched, compiled: Option<Compiled>) {
        if touched.rules {
            let at = self.world.view().at;
            let policies = match compiled {
                Some(compiled) if compiled.at == at => Ok(compiled.policies),
                _ => Policies::compile_like(&self.policies, self.world.state(), at),
            };
            match policies {
                Ok(policies) => self.policies = Arc::new(policies),
                // Every act was compiled before its commit, so only a fault of
                // this program ends here. The old rules stay: they deny at
                // least what was denied before.
                Err(error) => tracing::error!(%error, "rules in force cannot be compiled"),
            }
        }
        let snapshot = Arc::new(Snapshot::new(self.world.view().clone(), Arc::clone(&self.policies)));
        let swept = self.enforce.install(Arc::clone(&snapshot), touched);
        tracing::debug!(examined = swept.examined, cut = swept.cut, "snapshot installed");
        self.published.store(Arc::new(Published {
            state: self.world.state().clone(),
            snapshot,
            frontier: self.frontier.clone(),
            committed: self.committed,
        }));
    }
}

/// The rules of a trial state as they are at the moment of its acts.
struct Compiled {
    at: Time,
    policies: Policies,
}

/// A job that the trial took.
struct Prepared {
    plan: JobPlan,
    sealed: Vec<NewEntry>,
    leaf: Hash,
}

/// The state with all jobs of a turn that were taken so far.
struct Trial {
    state: State,
    /// What their acts touched.
    touched: Touched,
    /// The rules after the last that touched them.
    compiled: Option<Compiled>,
}

/// Plans a job, folds its acts into the trial, and seals them.
fn prepare(
    plan: Planned,
    trial: &mut Trial,
    frontier: &mut Frontier,
    at: Time,
    in_force: &Policies,
) -> Result<Prepared, Refusal> {
    let plan = plan(&trial.state, at)?;
    let mut next = trial.state.clone();
    let mut touched = Touched::default();
    let mut sealed = Vec::with_capacity(plan.entries.len());
    for entry in &plan.entries {
        let by_act = match &plan.import {
            Some(importing) => next.apply_import(entry, &importing.import),
            None => next.apply(entry),
        };
        let by_act = by_act.map_err(|error| Refusal::conflict(error.problem.to_string()))?;
        touched.merge(by_act);
        sealed.push(entry.seal().map_err(|error| Refusal::invalid(error.to_string()))?);
    }
    if touched.rules {
        trial.compiled = Some(compile_now_and_to_come(&next, at, in_force)?);
    }
    trial.state = next;
    trial.touched.merge(touched);
    let sealed: Vec<NewEntry> = sealed.into_iter().map(new_entry).collect();
    for entry in &sealed {
        frontier.push(Hash(entry.leaf));
    }
    let leaf = sealed.first().map_or_else(weir_tlog::empty_root, |entry| Hash(entry.leaf));
    Ok(Prepared { plan, sealed, leaf })
}

/// Rules must compile now and at every coming moment at which a directive
/// begins, so that no boundary is met unprepared. The rules of now.
/// What is the same as in the rules in force is taken over.
fn compile_now_and_to_come(state: &State, at: Time, in_force: &Policies) -> Result<Compiled, Refusal> {
    let compile =
        |moment| Policies::compile_like(in_force, state, moment).map_err(|error| Refusal::invalid(error.to_string()));
    let coming = state.directives.values().filter_map(|directive| directive.life).map(|life| life.from());
    for moment in coming.filter(|from| *from > at) {
        compile(moment)?;
    }
    Ok(Compiled { at, policies: compile(at)? })
}

fn new_entry(sealed: Sealed) -> NewEntry {
    NewEntry {
        leaf: leaf_hash(&sealed.bytes).0,
        bytes: sealed.bytes,
        private: sealed.private.map(|(salt, bytes)| PrivatePart { salt, bytes }),
    }
}
