//! Imports: a file of parties, accounts, claims and digests of keys that
//! becomes one act. The file is read, checked and folded as it comes in, its
//! rows are staged in the store, and nothing of it is seen until the one act
//! is written that counts them and holds the root of their tree.
//!
//! What the columns mean is said in `docs/import.md`.

mod checker;
mod fault;
mod formats;
mod random;
mod record;
mod rows;
mod tree;
mod upload;

pub use fault::{Fault, Faults};
pub use formats::Format;
pub use rows::{RowReceipt, rows_about};
pub(crate) use tree::RowTree;
pub(crate) use upload::{Checked, Upload};

/// The most rows of one import.
pub const MOST_ROWS: u64 = 10_000_000;

/// The longest record, in bytes.
pub const LONGEST_RECORD: usize = 64 << 10;

/// Faults that are listed; reading stops with the last of them.
pub const MOST_FAULTS: usize = 100;
