//! What each witness cosigned last, a file each, beside the database: the
//! checkpoint with the log's signatures and the witness's own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use weir_acts::Digest;
use weir_store::FolderError;
use weir_store::durable::{create_private_folder, write_file_atomically};
use weir_tlog::note::NoteSignature;
use weir_tlog::{Checkpoint, CosignerKey, SignedNote, VerifierKey};

use super::{WITNESSES, WitnessesError};

const COSIGNED: &str = "checkpoint";
const AHEAD: &str = "ahead";
/// Digits of the key's digest that name its files.
const NAME_DIGITS: usize = 32;

/// What a witness cosigned last.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) checkpoint: Checkpoint,
    /// The checkpoint with the log's own signatures.
    pub(crate) note: SignedNote,
    pub(crate) line: NoteSignature,
    pub(crate) time: u64,
}

impl Remembered {
    /// Keeps of a note the log's signatures alone, and the cosignature.
    pub(super) fn new(
        note: SignedNote,
        line: NoteSignature,
        time: u64,
        keys: &[VerifierKey],
    ) -> Result<Remembered, WitnessesError> {
        let checkpoint = Checkpoint::open_any(note.to_string().as_bytes(), keys)?;
        let own = note
            .signatures()
            .iter()
            .filter(|line| keys.iter().any(|key| key.name() == line.name && key.key_id() == line.key_id));
        let note = SignedNote::unsigned(note.text())?.with_signatures(own.cloned())?;
        Ok(Remembered { checkpoint, note, line, time })
    }
}

fn path(dir: &Path, vkey: &CosignerKey, kind: &str) -> PathBuf {
    let digest = Digest::of_parts(&[vkey.to_string().as_bytes()]).to_string();
    let name: String = digest.trim_start_matches("sha256:").chars().take(NAME_DIGITS).collect();
    dir.join(WITNESSES).join(format!("{name}.{kind}"))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, WitnessesError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WitnessesError::Damaged { path: path.to_owned(), why: error.to_string() }),
    }
}

/// What is kept of one witness.
pub(super) fn of_witness(
    dir: &Path,
    vkey: &CosignerKey,
    keys: &[VerifierKey],
) -> Result<Option<Remembered>, WitnessesError> {
    let path = path(dir, vkey, COSIGNED);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let damaged = |why: String| WitnessesError::Damaged { path: path.clone(), why };
    let note = SignedNote::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
    let cosigned = vkey.verify(&note).map_err(|error| damaged(error.to_string()))?;
    Remembered::new(note, cosigned.line, cosigned.time, keys).map(Some).map_err(|error| damaged(error.to_string()))
}

/// Every checkpoint that a witness of this log ever cosigned last, whether the
/// witness is asked now or not, and the file it is in.
pub(crate) fn remembered(dir: &Path, keys: &[VerifierKey]) -> Result<Vec<(PathBuf, Checkpoint)>, WitnessesError> {
    let folder = dir.join(WITNESSES);
    let damaged = |path: &Path, why: String| WitnessesError::Damaged { path: path.to_owned(), why };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(damaged(&folder, error.to_string())),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| damaged(&folder, error.to_string()))?.path();
        if path.extension().is_none_or(|extension| extension != COSIGNED) {
            continue;
        }
        let Some(bytes) = read(&path)? else { continue };
        let checkpoint = Checkpoint::open_any(&bytes, keys).map_err(|error| damaged(&path, error.to_string()))?;
        found.push((path, checkpoint));
    }
    Ok(found)
}

/// Keeps what a witness cosigned.
pub(super) fn write(dir: &Path, vkey: &CosignerKey, remembered: &Remembered) -> Result<(), WitnessesError> {
    let note = remembered.note.clone().with_signatures([remembered.line.clone()])?;
    write_durably(dir, &path(dir, vkey, COSIGNED), note.to_string().as_bytes())
}

/// How many acts a witness said it had cosigned, when that was more than were
/// signed here.
pub(crate) fn ahead(dir: &Path, vkey: &CosignerKey) -> Result<Option<u64>, WitnessesError> {
    let path = path(dir, vkey, AHEAD);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let size = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
    size.map(Some).ok_or_else(|| WitnessesError::Damaged { path, why: "it holds no number".into() })
}

/// Keeps that number, for the next start.
pub(super) fn write_ahead(dir: &Path, vkey: &CosignerKey, size: u64) -> Result<(), WitnessesError> {
    write_durably(dir, &path(dir, vkey, AHEAD), format!("{size}\n").as_bytes())
}

fn write_durably(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), WitnessesError> {
    create_private_folder(&dir.join(WITNESSES))?;
    let written: Result<(), FolderError> = write_file_atomically(path, bytes, 0o600);
    Ok(written?)
}
