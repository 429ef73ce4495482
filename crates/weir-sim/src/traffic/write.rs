//! A simulation as files: the log, the accounts, the truth.

#[cfg(feature = "parquet")]
mod columns;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use weir_exchange::LoggedExchange;

use super::measure::{Measure, Realism};
use super::world::World;

/// Why a simulation was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("{path} holds files but no scenario.json, so it is no earlier simulation: name an empty folder")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A record could not be put into JSON.
    #[error("cannot write a record as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A Parquet file could not be written.
    #[cfg(feature = "parquet")]
    #[error("cannot write {path}: {source}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: weir_exchange::columnar::WriteError,
    },
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON Lines, packed with gzip.
    #[default]
    JsonLines,
    /// Parquet, packed with zstd.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Written {
    /// Accounts, all of them.
    pub accounts: u64,
    /// Accounts of campaigns.
    pub campaign_accounts: u64,
    /// Exchanges.
    pub exchanges: u64,
    /// Exchanges of campaigns.
    pub campaign_exchanges: u64,
    /// Bytes of the log: before compression, or as they lie where it is Parquet.
    pub log_bytes: u64,
}

/// A file of the log holds so many exchanges at most.
const EXCHANGES_A_FILE: u64 = 500_000;
const CHUNK: usize = 1 << 20;

/// Writes everything into a folder, which is made where it is missing; an
/// earlier simulation in it is replaced.
///
/// # Errors
/// [`WriteError`] when the folder holds something else or a file cannot be
/// written.
pub fn write(world: &World, folder: &Path, form: Form) -> Result<(Written, Realism), WriteError> {
    prepare(folder)?;
    let mut written = Written::default();
    let mut truth = Lines::create(folder.join("truth.jsonl"))?;
    for line in world.truth() {
        written.accounts += 1;
        written.campaign_accounts += u64::from(!line.campaigns.is_empty());
        truth.line(&line)?;
    }
    truth.finish()?;
    if !world.scenario().without_accounts_file {
        let mut accounts = Lines::create(folder.join("accounts.jsonl"))?;
        for account in world.accounts() {
            accounts.line(&account)?;
        }
        accounts.finish()?;
    }
    let realism = exchanges(world, folder, form, &mut written)?;
    let path = folder.join("scenario.json");
    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        scenario: world.scenario(),
        prompts: world.corpus().origin(),
        arrivals: world.arrivals().origin(),
        written: &written,
        realism: &realism,
    };
    fs::write(&path, serde_json::to_vec_pretty(&about)?).map_err(|source| WriteError::Write { path, source })?;
    Ok((written, realism))
}

/// `scenario.json`: all that is needed to make the same again.
#[derive(Serialize)]
struct About<'run> {
    version: &'static str,
    scenario: &'run super::Scenario,
    prompts: &'run str,
    arrivals: &'run str,
    written: &'run Written,
    realism: &'run Realism,
}

#[derive(Serialize)]
struct ExchangeTruth<'run> {
    id: &'run str,
    campaign: Option<&'run str>,
}

fn exchanges(world: &World, folder: &Path, form: Form, written: &mut Written) -> Result<Realism, WriteError> {
    let mut measure = Measure::new(world);
    let mut truth = Lines::create(folder.join("exchange-truth.jsonl"))?;
    let mut stream = world.stream();
    let mut exchange = LoggedExchange::default();
    let mut file: Option<LogFile> = None;
    while let Some(campaign) = stream.next_into(&mut exchange) {
        if written.exchanges.is_multiple_of(EXCHANGES_A_FILE) {
            if let Some(full) = file.take() {
                written.log_bytes += full.finish()?;
            }
            file = Some(LogFile::create(folder, written.exchanges / EXCHANGES_A_FILE, form)?);
        }
        if let Some(file) = &mut file {
            file.add(&exchange)?;
        }
        let campaign = campaign.map(|id| world.campaign_name(id));
        truth.line(&ExchangeTruth { id: exchange.id.as_deref().unwrap_or_default(), campaign })?;
        written.exchanges += 1;
        written.campaign_exchanges += u64::from(campaign.is_some());
        if campaign.is_none() {
            measure.see(&exchange);
        }
    }
    if let Some(last) = file {
        written.log_bytes += last.finish()?;
    }
    truth.finish()?;
    Ok(measure.finish(world))
}

/// Makes the folder, or clears what an earlier simulation left in it.
fn prepare(folder: &Path) -> Result<(), WriteError> {
    let failed = |source| WriteError::Write { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let names: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(failed)?;
    let ours = folder.join("scenario.json");
    if names.is_empty() {
        return Ok(());
    }
    if !names.contains(&ours) {
        return Err(WriteError::Occupied { path: folder.to_owned() });
    }
    for path in names {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let log = name.starts_with("exchanges") && (name.ends_with(".jsonl.gz") || name.ends_with(".parquet"));
        if log || matches!(name, "truth.jsonl" | "exchange-truth.jsonl" | "accounts.jsonl") {
            fs::remove_file(&path).map_err(|source| WriteError::Write { path, source })?;
        }
    }
    Ok(())
}

/// Plain JSON lines.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    line: Vec<u8>,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Self, WriteError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: BufWriter::with_capacity(CHUNK, file), line: Vec::new() }),
            Err(source) => Err(WriteError::Write { path, source }),
        }
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), WriteError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(|source| WriteError::Write { path: self.path.clone(), source })
    }

    fn finish(mut self) -> Result<(), WriteError> {
        self.file.flush().map_err(|source| WriteError::Write { path: self.path, source })
    }
}

/// One file of the log.
#[cfg_attr(feature = "parquet", expect(clippy::large_enum_variant, reason = "there is one at a time"))]
enum LogFile {
    JsonLines(Packed),
    #[cfg(feature = "parquet")]
    Parquet(columns::Columns),
}

impl LogFile {
    fn create(folder: &Path, number: u64, form: Form) -> Result<Self, WriteError> {
        match form {
            Form::JsonLines => {
                let path = folder.join(format!("exchanges-{number:04}.jsonl.gz"));
                Packed::create(path).map(LogFile::JsonLines)
            }
            #[cfg(feature = "parquet")]
            Form::Parquet => {
                let path = folder.join(format!("exchanges-{number:04}.parquet"));
                columns::Columns::create(path).map(LogFile::Parquet)
            }
        }
    }

    fn add(&mut self, exchange: &LoggedExchange) -> Result<(), WriteError> {
        match self {
            LogFile::JsonLines(file) => file.line(exchange),
            #[cfg(feature = "parquet")]
            LogFile::Parquet(file) => file.add(exchange),
        }
    }

    /// Ends it and gives its bytes.
    fn finish(self) -> Result<u64, WriteError> {
        match self {
            LogFile::JsonLines(file) => file.finish(),
            #[cfg(feature = "parquet")]
            LogFile::Parquet(file) => file.finish(),
        }
    }
}

/// JSON lines that another thread compresses.
struct Packed {
    path: PathBuf,
    chunk: Vec<u8>,
    bytes: u64,
    send: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Packed {
    fn create(path: PathBuf) -> Result<Self, WriteError> {
        let failed = |source| WriteError::Write { path: path.clone(), source };
        let file = File::create(&path).map_err(failed)?;
        let (send, receive) = sync_channel::<Vec<u8>>(4);
        let thread = std::thread::Builder::new()
            .name("compress".to_owned())
            .spawn(move || {
                let mut packed = GzEncoder::new(BufWriter::new(file), Compression::fast());
                for chunk in receive {
                    packed.write_all(&chunk)?;
                }
                packed.finish()?.flush()
            })
            .map_err(failed)?;
        Ok(Self { path, chunk: Vec::with_capacity(CHUNK), bytes: 0, send, thread })
    }

    fn line(&mut self, exchange: &LoggedExchange) -> Result<(), WriteError> {
        let before = self.chunk.len();
        serde_json::to_writer(&mut self.chunk, exchange)?;
        self.chunk.push(b'\n');
        self.bytes += (self.chunk.len() - before) as u64;
        if self.chunk.len() >= CHUNK {
            let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
            if self.send.send(full).is_err() {
                // The thread ended early: its own error says why.
                return Err(self.failure());
            }
        }
        Ok(())
    }

    fn failure(&mut self) -> WriteError {
        let source = io::Error::other("the compressing thread stopped");
        WriteError::Write { path: self.path.clone(), source }
    }

    fn finish(self) -> Result<u64, WriteError> {
        let path = self.path;
        // Where the thread has stopped, what it says is the better reason.
        drop(self.send.send(self.chunk));
        drop(self.send);
        match self.thread.join() {
            Ok(Ok(())) => Ok(self.bytes),
            Ok(Err(source)) => Err(WriteError::Write { path, source }),
            Err(_) => Err(WriteError::Write { path, source: io::Error::other("the compressing thread failed") }),
        }
    }
}
