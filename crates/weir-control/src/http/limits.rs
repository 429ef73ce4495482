//! What limits a request, told beside the explanation of its decision.

use serde::Serialize;
use weir_acts::id::{AccountId, MeasureId};
use weir_acts::limits::{Limited, Limits};
use weir_acts::view::Class;
use weir_rules::Snapshot;

/// One limit that a request is held to.
#[derive(Debug, Serialize)]
pub(super) struct LimitOn {
    /// Whose use is counted: `account`, `party`, `stage`, or `rule` for the
    /// account's use of what a rule permits.
    of: &'static str,
    /// What it is by: the rule that an exceeded limit names.
    rule: String,
    /// The measure, where one throttles.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<MeasureId>,
    limits: Limits,
}

/// Everything that limits `account`'s use of `model` under `snapshot`. All of
/// it holds, so that the strictest wins field by field.
pub(super) fn on(snapshot: &Snapshot, account: AccountId, class: Class, model: &str) -> Vec<LimitOn> {
    let view = snapshot.view();
    let party = view.party_of(account);
    let scopes = [
        ("account", view.limits_of_account(account)),
        ("party", party.and_then(|party| view.limits_of_party(party))),
        ("stage", view.limits_of_stage(view.stage(model))),
    ];
    let mut all: Vec<LimitOn> = Vec::new();
    for (of, limited) in scopes {
        all.extend(limited.into_iter().flat_map(|limited| told(of, limited)));
    }
    let verdict = snapshot.decide(class, model);
    all.extend(verdict.limits.iter().map(|limit| LimitOn {
        of: "rule",
        rule: limit.rule.to_string(),
        measure: None,
        limits: limit.limits,
    }));
    all
}

fn told(of: &'static str, limited: &Limited) -> Vec<LimitOn> {
    let own = (!limited.own.is_empty()).then(|| LimitOn {
        of,
        rule: format!("limit/{of}"),
        measure: None,
        limits: limited.own,
    });
    let throttles = limited.throttles.iter().map(|(measure, limits)| LimitOn {
        of,
        rule: "measure/throttle".to_owned(),
        measure: Some(*measure),
        limits: *limits,
    });
    own.into_iter().chain(throttles).collect()
}
