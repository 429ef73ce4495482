//! The secrets of a folder, each a file of mode 0600. They are made only while
//! there is no log: later, a missing one is an error and never replaced.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use weir_acts::hex;
use weir_store::durable::{read_secret_file, write_file_atomically};
use weir_tlog::Ed25519Signer;
use zeroize::Zeroizing;

use super::{BootError, random_secret};

/// The log's signing key.
pub const LOG_KEY_FILE: &str = "log.key";
/// The key others verify the log with; no secret.
pub const VKEY_FILE: &str = "log.vkey";
/// The secret under which API keys are stored.
pub const PEPPER_FILE: &str = "pepper";
/// The first operator's token.
pub const TOKEN_FILE: &str = "operator.token";

/// What a log is called where nobody said otherwise; 12 random digits follow.
const LOCAL_ORIGIN: &str = "weir.local/";

/// The pepper: 64 hex digits.
pub(super) fn pepper(dir: &Path, is_new: bool) -> Result<Zeroizing<[u8; 32]>, BootError> {
    let path = dir.join(PEPPER_FILE);
    let Some(text) = read(&path)? else {
        if !is_new {
            return Err(BootError::Lost { path, why: "without it no API key can be recognised" });
        }
        let secret = random_secret()?;
        let text = Zeroizing::new(format!("{}\n", hex::encode(secret.as_ref())));
        write_file_atomically(&path, text.as_bytes(), 0o600)?;
        return Ok(secret);
    };
    hex::decode::<32>(text.trim_end())
        .map(Zeroizing::new)
        .ok_or_else(|| BootError::Secret { path, why: "this is not 64 hex digits".into() })
}

/// The log's key of a first start, made unless a start that was cut off made it.
pub(super) fn log_key(dir: &Path, origin: Option<&str>) -> Result<Ed25519Signer, BootError> {
    let path = dir.join(LOG_KEY_FILE);
    let signer = match read(&path)? {
        Some(text) => Ed25519Signer::from_secret_file_text(&text)
            .map_err(|error| BootError::Secret { path: path.clone(), why: error.to_string() })?,
        None => {
            let origin = origin.map_or_else(local_origin, |origin| Ok(origin.to_owned()))?;
            let signer = Ed25519Signer::generate(&origin).map_err(|why| BootError::Origin { origin, why })?;
            let text = Zeroizing::new(format!("{}\n", signer.to_secret_file_text().trim_end()));
            write_file_atomically(&path, text.as_bytes(), 0o600)?;
            signer
        }
    };
    let found = signer.vkey().name().to_owned();
    if let Some(wanted) = origin.filter(|wanted| *wanted != found) {
        return Err(BootError::OtherOrigin { found, wanted: wanted.to_owned() });
    }
    Ok(signer)
}

fn local_origin() -> Result<String, getrandom::Error> {
    let mut random = [0; 6];
    getrandom::fill(&mut random)?;
    Ok(format!("{LOCAL_ORIGIN}{}", hex::encode(&random)))
}

fn read(path: &PathBuf) -> Result<Option<Zeroizing<String>>, BootError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let bytes = Zeroizing::new(read_secret_file(path)?);
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(BootError::Secret { path: path.clone(), why: "this is not text".into() }),
    }
}
