//! Near-duplicate prompts: MinHash over word shingles, banded (32 bands of 4),
//! and connected components of the accounts whose prompts fall into one bucket
//! often enough.

use std::collections::{BTreeMap, HashMap};

use weir_exchange::LoggedExchange;

use super::{Baseline, Joined, finish, hash, texts};

const BANDS: usize = 32;
const ROWS: usize = 4;
/// Words a shingle has.
const WORDS: usize = 3;

/// Flags components of accounts with near-duplicate prompts.
#[derive(Debug, Default)]
pub struct MinHash {
    /// By bucket, how often each account's prompts fell into it.
    buckets: HashMap<u64, BTreeMap<u32, u32>>,
}

impl Baseline for MinHash {
    fn name(&self) -> &'static str {
        "MinHash and components"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        let mut words: Vec<u64> = Vec::new();
        for text in texts(exchange) {
            words.extend(text.split_whitespace().take(400).map(|word| hash(word.as_bytes())));
        }
        if words.len() < WORDS {
            return;
        }
        let mut least = [u64::MAX; BANDS * ROWS];
        for window in words.windows(WORDS) {
            let shingle = window.iter().fold(1_u64, |all, word| finish(all.wrapping_mul(31) ^ word));
            // Two hashes give all of them (Kirsch and Mitzenmacher 2006).
            let (first, second) = (shingle, finish(shingle ^ 0x9e37_79b9_7f4a_7c15) | 1);
            let mut value = first;
            for slot in &mut least {
                value = value.wrapping_add(second);
                *slot = (*slot).min(value);
            }
        }
        for (band, rows) in least.chunks_exact(ROWS).enumerate() {
            let bucket = rows.iter().fold(band as u64, |all, row| finish(all.wrapping_mul(31) ^ row));
            *self.buckets.entry(bucket).or_default().entry(account).or_default() += 1;
        }
    }

    /// Prompts that an account must have in a bucket, from a hundred down, by
    /// the size a component must have.
    fn settings(&self) -> Vec<f64> {
        let mut settings = Vec::new();
        for times in [50, 20, 10, 5, 3, 2, 1] {
            for least in [1_000, 300, 100, 50, 20, 10, 5] {
                settings.push(f64::from(times * 100_000 + least));
            }
        }
        settings
    }

    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let (times, least) = (setting as u32 / 100_000, setting as usize % 100_000);
        let mut joined = Joined::default();
        for users in self.buckets.values() {
            let mut often = users.iter().filter(|(_, count)| **count >= times).map(|(account, _)| *account);
            if let Some(first) = often.next() {
                often.for_each(|other| joined.join(first, other));
            }
        }
        joined.groups(least)
    }
}
