//! Appeals: the affected party's answer to a decision or measure, filed with
//! the account's own key and decided by someone other than the author.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use weir_acts::Time;
use weir_acts::act::{Act, Parts, private, public};
use weir_acts::entry::Entry;
use weir_acts::holder::Measure;
use weir_acts::id::{AccountId, AppealId, MeasureId};
use weir_acts::state::{Appeal, State};
use weir_exchange::DecisionId;

use super::reading::AccessCaller;
use super::{Accepted, Control};
use crate::names::check_text;
use crate::refusal::{Refusal, RefusalKind};
use crate::writer::JobPlan;

/// How long an appeal may take to be answered: 14 days.
const DUE_MILLIS: i64 = 14 * 24 * 3_600 * 1_000;

/// Appeals that one account may file in a day.
const MOST_A_DAY: usize = 10;
const DAY_MILLIS: i64 = 24 * 3_600 * 1_000;

/// Rules that an appeal names of those that decided what it is against.
const MOST_RULES: usize = 16;

/// What an appeal is against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A decision about the account.
    Decision(DecisionId),
    /// A measure on the account or its party.
    Measure(MeasureId),
}

impl Control {
    /// Files an appeal.
    ///
    /// # Errors
    /// When what it is against is not the caller's.
    pub async fn file_appeal(&self, caller: AccessCaller, against: Against, text: String) -> Result<Accepted, Refusal> {
        check_text("the text", &text, 8_000)?;
        let mut rules = Vec::new();
        if let Against::Decision(id) = &against {
            let (control, wanted) = (self.clone(), *id);
            let read = tokio::task::spawn_blocking(move || control.decision(wanted)).await;
            let record = read.map_err(|error| Refusal::unavailable(error.to_string()))??;
            let own = caller.account.id.to_string();
            let record = record
                .map(|found| found.told)
                .filter(|record| record["account"] == own.as_str())
                .ok_or_else(|| Refusal::not_found(format!("there is no decision {id} about this account")))?;
            let decided = record["rules"].as_array().into_iter().flatten().filter_map(Json::as_str);
            rules.extend(decided.take(MOST_RULES).map(str::to_owned));
        }
        let id = AppealId::random()?;
        let account = caller.account.id;
        let planned = Box::new(move |state: &State, at: Time| {
            check_own(state, account, &against, at)?;
            let (decision, measure) = match against {
                Against::Decision(id) => (Some(id.to_string()), None),
                Against::Measure(id) => (None, Some(id)),
            };
            let act = Act::AppealFile(Parts {
                public: public::AppealFile { appeal: id, measure, due: at.plus_millis(DUE_MILLIS) },
                private: Some(private::AppealFile { decision, account, text, rules }),
            });
            let entry =
                Entry { at, by: account.to_string(), approvals: Vec::new(), subject: id.to_string(), basis: None, act };
            Ok(JobPlan { entries: vec![entry], answer: None, import: None })
        });
        let written = self.write(planned).await?;
        let mut answer = Map::new();
        answer.insert("id".into(), json!(id.to_string()));
        self.fill_in(&mut answer, &written);
        Ok(Accepted(answer))
    }

    /// One of the caller's own appeals.
    ///
    /// # Errors
    /// When there is none of that id, or it is somebody else's.
    pub fn own_appeal(&self, caller: &AccessCaller, id: AppealId) -> Result<Json, Refusal> {
        let published = self.published();
        let appeal = published
            .state
            .appeals
            .get(&id)
            .filter(|appeal| appeal.account == Some(caller.account.id))
            .ok_or_else(|| Refusal::not_found(format!("this account has no appeal {id}")))?;
        let ruling = appeal
            .ruling
            .as_ref()
            .map(|(at, ruling, _, reason)| json!({"at": at, "ruling": ruling.as_str(), "reason": reason.as_deref()}));
        Ok(json!({
            "id": id.to_string(), "filed": appeal.filed, "due": appeal.due, "text": appeal.text.as_deref(),
            "decision": appeal.decision.as_deref(), "measure": appeal.measure.map(|id| id.to_string()), "ruling": ruling,
        }))
    }
}

fn check_own(state: &State, account: AccountId, against: &Against, at: Time) -> Result<(), Refusal> {
    let holder = state
        .accounts
        .get(&account)
        .filter(|account| account.life.holds(at))
        .ok_or_else(|| Refusal::not_found("the account is closed"))?;
    let mine = |id: &MeasureId| {
        let on = |measures: &[Measure]| measures.iter().any(|measure| measure.id == *id);
        on(&holder.measures) || state.parties.get(&holder.party).is_some_and(|party| on(&party.measures))
    };
    if let Against::Measure(id) = against
        && !mine(id)
    {
        return Err(Refusal::not_found(format!("there is no measure {id} on this account or its party")));
    }
    let own = || state.appeals.iter().map(|(_, appeal)| appeal).filter(|appeal| appeal.account == Some(account));
    let same = |appeal: &&Arc<Appeal>| match against {
        Against::Measure(id) => appeal.measure == Some(*id),
        Against::Decision(id) => appeal.decision.as_deref() == Some(id.to_string().as_str()),
    };
    if let Some(open) = own().filter(|appeal| appeal.ruling.is_none()).find(same) {
        return Err(Refusal::conflict(format!(
            "appeal {} against this is open already; it is answered by {}",
            open.id, open.due
        )));
    }
    if own().filter(|appeal| at.since(appeal.filed) < DAY_MILLIS).count() >= MOST_A_DAY {
        return Err(Refusal {
            kind: RefusalKind::TooMany,
            message: format!("this account has filed {MOST_A_DAY} appeals within a day; file the next tomorrow"),
        });
    }
    Ok(())
}
