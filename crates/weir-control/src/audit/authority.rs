//! Whether who did an act was allowed to, by the rules of authority that the
//! log itself had set by then.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use weir_acts::act::{Act, public};
use weir_acts::entry::{BY_DETECTOR, BY_WEIR, Entry};
use weir_acts::governed::Rule;
use weir_acts::id::OperatorId;
use weir_acts::Time;
use weir_acts::records::{first_exchange, segment_number};
use weir_acts::state::State;
use weir_acts::words::{MeasureKind, Role, Stage};
use weir_rules::retention::{EXCHANGES_DELETE, RECORDS_DELETE};
use weir_rules::{ActFacts, Authority, hours_of};

use crate::plan::{authors_of_appealed, drafts};
use crate::service::{TEXT_READ, facts_of_lifting};

type Rules = Arc<BTreeMap<Arc<str>, Rule>>;

/// The rules of authority in force, compiled once while they stay, and what
/// they were found to permit.
#[derive(Default)]
pub(super) struct AuthorityCheck {
    compiled: Option<(Rules, Authority)>,
    permitted: HashMap<String, Permitted>,
}

/// What one operator was found to be permitted under the rules that are
/// compiled. Their answer depends on nothing but the operator, the roles, the
/// kind and the facts.
#[derive(Default)]
struct Permitted {
    roles: Vec<Role>,
    asked: HashSet<Asked>,
}

/// A question to the rules of authority.
#[derive(PartialEq, Eq, Hash)]
struct Asked {
    kind: &'static str,
    author: Option<Box<str>>,
    stage: Option<Stage>,
    measure: Option<MeasureKind>,
    hours: Option<i64>,
    approvals: u32,
}

/// Questions that are remembered of an operator; a log can ask any number.
const MOST_ASKED: usize = 4_096;

/// Operators of whom any are.
const MOST_OPERATORS: usize = 4_096;

impl AuthorityCheck {
    /// Whether the author of `entry` might do it after what `state` holds.
    /// Weir itself only begins a log, ends seals, follows published key sets and keeps files of records; an account only appeals,
    /// and that it exists the fold checks.
    pub(super) fn check(&mut self, entry: &Entry, state: &State) -> Result<(), String> {
        let deletion = match &entry.act {
            Act::RecordsDelete(parts) => Some(Deletion::of_records(&parts.public, state)),
            Act::ExchangesDelete(parts) => Some(Deletion::of_exchanges(&parts.public, state)),
            _ => None,
        };
        if let Some(deletion) = deletion.filter(|_| entry.by == BY_WEIR) {
            return deletion.check(self.compiled(entry, state)?, entry);
        }
        if entry.by == BY_WEIR {
            return by_weir(entry, state);
        }
        if matches!(entry.act, Act::AppealFile(_)) {
            return Ok(());
        }
        let operator = entry.by.parse::<OperatorId>().ok().and_then(|id| state.operators.get(&id));
        let roles = match operator {
            Some(operator) => operator.roles.as_slice(),
            None if entry.by == BY_DETECTOR => &[],
            // An author who is neither is refused by the fold, by name.
            None => return Ok(()),
        };
        facts(entry, state).iter().try_for_each(|facts| self.may(entry, roles, facts, state))
    }

    /// As [`Authority::may`], asked once for what is asked again and again.
    fn may(&mut self, entry: &Entry, roles: &[Role], facts: &ActFacts<'_>, state: &State) -> Result<(), String> {
        self.compiled(entry, state)?;
        let ActFacts { author, stage, measure, hours, approvals } = *facts;
        let asked = Asked { kind: action(&entry.act), author: author.map(Into::into), stage, measure, hours, approvals };
        let known = self.permitted.get(&entry.by).filter(|known| known.roles == roles);
        if known.is_some_and(|known| known.asked.contains(&asked)) {
            return Ok(());
        }
        let authority = self.compiled(entry, state)?;
        authority.may(&entry.by, roles, asked.kind, facts).map_err(|refusal| refusal.to_string())?;
        self.remember(&entry.by, roles, asked);
        Ok(())
    }

    fn remember(&mut self, by: &str, roles: &[Role], asked: Asked) {
        if self.permitted.len() >= MOST_OPERATORS && !self.permitted.contains_key(by) {
            self.permitted.clear();
        }
        let known = self.permitted.entry(by.to_owned()).or_default();
        if known.roles != roles || known.asked.len() >= MOST_ASKED {
            *known = Permitted { roles: roles.to_vec(), asked: HashSet::new() };
        }
        known.asked.insert(asked);
    }

    /// The rules in force before `entry`. Other rules than those compiled end
    /// what was remembered of them.
    fn compiled(&mut self, entry: &Entry, state: &State) -> Result<&Authority, String> {
        let kept = self.compiled.take().filter(|(rules, _)| Arc::ptr_eq(rules, &state.rules));
        let current = match kept {
            Some(current) => current,
            None => {
                self.permitted.clear();
                let compiled = Authority::compile(state, entry.at).map_err(|error| error.to_string())?;
                (Arc::clone(&state.rules), compiled)
            }
        };
        Ok(&self.compiled.insert(current).1)
    }
}

/// What the rules of authority know an act by.
fn action(act: &Act) -> &'static str {
    match act {
        // To hand over what was let be read is to read it.
        Act::TextHand(_) => TEXT_READ,
        act => act.kind(),
    }
}

fn by_weir(entry: &Entry, state: &State) -> Result<(), String> {
    // The first operator's token follows the operator's own act.
    let is_first_token = matches!(entry.act, Act::TokenIssue(_))
        && state.operators.len() == 1
        && state.operators.values().all(|operator| operator.tokens.is_empty());
    let ends_seal = matches!(entry.act, Act::DirectiveDisclose(_));
    // A published key set that changed; whose keys count an operator said.
    let follows_issuer = matches!(entry.act, Act::IssuerKeys(_));
    // That a file was closed, and what it held, is seen by the process alone.
    let keeps_records = matches!(entry.act, Act::RecordsSeal(_) | Act::ExchangesSeal(_));
    if keeps_records || state.operators.is_empty() || is_first_token || ends_seal || follows_issuer {
        return Ok(());
    }
    Err(format!("`{}` was not done by an operator", entry.act.kind()))
}

/// Files that an act deletes, with when they were sealed, and by which rule.
struct Deletion<'s> {
    action: &'static str,
    rule: &'s str,
    files: Vec<(&'s str, Time)>,
}

impl<'s> Deletion<'s> {
    fn of_records(deleted: &'s public::RecordsDelete, state: &State) -> Deletion<'s> {
        let at = |name: &String| Some(state.segments.get(&segment_number(name)?)?.at);
        let files = deleted.segments.iter().filter_map(|name| Some((name.as_str(), at(name)?))).collect();
        Deletion { action: RECORDS_DELETE, rule: &deleted.rule, files }
    }

    fn of_exchanges(deleted: &'s public::ExchangesDelete, state: &State) -> Deletion<'s> {
        let at = |name: &String| Some(state.exchanges.get(&first_exchange(name)?)?.at);
        let files = deleted.files.iter().filter_map(|name| Some((name.as_str(), at(name)?))).collect();
        Deletion { action: EXCHANGES_DELETE, rule: &deleted.rule, files }
    }

    /// Whether the rules then in force had those files past their time. That
    /// they were sealed is for the fold.
    fn check(&self, authority: &Authority, entry: &Entry) -> Result<(), String> {
        let Some((rule, keep)) = authority.retention_of(self.action) else {
            return Err(format!("no rule in force let `{}` be done", self.action));
        };
        if **rule != *self.rule {
            return Err(format!("it names the rule `{}`; in force was `{rule}`", self.rule));
        }
        match self.files.iter().find(|(_, sealed)| sealed.plus_millis(keep) > entry.at) {
            Some((name, sealed)) => Err(format!("`{rule}` keeps {name}, sealed {sealed}, longer")),
            None => Ok(()),
        }
    }
}

/// What authority over an act depends on, as far as the log tells; of an
/// appeal against what several did, once for each of them.
fn facts<'s>(entry: &'s Entry, state: &'s State) -> Vec<ActFacts<'s>> {
    let approvals = approvals(entry, state);
    if let Act::AppealDecide(parts) = &entry.act {
        let appeal = state.appeals.get(&parts.public.appeal);
        let authors = appeal.into_iter().flat_map(|appeal| authors_of_appealed(state, appeal)).map(Some);
        let of = |author| ActFacts { author, approvals, ..ActFacts::default() };
        // Where nobody is known to be the author, the role alone decides.
        return authors.chain([None]).map(of).collect();
    }
    vec![match &entry.act {
        Act::StageSet(parts) => ActFacts { stage: Some(parts.public.stage), approvals, ..ActFacts::default() },
        Act::MeasureTake(parts) => {
            let hours = parts.public.until.map(|until| hours_of(until.since(entry.at)));
            ActFacts { measure: Some(parts.public.kind), hours, approvals, ..ActFacts::default() }
        }
        Act::MeasureLift(parts) => ActFacts { approvals, ..facts_of_lifting(state, parts.public.measure) },
        Act::DirectiveEnact(_) => {
            let directive = entry.subject.parse().ok().and_then(|id| state.directives.get(&id));
            ActFacts { author: directive.map(|directive| &*directive.drafted_by), approvals, ..ActFacts::default() }
        }
        Act::DraftApprove(_) => {
            let author = drafts::author(state, &entry.subject);
            ActFacts { author, approvals, ..ActFacts::default() }
        }
        _ => ActFacts { approvals, ..ActFacts::default() },
    }]
}

/// How many operators other than the author approved: each counted once, and
/// only who was an operator then.
fn approvals(entry: &Entry, state: &State) -> u32 {
    let approved: BTreeSet<OperatorId> = entry
        .approvals
        .iter()
        .filter(|approval| approval.by != entry.by)
        .filter_map(|approval| approval.by.parse().ok())
        .filter(|id| state.operators.get(id).is_some_and(|operator| operator.life.holds(entry.at)))
        .collect();
    u32::try_from(approved.len()).unwrap_or(u32::MAX)
}
