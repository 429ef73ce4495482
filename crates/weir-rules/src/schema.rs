//! The Cedar schema: what a rule may speak of. It is made from the declared
//! claim kinds, so that a rule that misspells a claim is refused when it is
//! set and never met at the time of a decision.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, ParseErrors, Schema};
use weir_acts::governed::ClaimKind;
use weir_acts::words::Describes;
use weir_acts::{Act, ValueType};

/// The type of principals in rules of access: a decision class.
pub(crate) const ACCOUNT: &str = "Weir::Account";
/// The type of resources in rules of access.
pub(crate) const MODEL: &str = "Weir::Model";
/// The type of principals in rules of authority.
pub(crate) const OPERATOR: &str = "Weir::Operator";
/// The type of resources in rules of authority.
pub(crate) const SUBJECT: &str = "Weir::Subject";
/// The type of every action.
pub(crate) const ACTION: &str = "Weir::Action";
/// The one action of access.
pub(crate) const USE: &str = "use";

/// What operators may do beside acts: read, and open private parts.
pub const READ_ACTIONS: &[&str] = &["read", "open"];

/// Attributes of principals that are not claims.
const RESERVED: &[&str] = &["level", "grants", "granted", "lists", "listed", "measures", "suspended", "shown"];
/// Words of Cedar and of the condition language.
const KEYWORDS: &[&str] =
    &["true", "false", "if", "then", "else", "in", "is", "like", "has", "contains", "principal", "__cedar"];
/// The longest name of a claim kind, in bytes.
const MAX_KIND: usize = 64;

/// A name that no claim kind may bear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindNameError {
    /// It is not an identifier.
    #[error("`{0}` is no name for a claim kind: write 1 to 64 of a-z, 0-9 and `_`, a letter first")]
    Form(String),
    /// It means something else in rules.
    #[error("`{0}` is no name for a claim kind: it means something else in rules")]
    Reserved(String),
}

/// Whether `name` means something else in rules, so that no claim kind may
/// bear it.
pub fn reserved_kind(name: &str) -> bool {
    RESERVED.contains(&name) || KEYWORDS.contains(&name)
}

/// Whether a claim kind may be declared under `name`.
///
/// # Errors
/// When it is not an identifier or is reserved.
pub fn check_kind_name(name: &str) -> Result<(), KindNameError> {
    let letters = name.strip_prefix(|first: char| first.is_ascii_lowercase());
    let belongs = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.len() > MAX_KIND || !letters.is_some_and(|rest| rest.chars().all(belongs)) {
        return Err(KindNameError::Form(name.chars().take(MAX_KIND).collect()));
    }
    if reserved_kind(name) {
        return Err(KindNameError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// The kinds that the base rules and examples speak of; declared by the first
/// acts of every log (contracts, section 2).
pub const BASE_KINDS: &[(&str, ValueType, Describes)] = &[
    ("jurisdiction", ValueType::String, Describes::Party),
    ("kyb_level", ValueType::Long, Describes::Party),
    ("nationalities", ValueType::Set, Describes::Person),
    ("sector", ValueType::String, Describes::Party),
    ("us_person", ValueType::Bool, Describes::Person),
];

/// The schema of access as Cedar text.
pub fn access_schema_text(kinds: &BTreeMap<Arc<str>, ClaimKind>) -> String {
    let mut claims = String::new();
    let mut levels = Vec::new();
    for (kind, declared) in kinds.iter().filter(|(kind, _)| check_kind_name(kind).is_ok()) {
        let cedar_type = match declared.value_type {
            ValueType::Bool => "Bool",
            ValueType::Long => "Long",
            ValueType::String => "String",
            ValueType::Set => "Set<String>",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(claims, "    {kind}?: {cedar_type},");
        levels.push(format!("{kind}?: Long"));
    }
    format!(
        "namespace Weir {{\n  entity Model {{ stage: String, oldest: Bool }};\n  entity Account {{\n{claims}    \
         level: {{ {} }},\n    grants: Set<{{ model: Model, purpose: String }}>,\n    granted: Set<Model>,\n    \
         lists: Set<String>,\n    listed: Set<Model>,\n    measures: Set<String>,\n    suspended: Bool,\n    shown: Long,\n  }};\n  \
         action \"{USE}\" appliesTo {{ principal: [Account], resource: [Model] }};\n}}\n",
        levels.join(", ")
    )
}

/// The schema of authority as Cedar text.
pub fn authority_schema_text() -> String {
    let actions: Vec<String> = Act::KINDS.iter().chain(READ_ACTIONS).map(|action| format!("\"{action}\"")).collect();
    format!(
        "namespace Weir {{\n  entity Operator {{ roles: Set<String> }};\n  \
         entity Subject {{ author?: Operator, stage?: String, measure?: String, hours?: Long }};\n  action {}\n    appliesTo {{ \
         principal: [Operator], resource: [Subject], context: {{ approvals: Long }} }};\n}}\n",
        actions.join(", ")
    )
}

pub(crate) fn schema(text: &str) -> Result<Schema, String> {
    Schema::from_cedarschema_str(text).map(|(schema, _)| schema).map_err(|error| error.to_string())
}

pub(crate) fn uid(type_name: &str, id: &str) -> Result<EntityUid, Box<ParseErrors>> {
    Ok(EntityUid::from_type_name_and_id(type_name.parse::<EntityTypeName>()?, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_acts::Time;

    #[test]
    fn kind_names_that_mean_something_else_are_refused() {
        for (name, _, _) in BASE_KINDS {
            check_kind_name(name).unwrap();
        }
        for name in ["level", "suspended", "in", "contains", "listed"] {
            assert_eq!(check_kind_name(name), Err(KindNameError::Reserved(name.to_owned())));
        }
        for name in ["", "Us", "us-person", "1st", "_x", "naïve", &"a".repeat(65)] {
            assert!(matches!(check_kind_name(name), Err(KindNameError::Form(_))), "{name}");
        }
    }

    #[test]
    fn both_schemas_are_cedar_whatever_is_declared() {
        schema(&authority_schema_text()).unwrap();
        schema(&access_schema_text(&BTreeMap::new())).unwrap();
        let kinds = BASE_KINDS.iter().map(|(name, value_type, describes)| {
            (Arc::from(*name), ClaimKind { value_type: *value_type, describes: *describes, since: Time::EPOCH })
        });
        schema(&access_schema_text(&kinds.collect())).unwrap();
    }
}
