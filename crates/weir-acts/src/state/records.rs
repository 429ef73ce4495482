//! Folding what the log says of files of records: seals and deletions, and the
//! holds that stand against them.

use std::sync::Arc;

use super::{FoldProblem, Holder, State, missing, repeated, standing};
use crate::act::{Act, Parts, private, public};
use crate::entry::Entry;
use crate::holder::Life;
use crate::id::{HoldId, PartyId};
use crate::records::{Hold, SealedExchanges, SealedSegment, first_exchange, segment_number};
use crate::time::Time;

impl State {
    pub(super) fn fold_records(&mut self, index: u64, entry: &Entry) -> Result<(), FoldProblem> {
        match &entry.act {
            Act::RecordsSeal(parts) => self.records_seal(index, entry.at, &parts.public),
            Act::RecordsDelete(parts) => {
                parts.public.segments.iter().try_for_each(|name| self.records_delete(index, name))
            }
            Act::ExchangesSeal(parts) => self.exchanges_seal(index, entry.at, &parts.public),
            Act::ExchangesDelete(parts) => {
                parts.public.files.iter().try_for_each(|name| self.exchanges_delete(index, name))
            }
            Act::HoldPlace(parts) => self.hold_place(entry, parts),
            Act::HoldLift(parts) => self.hold_lift(parts.public.hold, entry.at),
            _ => Ok(()),
        }
    }

    fn records_seal(&mut self, index: u64, at: Time, sealed: &public::RecordsSeal) -> Result<(), FoldProblem> {
        let field = |field: &'static str, why: String| FoldProblem::Field { field, why };
        let name = &sealed.segment;
        let number = segment_number(name).ok_or_else(|| field("public.segment", format!("`{name}` names none")))?;
        let counts =
            sealed.first > 0 && sealed.last.checked_sub(sealed.first).is_some_and(|more| more + 1 == sealed.count);
        if !counts {
            return Err(field("public.count", format!("{} to {} are not {}", sealed.first, sealed.last, sealed.count)));
        }
        if self.segments.contains_key(&number) {
            return Err(repeated("segment", name));
        }
        let before = self.segments.range(..number).next_back().map_or(0, |(_, segment)| segment.last);
        let after = self.segments.range(number..).next().map_or(u64::MAX, |(_, segment)| segment.first);
        if sealed.first <= before || sealed.last >= after {
            return Err(field("public.first", format!("{name} has records of another segment's numbers")));
        }
        let segment = SealedSegment {
            name: name.as_str().into(),
            act: index,
            at,
            first: sealed.first,
            last: sealed.last,
            bytes: sealed.bytes,
            digest: sealed.digest,
            root: sealed.root,
            recovered: sealed.recovered,
            unkept: sealed.unkept,
            deleted: None,
        };
        Arc::make_mut(&mut self.segments).insert(number, segment);
        Ok(())
    }

    fn records_delete(&mut self, index: u64, name: &str) -> Result<(), FoldProblem> {
        let segments = Arc::make_mut(&mut self.segments);
        let sealed = segment_number(name).and_then(|number| segments.get_mut(&number));
        let sealed = sealed.ok_or_else(|| missing("sealed segment", name))?;
        match sealed.deleted.replace(index) {
            Some(_) => Err(standing("segment", name, "is deleted already")),
            None => Ok(()),
        }
    }

    fn exchanges_seal(&mut self, index: u64, at: Time, sealed: &public::ExchangesSeal) -> Result<(), FoldProblem> {
        let field = |field: &'static str, why: String| FoldProblem::Field { field, why };
        let name = &sealed.file;
        if first_exchange(name) != Some(sealed.first) {
            return Err(field("public.file", format!("`{name}` is not the name of a file that begins with {}", sealed.first)));
        }
        let most = sealed.last.checked_sub(sealed.first).map_or(0, |more| more.saturating_add(1));
        if sealed.rows == 0 || sealed.rows > most {
            let why = format!("from {} to {} there are not {}", sealed.first, sealed.last, sealed.rows);
            return Err(field("public.rows", why));
        }
        // They are written one after the other, so each begins behind all before.
        if self.last_sealed_exchange() >= sealed.first {
            return Err(field("public.first", format!("{name} has exchanges of another file's numbers")));
        }
        let file = SealedExchanges {
            name: name.as_str().into(),
            act: index,
            at,
            first: sealed.first,
            last: sealed.last,
            rows: sealed.rows,
            bytes: sealed.bytes,
            digest: sealed.digest,
            deleted: None,
        };
        Arc::make_mut(&mut self.exchanges).insert(sealed.first, file);
        Ok(())
    }

    fn exchanges_delete(&mut self, index: u64, name: &str) -> Result<(), FoldProblem> {
        let files = Arc::make_mut(&mut self.exchanges);
        let sealed = first_exchange(name).and_then(|first| files.get_mut(&first));
        let sealed = sealed.filter(|sealed| *sealed.name == *name).ok_or_else(|| missing("sealed file", name))?;
        match sealed.deleted.replace(index) {
            Some(_) => Err(standing("file", name, "is deleted already")),
            None => Ok(()),
        }
    }

    /// The `seq` of the last exchange that is in a sealed file; 0 where none is.
    pub fn last_sealed_exchange(&self) -> u64 {
        self.exchanges.last_key_value().map_or(0, |(_, file)| file.last)
    }

    fn hold_place(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::HoldPlace, private::HoldPlace>,
    ) -> Result<(), FoldProblem> {
        let on = self.known_holder(entry)?;
        let id = parts.public.hold;
        let private = parts.private.as_ref();
        let hold = Hold {
            id,
            on,
            reason: private.map(|private| private.reason.as_str().into()),
            citation: private.and_then(|private| private.citation.as_deref()).map(Into::into),
            by: entry.by.as_str().into(),
            life: Life::since(entry.at),
        };
        match Arc::make_mut(&mut self.holds).insert(id, hold) {
            Some(_) => Err(repeated("hold", id)),
            None => Ok(()),
        }
    }

    fn hold_lift(&mut self, id: HoldId, at: Time) -> Result<(), FoldProblem> {
        let hold = Arc::make_mut(&mut self.holds).get_mut(&id).ok_or_else(|| missing("hold", id))?;
        if !hold.life.holds(at) {
            return Err(standing("hold", id, "is lifted already"));
        }
        hold.life.end(at);
        Ok(())
    }

    /// The party that a holder belongs to, or is.
    pub fn party_of(&self, holder: Holder) -> Option<PartyId> {
        match holder {
            Holder::Party(id) => Some(id),
            Holder::Account(id) => self.accounts.get(&id).map(|account| account.party),
            Holder::Person(id) => {
                let issuer = self.persons.get(&id)?.issuer;
                self.issuers.get(&issuer).map(|issuer| issuer.party)
            }
        }
    }

    /// A hold in force at `at` under which nothing about `holder` may go: one
    /// on itself, on its party, or, of a party, on anything of its own.
    pub fn hold_over(&self, holder: Holder, at: Time) -> Option<&Hold> {
        let party = self.party_of(holder);
        let covers = |hold: &&Hold| {
            let of_party = matches!(holder, Holder::Party(_)) || matches!(hold.on, Holder::Party(_));
            hold.on == holder || (of_party && party.is_some() && self.party_of(hold.on) == party)
        };
        self.holds.values().filter(|hold| hold.life.holds(at)).find(covers)
    }
}
