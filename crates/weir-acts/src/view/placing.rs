//! Bringing a view up to a moment, one holder at a time or all of them.

use std::sync::Arc;

use super::{AccountStanding, View, in_force, keep};
use crate::facts::{Facts, FactsId, Interner, next_account_change, next_party_change};
use crate::holder::{Account, Measure, Party};
use crate::id::{AccountId, PartyId};
use crate::limits::Limited;
use crate::state::{Holder, State, Touched};
use crate::time::Time;

/// How something stands at a moment: nothing of it where it is not open.
struct Placed<S> {
    standing: Option<S>,
    limited: Option<Arc<Limited>>,
    measures: Option<Arc<[Measure]>>,
    /// When that next changes by the passing of time.
    change: Option<Time>,
}

/// What is said of one of many beside its standing.
struct Noted<I> {
    id: I,
    limited: Option<Arc<Limited>>,
    measures: Option<Arc<[Measure]>>,
    change: Option<Time>,
}

impl<S> Placed<S> {
    /// The standing; the rest, where there is any, as a note.
    fn standing_and_note<I>(self, id: I, noted: &mut Vec<Noted<I>>) -> Option<S> {
        let Placed { standing, limited, measures, change } = self;
        if limited.is_some() || measures.is_some() || change.is_some() {
            noted.push(Noted { id, limited, measures, change });
        }
        standing
    }
}

impl Placed<FactsId> {
    fn of_party(party: &Party, at: Time, interner: &Interner) -> Placed<FactsId> {
        let is_open = party.life.holds(at);
        Placed {
            standing: is_open.then(|| interner.intern(Facts::of_party(party, at))),
            limited: Limited::of_holder(&party.limits, &party.measures, at).filter(|_| is_open),
            measures: in_force(&party.measures, at),
            change: next_party_change(party, at),
        }
    }
}

impl Placed<AccountStanding> {
    fn of_account(account: &Account, at: Time, interner: &Interner) -> Placed<AccountStanding> {
        let is_open = account.life.holds(at);
        let facts = || interner.intern(Facts::of_account(account, at));
        Placed {
            standing: is_open.then(|| AccountStanding { party: account.party, facts: facts() }),
            limited: Limited::of_holder(&account.limits, &account.measures, at).filter(|_| is_open),
            measures: in_force(&account.measures, at),
            change: next_account_change(account, at),
        }
    }
}

impl View {
    /// Brings what the view says of `holder` up to its own moment, and says
    /// when that next changes by the passing of time.
    pub(crate) fn place(&mut self, state: &State, holder: Holder) -> Option<Time> {
        match holder {
            Holder::Party(id) => {
                let placed = Placed::of_party(state.parties.get(&id)?, self.at, &self.interner);
                keep(&mut self.parties, id, placed.standing);
                keep(&mut self.limits.parties, id, placed.limited);
                keep(&mut self.measures.parties, id, placed.measures);
                placed.change
            }
            Holder::Account(id) => {
                let placed = Placed::of_account(state.accounts.get(&id)?, self.at, &self.interner);
                keep(&mut self.accounts, id, placed.standing);
                keep(&mut self.limits.accounts, id, placed.limited);
                keep(&mut self.measures.accounts, id, placed.measures);
                placed.change
            }
            // The world's own to place: it knows what an erased name was.
            Holder::Person(_) => None,
        }
    }

    /// This view as it is at `at` once acts that touched `touched` have led to
    /// `state`, as far as classes go.
    #[must_use]
    pub fn foreseen(&self, state: &State, touched: &Touched, at: Time) -> View {
        let mut view = self.clone();
        view.at = view.at.max(at);
        let parties = touched.parties.iter().copied().map(Holder::Party);
        let accounts = touched.accounts.iter().copied().map(Holder::Account);
        for holder in parties.chain(accounts) {
            view.place(state, holder);
        }
        view
    }

    /// As [`View::place`], of every party and account there is.
    pub(crate) fn place_all(&mut self, state: &State) -> Vec<(Time, Holder)> {
        let (at, interner) = (self.at, &*self.interner);
        let (parties, of_parties) = state.parties.derive(|id, party, noted: &mut Vec<Noted<PartyId>>| {
            Placed::of_party(party, at, interner).standing_and_note(*id, noted)
        });
        let (accounts, of_accounts) = state.accounts.derive(|id, account, noted: &mut Vec<Noted<AccountId>>| {
            Placed::of_account(account, at, interner).standing_and_note(*id, noted)
        });
        (self.parties, self.accounts) = (parties, accounts);
        (self.limits.parties, self.limits.accounts) = Default::default();
        (self.measures.parties, self.measures.accounts) = Default::default();
        let mut changes = Vec::with_capacity(of_parties.len() + of_accounts.len());
        for Noted { id, limited, measures, change } in of_parties {
            keep(&mut self.limits.parties, id, limited);
            keep(&mut self.measures.parties, id, measures);
            changes.extend(change.map(|change| (change, Holder::Party(id))));
        }
        for Noted { id, limited, measures, change } in of_accounts {
            keep(&mut self.limits.accounts, id, limited);
            keep(&mut self.measures.accounts, id, measures);
            changes.extend(change.map(|change| (change, Holder::Account(id))));
        }
        changes
    }
}
