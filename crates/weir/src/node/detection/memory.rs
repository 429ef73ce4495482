//! What the detector remembers, as a file: a line that says what it is, then
//! the bytes. Written beside and renamed, so it is the one before or the one
//! after, whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use weir_acts::Digest;
use weir_detect::{Detector, Settings};
use weir_store::durable::write_file_atomically;

/// The file in the folder.
const FILE: &str = "detect.state";

/// Where it is kept.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
}

/// A detector that goes on.
pub(super) struct Restored {
    pub(super) detector: Detector,
    /// The exchange behind which it goes on.
    pub(super) after: u64,
    /// Why it begins anew, where there was a memory and it cannot be used.
    pub(super) anew: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    v: u32,
    /// Every exchange up to this one is in it.
    after: u64,
    /// Candidates ever born: counts on, whatever becomes of the rest.
    born: u64,
    /// SHA-256 of the bytes.
    digest: Option<Digest>,
}

impl Memory {
    pub(super) fn in_folder(dir: &Path) -> Memory {
        Memory { path: dir.join(FILE) }
    }

    /// Makes the detector's memory durable.
    ///
    /// # Errors
    /// When the disk does not take it; what was there before is still there.
    pub(super) fn save(&self, detector: &Detector, after: u64) -> Result<()> {
        let bytes = detector.save().context("the detector's memory cannot be written down")?;
        let head = Head { v: 1, after, born: detector.born(), digest: Some(Digest::of(&bytes)) };
        let mut file = serde_json::to_vec(&head)?;
        file.push(b'\n');
        file.extend(bytes);
        write_file_atomically(&self.path, &file, 0o600).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// The detector as it was saved. One whose memory is damaged, or was made
    /// under other settings or constants, begins anew with the first record; the
    /// candidates ever born count on, so no budget is spent twice. It knows no accounts yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn restore(&self, settings: Settings) -> Result<Restored> {
        let file = match std::fs::read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Restored { detector: Detector::new(settings, &[]), after: 0, anew: None });
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        };
        let (head, bytes) = match file.iter().position(|byte| *byte == b'\n') {
            Some(end) => (serde_json::from_slice::<Head>(&file[..end]).ok(), &file[end + 1..]),
            None => (None, &file[..0]),
        };
        let head = head.unwrap_or_default();
        let is_whole = head.v == 1 && head.digest == Some(Digest::of(bytes));
        let why = match is_whole.then(|| Detector::restore(settings.clone(), &[], bytes)) {
            Some(Ok(detector)) => return Ok(Restored { detector, after: head.after, anew: None }),
            Some(Err(error)) => error.to_string(),
            None => format!("{} is damaged", self.path.display()),
        };
        let mut detector = Detector::new(settings, &[]);
        detector.count_born(head.born);
        Ok(Restored { detector, after: 0, anew: Some(why) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_memory_begins_anew_and_keeps_the_count_of_candidates_born() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::in_folder(dir.path());
        let settings = Settings { memory: 1 << 20, ..Settings::default() };
        assert_eq!(memory.restore(settings.clone()).unwrap().anew, None);
        let mut detector = Detector::new(settings.clone(), &[]);
        detector.count_born(7);
        memory.save(&detector, 41).unwrap();
        let restored = memory.restore(settings.clone()).unwrap();
        assert_eq!((restored.after, restored.detector.born(), restored.anew), (41, 7, None));
        // Another epoch is another detector: its memory is of no use.
        let other = Settings { epoch_seconds: 60, ..settings.clone() };
        let restored = memory.restore(other).unwrap();
        assert_eq!((restored.after, restored.detector.born(), restored.anew.is_some()), (0, 7, true));
        let path = dir.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let restored = memory.restore(settings).unwrap();
        assert_eq!((restored.after, restored.detector.born(), restored.anew.is_some()), (0, 7, true));
    }
}
