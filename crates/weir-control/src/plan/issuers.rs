//! Planning acts about issuers: who speaks for a party's people.

use weir_acts::Digest;
use weir_acts::act::{Act, private, public};
use weir_acts::id::IssuerId;
use weir_acts::words::Describes;
use weir_persons::KeySet;

use super::{Plan, Planner, open, parts};
use crate::command::IssuerAdd;
use crate::names::{self, check_text};
use crate::refusal::Refusal;

/// The highest assurance level there is.
const MAX_LEVEL: u8 = 4;

impl Planner<'_> {
    pub(super) fn issuer_add(&self, command: &IssuerAdd) -> Result<Plan, Refusal> {
        let party = names::party(self.state, &command.party)?;
        if !party.life.holds(self.at) {
            return Err(Refusal::conflict(format!("party `{}` is closed", command.party)));
        }
        if command.max_level > MAX_LEVEL {
            return Err(Refusal::invalid(format!("a level is 0 to {MAX_LEVEL}, not {}", command.max_level)));
        }
        let kinds = self.kinds_of_persons(&command.kinds)?;
        let (url, set, by_default) = match (&command.url, &command.set) {
            (Some(url), None) => (Some(check_url(url)?), None, origin(url)),
            (None, Some(file)) => {
                KeySet::parse(&file.text).map_err(|error| Refusal::invalid(format!("{}: {error}", file.name)))?;
                (None, Some(file.text.clone()), command.party.clone())
            }
            _ => return Err(Refusal::invalid("give either the URL of a key set or the key set itself")),
        };
        let name = command.name.clone().unwrap_or(by_default);
        check_text("the issuer's name", &name, 512)?;
        let taken =
            self.state.issuers.values().any(|known| {
                known.party == party.id && known.life.holds(self.at) && known.name.as_deref() == Some(&*name)
            });
        if taken {
            return Err(Refusal::conflict(format!("party `{}` has an issuer `{name}` already", command.party)));
        }
        let issuer = IssuerId::random()?;
        let keys = set.as_ref().map(|set| Digest::of(set.as_bytes()));
        let act = Act::IssuerAdd(parts(
            public::IssuerAdd { issuer, kinds, max_level: command.max_level, single_use: command.single_use, keys },
            private::IssuerAdd { name: name.clone(), url, set },
        ));
        let mut plan = Plan::one(self.entry(party.id, act), issuer);
        plan.extras.insert("issuer".into(), name.into());
        Ok(plan)
    }

    /// Kinds that are declared and describe persons, each once.
    fn kinds_of_persons(&self, asked: &[String]) -> Result<Vec<String>, Refusal> {
        let mut kinds = asked.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() {
            return Err(Refusal::invalid("an issuer speaks for at least one kind of claim"));
        }
        for name in &kinds {
            match self.state.kinds.get(name.as_str()) {
                Some(kind) if kind.describes == Describes::Person => {}
                Some(_) => {
                    return Err(Refusal::invalid(format!(
                        "`{name}` does not describe persons, so no issuer speaks for it"
                    )));
                }
                None => {
                    let persons = self.state.kinds.iter().filter(|(_, kind)| kind.describes == Describes::Person);
                    let known: Vec<&str> = persons.map(|(name, _)| &**name).collect();
                    return Err(Refusal::not_found(format!(
                        "no claim kind `{name}` is declared; those about persons are: {}",
                        known.join(", ")
                    )));
                }
            }
        }
        Ok(kinds)
    }

    pub(super) fn issuer_remove(&self, id: IssuerId) -> Result<Plan, Refusal> {
        let issuer = self.state.issuers.get(&id);
        let issuer = issuer.ok_or_else(|| Refusal::not_found(format!("there is no issuer {id}")))?;
        if !issuer.life.holds(self.at) {
            return Err(Refusal::conflict(format!("issuer {id} is removed already")));
        }
        let act = Act::IssuerRemove(open(public::IssuerRemove { issuer: id }));
        Ok(Plan::one(self.entry(issuer.party, act), id))
    }

    /// The act by which an issuer's key set becomes `set`.
    pub(crate) fn issuer_keys(&self, id: IssuerId, set: String) -> Result<Plan, Refusal> {
        let issuer = self.state.issuers.get(&id).filter(|issuer| issuer.life.holds(self.at));
        let issuer = issuer.ok_or_else(|| Refusal::conflict(format!("issuer {id} is removed")))?;
        let keys = Digest::of(set.as_bytes());
        let act = Act::IssuerKeys(parts(public::IssuerKeys { issuer: id, keys }, private::IssuerKeys { set }));
        Ok(Plan::one(self.entry(issuer.party, act), id))
    }
}

/// Where a key set may be published: https, without user, query or fragment.
fn check_url(url: &str) -> Result<String, Refusal> {
    let wrong = |why: &str| Err(Refusal::invalid(format!("`{}`: {why}", url.chars().take(200).collect::<String>())));
    check_text("the URL of a key set", url, 1_024)?;
    let Some(rest) = url.strip_prefix("https://") else { return wrong("a key set is fetched by https:// only") };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.contains('@') || rest.contains(['#', '?']) || !url.is_ascii() || url.contains(' ') {
        return wrong("write https://HOST/PATH, without user, query or fragment");
    }
    Ok(url.to_owned())
}

/// Scheme and host of a URL: what an issuer calls itself unless told otherwise.
fn origin(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    format!("https://{}", rest.split('/').next().unwrap_or_default())
}
