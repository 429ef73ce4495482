//! Who made which stored object, from memory and the database. What is made is
//! known at once and durable a moment later; a crash in between only means
//! that a reference to it is refused.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use weir_gateway::{Made, Objects};
use weir_store::{Store, StoredObject};

/// The most records of one transaction.
const BATCH: usize = 512;

/// The most records kept in memory while the database takes none.
const MOST_WAITING: usize = 100_000;

const PATIENCE: Duration = Duration::from_secs(1);

/// Remembers objects in a store.
pub(super) struct StoredObjects {
    store: Arc<dyn Store>,
    waiting: Arc<Mutex<HashMap<String, Made>>>,
    sender: Mutex<Option<Sender<StoredObject>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl StoredObjects {
    pub(super) fn new(store: Arc<dyn Store>) -> StoredObjects {
        let (sender, arriving) = channel();
        let waiting: Arc<Mutex<HashMap<String, Made>>> = Arc::default();
        let (held, into) = (Arc::clone(&waiting), Arc::clone(&store));
        let thread =
            std::thread::Builder::new().name("weir-objects".into()).spawn(move || keep(&*into, &arriving, &held));
        if let Err(error) = &thread {
            tracing::error!(%error, "no thread for stored objects: references to them will be refused");
        }
        StoredObjects { store, waiting, sender: Mutex::new(Some(sender)), thread: Mutex::new(thread.ok()) }
    }

    /// Writes what waits and ends.
    pub(super) fn stop(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic in there was printed there; there is nothing to add.
            drop(thread.join());
        }
    }
}

fn keep(store: &dyn Store, arriving: &Receiver<StoredObject>, waiting: &Mutex<HashMap<String, Made>>) {
    let mut batch: Vec<StoredObject> = Vec::new();
    loop {
        match arriving.recv_timeout(PATIENCE) {
            Ok(object) => batch.push(object),
            Err(RecvTimeoutError::Timeout) if batch.is_empty() => continue,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if batch.is_empty() => return,
            Err(RecvTimeoutError::Disconnected) => {
                if let Err(error) = store.record_objects(&batch) {
                    tracing::error!(%error, objects = batch.len(), "stored objects were not recorded");
                }
                return;
            }
        }
        batch.extend(arriving.try_iter().take(BATCH));
        match store.record_objects(&batch) {
            Ok(()) => {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                for object in batch.drain(..) {
                    waiting.remove(&object.id);
                }
            }
            Err(error) => {
                tracing::error!(%error, "stored objects cannot be recorded yet");
                batch.truncate(MOST_WAITING);
            }
        }
    }
}

impl Objects for StoredObjects {
    fn made(&self, id: &str) -> Option<Made> {
        if let Some(made) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Some(made.clone());
        }
        match self.store.object_owner(id) {
            Ok(found) => found
                .and_then(|object| Some(Made { by: object.account.parse().ok()?, on: object.model.as_str().into() })),
            Err(error) => {
                tracing::error!(%error, "a stored object could not be looked up; it is refused");
                None
            }
        }
    }

    fn remember(&self, id: &str, made: Made) {
        let object = StoredObject {
            id: id.to_owned(),
            account: made.by.to_string(),
            model: made.on.to_string(),
            at_ms: weir_control::clock::machine_wall_clock().millis(),
        };
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST_WAITING {
                return;
            }
            // The first record of an id stands, here as in the database.
            waiting.entry(id.to_owned()).or_insert(made);
        }
        if let Some(sender) = &*self.sender.lock().unwrap_or_else(PoisonError::into_inner) {
            // A keeper that is gone has said why.
            let _gone = sender.send(object);
        }
    }
}
