//! What an erasure takes of a campaign, and what it leaves.

use std::sync::Arc;

use serde_json::json;
use weir_acts::words::CampaignRole;
use weir_control::service::{Against, Control};
use weir_control::boot;
use weir_store::kind::FolderKind;

use crate::{CAMPAIGN, House, PARTIES, throttles};

/// Whether any file of the folder, or of a folder in it, holds the text.
fn holds(dir: &std::path::Path, text: &str) -> bool {
    let found = |path: std::path::PathBuf| {
        if path.is_dir() {
            return holds(&path, text);
        }
        std::fs::read(path).unwrap_or_default().windows(text.len()).any(|window| window == text.as_bytes())
    };
    std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).any(found)
}

/// Packed, which says all there is.
fn packed(control: &Control) -> Vec<Vec<u8>> {
    control.published().state.pack().unwrap().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_campaign_that_was_erased_nothing_readable_is_left_and_its_measures_say_so() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "rita", "roles": ["release-officer"]}), "operator.add").await;
    let mut finding = house.finding();
    let samples: Vec<_> = (0..4_000).map(|n| json!({"exchange": format!("zyxw-{n}"), "role": "joint work"})).collect();
    finding.dossier = json!({"id": CAMPAIGN, "samples": samples, "evidence": [{"what": "zyxwevidence"}]}).to_string();
    finding.members.iter_mut().for_each(|seen| seen.line = json!({"top": [{"what": "zyxwline"}]}).to_string());
    house.control.tell_campaign(finding.clone()).await.unwrap();
    // What was told before lies beside the log too.
    finding.exchanges *= 2;
    finding.dossier = finding.dossier.replace("joint work", "more of it");
    finding.members[3].role = CampaignRole::Member;
    house.control.tell_campaign(finding).await.unwrap();
    let dossiers = || std::fs::read_dir(house.control.dir().join("campaigns")).unwrap().count();
    assert_eq!(dossiers(), 2);
    house.control.act_automatically(CAMPAIGN).await.unwrap();
    assert!(house.control.keep_fold().unwrap());
    let erase = || house.change("rita", "private.erase", json!({"subject": format!("campaign:{CAMPAIGN}"), "reason": "old"}));
    let refused = |told: weir_control::Refusal, why: &str| assert!(told.message.contains(why), "{told}");

    refused(erase().await.unwrap_err(), "goes on: end it first");
    house.bootstrap(json!({"id": CAMPAIGN, "reason": "zyxwended"}), "campaign.end").await;
    let hold = house.change("rita", "hold.place", json!({"subject": "two/ci", "reason": "a dispute"})).await.unwrap();
    refused(erase().await.unwrap_err(), &format!("tells of account:two/ci, which is under hold {}", hold["id"].as_str().unwrap()));
    house.change("rita", "hold.lift", json!({"id": hold["id"]})).await.unwrap();
    let account = Arc::clone(house.control.published().state.accounts.get(&house.account("one")).unwrap());
    let measure = house.measures("one")[0].id;
    let caller = weir_control::service::AccessCaller { account };
    let filed = house.control.file_appeal(caller, Against::Measure(measure), "We are a school.".into()).await.unwrap();
    refused(erase().await.unwrap_err(), "is open, against a measure that rests on");
    house.change("rita", "appeal.decide", json!({"id": filed.0["id"], "ruling": "uphold", "reason": "not so"})).await.unwrap();
    assert!(holds(house.control.dir(), "zyxw") && house.measures("one").iter().all(|measure| !measure.evidence_erased));
    refused(
        house.change("rita", "private.erase", json!({"subject": "campaign:nobody-1", "reason": "old"})).await.unwrap_err(),
        "there is no campaign `nobody-1`",
    );

    let answer = erase().await.unwrap();
    // Found, told of again, its accounts twice, and the end.
    assert_eq!(answer["erased"], 5);
    let warned = answer["warnings"].to_string();
    assert!(warned.contains("4 measures in force rest on it; they stay"), "{warned}");
    assert!(!holds(house.control.dir(), "zyxw"), "something is left of it");
    assert_eq!(dossiers(), 0);
    for party in &PARTIES[..4] {
        let measures = house.measures(party);
        let now = house.control.now();
        assert_eq!((throttles(&measures), measures[0].life.holds(now), measures[0].evidence_erased), (1, true, true));
    }
    let published = house.control.published();
    let campaign = &published.state.campaigns[CAMPAIGN];
    assert!(campaign.dossier_erased() && campaign.dossier.is_none() && campaign.whole.is_none());
    assert_eq!((campaign.accounts_erased(), campaign.accounts().count(), campaign.accounts), (5, 0, 4));
    refused(erase().await.unwrap_err(), "nothing private is left of it");

    // The next start, by the log alone, knows the same.
    let before = packed(&house.control);
    let House { control, running, _dir: dir } = house;
    running.stop();
    drop(control);
    let booted = boot::open(dir.path(), FolderKind::Serve, None, &|_, _| {}).unwrap();
    assert!(booted.kept_fold.is_none());
    assert_eq!(booted.state.pack().unwrap().collect::<Vec<_>>(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_act_of_a_campaign_takes_only_what_it_told() {
    let house = House::new().await;
    let mut finding = house.finding();
    let samples: Vec<_> = (0..4_000).map(|n| json!({"exchange": format!("x-{n}")})).collect();
    let dossier = |of: &str| json!({"id": CAMPAIGN, "of": of, "samples": samples}).to_string();
    finding.dossier = dossier("first");
    house.control.tell_campaign(finding.clone()).await.unwrap();
    (finding.dossier, finding.exchanges) = (dossier("second"), 1_000);
    house.control.tell_campaign(finding.clone()).await.unwrap();
    house.bootstrap(json!({"id": CAMPAIGN, "reason": "a class"}), "campaign.end").await;
    let first = house.control.published().state.campaigns[CAMPAIGN].found.1;
    house.bootstrap(json!({"act": first, "reason": "old"}), "private.erase").await;
    let published = house.control.published();
    let campaign = &published.state.campaigns[CAMPAIGN];
    let whole = house.control.dir().join("campaigns").join(format!("{}.json", campaign.whole.unwrap().hex()));
    assert_eq!(std::fs::read_to_string(whole).unwrap(), finding.dossier, "what was told since stands");
    assert_eq!(std::fs::read_dir(house.control.dir().join("campaigns")).unwrap().count(), 1);
    assert_eq!((campaign.dossier_erased(), campaign.accounts().count(), campaign.erased.len()), (false, 4, 1));
    // Its accounts are another act's to tell.
    let lists: Vec<u64> = campaign.lists.keys().copied().collect();
    house.bootstrap(json!({"act": lists[0], "reason": "old"}), "private.erase").await;
    let published = house.control.published();
    let campaign = &published.state.campaigns[CAMPAIGN];
    assert_eq!((campaign.accounts().count(), campaign.accounts_erased(), campaign.dossier.is_some()), (0, 4, true));
    house.running.stop();
}
