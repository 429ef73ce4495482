//! The rule that most gateways have: an account is flagged for what it sends
//! in a day.

use std::collections::HashMap;

use weir_exchange::LoggedExchange;

use super::Baseline;

/// Flags accounts by their busiest day.
#[derive(Debug, Default)]
pub struct Rates {
    days: HashMap<(u32, i64), u32>,
}

impl Baseline for Rates {
    fn name(&self) -> &'static str {
        "exchanges a day"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        *self.days.entry((account, exchange.time.millis().div_euclid(86_400_000))).or_default() += 1;
    }

    fn settings(&self) -> Vec<f64> {
        (0..60).map(|step| (10_000.0 * 0.85_f64.powi(step)).round()).collect()
    }

    /// One group: a rule about accounts knows of no others.
    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let over = self.days.iter().filter(|(_, count)| f64::from(**count) >= setting).map(|((account, _), _)| *account);
        let mut group: Vec<u32> = over.collect();
        group.sort_unstable();
        group.dedup();
        vec![group]
    }
}
