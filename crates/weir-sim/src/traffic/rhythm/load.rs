//! Real arrival processes, read in place.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::super::corpus::{DataError, files, for_each_line};
use super::{Week, narrow, normalised};

/// What a folder held.
pub(super) struct Read {
    pub(super) weeks: Vec<Week>,
    pub(super) think: Vec<f32>,
    pub(super) answers: Vec<u32>,
}

#[derive(Deserialize)]
struct Client {
    windows: Vec<(f64, f64, f64, String, f64, f64)>,
}

#[derive(Deserialize)]
struct Request {
    timestamp: i64,
    hash_ids: Vec<u32>,
}

pub(super) fn arrivals(folder: &Path, without: &[String]) -> Result<Read, DataError> {
    let mut read = Read { weeks: Vec::new(), think: Vec::new(), answers: Vec::new() };
    for path in files(folder, ".gz")? {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.and_then(|name| name.split('.').next()).is_some_and(|name| without.iter().any(|one| one == name)) {
            continue;
        }
        match name {
            Some("servegen.jsonl.gz") => read.weeks = weeks(&path)?,
            Some("mooncake-conversation.jsonl.gz") => read.think = think_times(&path)?,
            Some("azure-conv.csv.gz") => read.answers = answers(&path)?,
            _ => {}
        }
    }
    Ok(read)
}

/// The hours of the week of each client that was there for a week at least and
/// is no metronome. Which weekday a trace began on is not told, so a week is
/// taken to begin on a Monday.
fn weeks(path: &Path) -> Result<Vec<Week>, DataError> {
    let mut weeks = Vec::new();
    for_each_line(path, |line, text| {
        let client: Client = serde_json::from_str(text).map_err(|error| DataError::Line {
            path: path.to_owned(),
            line,
            reason: error.to_string(),
        })?;
        let mut week = [0.0_f32; 168];
        let mut busy_days = std::collections::BTreeSet::new();
        for (start, rate, ..) in &client.windows {
            let hour = usize::try_from(crate::random::whole(start / 3600.0)).unwrap_or(0);
            if *rate > 0.0 {
                busy_days.insert(hour / 24);
            }
            week[hour % 168] += narrow(rate * 600.0);
        }
        let total: f32 = week.iter().sum();
        if busy_days.len() >= 7 && total >= 500.0 {
            // A little everywhere: an hour without calls in two weeks is rare
            // for a person, not forbidden.
            let week = week.map(|hour| hour + total / 168.0 * 0.01);
            weeks.push(normalised(week));
        }
        Ok(())
    })?;
    Ok(weeks)
}

/// The gaps between the turns of a conversation, told by requests whose blocks
/// go on where those of an earlier one ended. The trace is an hour long, so
/// longer gaps are missing.
fn think_times(path: &Path) -> Result<Vec<f32>, DataError> {
    let mut ends: HashMap<Vec<u32>, i64> = HashMap::new();
    let mut gaps = Vec::new();
    for_each_line(path, |line, text| {
        let request: Request = serde_json::from_str(text).map_err(|error| DataError::Line {
            path: path.to_owned(),
            line,
            reason: error.to_string(),
        })?;
        let blocks = request.hash_ids;
        let before = (2..blocks.len()).rev().find_map(|length| ends.get(&blocks[..length]).copied());
        if let Some(before) = before.filter(|before| request.timestamp > *before) {
            gaps.push(narrow(super::seconds(request.timestamp - before)));
        }
        // The last block is partly filled, so the next turn replaces it.
        if blocks.len() > 2 {
            ends.insert(blocks[..blocks.len() - 1].to_vec(), request.timestamp);
        }
        Ok(())
    })?;
    gaps.sort_by(f32::total_cmp);
    Ok(gaps)
}

fn answers(path: &Path) -> Result<Vec<u32>, DataError> {
    let failed = |source| DataError::Read { path: path.to_owned(), source };
    let reader = BufReader::new(MultiGzDecoder::new(File::open(path).map_err(failed)?));
    let mut answers = Vec::new();
    for line in reader.lines().skip(1) {
        let line = line.map_err(failed)?;
        if let Some(tokens) = line.rsplit(',').next().and_then(|field| field.trim().parse().ok()) {
            answers.push(tokens);
        }
    }
    answers.sort_unstable();
    Ok(answers)
}
