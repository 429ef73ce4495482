use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Named, not named, unknown: what `us_person == false` says of an account.
fn named(account: &AccountSeed) -> Option<bool> {
    settled(&account.claims, "us_person", 1).map(|value| *value == ClaimValue::Bool(false))
}

fn plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[test]
fn the_demo_shows_every_answer() {
    let parties = parties();
    let answers: Vec<Option<bool>> = parties.iter().flat_map(|party| &party.accounts).map(named).collect();
    for answer in [Some(true), Some(false), None] {
        let count = answers.iter().filter(|each| **each == answer).count();
        assert!(count >= 5, "{answer:?}: {count}");
    }
    assert!(parties.iter().any(|party| party.kind == PartyKind::Person));
    let without_kyb = |party: &&PartySeed| settled(&party.claims, "kyb_level", 1).is_none();
    assert!(parties.iter().any(|party| without_kyb(&party)));
}

#[test]
fn the_demo_is_consistent() {
    let parties = parties();
    let ids: BTreeSet<&str> = parties.iter().map(|party| party.id.as_str()).collect();
    assert_eq!(ids.len(), parties.len());
    assert!(ids.iter().all(|id| plain(id)));
    let models = models();
    for party in &parties {
        assert!((1..=6).contains(&party.accounts.len()), "{}", party.id);
        for grant in &party.grants {
            assert!(models.iter().any(|model| model.id == grant.model));
        }
        // No kind describes both, so which of the two wins is never asked.
        let about_party: BTreeSet<&str> = party.claims.iter().map(|claim| claim.kind).collect();
        for claim in party.accounts.iter().flat_map(|account| &account.claims) {
            assert!(!about_party.contains(claim.kind));
            assert_eq!(claim.evidence.len(), 64);
        }
    }
    for (place, model) in models.iter().enumerate() {
        let earlier = &models[..place];
        let known = |previous| earlier.iter().any(|model| model.id == previous);
        assert!(model.previous.is_none_or(known), "{}", model.id);
    }
}

#[test]
fn the_letters_name_what_the_demo_has() {
    let parties = parties();
    for id in appendix() {
        let party = parties.iter().find(|party| party.id == *id).unwrap();
        assert_eq!(party.kind, PartyKind::Institution);
        assert!(party.accounts.iter().any(|account| named(account) != Some(false)), "{id}");
    }
    assert!(friday_letter_toml().contains(&format!("id = \"{FIRST_LETTER_ID}\"")));
    let second = second_letter_toml();
    assert!(second.contains(&format!("id = \"{SECOND_LETTER_ID}\"")));
    assert!(second.contains(&format!("amends = \"{FIRST_LETTER_ID}\"")));
    assert!(second.contains(APPENDIX_FILE));
    assert_eq!(appendix_list(&["a", "b"]), "a\nb\n");
}

#[test]
fn scales_to_the_friday_letter() {
    let (parties, accounts): (usize, usize) = (1_000, 50_000);
    let all: Vec<PartySeed> = scaled(parties, accounts, 7).collect();
    assert_eq!(all.len(), parties);
    let sizes: BTreeSet<usize> = all.iter().map(|party| party.accounts.len()).collect();
    assert!(sizes.len() > 10, "{sizes:?}");
    let answers: Vec<Option<bool>> = all.iter().flat_map(|party| &party.accounts).map(named).collect();
    assert_eq!(answers.len(), accounts);
    let share = |answer| answers.iter().filter(|each| **each == answer).count() * 100 / accounts;
    assert_eq!((share(Some(false)), share(Some(true)), share(None)), (44, 35, 20));
    let appendix = scaled_appendix(parties, 100);
    let ids: BTreeSet<&str> = all.iter().map(|party| party.id.as_str()).collect();
    assert_eq!(appendix.iter().collect::<BTreeSet<_>>().len(), 100);
    assert!(appendix.iter().all(|id| ids.contains(id.as_str())));
}

proptest! {
    #[test]
    fn scaled_populations_add_up(parties in 1_usize..60, accounts in 0_usize..600, seed: u64) {
        let all: Vec<PartySeed> = scaled(parties, accounts, seed).collect();
        prop_assert_eq!(all.len(), parties);
        let total: usize = all.iter().map(|party| party.accounts.len()).sum();
        prop_assert_eq!(total, accounts.max(parties));
        prop_assert!(all.iter().all(|party| !party.accounts.is_empty()));
        prop_assert_eq!(all, scaled(parties, accounts, seed).collect::<Vec<_>>());
    }
}

#[test]
fn the_highest_level_decides_and_disagreement_is_unknown() {
    let claim = |is, level| claim("us_person", ClaimValue::Bool(is), level, "by", 0);
    let claims = [claim(true, 1), claim(false, 2), claim(false, 2)];
    assert_eq!(settled(&claims, "us_person", 1), Some(&ClaimValue::Bool(false)));
    assert_eq!(settled(&claims, "us_person", 3), None);
    let claims = [claim(true, 2), claim(false, 2), claim(true, 1)];
    assert_eq!(settled(&claims, "us_person", 0), None);
}
