//! What a run is told.

/// What a run is told. The same settings over the same log give the same
/// findings, bit for bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The deployment's key for buckets and samples. Whoever knows it can
    /// prepare texts that slip through; keep it like a password.
    pub key: [u8; 16],
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// The chance, at most, that any candidate is ever falsely confirmed.
    pub alpha: f64,
    /// Bytes that texts' anchors may take.
    pub memory: u64,
}

impl Default for Settings {
    /// An hour, one in a hundred, 8 GiB; a key of zeros, which an operator who
    /// judges real customers replaces.
    fn default() -> Settings {
        Settings { key: [0; 16], epoch_seconds: 3600, alpha: 0.01, memory: 8 << 30 }
    }
}

impl Settings {
    pub(crate) fn epoch_millis(&self) -> i64 {
        i64::from(self.epoch_seconds.max(1)) * 1000
    }

    /// Whole epochs in so many days, at least one.
    pub(crate) fn epochs_in_days(&self, days: i64) -> i64 {
        (days * 86_400_000 / self.epoch_millis()).max(1)
    }
}
