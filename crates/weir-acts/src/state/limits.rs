//! Folding acts about limits.

use std::sync::Arc;

use super::holders::holder;
use super::{FoldProblem, Holder, State, Touched, missing, repeated, standing};
use crate::act::{Act, public};
use crate::entry::Entry;
use crate::limits::LimitSpan;
use crate::words::MeasureKind;

impl State {
    pub(super) fn fold_limits(&mut self, entry: &Entry, touched: &mut Touched) -> Result<(), FoldProblem> {
        match &entry.act {
            Act::LimitSet(parts) => self.limit_set(entry, &parts.public, touched),
            Act::MeasureLimit(parts) => self.measure_limit(entry, &parts.public, touched),
            _ => Ok(()),
        }
    }

    fn limit_set(&mut self, entry: &Entry, set: &public::LimitSet, touched: &mut Touched) -> Result<(), FoldProblem> {
        let span = LimitSpan { from: entry.at, limits: set.limits };
        if let Some(stage) = set.stage {
            Arc::make_mut(&mut self.stage_limits).entry(stage).or_default().push(span);
            touched.rules = true;
            return Ok(());
        }
        let holder = holder(entry)?;
        match holder {
            Holder::Party(id) => self.open_party(id, entry.at)?.limits.push(span),
            Holder::Account(id) => self.open_account(id, entry.at)?.limits.push(span),
            Holder::Person(_) => {
                return Err(FoldProblem::Field {
                    field: "subject",
                    why: "a person is not limited; an account is".into(),
                });
            }
        }
        touched.holder(holder);
        Ok(())
    }

    /// Said once: what a measure allows never changes.
    fn measure_limit(
        &mut self,
        entry: &Entry,
        said: &public::MeasureLimit,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let id = said.measure;
        let holder = *self.measures.get(&id).ok_or_else(|| missing("measure", id))?;
        let found = self.measures_mut(holder)?.iter_mut().find(|measure| measure.id == id);
        let measure = found.ok_or_else(|| missing("measure", id))?;
        if measure.kind != MeasureKind::Throttle {
            return Err(standing("measure", id, "is no `throttle`, so it has no limits"));
        }
        if !measure.life.holds(entry.at) {
            return Err(standing("measure", id, "has ended already"));
        }
        if measure.limits.is_some() {
            return Err(repeated("the limits of measure", id));
        }
        measure.limits = Some(LimitSpan { from: entry.at, limits: said.limits });
        touched.holder(holder);
        Ok(())
    }
}
