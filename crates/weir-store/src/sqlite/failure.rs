//! Translates the driver's errors into ours, by what the caller must do next.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::StoreError;

/// Gives a driver error the name of what was being done.
pub(super) trait Doing<T> {
    /// Maps the error of this result into a [`StoreError`].
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| translate(doing, error))
    }
}

fn translate(doing: &'static str, error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as Driver;
    let Some(failure) = error.sqlite_error() else {
        return match error {
            Driver::FromSqlConversionFailure(..)
            | Driver::IntegralValueOutOfRange(..)
            | Driver::InvalidColumnType(..)
            | Driver::QueryReturnedNoRows
            | Driver::Utf8Error(..) => StoreError::Corrupt { doing, detail: error.to_string() },
            other => StoreError::Io { doing, source: Box::new(other) },
        };
    };
    match failure.code {
        ErrorCode::DiskFull => StoreError::Full { doing },
        // Growing the shared-memory index fails with its own code, and only for want of space.
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => StoreError::Full { doing },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { doing },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Corrupt { doing, detail: error.to_string() }
        }
        ErrorCode::ConstraintViolation | ErrorCode::TooBig => {
            StoreError::Inconsistent { doing, detail: error.to_string() }
        }
        _ => StoreError::Io { doing, source: Box::new(error) },
    }
}

/// An unsigned index or size as SQLite keeps integers.
pub(super) fn to_integer(doing: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value)
        .map_err(|_| StoreError::Inconsistent { doing, detail: format!("{value} is beyond what the store can count") })
}

/// An index or size read from SQLite.
pub(super) fn from_integer(doing: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt { doing, detail: format!("{value} is no index") })
}
