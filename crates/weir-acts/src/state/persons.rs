//! Folding persons: whom an issuer's assertions are about, once something is
//! recorded about them.

use std::sync::Arc;

use super::{FoldProblem, State, Touched, missing, repeated, subject};
use crate::act::{Parts, private, public};
use crate::entry::Entry;
use crate::id::PersonId;
use crate::person::{Person, PersonKey};

impl State {
    pub(super) fn person_add(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::PersonAdd, private::PersonAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let (id, issuer): (PersonId, _) = (subject(entry)?, parts.public.issuer);
        if !self.issuers.contains_key(&issuer) {
            return Err(missing("issuer", issuer));
        }
        let sub: Option<Arc<str>> = parts.private.as_ref().map(|private| private.sub.as_str().into());
        let person = Person { id, issuer, sub, claims: Vec::new(), measures: Vec::new() };
        if let Some(key) = person.key()
            && self.person_keys.insert(key, id).is_some()
        {
            return Err(repeated("person", key));
        }
        if self.persons.insert(id, Arc::new(person)).is_some() {
            return Err(repeated("person", id));
        }
        touched.persons.insert(id);
        Ok(())
    }

    pub(super) fn person_mut(&mut self, id: PersonId) -> Result<&mut Person, FoldProblem> {
        self.persons.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("person", id))
    }

    /// The person recorded under `key`.
    pub fn person(&self, key: &PersonKey) -> Option<&Arc<Person>> {
        self.persons.get(self.person_keys.get(key)?)
    }
}
