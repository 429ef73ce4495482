//! Starting and stopping: the writer and the publisher each get a thread of
//! their own. The writer's end is the process's end, since nothing may be
//! acknowledged without it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use weir_acts::Clock as _;
use weir_acts::world::World;
use weir_rules::policies::Policies;
use weir_rules::{CompileError, Enforce, Snapshot};
use weir_store::lock::FolderLock;
use weir_store::text_keys::TextKeys;

use super::folded::Kept;
use super::{Control, Inner};
use crate::boot::{Booted, keep_high_water};
use crate::publish::{LogSigner, PublicationError, Publisher, Told, tellers};
use crate::witnesses::{Witness, WitnessesError};
use crate::writer::{Follow as _, Gather, Job, Published, Writer};

/// Why a folder that boots cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules in force do not compile.
    #[error(transparent)]
    Rules(#[from] CompileError),
    /// The log cannot be published.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// Witnesses cannot be asked.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Everything made ready, waiting for whoever enforces.
pub struct Starter {
    control: Control,
    writer: WriterParts,
    publisher: Publisher,
    told: Receiver<Told>,
    witness_ca: Option<PathBuf>,
    signed: watch::Sender<u64>,
    jobs: Receiver<Job>,
    lock: FolderLock,
}

struct WriterParts {
    world: World,
    frontier: weir_tlog::Frontier,
    policies: Arc<Policies>,
    follow: crate::publish::Teller,
}

/// The running threads. Dropping it without [`Running::stop`] leaves them be.
pub struct Running {
    control: Control,
    writer: JoinHandle<()>,
    publisher: JoinHandle<()>,
    failed: watch::Receiver<Option<String>>,
    lock: FolderLock,
}

impl Control {
    /// Makes the control plane of a booted folder.
    ///
    /// # Errors
    /// When the rules do not compile or the log may not be signed.
    pub fn new(booted: Booted) -> Result<(Control, Starter), StartError> {
        Control::with_witnesses(booted, Vec::new(), None)
    }

    /// The same, with witnesses that are asked to cosign each checkpoint, and
    /// a file of authorities to trust for them instead of the public ones.
    ///
    /// # Errors
    /// As [`Control::new`].
    pub fn with_witnesses(
        booted: Booted,
        witnesses: Vec<Witness>,
        witness_ca: Option<PathBuf>,
    ) -> Result<(Control, Starter), StartError> {
        let dir = booted.dir().to_owned();
        let Booted { lock, store, state, frontier, signer, previous, keys, pepper, clock, kept_fold, .. } = booted;
        let log_keys = Arc::clone(&state.log_keys);
        let log = LogSigner { signer, previous, log_keys, keys, clock: Arc::clone(&clock) };
        let mut publisher = Publisher::open(&dir, Arc::clone(&store), log, witnesses)?;
        let vkey = publisher.vkey();
        let world = World::new(state, clock.now());
        let policies = Arc::new(Policies::compile(world.state(), world.view().at)?);
        let snapshot = Arc::new(Snapshot::new(world.view().clone(), Arc::clone(&policies)));
        let state = world.state().clone();
        let published =
            Arc::new(ArcSwap::from_pointee(Published { state, snapshot, frontier: frontier.clone(), committed: None }));
        publisher.follow(Arc::clone(&published));
        let (sender, jobs) = channel();
        let (follow, told) = tellers();
        let (signed, signed_size) = watch::channel(0);
        let control = Control {
            inner: Arc::new(Inner {
                jobs: Mutex::new(Some(sender)),
                published,
                store,
                pepper,
                clock,
                vkey,
                text_keys: TextKeys::of(&dir),
                texts_due: AtomicI64::default(),
                dir,
                base_url: OnceLock::new(),
                signed: signed_size,
                previews: Mutex::default(),
                pending: Default::default(),
                authority: Default::default(),
                cosignatures: publisher.cosignatures(),
                uploads: Default::default(),
                gone: Mutex::default(),
                held: Mutex::default(),
            detection: Mutex::default(),
                kept_fold: Kept::new(kept_fold),
            }),
        };
        let writer = WriterParts { world, frontier, policies, follow };
        Ok((control.clone(), Starter { control, writer, publisher, told, witness_ca, signed, jobs, lock }))
    }
}

impl Starter {
    /// Starts writing and publishing.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(self, enforce: Arc<dyn Enforce>) -> Result<Running, StartError> {
        let Starter { control, writer, publisher, told, witness_ca, signed, jobs, lock } = self;
        // What a crash left unpublished comes out at once.
        writer.follow.grown(writer.frontier.size());
        let asking = control.inner.cosignatures.start(witness_ca.as_deref(), writer.follow.sender())?;
        control.discard_leftovers();
        control.destroy_text_keys_left();
        let writer = Writer {
            store: Arc::clone(control.store()),
            world: writer.world,
            frontier: writer.frontier,
            policies: writer.policies,
            clock: Arc::clone(&control.inner.clock) as Arc<dyn weir_acts::Clock>,
            enforce,
            published: Arc::clone(&control.inner.published),
            follow: Box::new(writer.follow),
            committed: None,
            gather: Gather::default(),
        };
        let (failing, failed) = watch::channel(None);
        let writer = std::thread::Builder::new().name("weir-writer".into()).spawn(move || {
            if let Err(error) = writer.run(&jobs) {
                tracing::error!(%error, "the writer stopped: what is durable is no longer known here");
                failing.send_replace(Some(error.to_string()));
            }
        })?;
        let publisher = std::thread::Builder::new().name("weir-publisher".into()).spawn(move || {
            let published = |size| {
                // Of 0 acts nothing is signed: it was too early.
                if size > 0 {
                    signed.send_replace(size);
                }
            };
            let alarm = |error: &PublicationError| tracing::error!(%error, "the log was not published");
            publisher.run(&told, &published, &alarm);
        })?;
        // They end by themselves once told to; nobody waits for a stranger.
        drop(asking);
        Ok(Running { control, writer, publisher, failed, lock })
    }
}

impl Running {
    /// Waits until the writer can no longer go on, and says why.
    pub async fn failed(&self) -> String {
        let mut failed = self.failed.clone();
        let told = failed.wait_for(Option::is_some).await;
        told.ok().and_then(|why| why.clone()).unwrap_or_else(|| "the writer ended".to_owned())
    }

    /// Takes no more jobs, lets the writer and publisher finish what they
    /// have, keeps the clock's mark, and lets the folder go.
    pub fn stop(self) {
        self.control.inner.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.control.inner.cosignatures.stop();
        // A panic in either was printed there; there is nothing to add.
        drop(self.writer.join());
        drop(self.publisher.join());
        self.control.keep_fold_if_worth();
        if let Err(error) = keep_high_water(&**self.control.store(), self.control.inner.clock.now()) {
            tracing::warn!(%error, "the clock's high-water mark was not kept");
        }
        drop(self.lock);
    }
}
