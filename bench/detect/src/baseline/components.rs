//! Connected components: accounts that were seen with one address and one TLS
//! fingerprint are one, and so on through all they share.

use std::collections::HashMap;

use weir_exchange::LoggedExchange;

use super::{Baseline, Joined, hash};

/// Flags components by their size.
#[derive(Debug, Default)]
pub struct Components {
    users: HashMap<u64, Vec<u32>>,
}

impl Baseline for Components {
    fn name(&self) -> &'static str {
        "components on address and JA4"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        let (Some(ip), Some(ja4)) = (&exchange.client.ip, &exchange.client.ja4) else { return };
        let users = self.users.entry(hash(format!("{ip} {ja4}").as_bytes())).or_default();
        if !users.contains(&account) {
            users.push(account);
        }
    }

    fn settings(&self) -> Vec<f64> {
        [5_000, 2_000, 1_000, 500, 300, 200, 150, 120, 100, 80, 60, 50, 40, 30, 20, 15, 10, 7, 5].map(f64::from).to_vec()
    }

    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let mut joined = Joined::default();
        for users in self.users.values() {
            for pair in users.windows(2) {
                joined.join(pair[0], pair[1]);
            }
        }
        joined.groups(setting as usize)
    }
}
