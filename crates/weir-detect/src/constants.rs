//! Every number the verdicts depend on, with where it comes from: here, and by idea
//! in the files below. Their SHA-256 goes into each dossier, so a finding names the
//! constants it was made with. None was fitted to the simulator: those marked "stated" are
//! judgements, and the benchmark shows what halving and doubling them does.

mod betting;
mod judging;
mod proposing;

use sha2::{Digest, Sha256};

pub(crate) use betting::*;
pub(crate) use judging::*;
pub(crate) use proposing::*;

/// The digest of these files one after the other, `sha256:` and hex.
pub(crate) fn digest() -> String {
    let files: [&[u8]; 4] = [
        include_bytes!("constants.rs"),
        include_bytes!("constants/betting.rs"),
        include_bytes!("constants/judging.rs"),
        include_bytes!("constants/proposing.rs"),
    ];
    let digest = files.into_iter().fold(Sha256::new(), |all, file| all.chain_update(file)).finalize();
    digest.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"))
}

// What is read of a text.

/// Bytes of one part that are sketched (the bound).
pub(crate) const PART_BYTES: usize = 8 * 1024;
/// A longer word is a slot: identifiers, encodings and keys are; the longest
/// words in English dictionaries have 28 letters.
pub(crate) const LONGEST_WORD: usize = 32;
/// Words a sentence must have to be an anchor. Three-word phrases repeat among
/// strangers; of four-word sentences few do, and those are public by users.
pub(crate) const SENTENCE_WORDS: usize = 4;
/// Sentences at each end of a part that are always kept: templates wrap.
pub(crate) const EDGE_SENTENCES: usize = 3;
/// Words at each end of a part whose hash is an anchor.
pub(crate) const WINDOW_WORDS: usize = 6;
/// Words a shingle has (five: the usual choice for near-duplicate text, Broder
/// 1997 used ten tokens, shorter survives slots in mid-sentence).
pub(crate) const SHINGLE_WORDS: usize = 5;
/// One shingle in this many is sampled, by keyed hash.
pub(crate) const SHINGLE_SAMPLE: u64 = 8;
/// Sampled shingles kept of a part.
pub(crate) const SHINGLES_A_PART: usize = 6;
/// Anchors kept of an exchange: three parts with six edge sentences and two
/// windows rarely all differ.
pub(crate) const ANCHORS_AN_EXCHANGE: usize = 20;
/// Bytes a word must have to speak of a topic; shorter ones are grammar.
pub(crate) const TOPIC_WORD: usize = 5;
/// Topic words kept of a text, those with the smallest keyed hashes: the same
/// word is kept or not in every text, so texts stay comparable.
pub(crate) const TOPIC_WORDS: usize = 16;
/// Buckets of topic words.
pub(crate) const TOPIC_BUCKETS: usize = 256;
/// Bytes at a part's beginning and end that are looked at for what it asks for.
pub(crate) const ASKED_BYTES: usize = 400;
/// One exchange in so many, those with the smallest keyed hashes, keeps its text
/// for an analyst's eyes: a power of two. A dossier shows a dozen.
pub(crate) const SHOWN_SAMPLE: u64 = 4;
/// Bytes of the texts kept for an analyst's eyes.
pub(crate) const EXCERPT_BYTES: usize = 600;

// What is kept of an epoch.

/// Slots an epoch is cut into for lockstep: one bit each of a word.
pub(crate) const SLOTS: u32 = 64;
/// Exchanges sampled of a customer and epoch. Quiet accounts (26 a day) are
/// kept whole; loud ones have evidence enough in 24.
pub(crate) const EVENTS_AN_EPOCH: usize = 24;

// What is kept of a customer.

/// Admitted anchors a customer is linked to.
pub(crate) const EDGES_A_UNIT: usize = 24;
/// A customer's own counts are halved here, so that they fit a byte.
pub(crate) const HISTORY_FULL: u32 = 200;
/// Recent values (addresses, clients) kept to tell a new one from an old one.
pub(crate) const RECENT_VALUES: usize = 8;
/// Days without a trace after which a customer or an anchor is forgotten: the
/// longest campaign on record ran for 90 days, the quietest members of any
/// called more than weekly.
pub(crate) const FORGET_DAYS: i64 = 30;

/// Customers with the smallest keyed hashes that stand for the population:
/// shares to within 0.03 at two standard errors.
pub(crate) const SAMPLE_UNITS: usize = 4096;
/// Bytes that an admitted anchor takes at most, sample and overhead included:
/// when all anchors and customers at their most exceed `--memory`, some go.
pub(crate) const HIGH_WATER: u64 = 8 * 64 + 96;
/// Bytes that a customer takes at most, its links and the table's overhead
/// included: 256 topic buckets of two bytes, 24 links of 16, eight addresses and
/// clients, its name, and its place in a table that has just doubled.
pub(crate) const UNIT_HIGH_WATER: u64 = 1536;

/// Customers that must have given an opening turn before another who gives it
/// counts as working off a list. An operator may have each prompt answered a
/// few times for a choice of answers; benchmarks and exercises are given by
/// dozens (stated).
pub(crate) const LIST_CUSTOMERS: u32 = 3;
/// The share of a customer's opening turns that must be of that kind before it
/// works off a list: as for a group (see `Repeats::speak_of_a_common_list`).
pub(crate) const LISTED_SHARE: f64 = 0.2;
/// Opening turns of a customer before either is known: who takes half of them
/// from a list has none among five once in thirty-two times, is among the
/// others for a while and then no longer.
pub(crate) const GIVEN_LEAST: u8 = 5;
/// A customer's counts are halved here: its latest few dozen opening turns.
pub(crate) const GIVEN_FULL: u8 = 40;
/// Customers of whom it is kept what they gave with the template of a candidate that
/// they may not be of (two kilobytes).
pub(crate) const REFUSED: usize = 1024;
/// The share of a candidate's working members that must work off a list before
/// the others are told apart: with fewer the group is not changed by them
/// (stated).
pub(crate) const APART_SHARE: f64 = 0.1;

/// Days within which most of those told apart must have come for the ones from
/// before to be left out: as long as a quiet account (six exchanges a day) takes
/// to be known, twice.
pub(crate) const COME_DAYS: i64 = 2;

/// Moments within the epoch kept of a customer's latest exchanges: its habit.
pub(crate) const MOMENTS: usize = 12;

// What is kept of models and plans (see `launch.rs`).

/// Models known by name: a provider has dozens, and some customers their own.
pub(crate) const MODELS: usize = 512;
/// Days within which a model is new after it was first seen: one that was tried before
/// its launch by a few is still new on its day, one that a firm has had for a week not.
pub(crate) const NEW_MODEL_DAYS: i64 = 3;
/// The share of an epoch's customers that use a new model when it counts as launched
/// (stated: a model of one firm's own is used by its accounts alone).
pub(crate) const LAUNCH_SHARE: f64 = 0.02;
/// Days after a launch until another may take its place.
pub(crate) const LAUNCH_DAYS: i64 = 7;
/// Exchanges in the day after a launch before it is known whether a customer went
/// over: who puts half of them to the new model has none among four once in sixteen
/// times.
pub(crate) const MOVED_LEAST: u8 = 4;
/// The share of them with the new model from which it did (stated: half of what the
/// one campaign on record moved).
pub(crate) const MOVED_SHARE: f64 = 0.25;

// Watching itself (see `watch.rs`).

/// Placebo groups at once: their mean is steadier than one.
pub(crate) const PLACEBOS: usize = 8;
/// Ordinary customers of each: as many as a small pool has, so that what a
/// pool's factors multiply is multiplied here.
pub(crate) const PLACEBO_UNITS: usize = 24;
/// Epochs that a round lasts: a day of hours, so that each sees every hour.
pub(crate) const PLACEBO_ROUND: i64 = 24;
/// The chance, at most, that a round is said to have drifted when none has.
pub(crate) const PLACEBO_CHANCE: f64 = 0.01;

/// What an e-process that may spend `share` of `alpha` must reach, as a
/// logarithm to base 2.
pub(crate) fn threshold(alpha: f64, share: f64) -> f64 {
    -(alpha * share).log2()
}
