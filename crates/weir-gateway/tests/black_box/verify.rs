//! A measure `verify`: who is asked is served again once better evidence than
//! was known is recorded, and not before.

use weir_acts::words::MeasureKind;
use weir_acts::{Time, Value};

use crate::house::{ACME, NORWIND, house};
use crate::scene::Scene;

#[test]
fn who_is_asked_is_served_again_once_something_better_is_known() {
    let mut house = house();
    let (party, account, _) = house.accounts[ACME];
    let subject = account.to_string();
    // What was known before was not enough, whatever its level.
    house.change(|scene| scene.claim(&subject, "us_person", Value::Bool(true), 4, None));
    house.change(|scene| {
        later(scene, 1);
        scene.measure(&subject, MeasureKind::Verify);
    });
    let asked = house.chat(ACME, "fable-5");
    assert_eq!((asked.status(), asked.head.get("weir-rule")), (403, Some("measure/verify")));
    for words in ["show who is behind it", "observed", "Measure s-", "Weir-Person", "level 2 or more", "Appeal: https://weir.example"] {
        assert!(asked.text().contains(words), "{}", asked.text());
    }
    assert_eq!(house.chat(NORWIND, "fable-5").status(), 200, "nobody else");
    house.change(|scene| scene.claim(&subject, "us_person", Value::Bool(true), 1, None));
    assert_eq!(house.chat(ACME, "fable-5").status(), 403, "its own word is not enough");
    house.change(|scene| scene.claim(&party.to_string(), "kyb_level", Value::Long(3), 3, None));
    assert_eq!(house.chat(ACME, "fable-5").status(), 403, "the account is asked, not its party");
    let soon = Time::from_millis(house.scene.now.millis() + 60_000);
    house.change(|scene| scene.claim(&subject, "us_person", Value::Bool(true), 2, Some(soon)));
    assert_eq!(house.chat(ACME, "fable-5").status(), 200);
    // Evidence that lapses counts no more.
    house.scene.world.advance(soon);
    later(&mut house.scene, 60_000);
    house.clock.set(soon);
    house.install();
    assert_eq!(house.chat(ACME, "fable-5").status(), 403);
    // Asked anew, it has to show anew.
    house.change(|scene| scene.claim(&subject, "us_person", Value::Bool(true), 3, None));
    assert_eq!(house.chat(ACME, "fable-5").status(), 200);
    let swept = house.change(|scene| {
        later(scene, 1);
        scene.measure(&party.to_string(), MeasureKind::Verify);
    });
    assert_eq!(swept.cut, 0, "nothing is under way");
    assert_eq!(house.chat(ACME, "fable-5").status(), 403, "now its party is asked");
    house.change(|scene| scene.claim(&party.to_string(), "kyb_level", Value::Long(3), 3, None));
    assert_eq!(house.chat(ACME, "fable-5").status(), 200);
}

fn later(scene: &mut Scene, millis: i64) {
    scene.now = Time::from_millis(scene.now.millis() + millis);
}
