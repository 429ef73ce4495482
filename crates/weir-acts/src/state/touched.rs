//! What acts and the passing of time change.

use std::collections::BTreeSet;

use super::Holder;
use crate::id::{AccountId, KeyId, PartyId, PersonId};

/// What an act changed, so that views refresh and sweeps look only there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Parties whose facts changed.
    pub parties: BTreeSet<PartyId>,
    /// Accounts whose facts or standing changed.
    pub accounts: BTreeSet<AccountId>,
    /// Persons whose facts changed.
    pub persons: BTreeSet<PersonId>,
    /// Keys issued or revoked.
    pub keys: BTreeSet<KeyId>,
    /// Whether models, stages, rules or directives changed.
    pub rules: bool,
    /// Whether issuers or their keys changed.
    pub issuers: bool,
    /// Whether so many parties, accounts and keys changed that they are not
    /// listed here.
    pub many: bool,
}

impl Touched {
    /// Adds what `other` touched.
    pub fn merge(&mut self, other: Touched) {
        self.parties.extend(other.parties);
        self.accounts.extend(other.accounts);
        self.persons.extend(other.persons);
        self.keys.extend(other.keys);
        self.rules |= other.rules;
        self.issuers |= other.issuers;
        self.many |= other.many;
    }

    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        let nobody = self.parties.is_empty() && self.accounts.is_empty() && self.persons.is_empty();
        nobody && self.keys.is_empty() && !self.rules && !self.issuers && !self.many
    }

    pub(crate) fn holder(&mut self, holder: Holder) {
        match holder {
            Holder::Party(id) => self.parties.insert(id),
            Holder::Account(id) => self.accounts.insert(id),
            Holder::Person(id) => self.persons.insert(id),
        };
    }
}
