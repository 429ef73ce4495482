//! A person's habits: what they ask about, how they write, when they are up.
//! People are alike to themselves and different from each other.

use super::corpus::{About, Corpus, Manner};
use super::group::{Group, Rhythm};
use super::rhythm::{Arrivals, Habit};
use crate::random::SeededRandom;

/// The habits of one person, drawn once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Persona {
    pub(super) seed: u64,
    topics: [u8; 3],
    language: u8,
    /// Per cent of conversations in English, for those who speak another.
    english: u8,
    pub(super) manner: Manner,
    source: u16,
    /// The median length of a first message, in bytes.
    length: f32,
    pub(super) habit: Habit,
    /// How much slower than others.
    pub(super) pace: f32,
    /// Exchanges on an average day.
    pub(super) per_day: f32,
    /// Tokens asked for at most, in hundreds; 0 for unsaid.
    pub(super) most: u8,
    /// The temperature in tenths; 255 for unsaid.
    pub(super) warmth: u8,
    /// Days after a launch until the new model is tried.
    pub(super) adopts: f32,
    /// Which of the usual models.
    pub(super) model: u8,
}

/// Share of people who write English first, per cent.
const ENGLISH: u64 = 72;

impl Persona {
    pub(super) fn draw(corpus: &Corpus, arrivals: &Arrivals, group: &Group, seed: u64) -> Self {
        let mut random = SeededRandom::for_member(seed, 0x7065_7273);
        let topics = corpus.topics();
        let mut topic = || u8::try_from(random.below(u64::from(topics))).unwrap_or(0);
        let mut mine = [topic(), topic(), topic()];
        if let Some(shared) = group.topic {
            mine[0] = shared;
            mine[1] = shared;
        }
        let language = if random.chance(ENGLISH) {
            0
        } else {
            u8::try_from(1 + random.rank(usize::from(corpus.languages() - 1))).unwrap_or(0)
        };
        let people = matches!(group.rhythm, Rhythm::Person | Rhythm::Deadline { .. });
        let week = if matches!(group.rhythm, Rhythm::Service | Rhythm::Cron { .. }) {
            arrivals.machine_week(&mut random)
        } else {
            arrivals.person_week(&mut random)
        };
        let length = if people {
            random.around(110.0, 0.7).clamp(15.0, 2_500.0)
        } else {
            random.around(350.0, 0.8).clamp(30.0, 4_000.0)
        };
        Self {
            seed,
            topics: mine,
            language,
            english: u8::try_from(random.below(60)).unwrap_or(0),
            manner: Manner {
                lower_case: people && random.chance(22),
                greets: people && random.chance(18),
                polite: people && random.chance(30),
                context_first: random.chance(25),
            },
            source: group.source,
            length: narrow(length),
            habit: Habit { week, shift: u8::try_from(168 - 11 + random.below(23)).map_or(0, |shift| shift % 168) },
            pace: narrow(random.around(1.0, 0.45)),
            per_day: narrow(if group.per_day > 0.0 { random.around(group.per_day, group.spread) } else { 0.0 }),
            most: if people { 0 } else { [0, 5, 10, 20, 40][random.position(5)] },
            warmth: if people { 255 } else { [255, 0, 2, 7, 10][random.position(5)] },
            adopts: if random.chance(65) { narrow(6.0 * random.exponential()) } else { f32::INFINITY },
            model: u8::try_from(random.rank(4)).unwrap_or(0),
        }
    }

    /// What the next conversation is about.
    pub(super) fn about(&self, random: &mut SeededRandom, topics: u8) -> About {
        let topic = match random.below(100) {
            0..60 => self.topics[0],
            60..83 => self.topics[1],
            83..94 => self.topics[2],
            _ => u8::try_from(random.below(u64::from(topics))).unwrap_or(0),
        };
        let language = if random.below(100) < u64::from(self.english) { 0 } else { self.language };
        About { source: self.source, topic, language }
    }

    /// What they work on most.
    pub(super) fn main_interest(&self) -> About {
        About { source: self.source, topic: self.topics[0], language: self.language }
    }

    /// How long the next of their documents is, where the median is `median`.
    pub(super) fn document(&self, median: f64, random: &mut SeededRandom) -> usize {
        let own = median * (f64::from(self.length) / 110.0).powf(0.8);
        crate::random::whole(random.around(own, 0.4).clamp(200.0, 20_000.0)) as usize
    }

    /// How long the next message is.
    pub(super) fn length(&self, turn: u8, random: &mut SeededRandom) -> usize {
        let median = f64::from(self.length) * if turn == 0 { 1.0 } else { 0.6 };
        crate::random::whole(random.around(median, 0.45).clamp(8.0, 12_000.0)) as usize
    }
}

/// Writes like anybody: how a task of unknown origin is worded.
pub(super) fn anyone(random: &mut SeededRandom) -> Manner {
    Manner {
        lower_case: random.chance(18),
        greets: random.chance(14),
        polite: random.chance(24),
        context_first: random.chance(25),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "precision is not wanted here")]
fn narrow(value: f64) -> f32 {
    value as f32
}
