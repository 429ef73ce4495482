//! The stage table of the contract, cell by cell.

use weir_acts::Value;
use weir_acts::words::Stage;

use super::{decide, rules_of, scene};
use crate::decision::Effect;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anybody,
    KybOne,
    KybTwo,
    KybTwoUnverified,
    Granted,
    GrantedForEvaluation,
    GrantedForDefence,
    GrantedAnotherModel,
    Listed,
    ListedElsewhere,
}

const EVERYBODY: [Who; 10] = [
    Who::Anybody,
    Who::KybOne,
    Who::KybTwo,
    Who::KybTwoUnverified,
    Who::Granted,
    Who::GrantedForEvaluation,
    Who::GrantedForDefence,
    Who::GrantedAnotherModel,
    Who::Listed,
    Who::ListedElsewhere,
];

/// The table: the rule that permits `who` at `stage`.
fn permits(stage: Stage, who: Who) -> Option<&'static str> {
    let granted = matches!(who, Who::Granted | Who::GrantedForEvaluation | Who::GrantedForDefence);
    match stage {
        Stage::Sealed => None,
        Stage::Evaluation => (who == Who::GrantedForEvaluation).then_some("stage/evaluation"),
        Stage::Defenders => (who == Who::GrantedForDefence).then_some("stage/defenders"),
        Stage::Listed if who == Who::Listed => Some("stage/listed"),
        Stage::Listed => granted.then_some("grant/listed"),
        Stage::Verified if who == Who::KybTwo => Some("stage/verified"),
        Stage::Verified => granted.then_some("grant/verified"),
        Stage::General => Some("stage/general"),
        Stage::Open => Some("stage/open"),
    }
}

#[test]
fn every_cell() {
    for stage in Stage::ALL.iter().copied() {
        for who in EVERYBODY {
            let mut scene = scene();
            let model = scene.model("mythos-5", Stage::Sealed);
            let other = scene.model("atlas-5", Stage::Sealed);
            let party = scene.party("acme");
            let account = scene.account(party, "a");
            let subject = party.to_string();
            match who {
                Who::Anybody | Who::Listed | Who::ListedElsewhere => {}
                Who::KybOne => scene.claim(&subject, "kyb_level", Value::Long(1), 3, None),
                Who::KybTwo => scene.claim(&subject, "kyb_level", Value::Long(2), 1, None),
                Who::KybTwoUnverified => scene.claim(&subject, "kyb_level", Value::Long(2), 0, None),
                Who::Granted => drop(scene.grant(party, "mythos-5", Some("research"), None)),
                Who::GrantedForEvaluation => drop(scene.grant(party, "mythos-5", Some("evaluation"), None)),
                Who::GrantedForDefence => drop(scene.grant(party, "mythos-5", Some("defence"), None)),
                Who::GrantedAnotherModel => {
                    for purpose in [None, Some("evaluation"), Some("defence")] {
                        scene.grant(party, "atlas-5", purpose, None);
                    }
                }
            }
            let members = [party];
            scene.stage(model, stage, if who == Who::Listed { &members } else { &[] });
            scene.stage(other, Stage::Listed, if who == Who::ListedElsewhere { &members } else { &[] });
            let verdict = decide(&scene, account, "mythos-5");
            let (effect, rule) = match permits(stage, who) {
                Some(rule) => (Effect::Permit, rule.to_owned()),
                None if stage == Stage::Sealed => (Effect::Missing, "stage/sealed".to_owned()),
                None => (Effect::Deny, format!("stage/{stage}")),
            };
            assert_eq!((verdict.effect, rules_of(&verdict)), (effect, vec![&*rule]), "{stage} {who:?}");
            assert_eq!(verdict.denial.is_some(), effect != Effect::Permit);
            assert_eq!(verdict.stage, stage);
        }
    }
}

#[test]
fn a_denial_at_a_stage_says_who_is_admitted_and_what_to_do() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::Verified);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    let verdict = decide(&scene, account, "mythos-5");
    let denial = verdict.denial.as_ref().unwrap();
    assert_eq!(denial.reason, "This model is released to verified institutions (stage `verified`)");
    assert!(denial.next.contains("kyb_level"), "{}", denial.next);
}

/// A new list replaces the former one.
#[test]
fn a_list_that_is_replaced_admits_nobody() {
    let mut scene = scene();
    let model = scene.model("mythos-5", Stage::Sealed);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    scene.stage(model, Stage::Listed, &[party]);
    assert!(decide(&scene, account, "mythos-5").permits());
    scene.stage(model, Stage::Listed, &[]);
    assert!(!decide(&scene, account, "mythos-5").permits());
}
