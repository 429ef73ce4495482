//! What others found, read back: hashes, until when they count, and from whom.
//! A feed is somebody else's word. It is read within bounds, what cannot be read
//! is said, and nothing but identifiers under a key is taken from it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use weir_acts::Time;

use crate::export::extension_id;
use crate::identifier::{Identifier, IdentifierKey, IdentifierKind};
use crate::tlp::Tlp;

/// The largest bundle that is read, in bytes.
pub const MOST_BYTES: usize = 64 << 20;
/// Most identifiers that are taken from one bundle.
pub const MOST_IDENTIFIERS: usize = 1_000_000;
/// Most objects of a bundle that are looked at.
const MOST_OBJECTS: usize = 200_000;
/// What is said of objects left out, at most.
const MOST_SAID: usize = 20;

/// Why a bundle is not read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is larger than any honest one.
    #[error("the bundle has {0} bytes; at most {MOST_BYTES} are read")]
    TooLarge(usize),
    /// It is not JSON, or no bundle.
    #[error("this is no STIX bundle: {0}")]
    NoBundle(String),
    /// It is a bundle of another version.
    #[error("the bundle has more than {MOST_OBJECTS} objects")]
    TooManyObjects,
    /// It names more than is taken.
    #[error("the bundle names more than {MOST_IDENTIFIERS} identifiers; ask its author for a smaller one")]
    TooManyIdentifiers,
    /// It has indicators under several keys, of which one alone can be ours.
    #[error("the bundle's indicators are under {0} different keys; ask its author for one bundle a key")]
    SeveralKeys(usize),
}

/// Indicators that others share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// Who says so, as they call themselves. Hostile text.
    pub from: String,
    /// With whom it may be shared, where it says.
    pub tlp: Option<Tlp>,
    /// The id of the key under which identifiers are.
    pub key_id: Option<String>,
    /// The key itself, where it is shared in the bundle.
    pub key: Option<IdentifierKey>,
    /// Who and what is meant, and until when.
    pub identifiers: BTreeMap<(IdentifierKind, Identifier), Time>,
    /// How many indicators are out of date and were left out.
    pub expired: usize,
    /// How many could not be read and were left out.
    pub unread: usize,
    /// What was wrong with the first of those.
    pub said: Vec<String>,
}

#[derive(Deserialize)]
struct Bundle<'b> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, borrow)]
    objects: Vec<&'b RawValue>,
}

#[derive(Deserialize)]
struct Indicator {
    id: String,
    pattern: String,
    pattern_type: String,
    valid_from: Time,
    valid_until: Option<Time>,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    object_marking_refs: Vec<String>,
    #[serde(default)]
    extensions: BTreeMap<String, Value>,
}

/// Reads a bundle as of `now`.
///
/// # Errors
/// When it is no bundle, or beyond what is read. Single indicators that cannot be
/// read, and those out of date, are left out and counted.
pub fn read(bytes: &[u8], now: Time) -> Result<Feed, ImportError> {
    if bytes.len() > MOST_BYTES {
        return Err(ImportError::TooLarge(bytes.len()));
    }
    let bundle: Bundle<'_> =
        serde_json::from_slice(bytes).map_err(|error| ImportError::NoBundle(error.to_string()))?;
    if bundle.kind != "bundle" {
        let kind: String = bundle.kind.chars().take(64).collect();
        return Err(ImportError::NoBundle(format!("its type is `{kind}`")));
    }
    if bundle.objects.len() > MOST_OBJECTS {
        return Err(ImportError::TooManyObjects);
    }
    let mut feed = Feed::default();
    let mut keys: BTreeMap<String, Option<IdentifierKey>> = BTreeMap::new();
    for object in bundle.objects {
        let Ok(kind) = serde_json::from_str::<Kind>(object.get()) else { continue };
        match kind.kind.as_str() {
            "identity" if feed.from.is_empty() => {
                feed.from = kind.name.unwrap_or_default().chars().take(256).collect();
            }
            "indicator" => match serde_json::from_str::<Indicator>(object.get()) {
                Ok(indicator) => take(&mut feed, &mut keys, indicator, now)?,
                Err(error) => leave_out(&mut feed, "an indicator", &error.to_string()),
            },
            _ => {}
        }
    }
    if keys.len() > 1 {
        return Err(ImportError::SeveralKeys(keys.len()));
    }
    if let Some((id, key)) = keys.pop_first() {
        (feed.key_id, feed.key) = (Some(id), key);
    }
    Ok(feed)
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
}

fn take(
    feed: &mut Feed,
    keys: &mut BTreeMap<String, Option<IdentifierKey>>,
    indicator: Indicator,
    now: Time,
) -> Result<(), ImportError> {
    let id: String = indicator.id.chars().take(64).collect();
    let Some(until) = indicator.valid_until else {
        leave_out(feed, &id, "it has no `valid_until`, and nothing is held against anybody for ever");
        return Ok(());
    };
    if indicator.revoked || until <= now || until <= indicator.valid_from {
        feed.expired += 1;
        return Ok(());
    }
    let Some(keyed) = indicator.extensions.get(&extension_id()) else {
        leave_out(feed, &id, "its identifiers are not under a key");
        return Ok(());
    };
    let Some(key_id) = keyed["key_id"].as_str() else {
        leave_out(feed, &id, "it does not say under which key its identifiers are");
        return Ok(());
    };
    let Some((kind, identifiers)) = pattern(&indicator.pattern).filter(|_| indicator.pattern_type == "stix") else {
        leave_out(feed, &id, "its pattern is not one that Weir reads: [PATH IN ('hmac-sha256:...', ...)]");
        return Ok(());
    };
    let key = keyed["key"].as_str().and_then(IdentifierKey::parse).filter(|key| key.id() == key_id);
    let known = keys.entry(key_id.to_owned()).or_default();
    *known = known.take().or(key);
    feed.tlp = feed.tlp.max(indicator.object_marking_refs.iter().filter_map(|id| Tlp::of_id(id)).max());
    for identifier in identifiers {
        let slot = feed.identifiers.entry((kind, identifier)).or_insert(until);
        *slot = until.max(*slot);
    }
    if feed.identifiers.len() > MOST_IDENTIFIERS {
        return Err(ImportError::TooManyIdentifiers);
    }
    Ok(())
}

fn leave_out(feed: &mut Feed, what: &str, why: &str) {
    feed.unread += 1;
    if feed.said.len() < MOST_SAID {
        feed.said.push(format!("{what}: {why}"));
    }
}

/// The one form of pattern that is read.
fn pattern(text: &str) -> Option<(IdentifierKind, Vec<Identifier>)> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let (path, rest) = inner.split_once(char::is_whitespace)?;
    let kind = IdentifierKind::ALL.into_iter().find(|kind| kind.path() == path)?;
    let rest = rest.trim();
    let list = match rest.strip_prefix('=') {
        Some(one) => one.trim(),
        None => rest.strip_prefix("IN")?.trim().strip_prefix('(')?.strip_suffix(')')?.trim(),
    };
    let identifiers = list.split(',').map(|value| {
        Identifier::parse(value.trim().strip_prefix('\'')?.strip_suffix('\'')?)
    });
    Some((kind, identifiers.collect::<Option<Vec<_>>>()?))
}

impl Feed {
    /// Who and what is meant of one kind and still counts at `now`.
    pub fn of_kind(&self, kind: IdentifierKind, now: Time) -> impl Iterator<Item = &Identifier> {
        self.identifiers.iter().filter(move |((of, _), until)| *of == kind && now < **until).map(|((_, id), _)| id)
    }
}
