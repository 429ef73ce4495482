//! Exchanges on their way into the files they are kept in: Parquet, one about an
//! hour, made from the durable records by a thread that no request and no record
//! waits for. What is not in a file yet is in the records, so nothing is lost
//! with a file that was not finished: it is removed and made anew.
//!
//! A file is written under a hidden name, synced, and then named; its digest
//! becomes an act. Together the files that are sealed, and the records behind
//! the last exchange in them, hold every exchange once.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use weir_acts::records::{exchanges_name, first_exchange};
use weir_control::clock::machine_wall_clock;
use weir_control::service::{Control, SealExchanges};
use weir_exchange::LoggedExchange;
use weir_exchange::columnar::ParquetWriter;
use weir_store::durable::create_private_folder;
use weir_store::exchanges::{EXCHANGES_FOLDER, delete, finish, names, part_of, remove_parts};

use super::feed::{Fed, Feed, Progress};

/// Rows after which a file is closed however young it is.
const MOST_ROWS: u64 = 1 << 20;

/// Exchanges read at once.
const AT_ONCE: usize = 4_096;

/// How often it is looked at most whether a file is due.
const LOOK: Duration = Duration::from_secs(30);

/// How long until a seal that was refused is tried again.
const SEAL_AGAIN: Duration = Duration::from_secs(1);

/// The thread that makes files.
pub(super) struct Files {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Files {
    /// Starts it behind the exchange `sealed`, the last that is in a sealed
    /// file; a file is made once an exchange has waited for `every`.
    pub(super) fn start(
        dir: &Path,
        progress: Arc<Progress>,
        sealed: u64,
        every: Duration,
        registry: &mut Registry,
    ) -> Result<(Files, UnboundedReceiver<SealExchanges>)> {
        create_private_folder(&dir.join(EXCHANGES_FOLDER))?;
        clean(dir, sealed)?;
        let (rows, missed, failed) = (Counter::default(), Counter::default(), Counter::default());
        registry.register("weir_exchanges_filed", "Exchanges put into Parquet files", rows.clone());
        let help = "Exchanges that were numbered and never became durable";
        registry.register("weir_exchanges_missed", help, missed.clone());
        let help = "Times a file of exchanges could not be written; what it was to hold is in the records";
        registry.register("weir_exchange_files_failed", help, failed.clone());
        let (seals, to_seal) = unbounded_channel();
        let (stop, stopped) = channel();
        let work = Work { dir: dir.to_owned(), progress, last: sealed, every, seals, rows, missed, failed };
        let thread = std::thread::Builder::new()
            .name("weir-exchanges".into())
            .spawn(move || work.run(&stopped))
            .context("cannot start the exchanges' thread")?;
        Ok((Files { stop, thread }, to_seal))
    }

    /// Ends it. What is in no file yet stays in the records.
    pub(super) fn stop(self) {
        drop(self.stop);
        // A panic in there was printed there; there is nothing to add.
        drop(self.thread.join());
    }
}

/// Removes what an earlier process left unfinished, or finished and did not
/// seal: the records still hold it.
fn clean(dir: &Path, sealed: u64) -> Result<()> {
    let parts = remove_parts(dir)?;
    let mut unsealed = 0;
    for name in names(dir)?.iter().filter(|name| first_exchange(name).is_some_and(|first| first > sealed)) {
        delete(dir, name)?;
        unsealed += 1;
    }
    if parts + unsealed > 0 {
        tracing::warn!(parts, unsealed, "files of exchanges that a crash left are made anew from the records");
    }
    Ok(())
}

/// Seals files, one after the other, until the last.
pub(super) async fn seal(control: Control, mut to_seal: UnboundedReceiver<SealExchanges>) {
    while let Some(seal) = to_seal.recv().await {
        let mut has_failed = false;
        while let Err(error) = control.seal_exchanges(seal.clone()).await {
            if control.is_stopping() || has_failed && to_seal.is_closed() {
                // Those behind it would leave a gap; the next start makes all anew.
                tracing::error!(file = seal.file, %error, "a file of exchanges was not sealed; the next start makes it anew");
                return;
            }
            if !has_failed {
                tracing::error!(file = seal.file, %error, "a file of exchanges could not be sealed; it is tried again");
            }
            has_failed = true;
            tokio::time::sleep(SEAL_AGAIN).await;
        }
    }
}

struct Work {
    dir: PathBuf,
    progress: Arc<Progress>,
    /// The last exchange that is in a file.
    last: u64,
    every: Duration,
    seals: UnboundedSender<SealExchanges>,
    rows: Counter,
    missed: Counter,
    failed: Counter,
}

impl Work {
    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        let mut has_failed = false;
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK.min(self.every)) {
            let made = self.is_due().and_then(|is_due| if is_due { self.make() } else { Ok(()) });
            // Counted before it is said: whoever reads the one looks at the other.
            self.failed.inc_by(u64::from(made.is_err()));
            match &made {
                Ok(()) if has_failed => tracing::info!("files of exchanges are written again"),
                Err(error) if !has_failed => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "a file of exchanges cannot be written; requests are served, and the records keep what it was to hold"
                    );
                }
                _ => {}
            }
            has_failed = made.is_err();
        }
    }

    fn feed(&self) -> Feed {
        Feed::after(&self.dir, Arc::clone(&self.progress), self.last)
    }

    /// Whether the first exchange that is in no file has waited long enough.
    fn is_due(&self) -> Result<bool> {
        let Fed::Exchanges(first) = self.feed().next(1, Duration::ZERO)? else { return Ok(false) };
        let now = machine_wall_clock();
        let age = |first: &LoggedExchange| Duration::from_millis(u64::try_from(now.since(first.time)).unwrap_or_default());
        Ok(first.first().is_some_and(|first| age(first) >= self.every))
    }

    /// Puts all durable exchanges that are in no file into files.
    fn make(&mut self) -> Result<()> {
        let mut feed = self.feed();
        let mut open: Option<Open> = None;
        loop {
            let some = match feed.next(AT_ONCE, Duration::ZERO)? {
                Fed::Exchanges(some) if !some.is_empty() => some,
                Fed::Exchanges(_) | Fed::Over => break,
            };
            let mut file = match open.take() {
                Some(file) => file,
                None => Open::new(&self.dir, &some)?,
            };
            file.write(&some)?;
            if file.rows < MOST_ROWS {
                open = Some(file);
            } else {
                self.close(file)?;
            }
        }
        open.map_or(Ok(()), |file| self.close(file))
    }

    fn close(&mut self, file: Open) -> Result<()> {
        let before = self.last;
        let seal = file.close()?;
        self.last = seal.last;
        self.rows.inc_by(seal.rows);
        self.missed.inc_by((seal.last - before).saturating_sub(seal.rows));
        if self.seals.send(seal).is_err() {
            tracing::error!("nobody seals a file of exchanges any more; the next start makes it anew");
        }
        Ok(())
    }
}

/// A file being written; removed where it is not closed.
struct Open {
    dir: PathBuf,
    name: String,
    writer: Option<ParquetWriter<Hashing>>,
    first: u64,
    last: u64,
    rows: u64,
}

impl Open {
    fn new(dir: &Path, some: &[LoggedExchange]) -> Result<Open> {
        let first = some.first().context("a file begins with an exchange")?;
        let seq = first.seq.unwrap_or_default();
        let name = exchanges_name(first.time, seq);
        let path = part_of(dir, &name);
        let told = || format!("cannot write {}", path.display());
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).with_context(told)?;
        let hashing = Hashing { file: BufWriter::with_capacity(1 << 18, file), sha256: Sha256::new(), bytes: 0 };
        let writer = Some(ParquetWriter::new(hashing).with_context(told)?);
        Ok(Open { dir: dir.to_owned(), name, writer, first: seq, last: seq, rows: 0 })
    }

    fn write(&mut self, some: &[LoggedExchange]) -> Result<()> {
        let writer = self.writer.as_mut().context("a closed file is written no more")?;
        writer.write(some).with_context(|| format!("cannot write {}", part_of(&self.dir, &self.name).display()))?;
        self.rows += some.len() as u64;
        self.last = some.last().and_then(|last| last.seq).unwrap_or(self.last);
        Ok(())
    }

    fn close(mut self) -> Result<SealExchanges> {
        let told = |open: &Open| format!("cannot write {}", part_of(&open.dir, &open.name).display());
        let writer = self.writer.take().context("a file is closed once")?;
        let hashing = writer.close().with_context(|| told(&self))?;
        let (bytes, sha256) = (hashing.bytes, hashing.sha256.finalize().into());
        let file = hashing.file.into_inner().map_err(|error| error.into_error()).with_context(|| told(&self))?;
        finish(&self.dir, &self.name, file)?;
        let file = std::mem::take(&mut self.name);
        Ok(SealExchanges { file, first: self.first, last: self.last, rows: self.rows, bytes, sha256 })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // After a failure; the next start removes it otherwise.
        if !self.name.is_empty() {
            drop(std::fs::remove_file(part_of(&self.dir, &self.name)));
        }
    }
}

/// Digests what is written.
struct Hashing {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
