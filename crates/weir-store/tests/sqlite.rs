//! The embedded store against the suite that every store must pass.

#![expect(clippy::expect_used, reason = "helpers of a test fail it by panicking")]

use weir_store::conformance::Place;
use weir_store::{SqliteStore, Store, StoreError};

/// A folder that goes away with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn fresh() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"))
    }
}

impl Place for Folder {
    fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteStore::open(&self.0.path().join("weir.db"))?))
    }
}

weir_store::conformance_suite!(Folder::fresh());
