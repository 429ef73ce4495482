//! Real prompts, read in place and cut into sentences by topic.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::piece::Piece;
use super::{FEWEST, Real, Topic, bare_topic, words};
use crate::random::fingerprint;

/// Why a folder of prompts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The folder or a file in it could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what the manifest says it is.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is nothing in it.
    #[error("{path} holds no prompts: expected files ending in .jsonl.gz with `text`, `turns` or `instruction` a line")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// What a folder held.
pub(super) struct Prompts {
    pub(super) sources: Vec<(String, Vec<Topic>)>,
    pub(super) items: Vec<Box<str>>,
    pub(super) turns: Vec<u8>,
    pub(super) files: Vec<String>,
    pub(super) prompts: usize,
    pub(super) real: Real,
    /// How often conversations began with a text.
    firsts: HashMap<u64, u32>,
}

#[derive(Deserialize)]
struct Prompt {
    instruction: Option<String>,
    input: Option<String>,
    text: Option<String>,
    turns: Option<Vec<String>>,
    set: Option<String>,
}

/// A sentence longer than this is data rather than speech and is left out.
const LONGEST_SENTENCE: usize = 400;

pub(super) fn prompts(folder: &Path, without: &[String]) -> Result<Prompts, DataError> {
    let mut read = Prompts {
        sources: Vec::new(),
        items: Vec::new(),
        turns: Vec::new(),
        files: Vec::new(),
        prompts: 0,
        real: Real::default(),
        firsts: HashMap::new(),
    };
    for path in files(folder, ".jsonl.gz")? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .trim_end_matches(".jsonl.gz")
            .to_owned();
        if without.contains(&name) {
            continue;
        }
        let mut topics: Vec<Topic> = words::TOPICS.iter().map(|(_, words)| bare_topic(words)).collect();
        for_each_line(&path, |number, line| {
            let prompt: Prompt = serde_json::from_str(line).map_err(|error| DataError::Line {
                path: path.clone(),
                line: number,
                reason: error.to_string(),
            })?;
            read.prompts += 1;
            take(&name, prompt, &mut topics, &mut read);
            Ok(())
        })?;
        // A topic that a source has little of borrows those of all sources.
        for topic in &mut topics {
            if topic.requests.len() < FEWEST || topic.contexts.len() < FEWEST {
                topic.requests.clear();
            }
        }
        read.sources.push((name.clone(), topics));
        read.files.push(name);
    }
    if read.prompts == 0 {
        return Err(DataError::Empty { path: folder.to_owned() });
    }
    read.real.lengths.sort_unstable();
    let (alike, of) = read
        .firsts
        .values()
        .fold((0, 0), |(alike, of), times| (alike + if *times > 1 { *times } else { 0 }, of + times));
    read.real.repeated = (of > 0).then(|| f64::from(alike) / f64::from(of));
    Ok(read)
}

/// The files of a folder whose names end so, sorted.
pub(in crate::traffic) fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, DataError> {
    let failed = |source| DataError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.to_str().is_some_and(|text| text.ends_with(ending)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Each line of a gzip file, with its number.
pub(in crate::traffic) fn for_each_line(
    path: &Path,
    mut each: impl FnMut(usize, &str) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let failed = |source| DataError::Read { path: path.to_owned(), source };
    let reader = BufReader::new(MultiGzDecoder::new(File::open(path).map_err(failed)?));
    for (number, line) in reader.lines().enumerate() {
        each(number + 1, &line.map_err(failed)?)?;
    }
    Ok(())
}

fn take(source: &str, prompt: Prompt, topics: &mut [Topic], read: &mut Prompts) {
    let set = prompt.set.as_deref().unwrap_or(source).to_owned();
    let texts = match (prompt.turns, prompt.text, prompt.instruction) {
        (Some(turns), ..) => {
            read.turns.push(u8::try_from(turns.len()).unwrap_or(u8::MAX));
            if let Some(first) = turns.first() {
                *read.firsts.entry(fingerprint(first.as_bytes())).or_default() += 1;
            }
            turns
        }
        (None, Some(text), _) => vec![text],
        (None, None, Some(instruction)) => {
            vec![prompt.input.map_or(instruction.clone(), |input| format!("{instruction}\n{input}"))]
        }
        (None, None, None) => return,
    };
    for text in texts {
        read.real.lengths.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        if source == "gsm8k" {
            read.items.push(text.as_str().into());
        }
        let topic = topic_of(&text, &set);
        let Some(topic) = topics.get_mut(topic) else { continue };
        for (at, sentence) in sentences(&text).enumerate() {
            let piece = Piece::from_sentence(sentence);
            if at == 0 || sentence.ends_with('?') { topic.requests.push(piece) } else { topic.contexts.push(piece) }
        }
    }
}

/// The topic whose words a text has most of; one of the set's own for none.
fn topic_of(text: &str, set: &str) -> usize {
    let lower = text.to_lowercase();
    let hits = |words: &[&str]| words.iter().filter(|word| lower.contains(**word)).count();
    let (best, most) = words::TOPICS
        .iter()
        .enumerate()
        .map(|(at, (_, words))| (at, hits(words)))
        .max_by_key(|(at, hits)| (*hits, usize::MAX - at))
        .unwrap_or((0, 0));
    let of_set = usize::try_from(fingerprint(set.as_bytes()) % words::TOPICS.len() as u64).unwrap_or(0);
    if most == 0 { of_set } else { best }
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '?', '!'])
        .flat_map(|line| line.split_inclusive(". "))
        .map(str::trim)
        .filter(|sentence| (8..=LONGEST_SENTENCE).contains(&sentence.len()))
}
