//! Campaigns as the log tells of them: accounts judged to act as one, with
//! the dossier that says so, and what was done about them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::id::{AccountId, MeasureId};
use crate::time::Time;
use crate::words::{CampaignRole, CampaignStatus};

/// The longest id of a campaign, in bytes.
const MOST_ID: usize = 64;

/// Bits of evidence, kept in hundredths so that what is written is what is
/// read; in JSON a number of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(pub(crate) i64);

impl Bits {
    /// To the nearest hundredth; what is no number is none.
    pub fn of(bits: f64) -> Bits {
        // A cast saturates, and of NaN makes 0.
        Bits((bits * 100.0).round() as i64)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bits, D::Error> {
        f64::deserialize(deserializer).map(Bits::of)
    }
}

/// An account of a campaign, as its act tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The account.
    pub account: AccountId,
    /// Whether it may be acted on.
    pub role: CampaignRole,
    /// Its own test, with it left out of the group.
    pub bits: Bits,
    /// When it first took part.
    pub since: Time,
    /// Its line of `members.jsonl`, as it stands: what brings its bits, what
    /// speaks against.
    pub line: String,
}

/// A campaign from its finding to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id, the detector's.
    pub id: Arc<str>,
    /// What was shown.
    pub status: CampaignStatus,
    /// Its linkage when last told.
    pub log2_e: Bits,
    /// Accounts with it then, members and associated; 0 where it was no longer
    /// found.
    pub accounts: u64,
    /// Joint exchanges then.
    pub exchanges: u64,
    /// Whether it went on then.
    pub growing: bool,
    /// When every axis was first shown.
    pub alarm: Time,
    /// When it entered the log, and with which act.
    pub found: (Time, u64),
    /// When it was last told of, and with which act.
    pub told: (Time, u64),
    /// Who found it.
    pub by: Arc<str>,
    /// The dossier as last told (contracts, section 6); none where withheld.
    pub dossier: Option<Arc<str>>,
    /// SHA-256 of the whole dossier, where it was too long to be told whole.
    pub whole: Option<Digest>,
    /// What was told of its accounts, each time by the act that told it; what
    /// was withheld is missing.
    pub members: Arc<BTreeMap<(AccountId, u64), Seen>>,
    /// The acts that told of its accounts, and of how many each.
    pub lists: BTreeMap<u64, u64>,
    /// Acts that told of it, dossier or accounts, whose private parts were
    /// erased: what rests on it rests on evidence that nobody can read.
    pub erased: BTreeSet<u64>,
    /// What was done about it, and on how many bits of whoever it is on.
    pub measures: BTreeMap<MeasureId, Bits>,
    /// When it ended, by whom, and why where that is at hand.
    pub ended: Option<(Time, Arc<str>, Option<Arc<str>>)>,
}

impl Campaign {
    /// Where it stands, in one word.
    pub const fn state(&self) -> &'static str {
        match (&self.ended, self.accounts, self.growing) {
            (Some(_), ..) => "ended",
            (None, 0, _) => "unfound",
            (None, _, true) => "growing",
            (None, _, false) => "quiet",
        }
    }

    /// Since when who found it no longer does; none where it is found, or was
    /// ended. An act that tells of no accounts says so, and the next that tells
    /// of some takes it back.
    pub const fn unfound(&self) -> Option<Time> {
        match (&self.ended, self.accounts) {
            (None, 0) => Some(self.told.0),
            _ => None,
        }
    }

    /// Its accounts, each as last told.
    pub fn accounts(&self) -> impl Iterator<Item = &Seen> {
        let mut told = self.members.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let ((account, _), seen) = told.next()?;
                if told.peek().is_none_or(|((next, _), _)| next != account) {
                    return Some(seen);
                }
            }
        })
    }

    /// What was last told of `account`.
    pub fn account(&self, account: AccountId) -> Option<&Seen> {
        self.members.range((account, 0)..=(account, u64::MAX)).next_back().map(|(_, seen)| seen)
    }

    /// How many of its accounts may be acted on.
    pub fn acted_on(&self) -> usize {
        self.accounts().filter(|seen| seen.role == CampaignRole::Member).count()
    }

    /// Of how many accounts the acts told whose private parts were erased; an
    /// account that several told of counts with each.
    pub fn accounts_erased(&self) -> u64 {
        self.lists.iter().filter(|(act, _)| self.erased.contains(act)).map(|(_, count)| count).sum()
    }

    /// Whether the private part of the act that last told its dossier was erased.
    pub fn dossier_erased(&self) -> bool {
        self.erased.contains(&self.told.1)
    }
}

/// Whether `id` may name a campaign: small letters, digits and hyphens.
pub fn is_campaign_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty() && id.len() <= MOST_ID && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_back_as_written() {
        for bits in [0.0, 41.7, -1.25, 18.004, 1e12] {
            let written = serde_json::to_string(&Bits::of(bits)).unwrap();
            assert_eq!(serde_json::from_str::<Bits>(&written).unwrap(), Bits::of(bits), "{written}");
        }
        assert_eq!(Bits::of(f64::NAN), Bits::of(0.0));
        assert!(is_campaign_id("k7f2-20260503") && !is_campaign_id("K7") && !is_campaign_id("a b") && !is_campaign_id(""));
    }
}
