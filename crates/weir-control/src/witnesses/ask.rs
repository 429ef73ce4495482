//! One question to one witness. Whatever it answers, nothing is believed that
//! is not signed by its key, but for one thing: a size beyond ours, which can
//! only be reason to stop.

use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;
use weir_tlog::note::NoteSignature;
use weir_tlog::proof::{check_consistency, prove_consistency};
use weir_tlog::{
    AddCheckpoint, Checkpoint, CheckpointError, CosignatureError, FolderSource, NoteError, ProofError, SignedNote,
    TileHashes,
};

use super::{Witness, WitnessesError};
use crate::outbound;

/// How long an answer may take, name and connection included.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: far more lines than any witness signs.
const MOST_BYTES: u64 = 64 << 10;
/// How often a witness may tell another size before it is left alone.
const MOST_TELLINGS: usize = 3;
/// The type of a 409's body that tells a size.
const SIZE: &str = "text/x.tlog.size";

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("no answer: {0}")]
    Unreachable(String),
    #[error("it answered {status}: {said}")]
    Status { status: StatusCode, said: String },
    #[error(
        "it says that the log it knows is another one ({status}: {said}): compare checkpoints with others; if this database was put back from a backup, stop it"
    )]
    OtherHistory { status: StatusCode, said: String },
    #[error("its answer is no signature line: {0}")]
    Lines(NoteError),
    #[error("{0}")]
    Cosignature(#[from] CosignatureError),
    #[error("it cosigned {size} acts once, and its cosignature of them is another tree than this log's: {error}")]
    Inconsistent { size: u64, error: ProofError },
    #[error("no proof can be made: {0}")]
    Proof(ProofError),
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("it tells another size each time it is asked")]
    Undecided,
}

/// What came of a question.
pub(super) enum Told {
    /// A cosignature that verifies, and its time.
    Cosigned(NoteSignature, u64),
    /// The witness cosigned more than was signed here.
    IsAhead {
        /// Acts it cosigned.
        theirs: u64,
        /// Acts signed here.
        ours: u64,
    },
}

/// How witnesses are reached: no redirects, bounded answers.
#[derive(Clone)]
pub(super) struct Agents(Agent);

impl Agents {
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Agents, WitnessesError> {
        let roots = outbound::roots(ca_file).map_err(|why| WitnessesError::Authorities {
            path: ca_file.map_or_else(String::new, |path| path.display().to_string()),
            why,
        })?;
        let config = outbound::config(roots, false, PATIENCE);
        Ok(Agents(config.into()))
    }

    /// Has `witness` cosign `note`. `known` is what it cosigned last, as far
    /// as is known here.
    pub(super) fn ask(
        &self,
        witness: &Witness,
        dir: &Path,
        note: &SignedNote,
        known: Option<Checkpoint>,
    ) -> Result<Told, Refused> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let source = FolderSource::new(dir.join(crate::publish::PROJECTION));
        let hashes = TileHashes::new(&source, checkpoint.size);
        let mut old_size = known.as_ref().map_or(0, |known| known.size);
        for _ in 0..MOST_TELLINGS {
            let proof = prove_consistency(&hashes, old_size, checkpoint.size).map_err(Refused::Proof)?;
            if let Some(known) = known.as_ref().filter(|known| known.size == old_size) {
                check_consistency(old_size, known.root, checkpoint.size, checkpoint.root, &proof)
                    .map_err(|error| Refused::Inconsistent { size: old_size, error })?;
            }
            let request = AddCheckpoint { old_size, proof, checkpoint: note.clone() };
            let (status, kind, said) = self.post(witness, &request.to_string())?;
            match status {
                StatusCode::OK => {
                    let (line, time) = cosignature(witness, note, &said)?;
                    return Ok(Told::Cosigned(line, time));
                }
                StatusCode::CONFLICT if kind == SIZE => {
                    let told = said.strip_suffix('\n').and_then(|size| size.parse::<u64>().ok());
                    let told = told.ok_or_else(|| refused(status, &said))?;
                    if told > checkpoint.size {
                        return Ok(Told::IsAhead { theirs: told, ours: checkpoint.size });
                    }
                    if told < old_size {
                        tracing::warn!(
                            witness = witness.vkey.name(),
                            told,
                            cosigned = old_size,
                            "the witness forgot what it cosigned"
                        );
                    }
                    old_size = told;
                }
                StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                    return Err(Refused::OtherHistory { status, said: short(&said) });
                }
                _ => return Err(refused(status, &said)),
            }
        }
        Err(Refused::Undecided)
    }

    fn post(&self, witness: &Witness, body: &str) -> Result<(StatusCode, String, String), Refused> {
        let unreachable = |error: ureq::Error| Refused::Unreachable(error.to_string());
        let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
        let mut response = self.0.post(&url).content_type("text/plain").send(body).map_err(unreachable)?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_owned();
        let said = outbound::text_of(&mut response, MOST_BYTES).map_err(Refused::Unreachable)?;
        Ok((response.status(), kind, said))
    }
}

/// The witness's cosignature in an answer, verified by its key over this
/// checkpoint; lines of other keys are left out.
fn cosignature(witness: &Witness, note: &SignedNote, said: &str) -> Result<(NoteSignature, u64), Refused> {
    let unsigned = SignedNote::unsigned(note.text()).map_err(Refused::Lines)?;
    let with_lines = format!("{}\n{said}", unsigned.text());
    let answered = SignedNote::parse(with_lines.as_bytes()).map_err(Refused::Lines)?;
    if answered.text() != note.text() {
        return Err(Refused::Lines(NoteError::NoSignatureBlock));
    }
    let cosigned = witness.vkey.verify(&answered)?;
    Ok((cosigned.line, cosigned.time))
}

fn refused(status: StatusCode, said: &str) -> Refused {
    Refused::Status { status, said: short(said) }
}

/// The first line of what a stranger said, bounded and printable.
fn short(said: &str) -> String {
    let line = said.lines().next().unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(200).collect()
}
