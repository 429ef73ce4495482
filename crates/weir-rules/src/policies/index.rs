//! The policies of a bucket by what they require of a principal: those that
//! are always evaluated as one set, every other by itself under its key.

use std::collections::HashMap;

use cedar_policy::{PolicySet, PolicySetError};
use weir_acts::Value;

use super::attributes;
use crate::entities::{Known, Reads};
use crate::rule::RuleInForce;
use crate::rule::key::{Key, Scalar};

/// Policies to be evaluated together, and what they read of a principal.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub(super) set: PolicySet,
    pub(super) reads: Reads,
}

impl Candidate {
    fn of(rules: &[&RuleInForce]) -> Result<Candidate, Box<PolicySetError>> {
        let set = PolicySet::from_policies(rules.iter().map(|rule| rule.policy.clone()))?;
        Ok(Candidate { set, reads: Reads::new(attributes(rules.iter().copied())) })
    }
}

/// Policies by key.
#[derive(Debug, Default)]
pub(super) struct Index {
    always: Candidate,
    singles: Vec<Candidate>,
    claims: HashMap<String, Asked>,
    measures: HashMap<String, Vec<usize>>,
    suspended: Vec<usize>,
}

/// The policies that ask for one kind of claim, as places among the singles.
#[derive(Debug, Default)]
struct Asked {
    has: Vec<usize>,
    equals: HashMap<Scalar, Vec<usize>>,
}

impl Index {
    /// Everything in one set: what the index proper is held equal to.
    pub(super) fn flat(rules: &[&RuleInForce]) -> Result<Index, Box<PolicySetError>> {
        Ok(Index { always: Candidate::of(rules)?, ..Index::default() })
    }

    /// Each rule under its key.
    pub(super) fn of(rules: &[&RuleInForce]) -> Result<Index, Box<PolicySetError>> {
        let mut index = Index::default();
        let mut always = Vec::new();
        for rule in rules {
            let place = index.singles.len();
            let places = match &rule.key {
                Key::Always => {
                    always.push(*rule);
                    continue;
                }
                Key::Has(kind) => &mut index.claims.entry(kind.clone()).or_default().has,
                Key::Equals(kind, value) => {
                    index.claims.entry(kind.clone()).or_default().equals.entry(value.clone()).or_default()
                }
                Key::Measure(measure) => index.measures.entry(measure.clone()).or_default(),
                Key::Suspended => &mut index.suspended,
            };
            places.push(place);
            index.singles.push(Candidate::of(&[*rule])?);
        }
        index.always = Candidate::of(&always)?;
        Ok(index)
    }

    /// The sets that together hold every policy that could be true of `known`.
    pub(super) fn candidates(&self, known: &Known) -> Vec<&Candidate> {
        let mut places: Vec<usize> = Vec::new();
        if !self.claims.is_empty() {
            for (kind, standing) in known.claims.iter() {
                let (Some(value), Some(asked)) = (&standing.value, self.claims.get(&**kind)) else { continue };
                places.extend(&asked.has);
                places.extend(scalar(value).and_then(|value| asked.equals.get(&value)).into_iter().flatten());
            }
        }
        if !self.measures.is_empty() {
            for measure in known.party.measures.iter().chain(&known.account.measures) {
                places.extend(self.measures.get(measure.as_str()).into_iter().flatten());
            }
        }
        if known.party.suspended || known.account.suspended {
            places.extend(&self.suspended);
        }
        // Party and account may bear the same measure.
        places.sort_unstable();
        places.dedup();
        std::iter::once(&self.always).chain(places.into_iter().filter_map(|place| self.singles.get(place))).collect()
    }
}

/// A set of words equals no literal.
fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Bool(value) => Some(Scalar::Bool(*value)),
        Value::Long(value) => Some(Scalar::Long(*value)),
        Value::String(value) => Some(Scalar::Text(value.clone())),
        Value::Set(_) => None,
    }
}
