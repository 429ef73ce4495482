//! What a load run measured, kept raw: a summary can be made of raw samples
//! at any time, and never the other way round.

use std::time::Duration;

/// One request, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// When it was meant to be sent, from the start of the run.
    pub intended_ns: u64,
    /// How much later it was sent.
    pub late_ns: u64,
    /// From the intended send to the answer's first byte.
    pub first_byte_ns: u64,
    /// From the intended send to the answer's last byte.
    pub latency_ns: u64,
    /// The answer's status; 0 when there was none.
    pub status: u16,
    /// Bytes of body, without framing.
    pub body_bytes: u64,
}

/// Everything one run measured.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// One sample for each request answered in full, by intended send.
    pub samples: Vec<Sample>,
    /// Requests that got no whole answer.
    pub failed: u64,
    /// What was said of the first few failures.
    pub failures: Vec<String>,
    /// Requests never sent, because the target fell too far behind.
    pub unsent: u64,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

impl Run {
    /// Percentiles of [`Sample::latency_ns`] over the whole run.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self.samples.iter().map(|sample| sample.latency_ns))
    }

    /// Percentiles of [`Sample::latency_ns`] for each stretch of `width`, by
    /// intended send, empty ones included.
    #[must_use]
    pub fn windows(&self, width: Duration) -> Vec<Summary> {
        let width = u64::try_from(width.as_nanos()).unwrap_or(u64::MAX).max(1);
        let Some(last) = self.samples.iter().map(|sample| sample.intended_ns / width).max() else {
            return Vec::new();
        };
        (0..=last)
            .map(|window| {
                let inside = self.samples.iter().filter(|s| s.intended_ns / width == window);
                Summary::of(inside.map(|sample| sample.latency_ns))
            })
            .collect()
    }

    /// How many answers had this status.
    #[must_use]
    pub fn with_status(&self, status: u16) -> usize {
        self.samples.iter().filter(|sample| sample.status == status).count()
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.samples.extend(other.samples);
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self
    }
}

/// Exact percentiles (nearest rank) of some durations, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many there were.
    pub count: usize,
    /// The median.
    pub p50_ns: u64,
    /// Nine in ten are no longer.
    pub p90_ns: u64,
    /// Ninety-nine in a hundred are no longer.
    pub p99_ns: u64,
    /// Nine hundred and ninety-nine in a thousand are no longer.
    pub p999_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Summary {
    /// Summarises any durations; all zero when there are none.
    #[must_use]
    pub fn of(durations_ns: impl Iterator<Item = u64>) -> Self {
        let mut sorted: Vec<u64> = durations_ns.collect();
        sorted.sort_unstable();
        let rank = |per_thousand: usize| {
            let rank = (sorted.len() * per_thousand).div_ceil(1000).max(1);
            sorted.get(rank - 1).copied().unwrap_or(0)
        };
        Self {
            count: sorted.len(),
            p50_ns: rank(500),
            p90_ns: rank(900),
            p99_ns: rank(990),
            p999_ns: rank(999),
            max_ns: sorted.last().copied().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_the_nearest_rank() {
        let summary = Summary::of(1..=1000);
        assert_eq!((summary.p50_ns, summary.p90_ns, summary.p99_ns), (500, 900, 990));
        assert_eq!((summary.p999_ns, summary.max_ns, summary.count), (999, 1000, 1000));
        assert_eq!(Summary::of([7].into_iter()).p50_ns, 7);
        assert_eq!(Summary::of(std::iter::empty()), Summary::default());
    }

    proptest! {
        #[test]
        fn windows_share_out_every_sample(
            intended in proptest::collection::vec(0_u64..5_000, 1..50), width in 1_u64..2_000,
        ) {
            let samples = intended
                .iter()
                .map(|at| Sample { intended_ns: *at, ..Sample::default() })
                .collect();
            let run = Run { samples, ..Run::default() };
            let counted: usize =
                run.windows(Duration::from_nanos(width)).iter().map(|window| window.count).sum();
            prop_assert_eq!(counted, intended.len());
        }
    }
}
