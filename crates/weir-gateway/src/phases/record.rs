//! Record: the decision when it is made, the exchange when it is over. Where a
//! record cannot be kept, restricted stages fail closed and general ones shed;
//! nothing is asked of a restricted model before its decision is on the disk.

use std::sync::Arc;

use weir_acts::view::Caller;
use weir_acts::words::Stage;
use weir_exchange::{DecisionId, DecisionRecord};

use crate::answer::{Refusal, may_shed};
use crate::gateway::Shared;
use crate::persons::KnownPerson;
use crate::phases::accept::{Asked, What};
use crate::phases::decide::{Basis, Permit};
use crate::recorder::{KeepText, Place, Said, Unavailable};

/// Records a decision. Where it was kept, its exchange is owed too.
pub(crate) fn decision(
    shared: &Shared,
    asked: &Asked,
    id: DecisionId,
    caller: &Caller,
    person: Option<&KnownPerson>,
    permit: Option<&Permit>,
    basis: &Basis,
) -> Result<Option<Place>, Refusal> {
    shared.metrics.decided(basis.ruling);
    let served_model = match permit {
        Some(Permit::Work(serve)) if serve.fallback.is_some() => Some(Arc::clone(&serve.model)),
        _ => None,
    };
    let record = DecisionRecord {
        id,
        time: asked.time,
        tree_size: basis.tree_size,
        account: caller.account,
        party: caller.party,
        key: caller.key,
        person: person.map(|person| Arc::clone(&person.label)),
        person_claims: person.map(|person| Arc::clone(&person.claims)),
        assertion: person.and_then(|person| person.used),
        api: asked.api.name(),
        model: asked.model().cloned(),
        served_model,
        stage: basis.stage,
        ruling: basis.ruling,
        rules: basis.rules.clone(),
    };
    let owes_exchange = permit.is_some() && shared.config.exchanges;
    let said = match asked.what {
        What::Work(_) if owes_exchange => {
            let keep = match permit {
                Some(Permit::Work(serve)) => serve.keep_text,
                Some(Permit::See(_)) | None => None,
            };
            let keep_text = keep.map(|keep| KeepText { account: caller.account, until: asked.time.plus_millis(keep) });
            Some(Said { api: asked.api, body: asked.body.clone(), keep_text })
        }
        What::Work(_) | What::List | What::Describe(_) => None,
    };
    match shared.recorder.decide(record, owes_exchange, said) {
        Ok(place) => Ok(Some(place)),
        Err(_) if !uses_up(person) && (permit.is_none() || may_shed(basis.stage)) => {
            shared.metrics.shed_records.inc();
            Ok(None)
        }
        Err(unavailable) => Err(refuse(basis.stage, &unavailable)),
    }
}

/// What is to be on the disk before the request goes on: the decision that
/// releases a restricted model, and the one that uses up an assertion.
pub(crate) fn awaited(
    place: Option<Place>,
    person: Option<&KnownPerson>,
    permit: Option<&Permit>,
    stage: Stage,
) -> Option<Place> {
    let releases = matches!(permit, Some(Permit::Work(_))) && !may_shed(stage);
    place.filter(|_| releases || uses_up(person))
}

fn uses_up(person: Option<&KnownPerson>) -> bool {
    person.is_some_and(|person| person.used.is_some())
}

/// Refuses what may not go unrecorded.
pub(crate) fn refuse(stage: Stage, unavailable: &Unavailable) -> Refusal {
    tracing::error!(%stage, "request refused: {unavailable}");
    let message = "This model is served only with a record, and the record cannot be kept now; try again";
    Refusal::new(503, "record_unavailable", message).retry_after(5)
}
