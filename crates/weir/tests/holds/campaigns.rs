//! What a campaign rested on is erased, with the real process: the affected
//! are told so, and whoever checks the log can tell.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use serde_json::value::RawValue;
use weir_acts::campaign::{Bits, Seen};
use weir_acts::words::{CampaignRole, CampaignStatus};
use weir_acts::{Time, Touched};
use weir_control::service::{Caller, Control, Finding};
use weir_control::{Command, boot};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

use crate::call::ask;
use crate::server::log_is_good;
use crate::house;
use crate::house::{CONFIG, House, holds};

const CAMPAIGN: &str = "k7f2mq-20260503";

struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

/// Finds a campaign that acme is a member of, as the detector would, and
/// refuses acme on account of it.
async fn found(data: &Path) {
    let booted = boot::open(data, FolderKind::Serve, None, &|_, _| {}).unwrap();
    let (control, starter) = Control::new(booted).unwrap();
    let running = starter.start(Arc::new(Nobody)).unwrap();
    let published = control.published();
    let state = &published.state;
    let account = state.account_named(state.party_named("acme").unwrap().id, "ci").unwrap().id;
    let line = json!({"top": [{"what": "zyxwline", "bits": 9.0}]}).to_string();
    let member = Seen { account, role: CampaignRole::Member, bits: Bits::of(18.2), since: Time::EPOCH, line };
    let samples: Vec<_> = (0..4_000).map(|n| json!({"exchange": format!("zyxw-{n}"), "role": "joint work"})).collect();
    let finding = Finding {
        id: CAMPAIGN.to_owned(),
        status: CampaignStatus::Campaign,
        log2_e: 41.7,
        alarm: Time::EPOCH,
        accounts: 4,
        exchanges: 100,
        growing: true,
        dossier: json!({"id": CAMPAIGN, "samples": samples, "evidence": [{"what": "zyxwevidence"}]}).to_string(),
        members: vec![member],
    };
    control.tell_campaign(finding).await.unwrap();
    let token = std::fs::read_to_string(data.join(boot::TOKEN_FILE)).unwrap();
    let bootstrap: Caller = control.authenticate(token.trim()).unwrap();
    for kind in ["refuse", "throttle"] {
        let body = json!({"id": CAMPAIGN, "kind": kind, "reason": "works as one of them"});
        let act = Command::from_parts("campaign.act", &RawValue::from_string(body.to_string()).unwrap()).unwrap();
        control.change(bootstrap, act, None).await.unwrap();
    }
    running.stop();
}

#[test]
fn what_rests_on_an_erased_dossier_stays_in_force_and_says_so() {
    let house = house();
    let House { server, key, upstream } = house;
    let server = server.again("TERM", CONFIG, |data| {
        tokio::runtime::Runtime::new().unwrap().block_on(found(data));
    });
    let house = House { server, key, upstream };
    let weir = house.weir();
    let denied = || ask(house.server.address(), &house.key, "fable-5").unwrap();
    let before = denied();
    assert!(before.status == 403 && before.text.contains("works as one of them"), "{}", before.text);
    assert!(!before.text.contains("evidence erased"), "{}", before.text);
    assert!(weir.line(&format!("campaign show {CAMPAIGN}")).done().out.contains("zyxwevidence"));

    let erase = || weir.line(&format!("erase campaign:{CAMPAIGN} --reason old"));
    let told = erase().refused();
    assert!(told.contains("goes on: end it first"), "{told}");
    weir.line(&format!("campaign end {CAMPAIGN} --reason zyxwended")).done();
    let hold = weir.line("hold place acme --reason dispute").done().json()["id"].as_str().unwrap().to_owned();
    let told = erase().refused();
    assert!(told.contains(&format!("is under hold {hold}")), "{told}");
    weir.line(&format!("hold lift {hold}")).done();
    assert!(holds(&house.server.data(), "zyxw"));
    let erased = erase().done().json();
    assert_eq!(erased["erased"], 3, "{erased}");
    assert!(!holds(&house.server.data(), "zyxw"), "something is left of it");

    // Those it was about are told, and it holds all the same.
    let after = denied();
    assert!(after.status == 403, "{}", after.text);
    assert!(after.text.contains("works as one of them (evidence erased)"), "{}", after.text);
    let listed = weir.line("campaign list").done().out;
    assert!(listed.contains("erased"), "{listed}");
    let shown = weir.line(&format!("campaign show {CAMPAIGN}")).done().out;
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "evidence erased: its dossier is gone",
        "evidence erased: what was told of accounts 1 times is gone",
        "by bootstrap: its reason was erased",
        "on +18.2 bits (evidence erased)",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let json = weir.line(&format!("campaign show {CAMPAIGN} --json")).done().json();
    assert_eq!((&json["dossier"], &json["members"], &json["erased"]["dossier"]), (&json!(null), &json!([]), &json!(true)));
    let party = weir.line("party show acme --json").done().json();
    assert!(party["measures"].as_array().unwrap().iter().all(|measure| measure["evidence_erased"] == true), "{party}");
    let told = weir.line(&format!("campaign export {CAMPAIGN} -o out.json --key-file {}", key_file(&house))).refused();
    assert!(told.contains("was erased"), "{told}");

    // An auditor is told what is gone and what rests on it.
    weir.line("audit export --from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z -o audit").done();
    let house = house.again("TERM", |_| ());
    let data = house.server.data().display().to_string();
    log_is_good(house.weir(), &house.server.data());
    let verified = house.weir().run(&["log", "verify", &data, "--opened", "audit/bundle.jsonl"]).done().out;
    for said in [
        "3 private parts were erased by acts",
        "erased: 1 campaign.end, 1 campaign.found, 1 campaign.members",
        "in force, their evidence erased: s-",
    ] {
        assert!(verified.contains(said), "{said}: {verified}");
    }
    assert_eq!(ask(house.server.address(), &house.key, "fable-5").unwrap().status, 403);
}

fn key_file(house: &House) -> String {
    house.weir().write("share.key", &"ab".repeat(32));
    "share.key".to_owned()
}
