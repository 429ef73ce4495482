//! The façade: folds epochs in order, is written down and read back between
//! them, and tells what it found.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_exchange::LoggedAccount;

use crate::bet::Component;
use crate::candidate::{Candidate, Exemplar};
use crate::constants;
use crate::epoch::{self, Stage};
use crate::fills::Slot;
use crate::findings::{self, Findings};
use crate::footprint::Footprint;
use crate::judge;
use crate::launch::Launches;
use crate::leave_out::UnknownPiece;
use crate::likeness::Reference;
use crate::profile::EpochProfile;
use crate::settings::Settings;
use crate::sharing::{Accounts, Declared};
use crate::sketch::Sketcher;
use crate::state::{Habits, State};
use crate::unit::{Facts, Pool, Unit};
use crate::watch::{Health, Watch};

/// An epoch cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("epoch {epoch} comes after epoch {last} was folded; epochs fold in order")]
pub struct FoldError {
    /// What was to be folded.
    pub epoch: i64,
    /// What was folded last.
    pub last: i64,
}

/// What was written down cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The bytes are no detector's.
    #[error("the detector's saved state cannot be read: {0}; start it anew from the log")]
    Unreadable(#[from] postcard::Error),
    /// It was made under other settings or another version's constants.
    #[error("the detector's state was saved under {0}; start it anew from the log")]
    Otherwise(&'static str),
}

/// A candidate's linkage as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct UnderTest {
    /// The how-many-eth ever born, from 1.
    pub ordinal: u64,
    /// The accounts that showed it.
    pub members: Vec<String>,
    /// The e-process, as a logarithm to base 2.
    pub log2_e: f64,
    /// What it must reach to be confirmed.
    pub needed: f64,
    /// Its joint exchanges, of the sampled ones.
    pub exchanges: u64,
    /// How much its members resemble themselves in them, as a share of what people at
    /// large do, where enough was seen.
    pub likeness: Option<f64>,
    /// What each component of the evidence brought to it.
    pub bits: Vec<(String, f64)>,
    /// Whether it was told apart from those who work off a list with the same template.
    pub is_apart: bool,
    /// What a pivot to a new model would say of it, in bits, were it confirmed.
    pub pivot: f64,
    /// The same of use out of line with the plan.
    pub quota: f64,
}

/// Finds accounts that act as one, epoch by epoch.
#[derive(Debug)]
pub struct Detector {
    settings: Settings,
    sketcher: Sketcher,
    state: State,
}

impl Detector {
    /// A detector that has seen nothing. `accounts` may be empty: then
    /// concealment cannot be assessed.
    pub fn new(settings: Settings, accounts: &[LoggedAccount]) -> Detector {
        let sketcher = Sketcher::new(&settings);
        let state = State::new(&settings);
        let mut detector = Detector { settings, sketcher, state };
        detector.know(accounts);
        detector
    }

    /// Takes these accounts in place of those given before: who has signed up
    /// since, was closed, or was found innocent. Sketchers handed out before
    /// keep the parties they know; exchanges that name theirs need none.
    pub fn know<A: Borrow<LoggedAccount>>(&mut self, accounts: impl IntoIterator<Item = A>) {
        let mut units = HashMap::new();
        self.sketcher.units = Arc::default();
        self.state.facts.clear();
        self.state.cleared.clear();
        self.state.declared = Declared::default();
        for account in accounts {
            let account = account.borrow();
            let unit = self.sketcher.unit_of(&account.account, account.party.as_deref());
            if account.party.is_some() {
                units.insert(self.sketcher.own_unit(&account.account), unit);
            }
            let facts = Facts::of(account, &self.sketcher.key);
            if facts.declared {
                self.state.declared.take(unit, self.sketcher.own_unit(&account.account), &facts);
            }
            self.state.facts.entry(unit).or_insert(facts);
            if let Some(at) = account.cleared {
                let first = self.state.cleared.entry(unit).or_insert(i64::MAX);
                *first = at.millis().min(*first);
            }
        }
        self.state.declared.sum_up();
        self.sketcher.units = Arc::new(units);
    }

    /// The last epoch folded.
    pub fn folded(&self) -> Option<i64> {
        self.state.epoch
    }

    /// How ordinary traffic fares by the detector's own measure.
    pub fn health(&self) -> Health {
        self.state.watch.health()
    }

    /// What sketches exchanges for it; any number of threads may use clones.
    pub fn sketcher(&self) -> Sketcher {
        self.sketcher.clone()
    }

    /// Folds an epoch that is over.
    ///
    /// # Errors
    /// When it or a later one was folded before; nothing has changed then.
    pub fn fold(&mut self, epoch: i64, profile: &EpochProfile) -> Result<(), FoldError> {
        self.fold_in_stages(epoch, profile, &mut |_| ())
    }

    /// The same, telling after each step that it is done: this crate has no
    /// clock, whoever measures it has.
    ///
    /// # Errors
    /// As [`Detector::fold`].
    pub fn fold_in_stages(
        &mut self,
        epoch: i64,
        profile: &EpochProfile,
        done: &mut dyn FnMut(Stage),
    ) -> Result<(), FoldError> {
        if let Some(last) = self.state.epoch.filter(|last| *last >= epoch) {
            return Err(FoldError { epoch, last });
        }
        epoch::fold(&mut self.state, &self.settings, epoch, profile, done);
        Ok(())
    }

    /// Marks the customers seen whom others' indicators name. It chooses nobody and
    /// confirms nothing: of a confirmed group's members it is one piece of evidence
    /// with a cap, worth less the more customers outside the group are named too.
    pub fn heed(&mut self, is_named: impl Fn(&str) -> bool) {
        let named = self.state.units.iter().filter(|(_, unit)| is_named(&unit.name)).map(|(id, _)| *id);
        self.state.named.extend(named);
    }

    /// As [`Detector::heed`], of a customer named by something else than its name.
    pub fn heed_account(&mut self, account: &LoggedAccount) {
        self.state.named.insert(self.sketcher.unit_of(&account.account, account.party.as_deref()));
    }

    /// Folds from now on as if these pieces of an account's evidence had never been
    /// seen, as a rerun does that puts its removal set to the test. The words are
    /// those of [`crate::MemberLine::smallest_removal`].
    ///
    /// # Errors
    /// When no piece is told so; nothing has changed then.
    pub fn leave_out(&mut self, account: &str, pieces: &[impl AsRef<str>]) -> Result<(), UnknownPiece> {
        self.state.left_out.add(self.sketcher.unit_of(account, None), pieces)
    }

    /// Forgets whom indicators named: they have an end, and are given anew.
    pub fn heed_none(&mut self) {
        self.state.named.clear();
    }

    /// What stands now.
    pub fn findings(&self) -> Findings {
        findings::of(&self.state)
    }

    /// What it takes of memory, by what it is for.
    pub fn footprint(&self) -> Footprint {
        Footprint::of(&self.state)
    }

    /// Candidates ever born, for those who watch the error budget.
    pub fn born(&self) -> u64 {
        self.state.born
    }

    /// Counts candidates that were born before all this is remembered: the error
    /// budget is spent once, whatever became of the memory.
    pub fn count_born(&mut self, born: u64) {
        self.state.born = self.state.born.max(born);
    }

    /// Each living candidate's linkage, for calibration: the e-process alone,
    /// whatever the other axes say.
    pub fn under_test(&self) -> Vec<UnderTest> {
        let of = |candidate: &Candidate| {
            let (pivot, quota) = judge::beside(candidate, &self.state);
            self.told_of(candidate, pivot, quota)
        };
        self.state.candidates.iter().map(of).collect()
    }

    fn told_of(&self, candidate: &Candidate, pivot: f64, quota: f64) -> UnderTest {
        UnderTest {
            ordinal: candidate.ordinal,
            members: candidate.members.keys().filter_map(|id| self.state.units.get(id)).map(|u| u.name.to_string()).collect(),
            log2_e: candidate.log2_e,
            needed: -(self.settings.alpha * candidate.share).log2(),
            exchanges: candidate.exchanges,
            likeness: candidate.likeness.share(),
            bits: Component::ALL.map(|c| (format!("{c:?}"), candidate.bits[c as usize])).to_vec(),
            is_apart: candidate.is_apart,
            pivot,
            quota,
        }
    }

    /// The intra-account correlation of topics among unrelated customers, two
    /// standard errors low; none until enough was seen.
    pub fn correlation(&self) -> Option<f64> {
        self.state.reference.low()
    }

    /// Candidates that the e-process alone has confirmed, ever.
    pub fn confirmed(&self) -> usize {
        self.state.candidates.iter().filter(|candidate| candidate.confirmed.is_some()).count()
    }

    /// Everything it remembers, to go on later with [`Detector::restore`].
    ///
    /// # Errors
    /// When it cannot be written, which a full memory alone can cause.
    pub fn save(&self) -> Result<Vec<u8>, postcard::Error> {
        let state = &self.state;
        let mut units: Vec<(u64, &Unit)> = state.units.iter().map(|(id, unit)| (*id, unit)).collect();
        units.sort_unstable_by_key(|(id, _)| *id);
        let mut anchors: Vec<_> = state.anchors.iter().map(|(id, anchor)| (*id, anchor)).collect();
        anchors.sort_unstable_by_key(|(id, _)| *id);
        let saved = Saved {
            constants: constants::digest(),
            settings: self.fingerprint(),
            epoch: state.epoch,
            begun: state.begun,
            born: state.born,
            units,
            anchors,
            singles: state.singles.held(),
            fills: state.fills.held(),
            candidates: &state.candidates,
            reference: &state.reference,
            bare: &state.bare,
            pool: &state.pool,
            habits: state.habits,
            launches: &state.launches,
            watch: &state.watch,
            ordinary: &state.ordinary,
            sample: state.sample.iter().copied().collect(),
            seats: state.seats.held(),
        };
        postcard::to_allocvec(&saved)
    }

    /// Goes on from what was saved, under the same settings and accounts.
    ///
    /// # Errors
    /// When the bytes are damaged, or settings or constants were others.
    pub fn restore(settings: Settings, accounts: &[LoggedAccount], bytes: &[u8]) -> Result<Detector, RestoreError> {
        let mut detector = Detector::new(settings, accounts);
        let held: Held = postcard::from_bytes(bytes)?;
        if held.constants != constants::digest() {
            return Err(RestoreError::Otherwise("other constants"));
        }
        if held.settings != detector.fingerprint() {
            return Err(RestoreError::Otherwise("other settings"));
        }
        let state = &mut detector.state;
        (state.epoch, state.begun, state.born) = (held.epoch, held.begun, held.born);
        state.units = held.units.into_iter().collect();
        state.anchors = held.anchors.into_iter().collect();
        state.singles.put_back(held.singles);
        state.fills.put_back(held.fills);
        (state.candidates, state.reference, state.pool) = (held.candidates, held.reference, held.pool);
        state.bare = held.bare;
        state.ordinary = held.ordinary;
        state.watch = held.watch;
        state.launches = held.launches;
        state.seats.put_back(held.seats);
        (state.habits, state.sample) = (held.habits, held.sample.into_iter().collect());
        Ok(detector)
    }

    /// What of the settings must be the same for a state to be gone on with; of
    /// the key only a keyed hash, so that it cannot be read here.
    fn fingerprint(&self) -> (u64, u32, u64, u64) {
        let settings = &self.settings;
        let key = self.sketcher.unit_of("", None);
        (key, settings.epoch_seconds, settings.alpha.to_bits(), settings.memory)
    }
}

#[derive(Serialize)]
struct Saved<'s> {
    constants: String,
    settings: (u64, u32, u64, u64),
    epoch: Option<i64>,
    begun: i64,
    born: u64,
    units: Vec<(u64, &'s Unit)>,
    anchors: Vec<(u64, &'s crate::anchor::Anchor)>,
    singles: Vec<(u64, u64)>,
    fills: Vec<Slot>,
    candidates: &'s [Candidate],
    reference: &'s Reference,
    bare: &'s Reference,
    pool: &'s Pool,
    habits: Habits,
    launches: &'s Launches,
    watch: &'s Watch,
    ordinary: &'s [Exemplar],
    sample: Vec<u64>,
    seats: &'s BTreeMap<u64, Accounts>,
}

#[derive(Deserialize)]
struct Held {
    constants: String,
    settings: (u64, u32, u64, u64),
    epoch: Option<i64>,
    begun: i64,
    born: u64,
    units: Vec<(u64, Unit)>,
    anchors: Vec<(u64, crate::anchor::Anchor)>,
    singles: Vec<(u64, u64)>,
    fills: Vec<Slot>,
    candidates: Vec<Candidate>,
    reference: Reference,
    bare: Reference,
    pool: Pool,
    habits: Habits,
    launches: Launches,
    watch: Watch,
    ordinary: Vec<Exemplar>,
    sample: Vec<u64>,
    seats: BTreeMap<u64, Accounts>,
}
