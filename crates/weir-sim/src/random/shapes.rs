//! Numbers that are not uniform: waiting times, habits and heavy tails.
//!
//! They use the platform's `ln` and `exp`, which may differ in the last bit
//! between platforms; on one platform equal seeds give equal numbers.

use super::SeededRandom;

impl SeededRandom {
    /// A number in `0.0..1.0`.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.next_bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `share`.
    pub fn happens(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A waiting time with mean 1 and no memory.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A standard normal number (Box and Muller; the second is thrown away so
    /// that a stream's place does not depend on who drew before).
    pub fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal number by its median and the spread of its logarithm.
    pub fn around(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }

    /// A whole number from 1 upward with the given mean, each as likely to be
    /// the last as any before it.
    pub fn run_length(&mut self, mean: f64) -> u32 {
        if mean <= 1.0 {
            return 1;
        }
        let more = 1.0 - 1.0 / mean;
        let length = 1.0 + (1.0 - self.unit()).ln() / more.ln();
        whole(length.floor().clamp(1.0, 10_000.0))
    }

    /// A rank in `0..length` of which low ones are the more frequent, by Zipf's
    /// law with an exponent near 1 (inverse of the continuous distribution).
    #[allow(clippy::cast_precision_loss, reason = "lists are far shorter than 2^52")]
    pub fn rank(&mut self, length: usize) -> usize {
        if length < 2 {
            return 0;
        }
        let drawn = ((length as f64 + 1.0).ln() * self.unit()).exp() - 1.0;
        usize::try_from(whole(drawn)).unwrap_or(0).min(length - 1)
    }

    /// A position in a list of weights, as likely as its weight.
    pub fn weighted(&mut self, weights: &[f32]) -> usize {
        let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let mut left = self.unit() * total;
        for (position, weight) in weights.iter().enumerate() {
            left -= f64::from(*weight);
            if left < 0.0 {
                return position;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// A non-negative float as a whole number, saturating.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float casts saturate")]
#[must_use]
pub fn whole(value: f64) -> u32 {
    value as u32
}

/// Milliseconds from a float of seconds, saturating.
#[allow(clippy::cast_possible_truncation, reason = "float casts saturate")]
#[must_use]
pub fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_are_what_they_should_be() {
        let mut random = SeededRandom::new(7);
        let n = 20_000;
        let mean = |total: f64| total / f64::from(n);
        let exponential: f64 = (0..n).map(|_| random.exponential()).sum();
        assert!((mean(exponential) - 1.0).abs() < 0.03);
        let normal: f64 = (0..n).map(|_| random.normal()).sum();
        assert!(mean(normal).abs() < 0.03);
        let runs: f64 = (0..n).map(|_| f64::from(random.run_length(3.0))).sum();
        assert!((mean(runs) - 3.0).abs() < 0.1, "{}", mean(runs));
    }

    #[test]
    fn ranks_stay_in_the_list_and_low_ones_lead() {
        let mut random = SeededRandom::new(8);
        let mut seen = [0_u32; 50];
        for _ in 0..20_000 {
            seen[random.rank(50)] += 1;
        }
        assert!(seen[0] > 5 * seen[20] && seen[49] > 0);
        assert_eq!(random.rank(0), 0);
        assert_eq!(random.weighted(&[0.0, 1.0, 0.0]), 1);
    }
}
