use weir_acts::Digest;
use weir_acts::act::PolicyText;

use super::*;
use crate::scene::Scene;

/// The texts as logs hold them, by the first digits of their digests. To change
/// one here, give the new text a new id.
const TEXTS: &[(&str, &str)] = &[
    ("stage/evaluation", "0bc90707eae3"),
    ("stage/defenders", "1c8c1997a86f"),
    ("stage/listed", "227014968bba"),
    ("grant/listed", "afadda30629f"),
    ("stage/verified", "f21f1070fce2"),
    ("grant/verified", "9355e31ccfb1"),
    ("stage/general", "55c7592a7c91"),
    ("stage/open", "7305f4da6630"),
    ("account/suspended", "46302f5ce919"),
    ("measure/verify", "fbcb40f09fe3"),
    ("measure/refuse", "f9207fffbef6"),
    ("measure/fallback", "e9f8c4dc2255"),
    ("measure/suspend", "d39e7f207800"),
    ("authority/operator", "02c009c9417d"),
    ("authority/import", "da58bbac2aec"),
    ("authority/log-key", "22abd81e2c21"),
    ("authority/release-officer", "021b7d134a2c"),
    ("authority/analyst", "cc6b6cfdacdb"),
    ("authority/limits", "f32ccdf14be4"),
    ("authority/meter", "af45d06612cd"),
    ("authority/throttle", "247456c25b3d"),
    ("authority/draft", "f1943fa50cf8"),
    ("authority/own-draft", "3293ea932637"),
    ("authority/change-rules", "bf60def45530"),
    ("authority/read", "5c867813a2d2"),
    ("authority/open", "fd424a555cfa"),
    ("authority/open-weights", "583cca7d3756"),
    ("authority/own-act", "1021bc7bae8b"),
    ("authority/person", "27c3425129d8"),
    ("authority/keep-or-erase", "b294123fa0a3"),
    ("authority/campaigns", "d5c0ff9dfd90"),
    ("authority/detector", "47c963d4039c"),
    ("authority/detector-measures", "79229ac6ffb2"),
    ("authority/detector-lifts", "1701c7bf8a83"),
    ("authority/detector-drafts", "5d35f0b2a1b1"),
    ("authority/kept-text", "e132f9c669e9"),
];

#[test]
fn texts_that_logs_hold_are_never_changed() {
    let found: Vec<(String, String)> = base_rules()
        .into_iter()
        .map(|rule| (rule.id, Digest::of(rule.cedar.as_bytes()).to_string()[7..19].to_owned()))
        .collect();
    let pinned: Vec<(String, String)> = TEXTS.iter().map(|(id, digest)| ((*id).to_owned(), (*digest).to_owned())).collect();
    assert_eq!(found, pinned);
}

fn begun_with(rules: Vec<PolicyText>) -> Upgrade {
    let scene = Scene::new(rules);
    upgrade(scene.world.state(), scene.now)
}

#[test]
fn a_log_lacks_what_it_never_had_and_keeps_what_it_has_otherwise() {
    assert_eq!(begun_with(base_rules()), Upgrade::default());
    let mut older = base_rules();
    older.retain(|rule| !["measure/verify", "authority/kept-text"].contains(&rule.id.as_str()));
    let operator = older.iter_mut().find(|rule| rule.id == "authority/operator").unwrap();
    operator.cedar = operator.cedar.replace(", Weir::Action::\"party.import\"", "");
    let in_log: Arc<str> = operator.cedar.as_str().into();
    let found = begun_with(older.clone());
    let ids: Vec<&str> = found.lacking.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["measure/verify", "authority/kept-text"]);
    let [other] = &found.otherwise[..] else { panic!("{found:?}") };
    assert_eq!((other.id.as_str(), &other.in_log, other.in_force), ("authority/operator", &in_log, true));
    assert!(other.here.contains("party.import"));

    let scene = Scene::new(older);
    assert_eq!(lacking_for(scene.world.state(), scene.now, "text.read").as_deref(), Some("authority/kept-text"));
    assert_eq!(lacking_for(scene.world.state(), scene.now, "party.add"), None);
}
