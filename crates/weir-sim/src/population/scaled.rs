//! A population of any size from a seed, made one party at a time, so that a
//! million accounts need no more memory than one party's.

use super::{AccountSeed, ClaimSeed, ClaimValue, PartyKind, PartySeed, claim};
use crate::random::SeededRandom;

const JURISDICTIONS: &[&str] = &["XA", "XB", "XC", "XD", "XE", "XF"];
const SECTORS: &[&str] =
    &["education", "energy", "finance", "health", "manufacturing", "media", "research", "security"];

/// Parties with `accounts` accounts among them in all, each at least one (so
/// there are at least as many accounts as parties). Determined by the three
/// numbers; each party by its own position, whichever are made before it.
///
/// Of the accounts about 45 in 100 are verified US persons, 35 verified not,
/// 12 without a claim, 4 with one that only the holder made (level 0), and 4
/// with two claims of one level that disagree.
#[must_use]
pub fn scaled(parties: usize, accounts: usize, seed: u64) -> Scaled {
    Scaled { parties, accounts: accounts.max(parties), seed, next: 0 }
}

/// The identifiers of `count` institutions, spread over the population.
#[must_use]
pub fn scaled_appendix(parties: usize, count: usize) -> Vec<String> {
    let count = count.min(parties);
    (0..count).map(|place| party_id(share(place, parties, count))).collect()
}

/// The iterator behind [`scaled`].
#[derive(Debug, Clone)]
pub struct Scaled {
    parties: usize,
    accounts: usize,
    seed: u64,
    next: usize,
}

impl Iterator for Scaled {
    type Item = PartySeed;

    fn next(&mut self) -> Option<PartySeed> {
        if self.next >= self.parties {
            return None;
        }
        let place = self.next;
        self.next += 1;
        let mut random = SeededRandom::for_member(self.seed, as_seed(place));
        let accounts = self.accounts_before(place + 1) - self.accounts_before(place);
        Some(PartySeed {
            id: party_id(place),
            name: format!("Invented Institution {place}"),
            kind: PartyKind::Institution,
            claims: party_claims(&mut random),
            accounts: (0..accounts).map(|account| invent_account(account, &mut random)).collect(),
            grants: Vec::new(),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.parties - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Scaled {}

impl Scaled {
    /// How many accounts the parties before this one have: an even share,
    /// moved by up to half of one, so that parties differ in size while the
    /// sum is exact and none is left without.
    fn accounts_before(&self, place: usize) -> usize {
        let even = share(place, self.accounts, self.parties);
        if place == 0 || place >= self.parties {
            return even;
        }
        let room = (self.accounts / self.parties).saturating_sub(1) / 2;
        let mut random = SeededRandom::for_member(!self.seed, as_seed(place));
        even + random.position(room + 1)
    }
}

/// `place / places` of `whole`, rounded down, without overflow.
fn share(place: usize, whole: usize, places: usize) -> usize {
    let share = whole as u128 * place as u128 / places.max(1) as u128;
    usize::try_from(share).unwrap_or(whole)
}

fn as_seed(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

fn party_id(place: usize) -> String {
    format!("party-{place:06}")
}

fn party_claims(random: &mut SeededRandom) -> Vec<ClaimSeed> {
    let mut claims = Vec::new();
    let mut add = |kind, value, level, random: &mut SeededRandom| {
        claims.push(claim(kind, value, level, "brightline-checks", random.next_bits()));
    };
    let text = |list: &[&str], random: &mut SeededRandom| {
        ClaimValue::String(random.pick(list).copied().unwrap_or_default().to_owned())
    };
    add("jurisdiction", text(JURISDICTIONS, random), 2, random);
    if random.chance(80) {
        add("sector", text(SECTORS, random), 1, random);
    }
    if random.chance(85) {
        let level = i64::try_from(random.below(4)).unwrap_or(0);
        add("kyb_level", ClaimValue::Long(level), 2, random);
    }
    claims
}

fn invent_account(place: usize, random: &mut SeededRandom) -> AccountSeed {
    let mut claims = Vec::new();
    let mut us = |is, level, by, random: &mut SeededRandom| {
        claims.push(claim("us_person", ClaimValue::Bool(is), level, by, random.next_bits()));
    };
    let draw = random.below(100);
    let level = if random.chance(50) { 1 } else { 2 };
    match draw {
        0..45 => us(true, level, "brightline-checks", random),
        45..80 => us(false, level, "brightline-checks", random),
        80..92 => {}
        92..96 => us(random.chance(50), 0, "self", random),
        _ => {
            us(true, level, "brightline-checks", random);
            us(false, level, "harbour-notaries", random);
        }
    }
    if (45..80).contains(&draw) {
        let nationality = random.pick(&JURISDICTIONS[1..]).copied().unwrap_or("XB");
        let nationalities = ClaimValue::Set(vec![nationality.to_owned()]);
        let evidence = random.next_bits();
        claims.push(claim("nationalities", nationalities, level, "brightline-checks", evidence));
    }
    AccountSeed { name: format!("account-{place:04}"), claims }
}
