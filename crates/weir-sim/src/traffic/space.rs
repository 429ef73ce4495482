//! The parameter space of an adversary who adapts: what can be searched to be
//! seen less, as numbers between 0 and 1.

use super::campaign::{Campaign, Dispatch, Exits, Place, VariantBy};
use crate::random::SeededRandom;

/// The dimensions of the space, by name, with what 0 and 1 stand for.
pub const DIMENSIONS: [(&str, &str, &str); 14] = [
    ("per-day", "2 exchanges an account and day", "40"),
    ("dispatch", "one queue", "each account at hours of its own (from 0.5)"),
    ("jitter-hours", "none", "12 h"),
    ("variants", "1 template", "1,000"),
    ("looseness", "no phrase drawn anew", "all"),
    ("variant-by", "a variant an exchange", "an account (from 0.5)"),
    ("languages", "1", "10"),
    ("cover", "none", "90 % of conversations"),
    ("relayed", "an invented person's", "genuine users' (from 0.5)"),
    ("topics", "all", "shards by topic (from 0.5), 1 to 16 topics"),
    ("exits", "proxies", "a household an account (from 0.5)"),
    ("accounts-per-card", "20", "1"),
    ("ramp", "none", "30 days"),
    ("repeats", "none", "30 % of tasks given out again"),
];

impl Campaign {
    /// The campaign at a point of the space; what a short point leaves out is
    /// taken as 0, what is outside is taken to the nearest end.
    #[must_use]
    pub fn at(point: &[f64]) -> Self {
        let at = |dimension: usize| point.get(dimension).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        let half = |dimension: usize| at(dimension) >= 0.5;
        let count = |low: f64, high: f64, dimension: usize| {
            crate::random::whole((low.ln() + (high.ln() - low.ln()) * at(dimension)).exp().round())
        };
        Self {
            per_day: 2.0 * 20_f64.powf(at(0)),
            dispatch: if half(1) { Dispatch::Mimic } else { Dispatch::Queue },
            jitter_hours: 12.0 * at(2),
            variants: count(1.0, 1_000.0, 3),
            looseness: at(4),
            variant_by: if half(5) { VariantBy::Account } else { VariantBy::Exchange },
            languages: u8::try_from(count(1.0, 10.0, 6)).unwrap_or(1),
            cover: 0.9 * at(7),
            relayed: half(8),
            shard_by_topic: half(9),
            topics: u8::try_from(count(1.0, 16.0, 9)).unwrap_or(0) % 16,
            exits: if half(10) { Exits::Residential } else { Exits::Proxies },
            accounts_per_card: count(20.0, 1.0, 11).max(1),
            mail_domains: if half(11) { 0 } else { 6 },
            ramp: 30.0 * at(12),
            repeats: 0.3 * at(13),
            place: Place::User,
            harness: !half(10),
            ..Self::default()
        }
    }

    /// A point of the space, drawn evenly.
    #[must_use]
    pub fn random_point(seed: u64) -> [f64; DIMENSIONS.len()] {
        let mut random = SeededRandom::for_member(seed, 0x7370_6163);
        std::array::from_fn(|_| random.unit())
    }
}
