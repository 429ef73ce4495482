//! Checking rules before they are set: they are parsed, typed strictly
//! against the declared kinds, and every one has an id of its own. A rule that
//! could err at the time of a decision does not pass.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet, ValidationMode, ValidationWarning, Validator};
use weir_acts::act::PolicyText;
use weir_acts::governed::ClaimKind;
use weir_acts::{State, Time};

use crate::base::{AUTHORITY_PREFIX, RESERVED_PREFIXES, base_rules};
use crate::schema::{access_schema_text, authority_schema_text, schema};

/// A file of rules as uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name, for errors.
    pub name: String,
    /// Its text: Cedar policies.
    pub text: String,
}

/// Why rules are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct RulesError {
    /// In which file.
    pub file: String,
    /// At which line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// What a `rules.set` act must say to bring other rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleChange {
    /// Policies that enter force.
    pub policies: Vec<PolicyText>,
    /// Ids that leave it.
    pub removed: Vec<String>,
}

/// Checks the rules of a folder.
///
/// # Errors
/// When a file is not Cedar, a rule does not fit the schema, has no id of its
/// own, or takes an id reserved to the base rules; the error says where.
pub fn check_rules(files: &[RuleFile], kinds: &BTreeMap<Arc<str>, ClaimKind>) -> Result<Vec<PolicyText>, RulesError> {
    let base: BTreeMap<String, String> = base_rules().into_iter().map(|rule| (rule.id, rule.cedar)).collect();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut rules = Vec::new();
    for file in files {
        let error = |line, problem| RulesError { file: file.name.clone(), line, problem };
        for rule in split(&file.text).map_err(|(line, problem)| error(line, problem))? {
            let line = line_of(&file.text, &rule.cedar);
            if let Some(other) = seen.insert(rule.id.clone(), &file.name) {
                return Err(error(line, format!("the id `{}` is used before, in {other}", rule.id)));
            }
            let reserved = RESERVED_PREFIXES.iter().any(|prefix| rule.id.starts_with(prefix));
            if (reserved || base.contains_key(&rule.id)) && base.get(&rule.id) != Some(&rule.cedar) {
                let problem =
                    format!("the id `{}` is reserved to the rule every weir starts with: choose another", rule.id);
                return Err(error(line, problem));
            }
            validate(&rule, kinds).map_err(|problem| error(line, problem))?;
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// What must change so that `wanted` and the base rules are those in force.
///
/// # Errors
/// With the id that was used before with another text: ids are never reused.
pub fn change_rules(state: &State, at: Time, wanted: &[PolicyText]) -> Result<RuleChange, String> {
    let mut change = RuleChange::default();
    for rule in wanted {
        match state.rules.get(rule.id.as_str()) {
            None => change.policies.push(rule.clone()),
            Some(former) if former.life.holds(at) && *former.cedar == *rule.cedar => {}
            Some(_) => return Err(rule.id.clone()),
        }
    }
    let base = base_rules();
    for (id, _) in state.rules.iter().filter(|(_, rule)| rule.life.holds(at)) {
        let kept = wanted.iter().chain(&base).any(|rule| *rule.id == **id);
        if !kept {
            change.removed.push(id.to_string());
        }
    }
    Ok(change)
}

/// The policies of a text, each under its `@id`; an error has a line.
pub(crate) fn split(text: &str) -> Result<Vec<PolicyText>, (usize, String)> {
    let set: PolicySet = text.parse().map_err(|error| {
        let detailed = DetailedError::from(&error);
        let at = detailed.source_locations.first().map_or(0, |label| label.loc.start);
        let related: Vec<&str> = detailed.related.iter().map(|related| related.message.as_str()).collect();
        let help = detailed.help.map(|help| format!(" ({help})")).unwrap_or_default();
        let more = if related.is_empty() { String::new() } else { format!("; {}", related.join("; ")) };
        (line_at(text, at), format!("{}{help}{more}", detailed.message))
    })?;
    if let Some(template) = set.templates().next() {
        return Err((
            line_of(text, &template.to_cedar()),
            "a template is not a rule: name what it is about".to_owned(),
        ));
    }
    let mut rules = Vec::new();
    for policy in set.policies() {
        let cedar = policy.to_cedar().unwrap_or_default();
        let line = line_of(text, &cedar);
        let Some(id) = policy.annotation("id") else {
            return Err((line, "a rule needs an id: write @id(\"...\") above it".to_owned()));
        };
        check_id(id).map_err(|problem| (line, problem))?;
        rules.push((line, PolicyText { id: id.to_owned(), cedar }));
    }
    rules.sort_by_key(|(line, _)| *line);
    Ok(rules.into_iter().map(|(_, rule)| rule).collect())
}

fn check_id(id: &str) -> Result<(), String> {
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/');
    if id.is_empty() || id.len() > 128 || !id.chars().all(belongs) {
        let shown: String = id.chars().take(64).collect();
        return Err(format!("`{shown}` is no rule id: write 1 to 128 of a-z, A-Z, 0-9, `-`, `_`, `.` and `/`"));
    }
    Ok(())
}

fn validate(rule: &PolicyText, kinds: &BTreeMap<Arc<str>, ClaimKind>) -> Result<(), String> {
    let text = if rule.id.starts_with(AUTHORITY_PREFIX) { authority_schema_text() } else { access_schema_text(kinds) };
    let policy = Policy::parse(Some(PolicyId::new(&rule.id)), &rule.cedar).map_err(|error| error.to_string())?;
    if crate::retention::of(&policy)?.is_some() && !rule.id.starts_with(AUTHORITY_PREFIX) {
        return Err(format!("@retention belongs to a rule whose id begins with `{AUTHORITY_PREFIX}`"));
    }
    if crate::automatic::of(&policy)?.is_some() && !rule.id.starts_with(AUTHORITY_PREFIX) {
        return Err(format!("@automatic belongs to a rule whose id begins with `{AUTHORITY_PREFIX}`"));
    }
    crate::obligations::limits(&policy)?;
    if crate::obligations::keep_text(&policy)?.is_some() && rule.id.starts_with(AUTHORITY_PREFIX) {
        return Err(format!("@keep_text stands on a rule about models, whose id does not begin with `{AUTHORITY_PREFIX}`"));
    }
    if !crate::obligations::withheld(&policy)?.is_empty() && rule.id.starts_with(AUTHORITY_PREFIX) {
        return Err(format!("@withhold stands on a rule about models, whose id does not begin with `{AUTHORITY_PREFIX}`"));
    }
    crate::obligations::falls_back(&policy)?;
    let set = PolicySet::from_policies([policy]).map_err(|error| error.to_string())?;
    let json = set.policy(&PolicyId::new(&rule.id)).map(Policy::to_json);
    if let Some(Ok(json)) = json
        && let Some(attribute) = census(&json, false)
    {
        return Err(format!(
            "`principal.{attribute}` holds only what concerns the models a rule names: ask it `.contains(...)`, nothing else"
        ));
    }
    let result = Validator::new(schema(&text)?).validate(&set, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        let detailed = DetailedError::from(error);
        let help = detailed.help.map(|help| format!(" ({help})")).unwrap_or_default();
        return Err(format!("{}{help}", detailed.message));
    }
    // Cedar takes `has` of a name that nothing bears as false, so that a
    // forbid with a slip of the pen would never forbid.
    let json = set.policy(&PolicyId::new(&rule.id)).map(Policy::to_json);
    if let Some(Ok(json)) = json
        && let Some(attribute) = asked_for(&json).into_iter().find(|attribute| !declares(&text, attribute))
    {
        return Err(format!("it asks for `{attribute}`, which nothing bears: no claim kind of that name is declared"));
    }
    match result.validation_warnings().next() {
        Some(warning @ (ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_))) => {
            Err(format!("it can never apply: {warning}"))
        }
        _ => Ok(()),
    }
}

/// Every attribute that a policy tests with `has`.
fn asked_for(json: &serde_json::Value) -> Vec<&str> {
    match json {
        serde_json::Value::Array(items) => items.iter().flat_map(asked_for).collect(),
        serde_json::Value::Object(fields) => {
            let tested = fields.get("has").and_then(|has| has.get("attr")).and_then(|attribute| attribute.as_str());
            tested.into_iter().chain(fields.values().flat_map(asked_for)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a schema's text declares an attribute of that name.
fn declares(schema: &str, attribute: &str) -> bool {
    let words = schema.split(|character: char| character.is_whitespace() || "{},".contains(character));
    words.filter_map(|word| word.strip_suffix(':')).any(|word| word.trim_end_matches('?') == attribute)
}

/// The attribute among those that are given in part (see `entities`) which a
/// policy takes as a whole, where it does.
fn census(json: &serde_json::Value, asked: bool) -> Option<&'static str> {
    match json {
        serde_json::Value::Array(items) => items.iter().find_map(|item| census(item, false)),
        serde_json::Value::Object(fields) => fields.iter().find_map(|(name, value)| match name.as_str() {
            "contains" | "containsAny" | "containsAll" => {
                let side = |side: &str| value.get(side).unwrap_or(&serde_json::Value::Null);
                census(side("left"), true).or_else(|| census(side("right"), false))
            }
            "." if !asked => {
                let attribute = value.get("attr").and_then(|attribute| attribute.as_str());
                let partial = PARTIAL.iter().find(|partial| Some(**partial) == attribute);
                partial.copied().or_else(|| census(value, false))
            }
            _ => census(value, false),
        }),
        _ => None,
    }
}

/// Attributes of which a principal carries only what concerns the models at
/// hand.
const PARTIAL: &[&str] = &["grants", "granted", "listed"];

fn line_of(text: &str, part: &str) -> usize {
    line_at(text, text.find(part).unwrap_or(0))
}

fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
