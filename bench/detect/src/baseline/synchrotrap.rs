//! SynchroTrap (Cao, Yang, Yu and Palow 2014) on what a gateway logs: an
//! account's actions are pairs of template family and hour; accounts whose sets
//! of actions have a Jaccard index over a threshold are joined, single link.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use weir_exchange::LoggedExchange;

use super::{Baseline, Joined, finish, hash, texts};

/// Words at each end that name a family.
const WORDS: usize = 6;
/// An action that more accounts did is passed over, as the paper does with
/// popular ones: it would make every pair.
const POPULAR: usize = 400;

/// Flags groups of accounts that did the same in the same hours.
#[derive(Debug, Default)]
pub struct SynchroTrap {
    users: HashMap<u64, BTreeSet<u32>>,
    actions: HashMap<u32, u32>,
    /// Actions in common, by pair, counted once all was seen.
    both: OnceCell<HashMap<(u32, u32), u32>>,
}

impl SynchroTrap {
    fn act(&mut self, account: u32, action: u64) {
        if self.users.entry(action).or_default().insert(account) {
            *self.actions.entry(account).or_default() += 1;
        }
    }

    fn pairs(&self) -> HashMap<(u32, u32), u32> {
        let mut both: HashMap<(u32, u32), u32> = HashMap::new();
        for users in self.users.values().filter(|users| users.len() > 1 && users.len() <= POPULAR) {
            let users: Vec<u32> = users.iter().copied().collect();
            for (at, &left) in users.iter().enumerate() {
                for &right in &users[at + 1..] {
                    *both.entry((left, right)).or_default() += 1;
                }
            }
        }
        both
    }
}

impl Baseline for SynchroTrap {
    fn name(&self) -> &'static str {
        "SynchroTrap"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        let hour = exchange.time.millis().div_euclid(3_600_000) as u64;
        for text in texts(exchange) {
            let mut head = text.split_whitespace();
            let first: Vec<&str> = head.by_ref().take(WORDS).collect();
            if first.len() == WORDS {
                self.act(account, finish(hash(first.join(" ").as_bytes()) ^ hour));
            }
        }
    }

    /// The Jaccard index in thousandths, by the size a group must have.
    fn settings(&self) -> Vec<f64> {
        let mut settings = Vec::new();
        for jaccard in [800, 500, 300, 200, 100, 50, 20, 10] {
            for least in [500, 100, 50, 20, 10, 5] {
                settings.push(f64::from(jaccard * 10_000 + least));
            }
        }
        settings
    }

    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let (jaccard, least) = ((setting as u32 / 10_000) as f64 / 1000.0, setting as usize % 10_000);
        let mut joined = Joined::default();
        for (&(left, right), &shared) in self.both.get_or_init(|| self.pairs()) {
            let of = |account: u32| self.actions.get(&account).copied().unwrap_or(0);
            let all = of(left) + of(right) - shared;
            if f64::from(shared) >= jaccard * f64::from(all) {
                joined.join(left, right);
            }
        }
        joined.groups(least)
    }
}
