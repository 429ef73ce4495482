//! Facts as Cedar entities. A principal is a decision class: it carries what
//! the rules at hand read about it and nothing else, so that a party with ten
//! thousand grants costs what a party with one costs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use weir_acts::Value;
use weir_acts::claims::Claims;
use weir_acts::facts::{Facts, GrantFact};
use weir_acts::governed::ClaimKind;
use weir_acts::words::MeasureKind;

use crate::condition::{Condition, Three};

/// Claims under this level admit nobody: an account's own word opens no grant.
pub(crate) const POPULATION_MIN_LEVEL: u8 = 1;

/// The facts of a class: what is known of a party and of an account together.
pub(crate) struct Known {
    pub(crate) party: Arc<Facts>,
    pub(crate) account: Arc<Facts>,
    pub(crate) claims: Claims,
}

impl Known {
    pub(crate) fn new(party: Arc<Facts>, account: Arc<Facts>) -> Known {
        let claims = match (party.claims.is_empty(), account.claims.is_empty()) {
            (_, true) => party.claims.clone(),
            (true, _) => account.claims.clone(),
            _ => party.claims.clone().merge(&account.claims),
        };
        Known { party, account, claims }
    }

    /// Grants on `model`. Invariant of facts: grants are sorted by model.
    pub(crate) fn grants<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a GrantFact> {
        [&self.party, &self.account].into_iter().flat_map(move |facts| {
            let start = facts.grants.partition_point(|grant| &*grant.model < model);
            facts.grants.iter().skip(start).take_while(move |grant| &*grant.model == model)
        })
    }

    /// Whether a measure of `kind` holds for party or account.
    pub(crate) fn has_measure(&self, kind: MeasureKind) -> bool {
        self.party.measures.contains(&kind) || self.account.measures.contains(&kind)
    }

    /// What whoever is asked to verify has shown since, the least of them.
    fn shown(&self) -> u8 {
        let asked = [&self.party, &self.account].into_iter().filter(|facts| facts.is_asked_to_verify());
        asked.map(|facts| facts.shown).min().unwrap_or(0)
    }

    fn lists(&self) -> impl Iterator<Item = &Arc<str>> {
        self.party.lists.iter().chain(&self.account.lists)
    }
}

/// A model as rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelFacts {
    pub(crate) name: Arc<str>,
    pub(crate) uid: EntityUid,
    /// The list of its stage, where it has one.
    pub(crate) list: Option<Arc<str>>,
    /// Whether it is the last of its line: it has no previous model and is
    /// another's.
    pub(crate) oldest: bool,
}

/// What a set of rules reads of a principal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    attributes: BTreeSet<String>,
    grants: bool,
    lists: bool,
    listed: bool,
    measures: bool,
    suspended: bool,
    shown: bool,
    level: bool,
}

impl Reads {
    pub(crate) fn new(attributes: BTreeSet<String>) -> Reads {
        let read = |name: &str| attributes.contains(name);
        Reads {
            grants: read("grants") || read("granted"),
            lists: read("lists"),
            listed: read("listed"),
            measures: read("measures"),
            suspended: read("suspended"),
            shown: read("shown"),
            level: read("level"),
            attributes,
        }
    }
}

/// The principal as the rules see it that make up `reads`. `models` are those
/// whose grants and lists matter: the one decided over, and those the rules
/// name.
pub(crate) fn principal(
    uid: &EntityUid,
    known: &Known,
    reads: &[&Reads],
    models: &[ModelFacts],
    populations: &Populations,
) -> Result<Entity, String> {
    let read = |of: fn(&Reads) -> bool| reads.iter().any(|reads| of(reads));
    let mut attributes = HashMap::new();
    let mut levels = Vec::new();
    let with_levels = read(|reads| reads.level);
    for (kind, standing) in known.claims.iter() {
        let Some(value) = &standing.value else { continue };
        if !reads.iter().any(|reads| reads.attributes.contains(&**kind)) {
            continue;
        }
        attributes.insert(kind.to_string(), expression(value));
        if with_levels {
            levels.push((kind.to_string(), RestrictedExpression::new_long(i64::from(standing.level))));
        }
    }
    let mut insert = |name: &str, value| attributes.insert(name.to_owned(), value);
    if with_levels {
        let levels = RestrictedExpression::new_record(levels).map_err(|error| error.to_string())?;
        insert("level", levels);
    }
    if read(|reads| reads.grants) {
        let (grants, granted) = grants(known, models, populations)?;
        insert("grants", RestrictedExpression::new_set(grants));
        insert("granted", RestrictedExpression::new_set(granted));
    }
    if read(|reads| reads.lists) {
        insert("lists", RestrictedExpression::new_set(known.lists().map(|list| text(list))));
    }
    if read(|reads| reads.listed) {
        let on_list = |model: &&ModelFacts| model.list.as_ref().is_some_and(|list| known.lists().any(|on| on == list));
        let listed = models.iter().filter(on_list);
        insert("listed", RestrictedExpression::new_set(listed.map(uid_of)));
    }
    if read(|reads| reads.measures) {
        let measures = known.party.measures.iter().chain(&known.account.measures);
        insert("measures", RestrictedExpression::new_set(measures.map(|measure| text(measure.as_str()))));
    }
    if read(|reads| reads.suspended) {
        insert("suspended", RestrictedExpression::new_bool(known.party.suspended || known.account.suspended));
    }
    if read(|reads| reads.shown) {
        insert("shown", RestrictedExpression::new_long(i64::from(known.shown())));
    }
    Entity::new(uid.clone(), attributes, HashSet::new()).map_err(|error| error.to_string())
}

/// The grants that count, with their purposes, and the models they are for.
/// A grant with a population counts where that is definitely true.
fn grants(
    known: &Known,
    models: &[ModelFacts],
    populations: &Populations,
) -> Result<(Vec<RestrictedExpression>, Vec<RestrictedExpression>), String> {
    let mut grants = Vec::new();
    let mut granted = Vec::new();
    for model in models {
        let counting = known.grants(&model.name).filter(|grant| populations.admit(grant, &known.claims));
        let before = grants.len();
        for grant in counting {
            let purpose = text(grant.purpose.as_deref().unwrap_or_default());
            let fields = [("model".to_owned(), uid_of(model)), ("purpose".to_owned(), purpose)];
            grants.push(RestrictedExpression::new_record(fields).map_err(|error| error.to_string())?);
        }
        if grants.len() > before {
            granted.push(uid_of(model));
        }
    }
    Ok((grants, granted))
}

/// A model as the resource of a request.
pub(crate) fn model(facts: &ModelFacts, stage: &str) -> Result<Entity, String> {
    let oldest = RestrictedExpression::new_bool(facts.oldest);
    let attributes = HashMap::from([("stage".to_owned(), text(stage)), ("oldest".to_owned(), oldest)]);
    Entity::new(facts.uid.clone(), attributes, HashSet::new()).map_err(|error| error.to_string())
}

fn uid_of(model: &ModelFacts) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(model.uid.clone())
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn expression(value: &Value) -> RestrictedExpression {
    match value {
        Value::Bool(value) => RestrictedExpression::new_bool(*value),
        Value::Long(value) => RestrictedExpression::new_long(*value),
        Value::String(value) => text(value),
        Value::Set(members) => RestrictedExpression::new_set(members.iter().map(|member| text(member))),
    }
}

/// The populations of grants, each parsed once.
#[derive(Debug)]
pub(crate) struct Populations {
    kinds: Arc<BTreeMap<Arc<str>, ClaimKind>>,
    read: Mutex<HashMap<Arc<str>, Option<Arc<Condition>>>>,
}

/// More distinct populations than this are parsed anew each time.
const MAX_POPULATIONS: usize = 4096;

impl Populations {
    pub(crate) fn new(kinds: Arc<BTreeMap<Arc<str>, ClaimKind>>) -> Populations {
        Populations { kinds, read: Mutex::default() }
    }

    /// Whether a grant's population is definitely true of `claims`. One that
    /// cannot be read admits nobody.
    pub(crate) fn admit(&self, grant: &GrantFact, claims: &Claims) -> bool {
        let Some(population) = &grant.population else { return true };
        self.condition(population).is_some_and(|condition| condition.eval(claims, POPULATION_MIN_LEVEL) == Three::True)
    }

    /// Whether both read conditions over the same kinds.
    pub(crate) fn same_kinds(&self, other: &Populations) -> bool {
        Arc::ptr_eq(&self.kinds, &other.kinds) || self.kinds == other.kinds
    }

    /// The kinds declared, by name.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        self.kinds.keys()
    }

    /// A population as a condition; none where it cannot be read.
    pub(crate) fn condition(&self, text: &Arc<str>) -> Option<Arc<Condition>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(condition) = read.get(text) {
            return condition.clone();
        }
        let condition = Condition::parse(text, &self.kinds).ok().map(Arc::new);
        if read.len() < MAX_POPULATIONS {
            read.insert(Arc::clone(text), condition.clone());
        }
        condition
    }
}
