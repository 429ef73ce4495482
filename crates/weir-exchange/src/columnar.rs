//! The exchange record as columns (contracts, section 5): its Arrow schema,
//! and Parquet files read and written. A file has the fields of the JSON record
//! under the same names, nested ones as structs, so that any engine reads what
//! Weir writes; and Weir reads what any engine writes, whatever the widths of
//! its integers, the unit of its times, and its compression (none, Snappy,
//! gzip, LZ4 or zstd).

pub(crate) mod batch;
pub(crate) mod file;
pub(crate) mod pages;
mod schema;
mod values;
mod write;

pub use schema::schema;
pub use write::{ParquetWriter, WriteError};

#[cfg(test)]
mod tests;
