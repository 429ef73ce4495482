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
    /// Bytes that customers, their links and texts' anchors may take together;
    /// a sixteenth of it is for anchors that one customer showed.
    pub memory: u64,
    /// For measurements of the detector itself; the default changes nothing.
    pub trial: Trial,
}

/// A part of the evidence that a measurement leaves out, to show what it is
/// worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Everything said by texts but which group they propose.
    Text,
    /// Lockstep.
    Time,
    /// What speaks against: only what speaks for is counted.
    Negative,
    /// Repeats, which tell a class or an evaluation.
    Repeats,
    /// Whether an account resembles its own earlier work.
    Interchangeability,
    /// The group: each account is held against one other instead.
    Group,
    /// Going over to a new model.
    Pivot,
    /// Use out of line with the plan.
    Quota,
}

/// How a measurement departs from the detector as it is. A deployment leaves
/// it alone: `same_epoch` breaks the guarantee on purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// What is left out.
    pub without: Option<Without>,
    /// Every stated chance `m` of a member's evidence is multiplied by this.
    pub m: f64,
    /// Every prior's odds are multiplied by this: a threshold in bits falls by
    /// its logarithm.
    pub prior: f64,
    /// Bets are chosen by the epoch they are settled on: the error that the
    /// guarantee excludes, so that a calibration can be shown to see it.
    pub same_epoch: bool,
}

impl Default for Trial {
    fn default() -> Trial {
        Trial { without: None, m: 1.0, prior: 1.0, same_epoch: false }
    }
}

impl Trial {
    pub(crate) fn leaves_out(self, part: Without) -> bool {
        self.without == Some(part)
    }

    /// A stated threshold under this trial's prior.
    pub(crate) fn needs(self, bits: f64) -> f64 {
        bits - self.prior.log2()
    }

    /// A stated chance under this trial's `m`.
    pub(crate) fn chance(self, m: f64) -> f64 {
        (m * self.m).clamp(0.01, 0.95)
    }
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
        Settings { key: [0; 16], epoch_seconds: 3600, alpha: 0.01, memory: 8 << 30, trial: Trial::default() }
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
