//! What an account, a party or a stage may take in a stretch of time: requests,
//! tokens, spend (tokens times the model's weight), and how many requests at
//! once.
//!
//! Limits that apply together join to the strictest, field by field. Amounts
//! over different windows do not compare (`10/min` and `100/hour` are each the
//! stricter at times), so a field keeps one amount a window and all of them
//! hold. Under [`Limits::strictest`] limits are a commutative, idempotent
//! monoid with [`Limits::default`], no limit at all, as its unit.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::holder::Measure;
use crate::id::MeasureId;
use crate::time::Time;

/// A stretch of time over which is counted. No span of this length, wherever
/// it begins, sees more than the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One second.
    Second,
    /// Sixty of them.
    Minute,
    /// Sixty minutes.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Window {
    /// Every window, the shortest first.
    pub const ALL: [Window; 4] = [Window::Second, Window::Minute, Window::Hour, Window::Day];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Window::Second => "s",
            Window::Minute => "min",
            Window::Hour => "hour",
            Window::Day => "day",
        }
    }

    /// As it is read out.
    pub const fn word(self) -> &'static str {
        match self {
            Window::Second => "second",
            Window::Minute => "minute",
            Window::Hour => "hour",
            Window::Day => "day",
        }
    }

    /// Its length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Window::Second => 1_000,
            Window::Minute => 60_000,
            Window::Hour => 3_600_000,
            Window::Day => 86_400_000,
        }
    }

    fn place(self) -> usize {
        match self {
            Window::Second => 0,
            Window::Minute => 1,
            Window::Hour => 2,
            Window::Day => 3,
        }
    }
}

/// An amount in a window, written `10/min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How much; never 0, since to allow nothing is to refuse.
    pub amount: u64,
    /// In how long.
    pub window: Window,
}

/// The text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a rate: write an amount of at least 1 and s, min, hour or day, for example 10/min; to allow nothing, take the measure `refuse`"
)]
pub struct RateError {
    text: String,
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.amount, self.window.as_str())
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let read = || {
            let (amount, window) = text.trim().split_once('/')?;
            let window = match window.trim() {
                "s" | "sec" | "second" => Window::Second,
                "min" | "m" | "minute" => Window::Minute,
                "hour" | "h" => Window::Hour,
                "day" | "d" => Window::Day,
                _ => return None,
            };
            let amount: u64 = amount.trim().parse().ok().filter(|amount| *amount > 0)?;
            Some(Rate { amount, window })
        };
        read().ok_or_else(|| RateError { text: text.chars().take(64).collect() })
    }
}

/// At most one amount a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rates([Option<u64>; 4]);

impl Rates {
    /// No rate at all.
    pub const NONE: Rates = Rates([None; 4]);

    /// The amount in `window`, where one is set.
    pub fn in_window(&self, window: Window) -> Option<u64> {
        self.0.get(window.place()).copied().flatten()
    }

    /// Every amount with its window, the shortest first.
    pub fn iter(&self) -> impl Iterator<Item = Rate> + '_ {
        Window::ALL.into_iter().filter_map(|window| Some(Rate { amount: self.in_window(window)?, window }))
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The lesser of both in every window.
    #[must_use]
    pub fn strictest(&self, other: &Rates) -> Rates {
        let mut joined = *self;
        for rate in other.iter() {
            joined.restrict(rate);
        }
        joined
    }

    fn restrict(&mut self, rate: Rate) {
        if let Some(amount) = self.0.get_mut(rate.window.place()) {
            *amount = Some(amount.map_or(rate.amount, |amount| amount.min(rate.amount)));
        }
    }
}

impl FromIterator<Rate> for Rates {
    /// Of several in one window the least counts.
    fn from_iter<I: IntoIterator<Item = Rate>>(rates: I) -> Rates {
        let mut all = Rates::default();
        rates.into_iter().for_each(|rate| all.restrict(rate));
        all
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, rate) in self.iter().enumerate() {
            if number > 0 {
                out.write_str(",")?;
            }
            fmt::Display::fmt(&rate, out)?;
        }
        Ok(())
    }
}

impl FromStr for Rates {
    type Err = RateError;

    /// Rates with commas between them.
    fn from_str(text: &str) -> Result<Rates, RateError> {
        text.split(',').map(str::parse).collect()
    }
}

/// A list of rates, the shortest window first.
impl Serialize for Rates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|rate| rate.to_string()))
    }
}

impl<'de> Deserialize<'de> for Rates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rates, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let rates: Result<Vec<Rate>, RateError> = texts.iter().map(|text| text.parse()).collect();
        let rates = rates.map_err(serde::de::Error::custom)?;
        let joined: Rates = rates.iter().copied().collect();
        if joined.iter().count() != rates.len() {
            return Err(serde::de::Error::custom("two rates for one window"));
        }
        Ok(joined)
    }
}

/// What may be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests that were let through.
    #[serde(default, skip_serializing_if = "Rates::is_empty")]
    pub requests: Rates,
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Rates::is_empty")]
    pub tokens: Rates,
    /// Requests at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u64>,
    /// Tokens times the model's weight.
    #[serde(default, skip_serializing_if = "Rates::is_empty")]
    pub spend: Rates,
}

impl Limits {
    /// What the measure `throttle` allows where the act that took it said
    /// nothing else.
    pub const THROTTLED: Limits = Limits {
        requests: Rates([None, Some(6), None, None]),
        tokens: Rates([None; 4]),
        concurrent: Some(1),
        spend: Rates([None; 4]),
    };

    /// The stricter of both, field by field and window by window.
    #[must_use]
    pub fn strictest(&self, other: &Limits) -> Limits {
        let concurrent = match (self.concurrent, other.concurrent) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Limits {
            requests: self.requests.strictest(&other.requests),
            tokens: self.tokens.strictest(&other.tokens),
            concurrent,
            spend: self.spend.strictest(&other.spend),
        }
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Limits::default()
    }
}

/// Limits from a moment on; they replace the former ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSpan {
    /// From when.
    pub from: Time,
    /// Which; none set ends them.
    pub limits: Limits,
}

/// The limits of `spans`, oldest first, in force at `at`.
pub fn limits_at(spans: &[LimitSpan], at: Time) -> Limits {
    spans.iter().rev().find(|span| span.from <= at).map_or_else(Limits::default, |span| span.limits)
}

/// What limits a party, an account or a stage at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// The strictest of all below.
    pub limits: Limits,
    /// What an operator set.
    pub own: Limits,
    /// What measures `throttle` allow.
    pub throttles: Vec<Throttle>,
}

/// A measure that slows its subject down, with what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttle {
    /// Which.
    pub measure: MeasureId,
    /// What it allows.
    pub limits: Limits,
    /// Why, where that is at hand.
    pub reason: Option<Arc<str>>,
    /// Whether evidence that it rests on was erased.
    pub evidence_erased: bool,
}

impl Limited {
    /// Those of a party or account; none where nothing limits it.
    pub fn of_holder(spans: &[LimitSpan], measures: &[Measure], at: Time) -> Option<Arc<Limited>> {
        if spans.is_empty() && measures.is_empty() {
            return None;
        }
        let own = limits_at(spans, at);
        let throttle = |measure: &Measure| {
            let limits = measure.throttles(at)?;
            Some(Throttle { measure: measure.id, limits, reason: measure.reason.clone(), evidence_erased: measure.evidence_erased })
        };
        let throttles: Vec<Throttle> = measures.iter().filter_map(throttle).collect();
        let limits = throttles.iter().fold(own, |joined, throttle| joined.strictest(&throttle.limits));
        (!limits.is_empty()).then(|| Arc::new(Limited { limits, own, throttles }))
    }

    /// Those of a stage; none where nothing limits it.
    pub fn of_stage(spans: &[LimitSpan], at: Time) -> Option<Arc<Limited>> {
        let own = limits_at(spans, at);
        (!own.is_empty()).then(|| Arc::new(Limited { limits: own, own, throttles: Vec::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rates() -> impl Strategy<Value = Rates> {
        prop::collection::vec((1u64..5, 0usize..4), 0..4).prop_map(|rates| {
            rates.into_iter().map(|(amount, window)| Rate { amount, window: Window::ALL[window] }).collect()
        })
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (rates(), rates(), prop::option::of(1u64..5), rates())
            .prop_map(|(requests, tokens, concurrent, spend)| Limits { requests, tokens, concurrent, spend })
    }

    /// Whether an amount within a window passes every rate of that window.
    fn allows(rates: &Rates, window: Window, amount: u64) -> bool {
        rates.in_window(window).is_none_or(|most| amount <= most)
    }

    proptest! {
        #[test]
        fn the_strictest_is_a_commutative_idempotent_monoid(one in limits(), two in limits(), three in limits()) {
            prop_assert_eq!(one.strictest(&two), two.strictest(&one));
            prop_assert_eq!(one.strictest(&two).strictest(&three), one.strictest(&two.strictest(&three)));
            prop_assert_eq!(one.strictest(&one), one);
            prop_assert_eq!(one.strictest(&Limits::default()), one);
        }

        /// What passes the join passes both, and nothing else does.
        #[test]
        fn the_strictest_allows_exactly_what_both_allow(one in rates(), two in rates(), amount in 0u64..6) {
            let joined = one.strictest(&two);
            for window in Window::ALL {
                let both = allows(&one, window, amount) && allows(&two, window, amount);
                prop_assert_eq!(allows(&joined, window, amount), both);
            }
        }

        #[test]
        fn limits_are_read_back_as_written(limits in limits()) {
            let json = serde_json::to_string(&limits).unwrap();
            prop_assert_eq!(serde_json::from_str::<Limits>(&json).unwrap(), limits);
            if !limits.tokens.is_empty() {
                prop_assert_eq!(limits.tokens.to_string().parse::<Rates>().unwrap(), limits.tokens);
            }
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _rate = text.parse::<Rate>();
        }
    }

    #[test]
    fn rates_are_written_in_one_way_and_read_in_several() {
        for (text, shown) in [("10/min", "10/min"), (" 7 / h ", "7/hour"), ("1/second", "1/s"), ("5/d", "5/day")] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), shown);
        }
        for text in ["", "10", "/min", "0/min", "-1/min", "1.5/min", "10/week", "99999999999999999999/min"] {
            assert!(text.parse::<Rate>().unwrap_err().to_string().contains("10/min"), "{text}");
        }
        assert!(serde_json::from_str::<Limits>(r#"{"requests":["1/min","2/min"]}"#).is_err());
        assert!(serde_json::from_str::<Limits>(r#"{"request":["1/min"]}"#).is_err());
    }
}
