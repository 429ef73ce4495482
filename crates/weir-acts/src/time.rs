//! One notion of time for the whole house: whole milliseconds since the Unix
//! epoch, UTC. Acts are hashed as text, so there is exactly one way to write
//! a time (`2026-06-12T21:21:00.000Z`) and any RFC 3339 offset may be read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// The text was not an RFC 3339 time with an offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time: write it as RFC 3339 with an offset, for example 2026-06-12T17:21:00-04:00")]
pub struct TimeError {
    text: String,
}

impl Time {
    /// The earliest moment a log may speak of.
    pub const EPOCH: Time = Time(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `millis`, saturating at the ends of time.
    pub const fn plus_millis(self, millis: i64) -> Time {
        Time(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment (negative when it is later).
    pub const fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(out, "{timestamp:.3}"),
            Err(_) => write!(out, "{}ms", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Time, TimeError> {
        text.parse::<jiff::Timestamp>()
            .map(|timestamp| Time(timestamp.as_millisecond()))
            .map_err(|_| TimeError { text: text.chars().take(64).collect() })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the time comes from. Implementations never run backwards: a fold
/// over acts relies on `at` never decreasing.
pub trait Clock: Send + Sync + 'static {
    /// The present moment; never earlier than any moment returned before.
    fn now(&self) -> Time;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_are_read_and_written_as_utc() {
        let time: Time = "2026-06-12T17:21:00-04:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-06-12T21:21:00.000Z");
        assert!("2026-06-12".parse::<Time>().is_err());
        assert!("17:21".parse::<Time>().unwrap_err().to_string().contains("RFC 3339"));
    }

    proptest! {
        #[test]
        fn text_round_trips(millis in -62_000_000_000_000_i64..250_000_000_000_000) {
            let time = Time::from_millis(millis);
            prop_assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
        }
    }
}
