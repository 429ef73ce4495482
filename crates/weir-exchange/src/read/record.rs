//! What may stand on a line of a log, and what a line must say to be one.

use serde::de::DeserializeOwned;

use crate::{LoggedAccount, LoggedExchange};

/// A record that stands on a line of its own.
pub trait LogRecord: DeserializeOwned + sealed::Sealed {
    /// What is wrong with a record that has the right shape.
    ///
    /// # Errors
    /// A sentence for the report of bad lines.
    fn check(&self) -> Result<(), &'static str>;
}

impl LogRecord for LoggedExchange {
    fn check(&self) -> Result<(), &'static str> {
        account_is_named(&self.account)
    }
}

impl LogRecord for LoggedAccount {
    fn check(&self) -> Result<(), &'static str> {
        account_is_named(&self.account)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::LoggedExchange {}
    impl Sealed for crate::LoggedAccount {}
}

/// Exchanges of nobody must not be folded into one account called nothing.
fn account_is_named(account: &str) -> Result<(), &'static str> {
    if account.is_empty() { Err("field `account` is empty") } else { Ok(()) }
}

/// How records stand on their lines.
#[derive(Debug)]
pub(super) enum Shape {
    /// A JSON object.
    Json,
    /// Comma-separated values under these names.
    Csv(csv::StringRecord),
}

impl Shape {
    /// The record on a line, or what is wrong with the line.
    pub(super) fn parse<T: LogRecord>(&self, line: &[u8]) -> Result<T, String> {
        match self {
            Shape::Json => parse(line),
            Shape::Csv(names) => {
                let values = csv_line(line)?;
                if values.len() != names.len() {
                    return Err(format!("{} values where the first line names {}", values.len(), names.len()));
                }
                let record: T = values.deserialize(Some(names)).map_err(|error| match error.kind() {
                    csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
                    _ => error.to_string(),
                })?;
                record.check()?;
                Ok(record)
            }
        }
    }
}

/// The values on one line. A line is a record: no value of ours holds a line
/// feed, and an open quote must not swallow the rest of the file.
pub(super) fn csv_line(line: &[u8]) -> Result<csv::StringRecord, String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 10).from_reader(line);
    let mut values = csv::StringRecord::new();
    reader.read_record(&mut values).map_err(|error| match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    })?;
    values.trim();
    Ok(values)
}

/// The record in a JSON object, or what is wrong with it.
pub(super) fn parse<T: LogRecord>(line: &[u8]) -> Result<T, String> {
    let record: T = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    record.check()?;
    Ok(record)
}
