//! From records to rows: each is held against the state as it will be with all
//! the records before it, and records about one subject that follow each other
//! become one row.

use std::collections::HashSet;

use weir_acts::entry::Sealed;
use weir_acts::id::{AccountId, ClaimId, KeyId, PartyId};
use weir_acts::import::Import;
use weir_acts::key::Pepper;
use weir_acts::row::{Adds, Row, RowClaim, Stated, Withheld};
use weir_acts::state::{Holder, State};
use weir_acts::value::Value;
use weir_acts::words::{Describes, PartyKind};
use weir_acts::{Digest, Time};

use super::fault::{Fault, Faults};
use super::formats::Found;
use super::random::Random;
use super::record::{COLUMNS, Kind, Record, no_such};
use super::{MOST_FAULTS, MOST_ROWS};
use crate::names::{check_name, check_text};
use crate::refusal::Refusal;

/// The highest assurance level there is.
const MAX_LEVEL: u8 = 4;

/// Records of one row; one more begins another about the same subject.
const MOST_OF_A_ROW: usize = 64;

/// Parties whose own record is wrong, so that what hangs on them is not
/// complained of as well.
const MOST_REMEMBERED: usize = 10_000;

/// How much an import brings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) parties: u64,
    pub(crate) accounts: u64,
    pub(crate) claims: u64,
    pub(crate) keys: u64,
}

/// A row whose records are still coming.
struct Pending {
    line: u64,
    party: String,
    account: String,
    row: Row,
    private: Withheld,
}

/// What is wrong with a record: a column and a sentence.
type Wrong = (&'static str, String);

pub(crate) struct Checker {
    pub(crate) import: Import,
    pub(crate) counts: Counts,
    pub(crate) faults: Faults,
    pub(crate) rows: u64,
    pepper: Pepper,
    now: Time,
    random: Random,
    pending: Option<Pending>,
    broken: HashSet<String>,
    /// What went wrong outside the file.
    pub(crate) failed: Option<Refusal>,
}

impl Checker {
    pub(crate) fn new(base: State, now: Time, pepper: Pepper) -> Checker {
        Checker {
            import: Import::new(base, now),
            counts: Counts::default(),
            faults: Faults::default(),
            rows: 0,
            pepper,
            now,
            random: Random::new(),
            pending: None,
            broken: HashSet::new(),
            failed: None,
        }
    }

    /// Whether any more of the file is worth reading.
    pub(crate) fn goes_on(&self) -> bool {
        !self.faults.stopped && self.failed.is_none()
    }

    /// Takes what a reader found; finished rows go to `rows`.
    pub(super) fn take(&mut self, found: Found<'_>, rows: &mut Vec<Sealed>) -> bool {
        match found {
            Found::Record(record) => {
                let line = record.line;
                if let Err((column, why)) = self.record(&record, rows) {
                    if record.find("account").is_none() && self.broken.len() < MOST_REMEMBERED {
                        self.broken.insert(record.get("party").to_owned());
                    }
                    self.fault(if column.is_empty() {
                        Fault::of_line(line, why)
                    } else {
                        Fault::at(line, column, why)
                    });
                }
            }
            Found::Fault(fault) => self.fault(fault),
            Found::Stop(fault) => {
                self.fault(fault);
                self.faults.stopped = true;
            }
        }
        self.goes_on()
    }

    /// The file has ended.
    pub(super) fn end(&mut self, rows: &mut Vec<Sealed>) {
        self.flush(rows);
        if self.rows == 0 && self.faults.faults.is_empty() {
            self.fault(Fault::of_line(1, "the file holds no record: there is nothing to import"));
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.faults.faults.push(fault);
        self.faults.stopped |= self.faults.faults.len() >= MOST_FAULTS;
    }

    fn record(&mut self, record: &Record<'_>, rows: &mut Vec<Sealed>) -> Result<(), Wrong> {
        let kind = Kind::read(record.get("record"))
            .ok_or_else(|| ("record", no_such("kind of record", record.get("record"), &Kind::WORDS)))?;
        let allowed = kind.columns();
        for (name, text) in COLUMNS.iter().zip(&record.fields) {
            if !text.is_empty() && !allowed.contains(name) {
                return Err((name, format!("a `{}` record leaves it empty", record.get("record"))));
            }
        }
        self.make_way(record, kind, rows);
        if self.rows >= MOST_ROWS {
            self.faults.stopped = true;
            return Err(("", format!("an import has at most {MOST_ROWS} rows: import the rest by itself")));
        }
        match kind {
            Kind::Party => self.party(record),
            Kind::Account => self.account(record),
            Kind::Claim => self.claim(record),
            Kind::Key => self.key(record),
        }
    }

    /// Finishes the row under way unless the record goes on with it.
    fn make_way(&mut self, record: &Record<'_>, kind: Kind, rows: &mut Vec<Sealed>) {
        let goes_on = self.pending.as_ref().is_some_and(|pending| {
            let is_full = pending.row.claims.len() + pending.row.keys.len() >= MOST_OF_A_ROW;
            let same = pending.party == record.get("party") && pending.account == record.get("account");
            same && !is_full && matches!(kind, Kind::Claim | Kind::Key)
        });
        if !goes_on {
            self.flush(rows);
        }
    }

    fn flush(&mut self, rows: &mut Vec<Sealed>) {
        let Some(Pending { line, row, private, .. }) = self.pending.take() else { return };
        let row = Row { private: Some(private), ..row };
        let folded = self.import.take(row.clone()).map_err(|problem| problem.to_string());
        let sealed = folded.and_then(|()| {
            let salt = self.random.bytes().map_err(|error| error.to_string())?;
            row.seal_with(salt).map_err(|error| error.to_string())
        });
        match sealed {
            Ok(sealed) => {
                self.rows += 1;
                if self.faults.faults.is_empty() {
                    rows.push(sealed);
                }
            }
            Err(why) => self.fault(Fault::of_line(line, why)),
        }
    }

    fn begin(&mut self, record: &Record<'_>, subject: Holder, adds: Adds) -> &mut Pending {
        let row = Row { subject, adds, claims: Vec::new(), keys: Vec::new(), private: None };
        self.pending.insert(Pending {
            line: record.line,
            party: record.get("party").to_owned(),
            account: record.get("account").to_owned(),
            row,
            private: Withheld::default(),
        })
    }

    fn party(&mut self, record: &Record<'_>) -> Result<(), Wrong> {
        let handle = record.get("party");
        check_name("a party's id", handle).map_err(|error| ("party", error.message))?;
        check_text("the party's name", record.get("name"), 512).map_err(|error| ("name", error.message))?;
        for (column, what) in [("lei", "the LEI"), ("ror", "the ROR id")] {
            if let Some(text) = record.find(column) {
                check_text(what, text, 64).map_err(|error| (column, error.message))?;
            }
        }
        let kind = match record.find("kind") {
            None => PartyKind::Institution,
            Some(word) => word.parse().map_err(|error: weir_acts::words::WordError| ("kind", error.to_string()))?,
        };
        if self.import.state().party_named(handle).is_some() {
            return Err(("party", format!("there is a party `{handle}` already, in the log or on an earlier line")));
        }
        let id = PartyId::from_bytes(self.id()?);
        self.counts.parties += 1;
        let pending = self.begin(record, Holder::Party(id), Adds::Party(kind));
        pending.private.handle = Some(handle.to_owned());
        pending.private.name = Some(record.get("name").to_owned());
        pending.private.lei = record.find("lei").map(str::to_owned);
        pending.private.ror = record.find("ror").map(str::to_owned);
        Ok(())
    }

    fn account(&mut self, record: &Record<'_>) -> Result<(), Wrong> {
        let Some(party) = self.known_party(record)? else { return Ok(()) };
        let name = record.get("account");
        check_name("an account's name", name).map_err(|error| ("account", error.message))?;
        if self.import.state().account_named(party, name).is_some() {
            let label = format!("{}/{name}", record.get("party"));
            return Err((
                "account",
                format!("there is an account `{label}` already, in the log or on an earlier line"),
            ));
        }
        let id = AccountId::from_bytes(self.id()?);
        self.counts.accounts += 1;
        let pending = self.begin(record, Holder::Account(id), Adds::Account(party));
        pending.private.handle = Some(name.to_owned());
        Ok(())
    }

    fn claim(&mut self, record: &Record<'_>) -> Result<(), Wrong> {
        let state = self.import.state();
        let name = record.get("claim");
        let Some(kind) = state.kinds.get(name) else {
            let known: Vec<&str> = state.kinds.keys().map(|kind| &**kind).collect();
            return Err(("claim", no_such("declared kind of claim", name, &known)));
        };
        if kind.describes == Describes::Party && record.find("account").is_some() {
            return Err(("account", format!("`{name}` describes a party: leave the account empty")));
        }
        let value = Value::parse(record.get("value"), kind.value_type).map_err(|error| ("value", error.to_string()))?;
        let level = record.get("level").parse().ok().filter(|level| *level <= MAX_LEVEL);
        let level: u8 = level.ok_or_else(|| ("level", format!("write a whole number from 0 to {MAX_LEVEL}")))?;
        check_text("the verifier's name", record.get("by"), 256).map_err(|error| ("by", error.message))?;
        let evidence = record.get("evidence").parse::<Digest>();
        let evidence = evidence.map_err(|_| ("evidence", "write SHA-256 in hex: 64 digits".to_owned()))?;
        let expires = record.find("expires").map(str::parse::<Time>).transpose();
        let expires = expires.map_err(|error| ("expires", error.to_string()))?;
        if expires.is_some_and(|expires| expires <= self.now) {
            return Err(("expires", "the claim would have expired already".into()));
        }
        let claim = ClaimId::from_bytes(self.id()?);
        let Some(pending) = self.pending_about(record)? else { return Ok(()) };
        pending.row.claims.push(RowClaim { claim, kind: name.to_owned(), level, expires });
        pending.private.claims.push(Stated { value, by: record.get("by").to_owned(), evidence });
        self.counts.claims += 1;
        Ok(())
    }

    fn key(&mut self, record: &Record<'_>) -> Result<(), Wrong> {
        if record.find("account").is_none() {
            return Err(("account", "a key belongs to an account: name it".into()));
        }
        let hash = record.get("key").parse::<Digest>();
        let hash = hash.map_err(|_| ("key", "write SHA-256 of the key in hex, 64 digits; never the key".to_owned()))?;
        let digest = self.pepper.digest_of_hash(&hash.0);
        let in_row = |pending: &Pending| pending.private.keys.contains(&digest);
        if self.import.state().live_keys.contains(&digest.0) || self.pending.as_ref().is_some_and(in_row) {
            return Err(("key", "this key is in use already, in the log or on an earlier line".into()));
        }
        let key = KeyId::from_bytes(self.id()?);
        let Some(pending) = self.pending_about(record)? else { return Ok(()) };
        pending.row.keys.push(key);
        pending.private.keys.push(digest);
        self.counts.keys += 1;
        Ok(())
    }

    /// The row that the record goes on with, or a new one about whom it names;
    /// none where that one's own record was wrong.
    fn pending_about(&mut self, record: &Record<'_>) -> Result<Option<&mut Pending>, Wrong> {
        if self.pending.is_none() {
            let Some(party) = self.known_party(record)? else { return Ok(None) };
            let subject = match record.find("account") {
                None => Holder::Party(party),
                Some(name) => Holder::Account(self.known_account(record, party, name)?),
            };
            self.begin(record, subject, Adds::Nothing);
        }
        Ok(self.pending.as_mut())
    }

    fn known_party(&self, record: &Record<'_>) -> Result<Option<PartyId>, Wrong> {
        let handle = record.get("party");
        let Some(party) = self.import.state().party_named(handle) else {
            if self.broken.contains(handle) {
                return Ok(None);
            }
            let shown: String = handle.chars().take(64).collect();
            return Err(("party", format!("there is no party `{shown}`: add a `party` record before this line")));
        };
        match party.life.holds(self.now) {
            true => Ok(Some(party.id)),
            false => Err(("party", format!("party `{handle}` is closed"))),
        }
    }

    fn known_account(&self, record: &Record<'_>, party: PartyId, name: &str) -> Result<AccountId, Wrong> {
        let label = || format!("{}/{}", record.get("party"), name.chars().take(64).collect::<String>());
        let account = self.import.state().account_named(party, name);
        let account = account.ok_or_else(|| {
            ("account", format!("there is no account `{}`: add an `account` record before this line", label()))
        })?;
        match account.life.holds(self.now) {
            true => Ok(account.id),
            false => Err(("account", format!("account `{}` is closed", label()))),
        }
    }

    fn id(&mut self) -> Result<[u8; 10], Wrong> {
        self.random.bytes().map_err(|error| {
            let refusal = Refusal::from(error);
            let why = refusal.message.clone();
            self.failed = Some(refusal);
            ("", why)
        })
    }
}

#[cfg(test)]
mod tests;
