//! Counting accounts by class, on as many threads as there are processors:
//! first which classes there are and whose they are, then what becomes of each
//! class, once, then of everybody.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use weir_acts::view::{Census, Class};

use super::{Outlook, Tally};
use crate::policies::Mixer;

/// Fewer accounts are not worth a second thread.
const WORTH_THREADS: usize = 5_000;

type Pair = (Class, Class);
type Numbers = HashMap<Pair, u32, BuildHasherDefault<Mixer>>;

/// How everybody fares.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accounts: u64,
    pub(super) without_access: u64,
    pub(super) tally: Tally,
    pub(super) by_model: Vec<Tally>,
    /// In the order of the census.
    pub(super) by_party: Vec<Tally>,
    /// By claim kind, how many accounts it could clear by itself.
    pub(super) clears: BTreeMap<Arc<str>, u64>,
}

/// The classes of a part of all accounts, and each account's party and class
/// by number.
#[derive(Debug, Default)]
struct Found {
    pairs: Vec<Pair>,
    accounts: Vec<(u32, u32)>,
}

impl Counts {
    /// Of `census`, of about `accounts` accounts, with what `outlook` says of
    /// each class.
    pub(super) fn of(
        census: &Census<'_>,
        models: usize,
        accounts: usize,
        outlook: impl Fn(Class, Class) -> Outlook + Sync,
    ) -> Counts {
        let threads = match accounts {
            0..WORTH_THREADS => 1,
            _ => std::thread::available_parallelism().map_or(1, usize::from),
        };
        Counts::on(threads, census, models, outlook)
    }

    pub(super) fn on(
        threads: usize,
        census: &Census<'_>,
        models: usize,
        outlook: impl Fn(Class, Class) -> Outlook + Sync,
    ) -> Counts {
        let found = on_threads(threads, |part| Found::of(census, part, threads));
        let (pairs, places) = distinct(&found);
        let decided = on_threads(threads, |part| {
            let own = pairs.iter().skip(part).step_by(threads);
            own.map(|(class, later)| outlook(*class, *later)).collect::<Vec<_>>()
        });
        // Pair n is the one numbered n / threads of thread n % threads.
        let outlook_of = |pair: u32| {
            let (thread, place) = (pair as usize % threads, pair as usize / threads);
            decided.get(thread).and_then(|outlooks| outlooks.get(place))
        };
        let parties = census.parties().count();
        let parts = on_threads(threads, |part| {
            let mut counts = Counts::none(models, parties);
            let mut unknown: HashMap<u32, u64> = HashMap::new();
            let (Some(found), Some(places)) = (found.get(part), places.get(part)) else { return counts };
            for (party, pair) in &found.accounts {
                let Some(pair) = places.get(*pair as usize) else { continue };
                let Some(outlook) = outlook_of(*pair) else { continue };
                counts.add(*party as usize, outlook);
                if !outlook.clears.is_empty() {
                    *unknown.entry(*pair).or_default() += 1;
                }
            }
            for (pair, accounts) in unknown {
                for kind in outlook_of(pair).map_or(&[][..], |outlook| &outlook.clears) {
                    *counts.clears.entry(Arc::clone(kind)).or_default() += accounts;
                }
            }
            counts
        });
        let mut all = Counts::none(models, parties);
        parts.iter().for_each(|part| all.merge(part));
        all
    }

    fn none(models: usize, parties: usize) -> Counts {
        Counts {
            by_model: vec![Tally::default(); models],
            by_party: vec![Tally::default(); parties],
            ..Counts::default()
        }
    }

    fn add(&mut self, party: usize, outlook: &Outlook) {
        self.accounts += 1;
        let Some(overall) = outlook.overall else {
            self.without_access += 1;
            return;
        };
        self.tally.add(overall);
        if let Some(tally) = self.by_party.get_mut(party) {
            tally.add(overall);
        }
        for (tally, fate) in self.by_model.iter_mut().zip(&outlook.by_model) {
            if let Some(fate) = fate {
                tally.add(*fate);
            }
        }
    }

    fn merge(&mut self, other: &Counts) {
        self.accounts += other.accounts;
        self.without_access += other.without_access;
        self.tally.merge(&other.tally);
        self.by_model.iter_mut().zip(&other.by_model).for_each(|(all, part)| all.merge(part));
        self.by_party.iter_mut().zip(&other.by_party).for_each(|(all, part)| all.merge(part));
        for (kind, accounts) in &other.clears {
            *self.clears.entry(Arc::clone(kind)).or_default() += accounts;
        }
    }
}

impl Found {
    fn of(census: &Census<'_>, part: usize, of: usize) -> Found {
        let (mut found, mut numbers) = (Found::default(), Numbers::default());
        for (party, class, later) in census.accounts(part, of) {
            let number = number_of(&mut numbers, &mut found.pairs, (class, later));
            // More than four billion of either cannot fit in memory.
            found.accounts.push((u32::try_from(party).unwrap_or(u32::MAX), number));
        }
        found
    }
}

/// Every pair once, and for each part the number there of each of its own.
fn distinct(found: &[Found]) -> (Vec<Pair>, Vec<Vec<u32>>) {
    let (mut pairs, mut numbers) = (Vec::new(), Numbers::default());
    let mut places = Vec::with_capacity(found.len());
    for part in found {
        places.push(part.pairs.iter().map(|pair| number_of(&mut numbers, &mut pairs, *pair)).collect());
    }
    (pairs, places)
}

fn number_of(numbers: &mut Numbers, pairs: &mut Vec<Pair>, pair: Pair) -> u32 {
    *numbers.entry(pair).or_insert_with(|| {
        pairs.push(pair);
        u32::try_from(pairs.len() - 1).unwrap_or(u32::MAX)
    })
}

/// What each thread makes of its number.
fn on_threads<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = (1..threads).map(|part| scope.spawn(move || work(part))).collect();
        let own = work(0);
        let joined = others.into_iter().map(|thread| match thread.join() {
            Ok(made) => made,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(own).chain(joined).collect()
    })
}
