//! Customers with several accounts who show that they are one: paid from one account, and
//! calling from a place or having an e-mail domain that is theirs. Keys of a small firm are
//! made by the dozen without a declared organisation. Where several such firms ask alike, their cards and
//! addresses are as many as an operator's who splits his costs and takes exits in turn;
//! but his cross each other, an address or a domain being used by accounts of several cards, and
//! theirs do not. So a firm is one customer here, as a declared organisation is everywhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::candidate::Candidate;
use crate::constants::{LESSER_BITS, MAIL_SERVICE, OPEN_SHARE, SHARED_LEAST};
use crate::judge::Piece;
use crate::standing::Kind;
use crate::state::State;

/// The accounts of a group that are firms', each with its firm: the means of payment, or of two
/// the one that sorts first.
#[derive(Debug, Default)]
pub(crate) struct Firms {
    of: BTreeMap<u64, u64>,
    /// How many accounts each firm has.
    accounts: BTreeMap<u64, usize>,
    payments: BTreeSet<u64>,
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
        let mut firms = Firms::default();
        for (&payment, units) in &by_payer {
            if firms.payments.contains(&payment) {
                continue;
            }
            if places.are_of_one_firm(units, Sharing::DomainOrAddress, state) {
                firms.take(payment, units, [payment]);
                continue;
            }
            let Some(other) = places.shares_its_domain(units, payment, state) else { continue };
            let Some(others) = by_payer.get(&other).filter(|_| !firms.payments.contains(&other)) else { continue };
            let mut both: Vec<u64> = units.iter().chain(others).copied().collect();
            both.sort_unstable();
            if places.are_of_one_firm(&both, Sharing::Domain, state) {
                firms.take(payment.min(other), &both, [payment, other]);
            }
        }
        firms
    }

    fn take(&mut self, firm: u64, units: &[u64], payments: impl IntoIterator<Item = u64>) {
        self.of.extend(units.iter().map(|unit| (*unit, firm)));
        self.accounts.insert(firm, units.len());
        self.payments.extend(payments);
    }

    /// Whose customer an account is: its firm's, or its own.
    pub(super) fn customer(&self, unit: u64) -> u64 {
        self.of.get(&unit).copied().unwrap_or(unit)
    }

    /// How many accounts the firm has whose one this is.
    pub(crate) fn accounts_with(&self, unit: u64) -> Option<usize> {
        self.accounts.get(self.of.get(&unit)?).copied()
    }

    /// Whether a means of payment is a firm's.
    pub(super) fn pays_for_one(&self, payment: u64) -> bool {
        self.payments.contains(&payment)
    }

    /// That most of a group are firms', which hide nothing.
    pub(super) fn piece(&self, core: &[u64]) -> Option<Piece> {
        let accounts = core.iter().filter(|unit| self.of.contains_key(unit)).count();
        if (accounts as f64) < OPEN_SHARE * core.len() as f64 || accounts == 0 {
            return None;
        }
        let firms = self.accounts.len();
        Some(Piece {
            block: "identity",
            what: format!(
                "{accounts} of {} accounts are of {firms} customers that each pay from one account, and have a place or \
                 an e-mail domain of their own: little of hiding",
                core.len()
            ),
            bits: -LESSER_BITS / 2.0,
            accounts: accounts as u64,
        })
    }
}

/// By what accounts are seen to be of one firm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    DomainOrAddress,
    Domain,
}

/// Customers at large with one e-mail domain.
#[derive(Default)]
struct Users {
    count: u64,
    /// Those whose means of payment is known, and how many of these there are.
    paying: u64,
    payers: BTreeSet<u64>,
}

impl Users {
    fn take(&mut self, payment: u64) {
        self.count += 1;
        if payment != 0 {
            self.paying += 1;
            self.payers.insert(payment);
        }
    }

    /// They are many, and most pay for themselves, where a large firm's have few payers.
    fn are_of_a_service(&self, known: u64) -> bool {
        let pay_alike = self.paying > 0 && self.payers.len() as u64 * SHARED_LEAST <= self.paying;
        self.count as f64 >= MAIL_SERVICE * known as f64 && !pay_alike
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
        let (mut known, mut users) = (0_u64, BTreeMap::<u64, Users>::new());
        for unit in state.sampled_outside(candidate) {
            let domain = Kind::Mail.value(state, unit);
            known += u64::from(domain != 0);
            if of_domain.contains_key(&domain) {
                users.entry(domain).or_default().take(Kind::Payment.value(state, unit));
            }
        }
        of_domain.retain(|domain, _| !users.get(domain).is_some_and(|users| users.are_of_a_service(known)));
        Places { of_address, of_domain }
    }

    /// The other means of payment that is on most of the others who have the e-mail domain of most.
    fn shares_its_domain(&self, units: &[u64], payment: u64, state: &State) -> Option<u64> {
        let domains = units.iter().map(|unit| Kind::Mail.value(state, *unit)).filter(|domain| self.of_domain.contains_key(domain));
        let mut counts = BTreeMap::<u64, usize>::new();
        domains.for_each(|domain| *counts.entry(domain).or_default() += 1);
        let (domain, _) = counts.into_iter().max_by_key(|(domain, count)| (*count, *domain))?;
        let mut payers = BTreeMap::<u64, usize>::new();
        for other in self.of_domain.get(&domain)?.iter().map(|unit| Kind::Payment.value(state, *unit)) {
            if other != 0 && other != payment {
                *payers.entry(other).or_default() += 1;
            }
        }
        payers.into_iter().max_by_key(|(payer, count)| (*count, *payer)).map(|(payer, _)| payer)
    }

    /// Whether most of those that one account pays for share an address or an e-mail domain with
    /// each other, and most of them neither with anybody else of the group.
    fn are_of_one_firm(&self, units: &[u64], by: Sharing, state: &State) -> bool {
        let (mut together, mut crossing) = (0, 0);
        let inside = |user: &u64| units.binary_search(user).is_ok();
        for unit in units {
            let users_of = |address| self.of_address.get(&address).map_or(&[][..], Vec::as_slice);
            let addresses = || state.units.get(unit).into_iter().flat_map(|unit| unit.addresses.iter());
            let domain = self.of_domain.get(&Kind::Mail.value(state, *unit)).map_or(&[][..], Vec::as_slice);
            let common = || addresses().map(users_of).chain([domain]);
            let with_others = |users: &[u64]| users.iter().any(|user| user != unit && inside(user));
            let shares = with_others(domain) || by == Sharing::DomainOrAddress && common().any(with_others);
            let crosses = common().any(|users| !users.iter().all(inside));
            together += usize::from(shares);
            crossing += usize::from(crosses);
        }
        let most = |count: usize| count as f64 > OPEN_SHARE * units.len() as f64;
        most(together) && !most(crossing)
    }
}

#[cfg(test)]
mod tests;
