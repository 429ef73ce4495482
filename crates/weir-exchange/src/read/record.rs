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

/// The record on a line, or what is wrong with the line.
pub(super) fn parse<T: LogRecord>(line: &[u8]) -> Result<T, String> {
    let record: T = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    record.check()?;
    Ok(record)
}
