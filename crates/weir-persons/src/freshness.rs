//! Which published key sets were lately seen. A set that could not be fetched
//! for a day counts as none: its issuer may have revoked every key in it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use weir_acts::Time;
use weir_acts::id::IssuerId;
use weir_acts::issuer::Issuer;

/// How long a published set holds without being seen: a day, in milliseconds.
pub const STALE_MILLIS: i64 = 24 * 3_600 * 1_000;

/// When each issuer's published set was last seen. Shared by who fetches and
/// who verifies.
#[derive(Debug, Default)]
pub struct Freshness(RwLock<HashMap<IssuerId, Time>>);

impl Freshness {
    /// The set of `issuer` was fetched at `at`, changed or not.
    pub fn seen(&self, issuer: IssuerId, at: Time) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let last = seen.entry(issuer).or_insert(at);
        *last = at.max(*last);
    }

    /// Whether the keys of `issuer` may be relied on at `now`. A set that was
    /// handed in does not age.
    pub fn holds(&self, issuer: &Issuer, now: Time) -> bool {
        let Some(keys) = &issuer.keys else { return false };
        if issuer.url.is_none() || now.since(keys.since) < STALE_MILLIS {
            return true;
        }
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.get(&issuer.id).is_some_and(|last| now.since(*last) < STALE_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_acts::holder::Life;
    use weir_acts::id::PartyId;
    use weir_acts::issuer::Keys;

    #[test]
    fn a_published_set_ages_unless_it_is_seen_and_one_handed_in_does_not() {
        let at = |hours: i64| Time::from_millis(hours * 3_600_000);
        let mut issuer = Issuer {
            id: IssuerId::from_bytes([1; 10]),
            party: PartyId::from_bytes([2; 10]),
            name: Some("https://id.example".into()),
            url: Some("https://id.example/keys".into()),
            kinds: vec![],
            max_level: 2,
            single_use: false,
            keys: Some(Keys { act: 3, since: at(0), set: "{}".into() }),
            life: Life::since(at(0)),
        };
        let freshness = Freshness::default();
        assert!(freshness.holds(&issuer, at(23)) && !freshness.holds(&issuer, at(24)));
        freshness.seen(issuer.id, at(20));
        freshness.seen(issuer.id, at(10));
        assert!(freshness.holds(&issuer, at(43)) && !freshness.holds(&issuer, at(44)));
        issuer.url = None;
        assert!(freshness.holds(&issuer, at(1_000)));
        issuer.keys = None;
        assert!(!freshness.holds(&issuer, at(1)));
    }
}
