//! Customers with several accounts who show that they are one: paid from one account, and
//! calling from a place that is theirs. Keys of a small firm are made by the dozen without
//! a declared organisation. Where several such firms ask alike, their cards and
//! addresses are as many as an operator's who splits his costs and takes exits in turn;
//! but his cross each other, an address being used by accounts of several cards, and theirs
//! do not. So a firm is one customer here, as a declared organisation is everywhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::candidate::Candidate;
use crate::constants::{LESSER_BITS, MAIL_SERVICE, OPEN_SHARE, SHARED_LEAST};
use crate::judge::Piece;
use crate::standing::Kind;
use crate::state::State;

/// The accounts of a group that are firms', each with its firm's means of payment.
#[derive(Debug, Default)]
pub(crate) struct Firms {
    payers: BTreeMap<u64, u64>,
}

impl Firms {
    pub(crate) fn of(candidate: &Candidate, group: &[u64], state: &State) -> Firms {
        let mut by_payer: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for &unit in group {
            let payment = Kind::Payment.value(state, unit);
            if payment != 0 {
                by_payer.entry(payment).or_default().push(unit);
            }
        }
        by_payer.retain(|_, units| units.len() as u64 > SHARED_LEAST);
        if by_payer.is_empty() {
            return Firms::default();
        }
        let places = Places::of(candidate, group, state);
        let mut payers = BTreeMap::new();
        for (payment, units) in by_payer {
            if places.are_of_one_firm(&units, state) {
                payers.extend(units.into_iter().map(|unit| (unit, payment)));
            }
        }
        Firms { payers }
    }

    /// Whose customer an account is: its firm's, or its own.
    pub(super) fn customer(&self, unit: u64) -> u64 {
        self.payers.get(&unit).copied().unwrap_or(unit)
    }

    /// Whether a means of payment is a firm's.
    pub(super) fn pays_for_one(&self, payment: u64) -> bool {
        self.payers.values().any(|payer| *payer == payment)
    }

    /// That most of a group are firms', which hide nothing.
    pub(super) fn piece(&self, core: &[u64]) -> Option<Piece> {
        let accounts = core.iter().filter(|unit| self.payers.contains_key(unit)).count();
        if (accounts as f64) < OPEN_SHARE * core.len() as f64 || accounts == 0 {
            return None;
        }
        let firms = self.payers.values().collect::<BTreeSet<_>>().len();
        Some(Piece {
            block: "identity",
            what: format!(
                "{accounts} of {} accounts are of {firms} customers that each pay from one account and call from a place of \
                 their own: little of hiding",
                core.len()
            ),
            bits: -LESSER_BITS / 2.0,
            accounts: accounts as u64,
        })
    }
}

/// Who of a group is at an address, and who has an e-mail domain that is no mail service.
struct Places {
    of_address: BTreeMap<u64, Vec<u64>>,
    of_domain: BTreeMap<u64, Vec<u64>>,
}

impl Places {
    fn of(candidate: &Candidate, group: &[u64], state: &State) -> Places {
        let (mut of_address, mut of_domain) = (BTreeMap::<u64, Vec<u64>>::new(), BTreeMap::<u64, Vec<u64>>::new());
        for &unit in group {
            for address in state.units.get(&unit).into_iter().flat_map(|unit| unit.addresses.iter()) {
                of_address.entry(address).or_default().push(unit);
            }
            let domain = Kind::Mail.value(state, unit);
            if domain != 0 {
                of_domain.entry(domain).or_default().push(unit);
            }
        }
        let (mut known, mut users) = (0_u64, BTreeMap::<u64, u64>::new());
        for domain in state.sampled_outside(candidate).map(|unit| Kind::Mail.value(state, unit)).filter(|domain| *domain != 0) {
            known += 1;
            *users.entry(domain).or_default() += 1;
        }
        of_domain.retain(|domain, _| (users.get(domain).copied().unwrap_or(0) as f64) < MAIL_SERVICE * known as f64);
        Places { of_address, of_domain }
    }

    /// Whether most of those that one account pays for share an address with each other, and
    /// most of them neither an address nor an e-mail domain with anybody else of the group.
    fn are_of_one_firm(&self, units: &[u64], state: &State) -> bool {
        let (mut together, mut crossing) = (0, 0);
        let inside = |user: &u64| units.binary_search(user).is_ok();
        for unit in units {
            let users_of = |address| self.of_address.get(&address).map_or(&[][..], Vec::as_slice);
            let addresses = || state.units.get(unit).into_iter().flat_map(|unit| unit.addresses.iter());
            let domain = self.of_domain.get(&Kind::Mail.value(state, *unit)).map_or(&[][..], Vec::as_slice);
            let shares = addresses().any(|address| users_of(address).iter().any(|user| user != unit && inside(user)));
            let crosses = addresses().map(users_of).chain([domain]).any(|users| !users.iter().all(inside));
            together += usize::from(shares);
            crossing += usize::from(crosses);
        }
        let most = |count: usize| count as f64 > OPEN_SHARE * units.len() as f64;
        most(together) && !most(crossing)
    }
}

#[cfg(test)]
mod tests;
