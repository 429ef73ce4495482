//! Bundles as others read them, and feeds as others may send them.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use weir_acts::Time;
use weir_detect::Dossier;
use weir_stix::{Export, IdentifierKey, IdentifierKind, ImportError, MOST_BYTES, Tlp, bundle, read};

fn dossier() -> Dossier {
    serde_json::from_value(json!({
        "id": "k7f2-20260503", "status": "campaign", "log2_e": 41.7, "alarm": "2026-05-03T07:00:00Z", "state": "growing",
        "accounts": 3412, "exchanges": 151_002, "first": "2026-05-01T00:00:00Z", "last": "2026-05-03T09:00:00Z",
        "axes": {"linkage": 21.4, "harvest": 17.9, "concealment": 12.2},
        "evidence": [{"block": "network", "what": "exits in common", "bits": 9.6, "accounts": 3398}],
        "against": [], "families": [{"template": "Rewrite ⟨text⟩ step by step", "share": 0.93}],
        "taken": {"exchanges": 151_002, "output_tokens": 90_213_455, "by_model": {"atlas-5": 0.97}, "by_class": {}},
        "nearest_lookalike": {"kind": "evaluation harness", "told_apart_by": "it hides"}, "samples": [], "related": [],
        "innocent_use": {"exchanges_outside": 41}, "not_used": [], "guarantee": "one in a hundred",
        "provenance": {"version": "0.1.0", "inputs": [], "constants": "", "command": ""},
    }))
    .unwrap()
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn key() -> IdentifierKey {
    IdentifierKey::new([7; 32])
}

fn made(accounts: &[String], with_key: bool) -> Value {
    let dossier = dossier();
    let mut named: Vec<(IdentifierKind, &str)> =
        accounts.iter().map(|account| (IdentifierKind::Account, account.as_str())).collect();
    named.push((IdentifierKind::Payment, "fp_9c1e"));
    named.push((IdentifierKind::Template, &dossier.families[0].template));
    bundle(&Export {
        dossier: &dossier,
        named,
        from: "An invented laboratory",
        tlp: Tlp::AmberStrict,
        expires: time("2026-08-01T00:00:00Z"),
        key: &key(),
        with_key,
    })
}

fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("a-{number}")).collect()
}

/// A Python with the `stix2` library; `cargo xtask test` installs it.
fn python() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from)
}

const CHECK: &str = r#"
import json, sys, stix2
bundle = stix2.parse(sys.stdin.read(), allow_custom=False)
kinds = {}
for one in bundle.objects:
    kinds[one.type] = kinds.get(one.type, 0) + 1
    if one.type == "indicator":
        assert stix2.pattern_visitor.create_pattern_object(one.pattern)
        assert one.valid_until > one.valid_from
store = stix2.MemoryStore(bundle)
campaign = store.query([stix2.Filter("type", "=", "campaign")])[0]
technique = store.query([stix2.Filter("type", "=", "attack-pattern")])[0]
assert technique.external_references[0].external_id == "AML.T0008.005"
assert {link.target_ref for link in store.relationships(campaign, "uses", source_only=True)} >= {technique.id}
assert len(store.relationships(campaign, "indicates", target_only=True)) == kinds["indicator"]
marking = store.get(campaign.object_marking_refs[0])
assert marking.name == "TLP:AMBER+STRICT", marking
for link in store.query([stix2.Filter("type", "=", "relationship")]):
    assert store.get(link.source_ref) and store.get(link.target_ref), link
for ref in store.query([stix2.Filter("type", "=", "observed-data")])[0].object_refs:
    assert store.get(ref), ref
print(json.dumps(kinds))
"#;

#[test]
fn the_stix2_library_reads_a_bundle_and_all_that_it_refers_to_is_in_it() {
    let python = python();
    let mut child = Command::new(&python)
        .args(["-c", CHECK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", python.display()));
    let bundle = made(&accounts(1_200), true).to_string();
    child.stdin.take().unwrap().write_all(bundle.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kinds: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&kinds["indicator"], &kinds["user-account"], &kinds["campaign"]), (&json!(5), &json!(1_000), &json!(1)));
}

#[test]
fn a_bundle_names_nobody_and_is_the_same_each_time() {
    let once = made(&accounts(3), false);
    assert_eq!(once, made(&accounts(3), false));
    let text = once.to_string();
    for secret in ["\"a-1\"", "fp_9c1e", "step by step", &"07".repeat(32)] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(made(&accounts(3), true).to_string().contains(&"07".repeat(32)), "the key is shared where asked alone");
}

#[test]
fn what_was_made_is_read_back() {
    let now = time("2026-06-01T00:00:00Z");
    let feed = read(made(&accounts(1_200), true).to_string().as_bytes(), now).unwrap();
    assert_eq!((feed.from.as_str(), feed.tlp, feed.expired, feed.unread), ("An invented laboratory", Some(Tlp::AmberStrict), 0, 0));
    assert_eq!((feed.key.as_ref(), feed.key_id), (Some(&key()), Some(key().id())));
    assert_eq!(feed.identifiers.len(), 1_202);
    let known = key().identify(IdentifierKind::Account, "a-77");
    assert!(feed.identifiers.contains_key(&(IdentifierKind::Account, known)));
    let without = read(made(&accounts(1), false).to_string().as_bytes(), now).unwrap();
    assert_eq!((without.key, without.key_id), (None, Some(key().id())));
    let late = read(made(&accounts(3), false).to_string().as_bytes(), time("2026-08-01T00:00:00Z")).unwrap();
    assert_eq!((late.identifiers.len(), late.expired), (0, 3));
}

#[test]
fn a_poisoned_feed_is_said_to_be_one_and_changes_nothing() {
    let now = time("2026-06-01T00:00:00Z");
    for (bytes, told) in [
        ("", "no STIX bundle"),
        ("[]", "no STIX bundle"),
        ("{\"type\":\"indicator\"}", "its type is `indicator`"),
        ("{\"type\":\"bundle\",\"objects\":7}", "no STIX bundle"),
    ] {
        let error = read(bytes.as_bytes(), now).unwrap_err().to_string();
        assert!(error.contains(told), "{bytes}: {error}");
    }
    assert!(matches!(read(&vec![b' '; MOST_BYTES + 1], now), Err(ImportError::TooLarge(_))));
    let good = made(&accounts(1), false);
    let indicator = good["objects"].as_array().unwrap().iter().find(|one| one["type"] == "indicator").unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut one = indicator.clone();
        change(&mut one);
        read(json!({"type": "bundle", "objects": [one, {"type": "x-new"}, 7]}).to_string().as_bytes(), now)
    };
    assert_eq!(with(&|_| {}).unwrap().identifiers.len(), 1);
    let unread: [&dyn Fn(&mut Value); 7] = [
        &|one| one["pattern"] = "[ipv4-addr:value = '198.51.100.1']".into(),
        &|one| one["pattern"] = "[user-account:user_id IN ('a-1')]".into(),
        &|one| one["pattern_type"] = "sigma".into(),
        &|one| one["valid_until"] = Value::Null,
        &|one| one["valid_until"] = "whenever".into(),
        &|one| one["extensions"] = json!({}),
        &|one| one["id"] = 7.into(),
    ];
    for change in unread {
        let feed = with(change).unwrap();
        assert_eq!((feed.identifiers.len(), feed.unread, feed.said.len()), (0, 1, 1));
    }
    assert_eq!(with(&|one| one["revoked"] = true.into()).unwrap().expired, 1);
    let mut other = indicator.clone();
    other["extensions"].as_object_mut().unwrap().values_mut().for_each(|keyed| keyed["key_id"] = "another".into());
    let both = json!({"type": "bundle", "objects": [indicator, other]}).to_string();
    assert!(matches!(read(both.as_bytes(), now), Err(ImportError::SeveralKeys(2))));
    // A key that is not the one told is none.
    let forged = with(&|one| {
        one["extensions"].as_object_mut().unwrap().values_mut().for_each(|keyed| keyed["key"] = "00".repeat(32).into());
    });
    assert_eq!(forged.unwrap().key, None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, pattern in "\\PC{0,80}") {
        let _ = read(&bytes, Time::EPOCH);
        let one = json!({"type": "indicator", "id": "i", "pattern": pattern, "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"});
        let _ = read(json!({"type": "bundle", "objects": [one]}).to_string().as_bytes(), Time::EPOCH);
    }
}
