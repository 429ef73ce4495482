//! Who is named, worked out from the population and the letter's words alone.

use std::collections::BTreeSet;

use weir_sim::population::{ClaimValue, PartySeed, settled};

/// What the letter does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A US person.
    Keeps,
    /// Verified not to be one.
    Named,
    /// Nobody can tell, which the letter answers with deny.
    Unknown,
}

/// An account and what becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) label: String,
    pub(crate) fate: Fate,
    pub(crate) is_on_appendix: bool,
}

/// Every account of the population.
pub(crate) fn accounts(people: &[PartySeed], appendix: &BTreeSet<String>) -> Vec<Account> {
    let mut all = Vec::new();
    for party in people {
        for account in &party.accounts {
            let claims: Vec<_> = party.claims.iter().chain(&account.claims).cloned().collect();
            let fate = match settled(&claims, "us_person", 1) {
                Some(ClaimValue::Bool(true)) => Fate::Keeps,
                Some(ClaimValue::Bool(false)) => Fate::Named,
                _ => Fate::Unknown,
            };
            all.push(Account { label: party.label(account), fate, is_on_appendix: appendix.contains(&party.id) });
        }
    }
    all
}

/// The labels of those for whom `is_in` holds.
pub(crate) fn names(all: &[Account], is_in: impl Fn(&Account) -> bool) -> BTreeSet<String> {
    all.iter().filter(|account| is_in(account)).map(|account| account.label.clone()).collect()
}
