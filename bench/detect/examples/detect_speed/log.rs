//! The logs that are measured: made once by the simulator and kept.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use weir_exchange::LoggedExchange;
use weir_exchange::columnar::ParquetWriter;
use weir_sim::traffic::{Arrivals, Corpus, Scenario, World};

/// How a log lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Gzip,
    Zstd,
    Parquet,
}

impl Form {
    pub(crate) const ALL: [Form; 4] = [Form::Plain, Form::Gzip, Form::Zstd, Form::Parquet];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Plain => "jsonl",
            Form::Gzip => "jsonl.gz",
            Form::Zstd => "jsonl.zst",
            Form::Parquet => "parquet",
        }
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Form, String> {
        Form::ALL.into_iter().find(|form| form.name() == name).ok_or_else(|| format!("no form is called {name}"))
    }
}

/// A log on the disk.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
}

impl Log {
    /// The log of so many exchanges; made where it is missing.
    pub(crate) fn cached(folder: &Path, exchanges: u64, prompt: usize, form: Form) -> Result<Log> {
        let path = folder.join(format!("{exchanges}-{prompt}.{}", form.name()));
        if !path.try_exists().unwrap_or(false) {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let beside = path.with_extension("part");
            write(&beside, exchanges, prompt, form).with_context(|| format!("cannot write {}", beside.display()))?;
            fs::rename(&beside, &path)?;
        }
        Ok(Log { path })
    }
}

/// Exchanges of an account in thirty days, about: what the simulator's ordinary
/// account makes.
const EACH: u64 = 45;

/// The first so many exchanges of a population with a campaign in it. A prompt
/// shorter than asked for is followed by invented sentences of its own, a
/// longer one is cut.
fn exchanges(most: u64, prompt: usize, mut take: impl FnMut(&LoggedExchange) -> Result<()>) -> Result<()> {
    let mut scenario = Scenario::preset("A1").context("no such preset")?;
    (scenario.seed, scenario.days) = (1, 30);
    scenario.accounts = u32::try_from((most / EACH).max(500))?;
    scenario.set_campaign_accounts(100);
    let world = World::new(&scenario, Corpus::built_in(), Arrivals::built_in())?;
    let mut stream = world.stream();
    let mut exchange = LoggedExchange::default();
    let mut given = 0;
    while given < most && stream.next_into(&mut exchange).is_some() {
        if let Some(last) = exchange.messages.iter_mut().rev().find(|message| message.role == "user") {
            lengthen(&mut last.content, prompt, given);
        }
        take(&exchange)?;
        given += 1;
    }
    Ok(())
}

fn lengthen(text: &mut String, prompt: usize, seed: u64) {
    const STARTS: [&str; 24] = [
        "har", "lan", "orch", "gla", "com", "vio", "gran", "mea", "tur", "saf", "bri", "clo", "dra", "est", "fen",
        "gri", "hol", "ins", "jun", "kel", "lor", "mis", "nor", "pel",
    ];
    const ENDS: [&str; 16] = [
        "bour", "tern", "ard", "cier", "pass", "lin", "ite", "dow", "bine", "fron", "ing", "ed", "s", "er", "ation",
        "al",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((u128::from(state) * below as u128) >> 64) as usize
    };
    while text.len() < prompt {
        text.push(' ');
        for _ in 0..8 + next(8) {
            let start = STARTS[next(24).min(next(24))];
            text.push_str(start);
            text.push_str(ENDS[next(16)]);
            text.push(' ');
        }
        text.push('.');
    }
    text.truncate(text.floor_char_boundary(prompt));
}

fn write(path: &Path, most: u64, prompt: usize, form: Form) -> Result<()> {
    let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut line = Vec::new();
    let mut lines = |out: &mut dyn Write| {
        exchanges(most, prompt, |exchange| {
            line.clear();
            serde_json::to_writer(&mut line, exchange)?;
            line.push(b'\n');
            Ok(out.write_all(&line)?)
        })
    };
    match form {
        Form::Plain => {
            let mut file = file;
            lines(&mut file)?;
            file.flush()?;
        }
        Form::Gzip => {
            let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::new(6));
            lines(&mut packed)?;
            packed.finish()?.flush()?;
        }
        Form::Zstd => {
            let mut packed = zstd::Encoder::new(file, 3)?;
            lines(&mut packed)?;
            packed.finish()?.flush()?;
        }
        Form::Parquet => {
            let mut writer = ParquetWriter::new(file)?;
            let mut batch: Vec<LoggedExchange> = Vec::new();
            exchanges(most, prompt, |exchange| {
                batch.push(exchange.clone());
                if batch.len() == 1024 {
                    writer.write(&batch)?;
                    batch.clear();
                }
                Ok(())
            })?;
            writer.write(&batch)?;
            writer.close()?.flush()?;
        }
    }
    Ok(())
}

/// Writes the last user texts of a log's first exchanges, one a line, for
/// others to sketch.
pub(crate) fn texts(log: &Log, most: usize) -> Result<PathBuf> {
    let path = log.path.with_extension("texts");
    let mut out = BufWriter::new(File::create(&path)?);
    for line in BufReader::new(File::open(&log.path)?).lines().take(most) {
        let exchange: LoggedExchange = serde_json::from_str(&line?)?;
        let text = exchange.messages.last().map_or("", |message| message.content.as_str());
        writeln!(out, "{}", text.replace('\n', " "))?;
    }
    out.flush()?;
    Ok(path)
}
