//! What an erasure would erase, as it was found in the log. Drafts and kept
//! answers are about no one subject, but may say whom they concern: they are
//! found by name.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_acts::act::Erased;
use weir_acts::id::DraftId;
use weir_acts::state::{About, Holder, State};

use crate::names;

/// What an erasure would erase.
#[derive(Debug, Clone, Default)]
pub struct Erasing {
    /// Acts, and rows of imports, with a private part, and whom or what each is
    /// about.
    pub found: Vec<(Erased, About)>,
    /// The names it is to be forgotten under.
    pub names: Names,
    /// The draft that would be carried out by it.
    pub carrying: Option<DraftId>,
}

/// The names that somebody, and whatever belongs to them, is known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// Of everybody in `family`.
    pub(crate) fn of(state: &State, family: &BTreeSet<Holder>) -> Names {
        let mut names = BTreeSet::new();
        for holder in family {
            match holder {
                Holder::Party(id) => {
                    let party = state.parties.get(id);
                    let said = party.into_iter().flat_map(|party| [&party.handle, &party.name]);
                    names.extend(said.flatten().map(ToString::to_string));
                }
                Holder::Account(id) => {
                    let has_name = state.accounts.get(id).is_some_and(|account| account.handle.is_some());
                    names.extend(has_name.then(|| state.account_label(*id)));
                }
                Holder::Person(id) => {
                    let sub = state.persons.get(id).and_then(|person| person.sub.as_ref());
                    names.extend(sub.map(ToString::to_string));
                    names.extend(sub.map(|_| names::label(state, *holder)));
                }
            }
        }
        names.retain(|name| !name.trim().is_empty());
        Names(names)
    }

    /// Whether any of them stands in `text` as a word of its own.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|name| is_word_of(text, name))
    }

    /// Whether any of them stands in a text of the JSON in `bytes`, or in
    /// `bytes` where that is none.
    pub(crate) fn are_in_json(&self, bytes: &[u8]) -> bool {
        match serde_json::from_slice(bytes) {
            Ok(value) => self.are_in_value(&value),
            // What was overwritten says nothing.
            Err(_) => std::str::from_utf8(bytes).is_ok_and(|text| self.are_in(text)),
        }
    }

    fn are_in_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.are_in(text),
            Value::Array(values) => values.iter().any(|value| self.are_in_value(value)),
            Value::Object(fields) => fields.iter().any(|(name, value)| self.are_in(name) || self.are_in_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

fn is_word_of(text: &str, word: &str) -> bool {
    let goes_on = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || "-_".contains(next));
    text.match_indices(word).any(|(from, found)| {
        let (before, after) = (&text[..from], &text[from + found.len()..]);
        !goes_on(before.chars().next_back()) && !goes_on(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Names {
        Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_name_is_found_as_a_word_and_not_within_another() {
        let names = names(&["acme", "Acme Inc.", "acme/ci"]);
        for text in ["acme", "party:acme", "acme/ci", "borealis\nacme\n", "(acme).", "to Acme Inc. by hand", "é acme"]
        {
            assert!(names.are_in(text), "{text}");
        }
        for text in ["acme-labs", "pacme", "acme_2", "acmes", "Acme Inc", "", "an acm e"] {
            assert!(!names.are_in(text), "{text}");
        }
    }

    #[test]
    fn it_is_found_in_any_text_of_a_json_however_it_is_escaped() {
        let names = names(&["acme", "Zoë"]);
        for text in
            [r#"{"a":["x",{"b":"party:acme"}]}"#, r#"{"list":"one\nacme\ntwo"}"#, r#""Zo\u00eb""#, "acme no json"]
        {
            assert!(names.are_in_json(text.as_bytes()), "{text}");
        }
        assert!(!Names::default().are_in("anything"));
        for text in [r#"{"a":1,"b":null,"c":"acme-labs"}"#, "{}"] {
            assert!(!names.are_in_json(text.as_bytes()), "{text}");
        }
    }
}
