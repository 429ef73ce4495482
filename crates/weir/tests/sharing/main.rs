//! A finding shared and read back by the commands.

#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, reason = "shared with tests that use more of it")]

#[path = "../cli/program.rs"]
mod program;

use program::Weir;
use serde_json::json;

fn found(weir: &Weir) {
    let dossier = json!([{
        "id": "k7f2mq-20260503", "status": "campaign", "log2_e": 41.7, "alarm": "2026-05-03T07:00:00Z", "state": "growing",
        "accounts": 3, "exchanges": 151, "first": "2026-05-01T00:00:00Z", "last": "2026-05-03T09:00:00Z",
        "axes": {"linkage": 21.4, "harvest": 17.9, "concealment": 12.2}, "evidence": [], "against": [],
        "families": [{"template": "Rewrite ⟨text⟩", "share": 0.93}],
        "taken": {"exchanges": 151, "output_tokens": 9, "by_model": {}, "by_class": {}},
        "nearest_lookalike": {"kind": "a class", "told_apart_by": "it hides"}, "samples": [], "related": [],
        "innocent_use": {"exchanges_outside": 0}, "not_used": [], "guarantee": "",
        "provenance": {"version": "", "inputs": [], "constants": "", "command": ""},
    }]);
    std::fs::create_dir_all(weir.dir().join("found")).unwrap();
    weir.write("found/campaigns.json", &dossier.to_string());
    let member = |account: &str, role: &str| {
        json!({"campaign": "k7f2mq-20260503", "account": account, "role": role, "bits": 18.2, "since": "2026-05-01T00:00:00Z",
            "share_of_own_traffic": 0.9, "top": [], "against": [], "smallest_removal": []})
        .to_string()
    };
    let lines = [member("a-1", "member"), member("a-2", "member"), member("a-3", "associated")].join("\n");
    weir.write("found/members.jsonl", &lines);
    weir.write("accounts.jsonl", &json!({"account": "a-1", "payment": "fp_9c1e"}).to_string());
}

#[test]
fn a_finding_is_written_down_for_others_and_read_back() {
    let weir = Weir::new();
    found(&weir);
    let export = "campaign export found/campaigns.json --accounts accounts.jsonl -o bundle.json --from Lab --tlp amber+strict";
    let told = weir.line(&format!("{export} --expires 2126-01-01T00:00:00Z --json")).done().json();
    assert_eq!((&told["identifiers"], &told["tlp"]), (&json!(4), &json!("amber+strict")));
    let bundle = std::fs::read_to_string(weir.dir().join("bundle.json")).unwrap();
    for named in ["a-1\"", "a-3", "fp_9c1e", "Rewrite"] {
        assert!(!bundle.contains(named), "{named}");
    }
    let key = weir.dir().join("sharing.key");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions()) & 0o777, 0o600);
    let read = weir.line("campaign import bundle.json --json").done().json();
    assert_eq!(read["identifiers"], json!({"account": 2, "payment": 1, "template": 1}));
    assert_eq!((&read["from"], &read["key_id"], &read["key_shared"]), (&json!("Lab"), &told["key_id"], &json!(false)));
    assert!(weir.line("campaign import bundle.json").done().out.contains("which you must have"));

    // It is kept for a server's detector, with the key, and only where one is.
    std::fs::create_dir(weir.dir().join("data")).unwrap();
    let keep = "campaign import bundle.json --keep-in data --indicator-key-file sharing.key";
    assert!(weir.line(keep).refused().contains("not the folder of a server"));
    weir.write("data/weir.db", "");
    assert!(weir.line("campaign import bundle.json --keep-in data").refused().contains("--indicator-key-file"));
    assert!(!weir.dir().join("data/indicators").try_exists().unwrap());
    assert!(weir.line(keep).done().out.contains("kept for the detector: data/indicators/"));
    assert_eq!(std::fs::read_dir(weir.dir().join("data/indicators")).unwrap().count(), 2);

    // What others shared is taken by the detector, with the key.
    weir.write("log.jsonl", &json!({"time": "2026-05-01T00:00:00Z", "account": "a-1"}).to_string());
    weir.write("detect.key", &"0".repeat(32));
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(weir.dir().join("detect.key"), private).unwrap();
    let detect = "detect log.jsonl --key-file detect.key --indicators bundle.json";
    assert!(weir.line(detect).refused().contains("--indicator-key-file"));
    weir.line(&format!("{detect} --indicator-key-file sharing.key")).done();
    weir.write("other.key", &"00".repeat(32));
    assert!(weir.line(&format!("{detect} --indicator-key-file other.key")).refused().contains("not "));
}

#[test]
fn what_cannot_be_shared_or_read_is_said_in_a_line() {
    let weir = Weir::new();
    found(&weir);
    weir.write("broken.json", "{");
    weir.write("old.json", &json!({"type": "bundle", "objects": []}).to_string());
    weir.write("short.key", "abc");
    for (line, told) in [
        ("campaign export found/campaigns.json --campaign other -o x.json", "k7f2mq-20260503"),
        ("campaign export found/members.jsonl -o x.json", "no campaigns.json"),
        ("campaign export found/campaigns.json -o x.json --key-file short.key", "64 hexadecimal digits"),
        ("campaign export found/campaigns.json -o x.json --expires 2026-01-01T00:00:00Z", "out of date"),
        ("campaign import nowhere.json", "nowhere.json"),
        ("campaign import broken.json", "no STIX bundle"),
    ] {
        let refused = weir.line(line).refused();
        assert!(refused.contains(told), "{line}: {refused}");
    }
    assert_eq!(weir.line("campaign import old.json").code, 1, "nothing of it counts");
    assert_eq!(weir.line("campaign export x -o y --tlp purple").code, 2);
}
