//! Record: the decision when it is made, the exchange when it is over. Where a
//! record cannot be kept, restricted stages fail closed and general ones shed.

use std::sync::Arc;

use weir_acts::view::Caller;
use weir_exchange::{DecisionId, DecisionRecord};

use crate::answer::{Refusal, may_shed};
use crate::gateway::Shared;
use crate::persons::KnownPerson;
use crate::phases::accept::Asked;
use crate::phases::decide::{Basis, Permit};

/// Records a decision. Returns whether it was kept, so that its exchange is
/// owed too.
pub(crate) fn decision(
    shared: &Shared,
    asked: &Asked,
    id: DecisionId,
    caller: &Caller,
    person: Option<&KnownPerson>,
    permit: Option<&Permit>,
    basis: &Basis,
) -> Result<bool, Refusal> {
    shared.metrics.decided(basis.ruling);
    let served_model = match permit {
        Some(Permit::Work(serve)) if serve.is_fallback => Some(Arc::clone(&serve.model)),
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
        person_claims: person.map(|person| person.claims.clone()),
        api: asked.api.name(),
        model: asked.model().cloned(),
        served_model,
        stage: basis.stage,
        ruling: basis.ruling,
        rules: basis.rules.clone(),
    };
    match shared.recorder.decide(record, permit.is_some()) {
        Ok(()) => Ok(true),
        Err(_) if permit.is_none() || may_shed(basis.stage) => {
            shared.metrics.shed_records.inc();
            Ok(false)
        }
        Err(unavailable) => {
            tracing::error!(stage = %basis.stage, "request refused: {unavailable}");
            let message = "This model is served only with a record, and the record cannot be kept now; try again";
            Err(Refusal::new(503, "record_unavailable", message).retry_after(5))
        }
    }
}
