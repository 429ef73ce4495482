//! Cosignatures of witnesses (c2sp.org/tlog-witness v1.0.0), gathered in the
//! background after each checkpoint: one thread a witness, so that one that
//! hangs keeps nobody else waiting, and no act ever waits for any.
//!
//! What a witness cosigned last is kept in a file of its own, apart from the
//! database and from what is published: a database that is behind it never
//! signs again.

mod ask;
mod errors;
mod memory;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use weir_tlog::{Checkpoint, CosignerKey, SignedNote, VerifierKey};

use crate::publish::Told;
use ask::{Agents, Told as Answered};

pub use errors::WitnessesError;
pub(crate) use memory::{Remembered, ahead, remembered};

/// Where the files of what witnesses know lie in the data folder.
pub const WITNESSES: &str = "witnesses";

/// How long after a failure a witness is asked again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest it is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A witness that is asked for cosignatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its key.
    pub vkey: CosignerKey,
    /// Where it is asked: scheme, host and prefix, before `/add-checkpoint`.
    pub url: String,
}

/// How it goes with one witness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessShown {
    /// Its name.
    pub name: String,
    /// Acts in the last checkpoint that it cosigned.
    pub size: u64,
    /// When it cosigned that, in seconds since 1970; 0 for never.
    pub time: u64,
    /// How often it did not cosign.
    pub failures: u64,
    /// Why it does not now; none while all is well.
    pub failing: Option<String>,
}

/// What is known of all witnesses, shared by those who ask, the publisher,
/// receipts and metrics.
pub struct Cosignatures {
    dir: PathBuf,
    witnesses: Vec<Witness>,
    shared: Mutex<Shared>,
    changed: Condvar,
}

#[derive(Default)]
struct Shared {
    /// The checkpoint to cosign, once there is one.
    checkpoint: Option<SignedNote>,
    remembered: BTreeMap<String, Remembered>,
    shown: Vec<WitnessShown>,
    /// The log's keys.
    keys: Vec<VerifierKey>,
    halted: Option<String>,
    stopped: bool,
    /// Who puts cosignatures into the published checkpoint.
    publisher: Option<Sender<Told>>,
}

impl Cosignatures {
    /// What the folder `dir` remembers of these witnesses. `last_signed` is
    /// the last signed checkpoint, which the database was found to lead to.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn open(
        dir: &Path,
        witnesses: Vec<Witness>,
        keys: &[VerifierKey],
        last_signed: Option<&Checkpoint>,
    ) -> Result<Arc<Cosignatures>, WitnessesError> {
        let mut shared = Shared { keys: keys.to_vec(), ..Shared::default() };
        for witness in &witnesses {
            let found = memory::of_witness(dir, &witness.vkey, keys)?;
            let signed = last_signed.map_or(0, |checkpoint| checkpoint.size);
            if let Some(size) = ahead(dir, &witness.vkey)?.filter(|size| *size > signed) {
                shared.halted.get_or_insert(errors::is_ahead(witness.vkey.name(), size, signed));
            }
            let mut shown = WitnessShown { name: witness.vkey.name().to_owned(), ..WitnessShown::default() };
            if let Some(remembered) = found {
                shown.size = remembered.checkpoint.size;
                shown.time = remembered.time;
                shared.remembered.insert(witness.vkey.to_string(), remembered);
            }
            shared.shown.push(shown);
        }
        Ok(Arc::new(Cosignatures {
            dir: dir.to_owned(),
            witnesses,
            shared: Mutex::new(shared),
            changed: Condvar::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it goes with each witness.
    pub fn shown(&self) -> Vec<WitnessShown> {
        self.lock().shown.clone()
    }

    /// Why nothing is signed any more, where that is so.
    pub(crate) fn halted(&self) -> Option<String> {
        self.lock().halted.clone()
    }

    /// `note` with every cosignature known of it.
    pub(crate) fn added_to(&self, note: SignedNote) -> SignedNote {
        let shared = self.lock();
        let lines =
            shared.remembered.values().filter(|known| known.note.text() == note.text()).map(|known| &known.line);
        let with_all = note.clone().with_signatures(lines.cloned());
        // More witnesses than a note has room for are configured nowhere.
        with_all.unwrap_or(note)
    }

    /// The checkpoints that witnesses cosigned last, each with every
    /// cosignature known of it.
    pub(crate) fn cosigned(&self) -> Vec<SignedNote> {
        let notes: Vec<SignedNote> = self.lock().remembered.values().map(|known| known.note.clone()).collect();
        notes.into_iter().map(|note| self.added_to(note)).collect()
    }

    /// From now on the log's keys are these.
    pub(crate) fn keys_are(&self, keys: Vec<VerifierKey>) {
        self.lock().keys = keys;
    }

    /// Tells those who ask of a new checkpoint.
    pub(crate) fn checkpoint_is(&self, note: SignedNote) {
        self.lock().checkpoint = Some(note);
        self.changed.notify_all();
    }

    /// Starts asking, one thread a witness. `publisher` is told of what comes.
    pub(crate) fn start(
        self: &Arc<Self>,
        ca_file: Option<&Path>,
        publisher: Sender<Told>,
    ) -> Result<Vec<JoinHandle<()>>, WitnessesError> {
        if self.witnesses.is_empty() {
            return Ok(Vec::new());
        }
        let agents = Agents::new(ca_file)?;
        self.lock().publisher = Some(publisher);
        let mut threads = Vec::new();
        for (position, witness) in self.witnesses.iter().cloned().enumerate() {
            let (cosignatures, agents) = (Arc::clone(self), agents.clone());
            let work = move || cosignatures.follow(position, &witness, &agents);
            threads.push(std::thread::Builder::new().name("weir-witness".into()).spawn(work)?);
        }
        Ok(threads)
    }

    /// Nothing is asked or written any more once this returns; a question
    /// under way ends by itself and its answer is dropped.
    pub(crate) fn stop(&self) {
        let mut shared = self.lock();
        shared.stopped = true;
        shared.publisher = None;
        self.changed.notify_all();
    }

    /// Has one witness cosign every checkpoint, or the last of several.
    fn follow(&self, position: usize, witness: &Witness, agents: &Agents) {
        let mut pause = FIRST_PAUSE;
        let mut done: Option<String> = None;
        while let Some(note) = self.next(done.as_deref()) {
            let known = self.lock().remembered.get(&witness.vkey.to_string()).cloned();
            if known.as_ref().is_some_and(|known| known.note.text() == note.text()) {
                done = Some(note.text().to_owned());
                continue;
            }
            match agents.ask(witness, &self.dir, &note, known.map(|known| known.checkpoint)) {
                Ok(Answered::Cosigned(line, time)) => {
                    let text = note.text().to_owned();
                    match self.take(position, witness, note, line, time) {
                        Ok(()) => {
                            pause = FIRST_PAUSE;
                            done = Some(text);
                            continue;
                        }
                        Err(error) => self.failed(position, witness, &error.to_string()),
                    }
                }
                Ok(Answered::IsAhead { theirs, ours }) => {
                    self.halt(position, witness, theirs, ours);
                    return;
                }
                Err(why) => self.failed(position, witness, &why.to_string()),
            }
            if !self.rest(pause) {
                return;
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Waits for a checkpoint other than the one done; none once stopped.
    fn next(&self, done: Option<&str>) -> Option<SignedNote> {
        let mut shared = self.lock();
        loop {
            if shared.stopped {
                return None;
            }
            if let Some(note) = shared.checkpoint.as_ref().filter(|note| Some(note.text()) != done) {
                return Some(note.clone());
            }
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Leaves a witness alone for a while; false once stopped.
    fn rest(&self, pause: Duration) -> bool {
        let until_stopped = self.changed.wait_timeout_while(self.lock(), pause, |shared| !shared.stopped);
        !until_stopped.unwrap_or_else(PoisonError::into_inner).0.stopped
    }

    /// Makes a cosignature durable and hands it on.
    fn take(
        &self,
        position: usize,
        witness: &Witness,
        note: SignedNote,
        line: weir_tlog::note::NoteSignature,
        time: u64,
    ) -> Result<(), WitnessesError> {
        let mut shared = self.lock();
        if shared.stopped {
            return Ok(());
        }
        let remembered = Remembered::new(note, line, time, &shared.keys)?;
        memory::write(&self.dir, &witness.vkey, &remembered)?;
        let size = remembered.checkpoint.size;
        shared.remembered.insert(witness.vkey.to_string(), remembered);
        if let Some(shown) = shared.shown.get_mut(position) {
            if shown.failing.take().is_some() {
                tracing::info!(witness = shown.name, size, "the witness cosigns again");
            }
            shown.size = size;
            shown.time = time;
        }
        if let Some(publisher) = &shared.publisher {
            // A publisher that is gone publishes nothing.
            let _gone = publisher.send(Told::Cosigned);
        }
        Ok(())
    }

    fn failed(&self, position: usize, witness: &Witness, why: &str) {
        let mut shared = self.lock();
        let Some(shown) = shared.shown.get_mut(position) else { return };
        shown.failures += 1;
        // Said when it begins and when it changes, not every minute of a long night.
        if shown.failing.as_deref() != Some(why) {
            tracing::warn!(witness = shown.name, url = witness.url, why, "the witness did not cosign");
            shown.failing = Some(why.to_owned());
        }
    }

    /// The witness cosigned what this database has not signed.
    fn halt(&self, position: usize, witness: &Witness, theirs: u64, ours: u64) {
        let why = errors::is_ahead(witness.vkey.name(), theirs, ours);
        self.failed(position, witness, &why);
        let mut shared = self.lock();
        if shared.stopped {
            return;
        }
        tracing::error!("nothing is signed any more: {why}");
        shared.halted = Some(why);
        if let Err(error) = memory::write_ahead(&self.dir, &witness.vkey, theirs) {
            tracing::error!(%error, "that could not be written down, so that the next start will sign again");
        }
    }
}

/// Asks a witness once whether `note` is the last checkpoint that it cosigned,
/// or may be; the inner error says why not. Nothing new is signed for it.
pub(crate) fn ask_once(
    witness: &Witness,
    note: &SignedNote,
    ca_file: Option<&Path>,
) -> Result<Result<(), String>, WitnessesError> {
    let checkpoint = Checkpoint::parse(note.text())?;
    let agents = Agents::new(ca_file)?;
    Ok(match agents.ask(witness, Path::new(""), note, Some(checkpoint)) {
        Ok(Answered::Cosigned(..)) => Ok(()),
        Ok(Answered::IsAhead { theirs, ours }) => Err(errors::is_ahead(witness.vkey.name(), theirs, ours)),
        // It cosigned less: from there to here it is asked once there are tiles.
        Err(ask::Refused::Proof(_)) => Ok(()),
        Err(why) => Err(format!("{why}; if it is gone for good, take it out of [log] witnesses")),
    })
}

impl std::fmt::Debug for Cosignatures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cosignatures").field("witnesses", &self.witnesses).finish_non_exhaustive()
    }
}
