//! The published hunting rule: an address with more than 20 accounts.

use std::collections::{BTreeSet, HashMap};

use weir_exchange::LoggedExchange;

use super::{Baseline, hash};

/// Flags every account of an address that too many share.
#[derive(Debug, Default)]
pub struct Addresses {
    users: HashMap<u64, BTreeSet<u32>>,
}

impl Baseline for Addresses {
    fn name(&self) -> &'static str {
        "accounts an address"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        if let Some(ip) = &exchange.client.ip {
            self.users.entry(hash(ip.as_bytes())).or_default().insert(account);
        }
    }

    fn settings(&self) -> Vec<f64> {
        [2_000, 1_000, 500, 300, 200, 150, 100, 70, 50, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3].map(f64::from).to_vec()
    }

    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let crowded = self.users.values().filter(|users| users.len() as f64 > setting);
        let all: BTreeSet<u32> = crowded.flatten().copied().collect();
        vec![all.into_iter().collect()]
    }
}
