//! A file of the log as Parquet.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use weir_exchange::LoggedExchange;
use weir_exchange::columnar::ParquetWriter;

use super::WriteError;

/// Exchanges gathered before they become columns.
const BATCH: usize = 1_024;

/// A Parquet file that is being written.
pub(super) struct Columns {
    path: PathBuf,
    writer: ParquetWriter<BufWriter<File>>,
    batch: Vec<LoggedExchange>,
}

impl Columns {
    pub(super) fn create(path: PathBuf) -> Result<Self, WriteError> {
        let file = match File::create(&path) {
            Ok(file) => file,
            Err(source) => return Err(WriteError::Write { path, source }),
        };
        match ParquetWriter::new(BufWriter::new(file)) {
            Ok(writer) => Ok(Self { path, writer, batch: Vec::with_capacity(BATCH) }),
            Err(source) => Err(WriteError::Parquet { path, source }),
        }
    }

    pub(super) fn add(&mut self, exchange: &LoggedExchange) -> Result<(), WriteError> {
        self.batch.push(exchange.clone());
        if self.batch.len() >= BATCH { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), WriteError> {
        let done = self.writer.write(&self.batch);
        self.batch.clear();
        done.map_err(|source| WriteError::Parquet { path: self.path.clone(), source })
    }

    pub(super) fn finish(mut self) -> Result<u64, WriteError> {
        self.hand_on()?;
        let path = self.path;
        match self.writer.close() {
            Ok(file) => match file.into_inner().map_err(|error| error.into_error()).and_then(|file| file.metadata()) {
                Ok(metadata) => Ok(metadata.len()),
                Err(source) => Err(WriteError::Write { path, source }),
            },
            Err(source) => Err(WriteError::Parquet { path, source }),
        }
    }
}
