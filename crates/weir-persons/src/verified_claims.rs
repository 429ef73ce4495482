//! `verified_claims` (OpenID Identity Assurance 1.0, section 5) as claims of
//! this Weir: those kinds that the issuer may speak for, at no more than its
//! highest level, each of its declared type.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use weir_acts::claims::{Claims, Standing};
use weir_acts::value::{MAX_SET, MAX_WORD};
use weir_acts::{Value, ValueType};

/// One `verified_claims` element, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum VerifiedClaims {
    One(Element),
    Many(Vec<Element>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Element {
    verification: Verification,
    claims: BTreeMap<String, Json>,
}

#[derive(Debug, Deserialize)]
struct Verification {
    /// Required by the standard; which framework it is matters to the rules of
    /// the operator who registered the issuer, not here.
    #[serde(rename = "trust_framework")]
    _trust_framework: String,
    #[serde(default)]
    assurance_level: Option<Json>,
}

/// How sure the issuer is, as a level of this Weir: a number from 0 to 4, or
/// the words of eIDAS (Regulation (EU) No 910/2014, article 8) as 1, 2 and 3.
/// Where it says nothing its registered level holds.
fn level(told: Option<&Json>, most: u8) -> u8 {
    let told = match told {
        None => return most,
        Some(Json::Number(number)) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
        Some(Json::String(word)) => match word.to_ascii_lowercase().as_str() {
            "low" => Some(1),
            "substantial" => Some(2),
            "high" => Some(3),
            digits => digits.parse().ok(),
        },
        Some(_) => None,
    };
    // A level that cannot be read is none at all.
    told.unwrap_or(0).min(most)
}

/// The claims that count: of `kinds`, at most at level `most`.
///
/// # Errors
/// When a claim that would count is not of its declared type; its kind and the
/// type it should have.
pub(crate) fn counting(
    told: &VerifiedClaims,
    kinds: &BTreeMap<Arc<str>, ValueType>,
    most: u8,
) -> Result<Claims, (Arc<str>, ValueType)> {
    let elements = match told {
        VerifiedClaims::One(element) => std::slice::from_ref(element),
        VerifiedClaims::Many(elements) => elements,
    };
    let mut claims = Claims::default();
    for element in elements {
        let level = level(element.verification.assurance_level.as_ref(), most);
        for (name, json) in &element.claims {
            let Some((kind, value_type)) = kinds.get_key_value(name.as_str()) else { continue };
            let value = value(json, *value_type).ok_or_else(|| (Arc::clone(kind), *value_type))?;
            claims.add(kind, Standing { level, value: Some(value) });
        }
    }
    Ok(claims)
}

fn value(json: &Json, value_type: ValueType) -> Option<Value> {
    let word = |json: &Json| {
        let word = json.as_str()?;
        let fits = !word.is_empty() && word.len() <= MAX_WORD && !word.chars().any(char::is_control);
        fits.then(|| Box::<str>::from(word))
    };
    match value_type {
        ValueType::Bool => json.as_bool().map(Value::Bool),
        ValueType::Long => json.as_i64().map(Value::Long),
        ValueType::String => word(json).map(Value::String),
        ValueType::Set => {
            let members = json.as_array().filter(|members| members.len() <= MAX_SET)?;
            members.iter().map(word).collect::<Option<BTreeSet<_>>>().map(Value::Set)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(told: Json, most: u8) -> Result<Claims, (Arc<str>, ValueType)> {
        let kinds = BTreeMap::from([
            (Arc::from("us_person"), ValueType::Bool),
            (Arc::from("nationalities"), ValueType::Set),
            (Arc::from("age"), ValueType::Long),
        ]);
        counting(&serde_json::from_value(told).unwrap(), &kinds, most)
    }

    #[test]
    fn kinds_and_levels_are_capped() {
        let told = json!({"verification": {"trust_framework": "eidas", "assurance_level": "high"},
            "claims": {"us_person": true, "nationalities": ["XB", "XA"], "given_name": "Ada"}});
        let claims = read(told.clone(), 2).unwrap();
        assert_eq!(claims.known("us_person", 2), Some(&Value::Bool(true)));
        assert_eq!(claims.known("us_person", 3), None);
        assert_eq!(claims.known("nationalities", 0).unwrap().to_string(), "XA,XB");
        assert_eq!(claims.iter().count(), 2);
        assert!(read(told, 3).unwrap().known("us_person", 3).is_some());
    }

    #[test]
    fn levels_are_read_in_words_and_numbers_and_what_cannot_be_read_is_none() {
        let at = |level: Json| {
            let told =
                json!({"verification": {"trust_framework": "own", "assurance_level": level}, "claims": {"age": 3}});
            let claims = read(told, 4).unwrap();
            (0..=4).rev().find(|level| claims.known("age", *level).is_some())
        };
        let levels = [at(json!("low")), at(json!("Substantial")), at(json!(3)), at(json!("4")), at(json!("sure"))];
        assert_eq!(levels, [Some(1), Some(2), Some(3), Some(4), Some(0)]);
        assert_eq!(at(json!(-1)), Some(0));
    }

    #[test]
    fn several_elements_that_disagree_are_unknown() {
        let element = |value| json!({"verification": {"trust_framework": "own"}, "claims": {"us_person": value}});
        assert_eq!(read(json!([element(true), element(false)]), 2).unwrap().known("us_person", 0), None);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let told = json!({"verification": {"trust_framework": "own"}, "claims": {"us_person": "yes"}});
        assert_eq!(read(told, 2).unwrap_err(), (Arc::from("us_person"), ValueType::Bool));
        let without = json!({"verification": {}, "claims": {}});
        assert!(serde_json::from_value::<VerifiedClaims>(without).is_err());
    }
}
