//! What the detector remembers, as a file: a line that says what it is, a line of
//! who was acted on and is no longer found, then the bytes. Written beside and renamed, so it is the one before or the one
//! after, whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use weir_acts::Digest;
use weir_detect::{Detector, Settings};
use weir_store::durable::write_file_atomically;

use super::demoted::Demoted;

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
    /// Who was acted on and is no longer found; nobody where it begins anew.
    pub(super) demoted: Demoted,
    /// Why it begins anew, where there was a memory and it cannot be used.
    pub(super) anew: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// 1 has no line of who is no longer found.
    v: u32,
    /// Every exchange up to this one is in it.
    after: u64,
    /// Candidates ever born: counts on, whatever becomes of the rest.
    born: u64,
    /// SHA-256 of everything behind this line.
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
    pub(super) fn save(&self, detector: &Detector, demoted: &Demoted, after: u64) -> Result<()> {
        let mut rest = serde_json::to_vec(demoted)?;
        rest.push(b'\n');
        rest.extend(detector.save().context("the detector's memory cannot be written down")?);
        let head = Head { v: 2, after, born: detector.born(), digest: Some(Digest::of(&rest)) };
        let mut file = serde_json::to_vec(&head)?;
        file.push(b'\n');
        file.extend(rest);
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
                let detector = Detector::new(settings, &[]);
                return Ok(Restored { detector, after: 0, demoted: Demoted::default(), anew: None });
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        };
        let (line, rest) = first_line(&file);
        let head: Head = serde_json::from_slice(line).unwrap_or_default();
        let is_whole = head.digest == Some(Digest::of(rest));
        let held = is_whole.then(|| held(head.v, rest)).flatten();
        let why = match held.map(|(demoted, bytes)| (demoted, Detector::restore(settings.clone(), &[], bytes))) {
            Some((demoted, Ok(detector))) => return Ok(Restored { detector, after: head.after, demoted, anew: None }),
            Some((_, Err(error))) => error.to_string(),
            None => format!("{} is damaged", self.path.display()),
        };
        let mut detector = Detector::new(settings, &[]);
        detector.count_born(head.born);
        Ok(Restored { detector, after: 0, demoted: Demoted::default(), anew: Some(why) })
    }
}

/// What is before the first line's end and what behind it; all, where there is none.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What stands behind the head of a file of that version.
fn held(version: u32, rest: &[u8]) -> Option<(Demoted, &[u8])> {
    match version {
        1 => Some((Demoted::default(), rest)),
        2 => {
            let (line, bytes) = first_line(rest);
            Some((serde_json::from_slice(line).ok()?, bytes))
        }
        _ => None,
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
        memory.save(&detector, &Demoted::default(), 41).unwrap();
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

    #[test]
    fn who_is_no_longer_found_is_remembered_and_nobody_is_in_a_file_of_before() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::in_folder(dir.path());
        let settings = Settings { memory: 1 << 20, ..Settings::default() };
        let detector = Detector::new(settings.clone(), &[]);
        let (party, at) = (weir_acts::id::PartyId::from_bytes([1; 10]), weir_acts::Time::from_millis(3_600_000));
        let acted_on = [("k7-1".to_owned(), vec![(party, weir_acts::Time::EPOCH)])].into();
        let mut demoted = Demoted::default();
        assert!(demoted.look(&acted_on, &std::collections::BTreeSet::new(), (at, 3_600_000)).is_empty());
        memory.save(&detector, &demoted, 41).unwrap();
        let restored = memory.restore(settings.clone()).unwrap();
        assert_eq!((restored.after, restored.demoted, restored.anew), (41, demoted, None));

        let bytes = detector.save().unwrap();
        let head = Head { v: 1, after: 9, born: 0, digest: Some(Digest::of(&bytes)) };
        let file = [serde_json::to_vec(&head).unwrap(), b"\n".to_vec(), bytes].concat();
        std::fs::write(dir.path().join(FILE), file).unwrap();
        let restored = memory.restore(settings).unwrap();
        assert_eq!((restored.after, restored.demoted, restored.anew), (9, Demoted::default(), None));
    }
}
