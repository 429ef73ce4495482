//! `weir witness`: a witness of logs (c2sp.org/tlog-witness v1.0.0) with a
//! folder of its own. It knows nothing of acts: whoever runs it vouches that of
//! each log it saw one history, and no more.

mod server;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use weir_acts::hex;
use weir_store::durable::{create_private_folder, read_secret_file, write_file_atomically};
use weir_store::kind::FolderKind;
use weir_store::lock::FolderLock;
use weir_tlog::{Cosigner, WitnessKeeper};
use zeroize::Zeroizing;

use crate::cli::Witness;
use crate::commands::{complain, print_text, read_key};
use crate::config::Logging;

/// The witness's key, and its public half.
const KEY_FILE: &str = "witness.key";
const VKEY_FILE: &str = "witness.vkey";
/// What it remembers of each log.
const MEMORY: &str = "logs";
/// What a witness is called where nobody said otherwise; 12 random digits follow.
const LOCAL_NAME: &str = "weir.local/witness-";

/// Serves until a signal.
pub(crate) fn run(asked: &Witness, as_json: bool) -> Result<ExitCode> {
    crate::logging::start(&Logging::default())?;
    let logs = asked.logs.iter().map(|log| read_key(log)).collect::<Result<Vec<_>>>()?;
    // A port that is taken is found before a folder is made.
    let listener = TcpListener::bind(asked.listen).with_context(|| format!("cannot listen on {}", asked.listen))?;
    let address = listener.local_addr()?;
    create_private_folder(&asked.data)?;
    let lock = FolderLock::acquire(&asked.data)?;
    FolderKind::Witness.claim(&lock)?;
    let cosigner = key(&asked.data, asked.name.as_deref())?;
    let memory = asked.data.join(MEMORY);
    create_private_folder(&memory)?;
    let keeper = WitnessKeeper::open(memory, cosigner, logs)?;
    let vkey = keeper.vkey().to_string();
    if as_json {
        print_text(&format!("{}\n", json!({ "listen": address, "vkey": vkey })))?;
    }
    complain(&format!("weir witnesses at http://{address}"));
    complain(&format!("its key is {vkey}"));
    for (origin, latest) in keeper.logs() {
        match latest {
            Some(latest) => complain(&format!("follows {origin}, cosigned last with {} entries", latest.size)),
            None => complain(&format!("follows {origin}, of which it has cosigned nothing yet")),
        }
    }
    if asked.logs.is_empty() {
        complain("follows no log, and answers 404 to all: name each by --log VKEY");
    }
    server::serve(listener, keeper)?;
    complain("stopped; what was cosigned is remembered");
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// The witness's key, made on the first start. Afterwards a missing key is an
/// error: a new one would begin without a memory under the old name.
fn key(dir: &Path, name: Option<&str>) -> Result<Cosigner> {
    let path = dir.join(KEY_FILE);
    let cosigner = match read(&path)? {
        Some(text) => Cosigner::from_secret_file_text(&text).with_context(|| path.display().to_string())?,
        None if dir.join(MEMORY).try_exists()? => {
            bail!(
                "{} is missing, but the folder holds what a witness remembers; put the file back from a copy, or begin in a new folder",
                path.display()
            )
        }
        None => {
            let name = name.map_or_else(local_name, |name| Ok(name.to_owned()))?;
            let cosigner = Cosigner::generate(&name).with_context(|| {
                format!("`{name}` cannot name a witness; --name takes a name such as witness.example.org/w1")
            })?;
            write_file_atomically(&path, cosigner.to_secret_file_text().as_bytes(), 0o600)?;
            cosigner
        }
    };
    let vkey = cosigner.vkey();
    if let Some(wanted) = name.filter(|wanted| *wanted != vkey.name()) {
        bail!("this witness is called `{}`, not `{wanted}`: a witness keeps its name; correct --name", vkey.name());
    }
    write_file_atomically(&dir.join(VKEY_FILE), format!("{vkey}\n").as_bytes(), 0o644)?;
    Ok(cosigner)
}

fn read(path: &PathBuf) -> Result<Option<Zeroizing<String>>> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let bytes = Zeroizing::new(read_secret_file(path)?);
    let text = std::str::from_utf8(&bytes).with_context(|| format!("{} is not text", path.display()))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

fn local_name() -> Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).context("the operating system gave no randomness")?;
    Ok(format!("{LOCAL_NAME}{}", hex::encode(&random)))
}
