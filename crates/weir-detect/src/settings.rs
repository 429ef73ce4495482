//! What a run is told.

use std::fmt;

/// What a run is told. The same settings over the same log give the same
/// findings, bit for bit.
#[derive(Clone, PartialEq)]
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

/// Without the key: what is printed ends up in logs and error reports.
impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("key", &format_args!("(secret)"))
            .field("epoch_seconds", &self.epoch_seconds)
            .field("alpha", &self.alpha)
            .field("memory", &self.memory)
            .finish()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Detector;

    #[test]
    fn nothing_that_holds_the_key_prints_it() {
        let key: [u8; 16] = std::array::from_fn(|place| 0xa1 + 5 * place as u8);
        let settings = Settings { key, ..Settings::default() };
        let detector = Detector::new(settings.clone(), &[]);
        let printed = format!("{settings:?} {:?} {:?} {settings:#?}", detector.sketcher(), detector.sketcher().key);
        let halves: [[u8; 8]; 2] = [key[..8].try_into().unwrap(), key[8..].try_into().unwrap()];
        let mut telling = vec![format!("{}, {}", key[0], key[1]), format!("{:x}{:x}", key[0], key[1])];
        for half in halves.map(u64::from_le_bytes).into_iter().chain(halves.map(u64::from_be_bytes)) {
            telling.extend([half.to_string(), format!("{half:x}"), format!("{half:X}")]);
        }
        for text in telling {
            assert!(!printed.contains(&text), "{text} in {printed}");
        }
        assert!(printed.contains("(secret)") && printed.contains("3600"), "{printed}");
        // What is made from the key is of no use to a reader either.
        assert!(!printed.contains("k0") && !printed.contains("v0"), "{printed}");
    }
}
