//! A population as an import: the file that an operator would have.

use anyhow::{Context, Result, bail};
use csv::Writer;
use weir_acts::Digest;
use weir_acts::digest::Hasher;
use weir_control::imports::Format;
use weir_control::service::{Accepted, Begun, Caller, Control, Ended, ImportBegin};
use weir_sim::population::{ClaimSeed, ClaimValue, PartySeed};

/// The columns used.
const HEADER: [&str; 11] =
    ["record", "party", "account", "name", "kind", "claim", "value", "level", "by", "evidence", "key"];

/// Bytes of one piece.
const PIECE: usize = 1 << 20;

/// The first line of the file.
///
/// # Errors
/// When there is no memory for it.
pub fn header() -> Result<Vec<u8>> {
    lines(|writer| Ok(writer.write_record(HEADER)?))
}

/// The lines about one party: itself, its accounts, every claim, and a key for
/// each account, whose text is [`key_of`].
///
/// # Errors
/// When there is no memory for them.
pub fn party(party: &PartySeed) -> Result<Vec<u8>> {
    lines(|writer| {
        writer.write_record(["party", &party.id, "", &party.name, party.kind.as_str(), "", "", "", "", "", ""])?;
        for seed in &party.claims {
            claim(writer, &party.id, "", seed)?;
        }
        for account in &party.accounts {
            writer.write_record(["account", &party.id, &account.name, "", "", "", "", "", "", "", ""])?;
            for seed in &account.claims {
                claim(writer, &party.id, &account.name, seed)?;
            }
            let key = Digest::of(key_of(&party.label(account)).as_bytes()).hex();
            writer.write_record(["key", &party.id, &account.name, "", "", "", "", "", "", "", &key])?;
        }
        Ok(())
    })
}

/// The key that the account `label` holds already.
pub fn key_of(label: &str) -> String {
    format!("sk-elsewhere-{label}")
}

fn lines(write: impl FnOnce(&mut Writer<Vec<u8>>) -> Result<()>) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    write(&mut writer)?;
    writer.into_inner().context("the lines cannot be written")
}

fn claim(writer: &mut Writer<Vec<u8>>, party: &str, account: &str, seed: &ClaimSeed) -> Result<()> {
    let value = match &seed.value {
        ClaimValue::Bool(value) => value.to_string(),
        ClaimValue::Long(value) => value.to_string(),
        ClaimValue::String(value) => value.clone(),
        ClaimValue::Set(values) => values.join(","),
    };
    let level = seed.level.to_string();
    let record = ["claim", party, account, "", "", seed.kind, &value, &level, seed.by, &seed.evidence, ""];
    Ok(writer.write_record(record)?)
}

/// Imports a population, which is made twice: once for its digest.
///
/// # Errors
/// When it is refused.
pub async fn import<P: Iterator<Item = PartySeed>>(
    control: &Control,
    caller: Caller,
    people: impl Fn() -> P,
) -> Result<Accepted> {
    let mut hasher = Hasher::default();
    hasher.update(&header()?);
    for seed in people() {
        hasher.update(&party(&seed)?);
    }
    let begin = ImportBegin { format: Format::Csv, digest: hasher.finish() };
    let Begun::Open(id) = control.import_begin(caller, begin, None)? else { bail!("it was imported before") };
    let (mut offset, mut piece) = (0, header()?);
    let mut send = |piece: &mut Vec<u8>| -> Result<()> {
        control.import_chunk(caller, id, offset, piece)?;
        offset += piece.len() as u64;
        piece.clear();
        Ok(())
    };
    for seed in people() {
        piece.extend(party(&seed)?);
        if piece.len() >= PIECE {
            send(&mut piece)?;
        }
    }
    send(&mut piece)?;
    match control.import_finish(caller, id).await? {
        Ended::Accepted(accepted) => Ok(accepted),
        Ended::Faulty(faults) => bail!("{:?}", faults.faults.first()),
    }
}
