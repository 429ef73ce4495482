//! The person behind a request. `Weir-Person` carries the word of an issuer
//! that the calling account's party registered; verified, its claims stand in
//! for the account's own of the same kinds, for this request. Verifying costs
//! tens of microseconds, so what was verified is kept by the token's digest
//! until it ends, bound to the account and to the issuer's key set.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};
use weir_acts::claims::Claims;
use weir_acts::facts::FactsId;
use weir_acts::id::{AccountId, IssuerId};
use weir_acts::issuer::Issuer;
use weir_acts::person::PersonKey;
use weir_acts::view::{Caller, Class};
use weir_acts::{Digest, Time};
use weir_exchange::UsedAssertion;
use weir_persons::{Expected, Freshness, KeySet, Thumbprint, claimed_issuer, verify};
use weir_rules::Snapshot;

use crate::answer::Refusal;
use crate::flight::{Cut, CutReason, FlightBoard};

/// The header that bears the assertion.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("weir-person");

/// Verified tokens kept; at a few hundred bytes each some ten megabytes.
const KEPT: usize = 32_768;
/// Ids of used assertions kept; each lives at most an hour.
const USED: usize = 262_144;
/// Shards of the cache, so that workers rarely wait for each other.
const SHARDS: usize = 16;

/// Tells an account's `PARTY/NAME`.
pub type AccountNames = Arc<dyn Fn(AccountId) -> String + Send + Sync>;

/// What persons are verified with.
pub struct PersonsConfig {
    /// What assertions name as their audience.
    pub audience: String,
    /// Which published key sets were lately seen.
    pub freshness: Arc<Freshness>,
    /// For assertions that are bound to an account.
    pub names: AccountNames,
    /// Assertions that were used before and still hold, of those that hold once.
    pub used: Vec<UsedAssertion>,
}

/// A verified person.
#[derive(Debug)]
pub(crate) struct KnownPerson {
    issuer: IssuerId,
    /// The act that brought the key set it was verified with.
    keys: u64,
    key: Thumbprint,
    pub(crate) claims: Arc<Claims>,
    pub(crate) expires: Time,
    /// The assertion itself, where it holds once and is used up by this request.
    pub(crate) used: Option<UsedAssertion>,
    /// The issuer and a digest of its name for the person.
    pub(crate) who: PersonKey,
    /// The same as text, for records.
    pub(crate) label: Arc<str>,
    /// What the last request came to, since joining the facts and finding those of the same class takes
    /// longer than all else about a person who is known.
    classed: Mutex<Option<Classed>>,
}

/// What the facts of an account, and what is recorded about a person, come to with this person's claims. An id
/// names the same facts as long as the process runs.
#[derive(Debug, Clone, Copy)]
struct Classed {
    of: (FactsId, Option<FactsId>),
    person: FactsId,
}

impl KnownPerson {
    /// The caller with this person's claims; none where the issuer no longer
    /// speaks, or withdrew the key.
    pub(crate) fn stands_for(&self, snapshot: &Snapshot, caller: Caller) -> Option<Caller> {
        let issuer = snapshot.view().issuer(self.issuer).filter(|issuer| issuer.party == caller.party)?;
        let keys = issuer.keys.as_ref()?;
        if keys.act != self.keys && !KeySet::parse(&keys.set).is_ok_and(|set| set.holds(&self.key)) {
            return None;
        }
        let facts = (caller.class.account, snapshot.view().facts_of_person(&self.who));
        let mut classed = self.classed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(class) = classed.filter(|classed| classed.of == facts).map(|classed| classed.person) {
            return Some(Caller { class: Class { account: class, ..caller.class }, ..caller });
        }
        let class = snapshot.view().class_of_person(caller.class, &self.claims, Some(&self.who))?;
        *classed = Some(Classed { of: facts, person: class.account });
        Some(Caller { class, ..caller })
    }
}

type Token = ([u8; 32], AccountId);

/// Verifies persons, and keeps what was verified.
pub(crate) struct Persons {
    config: PersonsConfig,
    kept: [Mutex<HashMap<Token, Arc<KnownPerson>>>; SHARDS],
    sets: Mutex<BTreeMap<IssuerId, (u64, Arc<KeySet>)>>,
    used: Mutex<HashMap<(IssuerId, Digest), Time>>,
    /// When the first of the persons in flight ceases to be one, in
    /// milliseconds.
    first_to_expire: AtomicI64,
}

impl Persons {
    pub(crate) fn new(mut config: PersonsConfig) -> Persons {
        let used = std::mem::take(&mut config.used);
        let used = used.into_iter().map(|used| ((used.issuer, used.jti), used.expires)).collect();
        Persons {
            config,
            kept: std::array::from_fn(|_| Mutex::default()),
            sets: Mutex::default(),
            used: Mutex::new(used),
            first_to_expire: AtomicI64::new(i64::MAX),
        }
    }

    /// A request with `person` behind it is on the board.
    pub(crate) fn in_flight(&self, person: &KnownPerson) {
        self.first_to_expire.fetch_min(person.expires.millis(), Ordering::SeqCst);
    }

    /// Cuts what rests on assertions whose time is over: nobody speaks for the
    /// person any more. Costs nothing while none is.
    pub(crate) fn expire(&self, board: &FlightBoard, now: Time) -> u64 {
        if now.millis() < self.first_to_expire.load(Ordering::SeqCst) {
            return 0;
        }
        // Set before the look: whoever enters from here on is either seen by
        // it or lowers the mark again.
        self.first_to_expire.store(i64::MAX, Ordering::SeqCst);
        let tree_size = board.look(|snapshot| snapshot.tree_size());
        let mut cut = 0;
        for flight in board.flights() {
            let Some(person) = &flight.person else { continue };
            if now < person.expires {
                self.in_flight(person);
            } else if flight.gate().deny(flight.number, &Arc::new(Cut { tree_size, why: CutReason::Expired })) {
                cut += 1;
            }
        }
        cut
    }

    /// The person that a request asserts; none where it asserts none.
    pub(crate) fn identify(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        caller: &Caller,
        now: Time,
    ) -> Result<Option<Arc<KnownPerson>>, Refusal> {
        let mut values = headers.get_all(&HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(refused("the request has more than one; send one"));
        }
        let token = value.to_str().map_err(|_| refused("it is not ASCII"))?.trim();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(known) = self.kept(&(digest, caller.account), snapshot, now) {
            return Ok(Some(known));
        }
        let name = claimed_issuer(token).map_err(|error| refused(&error))?;
        let issuer = snapshot.view().issuer_of(caller.party, &name).ok_or_else(|| {
            let shown: String = name.chars().take(128).filter(|letter| !letter.is_control()).collect();
            refused(format_args!("`{shown}` is no issuer registered for this account's party"))
        })?;
        self.verified(token, digest, issuer, snapshot, caller, now).map(Some)
    }

    fn kept(&self, token: &Token, snapshot: &Snapshot, now: Time) -> Option<Arc<KnownPerson>> {
        let kept = self.shard(token).lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(token).filter(|known| now < known.expires)?;
        let issuer = snapshot.view().issuer(known.issuer)?;
        let is_current = issuer.keys.as_ref().is_some_and(|keys| keys.act == known.keys);
        (is_current && self.config.freshness.holds(issuer, now)).then(|| Arc::clone(known))
    }

    fn verified(
        &self,
        token: &str,
        digest: [u8; 32],
        issuer: &Issuer,
        snapshot: &Snapshot,
        caller: &Caller,
        now: Time,
    ) -> Result<Arc<KnownPerson>, Refusal> {
        let (Some(name), Some(keys)) = (&issuer.name, &issuer.keys) else {
            return Err(refused("the issuer's keys are not known yet; try again"));
        };
        if !self.config.freshness.holds(issuer, now) {
            return Err(refused("the issuer's key set could not be fetched for a day, so its word does not count"));
        }
        let set = self.set(issuer.id, keys.act, &keys.set)?;
        let kinds = issuer.kinds.iter().filter_map(|kind| snapshot.view().kind(kind));
        let account = (self.config.names)(caller.account);
        let expected = Expected {
            issuer: name,
            keys: &set,
            audience: &self.config.audience,
            account: Some(&account),
            kinds: &kinds.map(|(name, kind)| (Arc::clone(name), kind.value_type)).collect(),
            max_level: issuer.max_level,
            needs_jti: issuer.single_use,
            now,
        };
        let person = verify(token, &expected).map_err(|error| refused(&error))?;
        let used = match issuer.single_use {
            true => Some(self.use_once(issuer.id, person.jti.as_deref(), person.expires, now)?),
            false => None,
        };
        let who = PersonKey::of(issuer.id, &person.sub);
        let known = Arc::new(KnownPerson {
            issuer: issuer.id,
            keys: keys.act,
            key: person.key,
            claims: Arc::new(person.claims),
            expires: person.expires,
            used,
            who,
            label: who.to_string().into(),
            classed: Mutex::default(),
        });
        if !issuer.single_use {
            self.keep((digest, caller.account), Arc::clone(&known), now);
        }
        Ok(known)
    }

    /// The parsed key set of an issuer, read once a version.
    fn set(&self, issuer: IssuerId, act: u64, text: &str) -> Result<Arc<KeySet>, Refusal> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, set)) = sets.get(&issuer).filter(|(version, _)| *version == act) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(KeySet::parse(text).map_err(|error| refused(&error))?);
        sets.insert(issuer, (act, Arc::clone(&set)));
        Ok(set)
    }

    /// Takes an assertion that holds once. The record of the decision remembers
    /// it, and nothing is answered before that record is on the disk.
    fn use_once(
        &self,
        issuer: IssuerId,
        jti: Option<&str>,
        expires: Time,
        now: Time,
    ) -> Result<UsedAssertion, Refusal> {
        let jti = jti.ok_or_else(|| refused("its `jti` is missing; this issuer's assertions are used once"))?;
        let jti = Digest::of(jti.as_bytes());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= USED {
            used.retain(|_, expires| now < *expires);
        }
        if used.len() >= USED {
            return Err(
                Refusal::new(503, "overloaded", "Too many single-use assertions are live; try again").retry_after(1)
            );
        }
        match used.insert((issuer, jti), expires) {
            Some(_) => Err(refused("it was used before; this issuer's assertions are used once")),
            None => Ok(UsedAssertion { issuer, jti, expires }),
        }
    }

    fn keep(&self, token: Token, known: Arc<KnownPerson>, now: Time) {
        let mut kept = self.shard(&token).lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT / SHARDS {
            kept.retain(|_, known| now < known.expires);
        }
        if kept.len() >= KEPT / SHARDS {
            // All still hold: start anew rather than grow. Each costs one more
            // verification.
            kept.clear();
        }
        kept.insert(token, known);
    }

    fn shard(&self, token: &Token) -> &Mutex<HashMap<Token, Arc<KnownPerson>>> {
        &self.kept[usize::from(token.0[0]) % SHARDS]
    }
}

/// The assertion held when the request came, and holds no longer.
pub(crate) fn expired() -> Refusal {
    refused("it has expired; ask the issuer for another")
}

fn refused(why: impl std::fmt::Display) -> Refusal {
    let message = format!("The Weir-Person assertion is refused: {why}");
    Refusal::new(401, "person_refused", message)
}
