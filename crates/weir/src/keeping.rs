//! `weir backup` and `weir restore`: on the folder itself, without the server.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use weir_control::backup;
use weir_control::clock::machine_wall_clock;
use weir_control::restore::{self, RestoreError, Seen};
use weir_store::kind::FolderKind;
use weir_tlog::source::read_bundle;
use weir_tlog::{BundleId, Checkpoint, FolderSource, LogPath, LogSource, Receipt, SignedNote};

use crate::cli::{Backup, Remote, Restore, Running};
use crate::client::Client;
use crate::client::log_source::HttpSource;
use crate::commands::{complain, print_text};
use crate::config::Config;
use crate::serve;

/// Lost acts that are told one by one.
const MOST_TOLD: usize = 20;

fn config(place: &crate::cli::Place) -> Result<Config> {
    let running = Running { config: place.config.clone(), data: place.data.clone(), listen: None, admin_listen: None };
    serve::configured(&running, "./weir-data")
}

/// Copies a server's folder.
pub(crate) fn backup(asked: &Backup, as_json: bool) -> Result<ExitCode> {
    let config = config(&asked.place)?;
    for left in backup::clear_unfinished(&asked.dir)? {
        complain(&format!("removed {}, which a backup that was killed had left", left.display()));
    }
    let made = backup::backup(&config.data, &asked.dir, machine_wall_clock())?;
    if as_json {
        let shown = json!({ "dir": asked.dir, "size": made.size, "root": made.root, "at": made.at });
        print_text(&format!("{shown}\n"))?;
    } else {
        complain(&format!("{} acts are in {}, with the keys of the log", made.size, asked.dir.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Confirms a copy.
pub(crate) fn restore(asked: &Restore, remote: &Remote) -> Result<ExitCode> {
    let config = config(&asked.place)?;
    let node = config.node(FolderKind::Serve)?;
    let found = asked.latest.iter().map(|latest| Latest::of(latest, remote.ca_file.as_deref()));
    let found = found.collect::<Result<Vec<Latest>>>()?;
    let seen: Vec<Seen> = found.iter().map(|latest| latest.seen.clone()).collect();
    let ca_file = node.witness_ca_file.as_deref();
    let confirmed = restore::confirm(&config.data, &seen, &node.witnesses, ca_file, &|_, _| {});
    let checkpoint = match confirmed {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            if let RestoreError::Behind { found: held, seen, .. } = &error {
                found.iter().for_each(|latest| latest.tell_lost(*held, *seen));
            }
            return Err(error).with_context(|| format!("{} stays a backup", config.data.display()));
        }
    };
    if remote.json {
        print_text(&format!("{}\n", json!({ "dir": config.data, "seen": checkpoint.size })))?;
    } else {
        complain(&format!(
            "{} leads to everything that was seen, up to {} acts; `weir serve` goes on from it",
            config.data.display(),
            checkpoint.size
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the world has seen, as somebody named it.
struct Latest {
    seen: Seen,
    /// The log itself, where that was named.
    log: Option<Box<dyn LogSource>>,
}

impl Latest {
    fn of(named: &str, ca_file: Option<&Path>) -> Result<Latest> {
        let log: Option<Box<dyn LogSource>> = if named.starts_with("http://") || named.starts_with("https://") {
            Some(Box::new(HttpSource(Client::of_log(named, ca_file)?)))
        } else if Path::new(named).is_dir() {
            let within = Path::new(named).join("log");
            Some(Box::new(FolderSource::new(if within.is_dir() { within } else { named.into() })))
        } else {
            None
        };
        let bytes = match &log {
            Some(log) => log.read(LogPath::Checkpoint)?.with_context(|| format!("{named} has no checkpoint"))?,
            None => checkpoint_in(&crate::files::text(Path::new(named))?, named)?,
        };
        let note = SignedNote::parse(&bytes).with_context(|| format!("the checkpoint of {named} cannot be read"))?;
        Ok(Latest { seen: Seen { note, from: named.to_owned() }, log })
    }

    /// Tells which acts are in the published log and not in the backup. They
    /// are shown as found; nothing rests on them.
    fn tell_lost(&self, held: u64, seen: u64) {
        let size = Checkpoint::parse(self.seen.note.text()).map_or(0, |checkpoint| checkpoint.size);
        let Some(log) = self.log.as_deref().filter(|_| size == seen) else { return };
        let mut told = 0;
        for index in held..seen {
            if told == MOST_TOLD {
                complain(&format!("lost: {} more", seen - index));
                return;
            }
            let Some(entry) = entry(log, index, size) else { continue };
            let word = |name: &str| entry[name].as_str().unwrap_or("?").to_owned();
            complain(&format!("lost: act {index}, {} at {} by {}", word("kind"), word("at"), word("by")));
            told += 1;
        }
    }
}

/// The checkpoint in a file, which may be a receipt.
fn checkpoint_in(text: &str, named: &str) -> Result<Vec<u8>> {
    if text.starts_with("c2sp.org/tlog-proof@") {
        let receipt = Receipt::parse(text.as_bytes()).with_context(|| named.to_owned())?;
        return Ok(receipt.checkpoint.into_bytes());
    }
    Ok(text.as_bytes().to_vec())
}

fn entry(log: &dyn LogSource, index: u64, size: u64) -> Option<Value> {
    let bundle = BundleId::in_tree(index / 256, size)?;
    let entries = read_bundle(log, bundle).ok()?;
    let position = usize::try_from(index.checked_sub(bundle.first_entry())?).ok()?;
    serde_json::from_slice(entries.get(position)?).ok()
}
