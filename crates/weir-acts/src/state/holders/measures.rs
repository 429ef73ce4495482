//! Folding acts about measures, and the appeals that answer them.

use std::sync::Arc;

use super::{end_once, holder};
use crate::act::{Parts, private, public};
use crate::entry::Entry;
use crate::holder::{Life, Measure};
use crate::id::{AppealId, MeasureId};
use crate::state::{Appeal, FoldProblem, Holder, State, Touched, missing, repeated, standing};
use crate::time::Time;
use crate::words::Ruling;

impl State {
    pub(super) fn measure_take(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::MeasureTake, private::MeasureTake>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let holder = holder(entry)?;
        let id = parts.public.measure;
        if self.measures.contains(&id) {
            return Err(repeated("measure", id));
        }
        let measure = Measure {
            id,
            kind: parts.public.kind,
            reason: parts.private.as_ref().map(|private| private.reason.as_str().into()),
            by: entry.by.as_str().into(),
            limits: None,
            evidence_erased: false,
            life: Life::between(entry.at, parts.public.until),
        };
        self.measures_mut(holder)?.push(measure);
        self.measures.insert(id, holder);
        touched.holder(holder);
        Ok(())
    }

    pub(super) fn measure_end(&mut self, id: MeasureId, at: Time, touched: &mut Touched) -> Result<(), FoldProblem> {
        let holder = *self.measures.get(&id).ok_or_else(|| missing("measure", id))?;
        let measure = self.measures_mut(holder)?.iter_mut().find(|measure| measure.id == id);
        end_once(measure.map(|measure| &mut measure.life), "measure", id, at)?;
        touched.holder(holder);
        Ok(())
    }

    pub(super) fn appeal_file(
        &mut self,
        id: AppealId,
        at: Time,
        parts: &Parts<public::AppealFile, private::AppealFile>,
    ) -> Result<(), FoldProblem> {
        if self.appeals.contains(&id) {
            return Err(repeated("appeal", id));
        }
        if let Some(measure) = parts.public.measure.filter(|measure| !self.measures.contains(measure)) {
            return Err(missing("measure", measure));
        }
        let private = parts.private.as_ref();
        let appeal = Appeal {
            id,
            measure: parts.public.measure,
            decision: private.and_then(|private| private.decision.as_deref()).map(Into::into),
            account: private.map(|private| private.account),
            text: private.map(|private| private.text.as_str().into()),
            rules: private.iter().flat_map(|private| &private.rules).map(|rule| rule.as_str().into()).collect(),
            filed: at,
            due: parts.public.due,
            ruling: None,
        };
        self.appeals.insert(id, Arc::new(appeal));
        Ok(())
    }

    pub(super) fn appeal_decide(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::AppealDecide, private::AppealDecide>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let id = parts.public.appeal;
        let appeal = self.appeals.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("appeal", id))?;
        if appeal.ruling.is_some() {
            return Err(standing("appeal", id, "is decided already"));
        }
        let reason = parts.private.as_ref().map(|private| private.reason.as_str().into());
        appeal.ruling = Some((entry.at, parts.public.ruling, entry.by.as_str().into(), reason));
        match (parts.public.ruling, appeal.measure) {
            (Ruling::Overturn, Some(measure)) if self.measure_holds(measure, entry.at) => {
                self.measure_end(measure, entry.at, touched)
            }
            // A measure that was lifted or lapsed meanwhile can still be found
            // to have been wrong.
            _ => Ok(()),
        }
    }

    fn measure_holds(&self, id: MeasureId, at: Time) -> bool {
        let measures = match self.measures.get(&id) {
            Some(Holder::Party(party)) => self.parties.get(party).map(|party| &party.measures),
            Some(Holder::Account(account)) => self.accounts.get(account).map(|account| &account.measures),
            Some(Holder::Person(person)) => self.persons.get(person).map(|person| &person.measures),
            None => None,
        };
        measures.into_iter().flatten().any(|measure| measure.id == id && measure.life.holds(at))
    }
}
