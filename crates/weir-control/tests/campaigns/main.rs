//! What the detector says and does through the control plane, what it may not,
//! and what follows when somebody appeals.

#![allow(clippy::unwrap_used)]

mod erasing;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use weir_acts::campaign::{Bits, Seen};
use weir_acts::entry::BY_DETECTOR;
use weir_acts::holder::Measure;
use weir_acts::id::{AccountId, PartyId};
use weir_acts::words::{CampaignRole, CampaignStatus, MeasureKind};
use weir_acts::{Time, Touched};
use weir_control::Command;
use weir_control::boot;
use weir_control::command as to;
use weir_control::refusal::RefusalKind;
use weir_control::service::{Against, Caller, Control, Finding, Running};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

struct House {
    control: Control,
    running: Running,
    _dir: tempfile::TempDir,
}

const PARTIES: [&str; 5] = ["one", "two", "three", "four", "by-stander"];

impl House {
    async fn new() -> House {
        let dir = tempfile::tempdir().unwrap();
        let booted = boot::open(dir.path(), FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap();
        let (control, starter) = Control::new(booted).unwrap();
        let running = starter.start(Arc::new(Nobody)).unwrap();
        let house = House { control, running, _dir: dir };
        for party in PARTIES {
            house.bootstrap(json!({"id": party, "name": party}), "party.add").await;
            house.bootstrap(json!({"account": format!("{party}/ci")}), "account.add").await;
        }
        house
    }

    fn operator(&self, name: &str) -> Caller {
        let published = self.control.published();
        let found = published.state.operators.values().find(|operator| operator.name.as_deref() == Some(name));
        Caller { operator: found.unwrap().id }
    }

    async fn bootstrap(&self, body: serde_json::Value, verb: &str) {
        self.change("bootstrap", verb, body).await.unwrap();
    }

    /// Three officers, of whom one sets rules and the others approve.
    async fn add_officers(&self) {
        for name in OFFICERS {
            self.bootstrap(json!({"name": name, "roles": ["release-officer"]}), "operator.add").await;
        }
    }

    /// Sets the log's own rules beside the base ones; none of an empty text.
    async fn set_rules(&self, text: &str) {
        let files = if text.is_empty() { json!([]) } else { json!([{"name": "own.cedar", "text": text}]) };
        let draft = self.change(OFFICERS[0], "rules.set", json!({"files": files})).await.unwrap();
        for by in &OFFICERS[1..] {
            self.change(by, "draft.approve", json!({"id": draft["id"]})).await.unwrap();
        }
    }

    async fn change(&self, by: &str, verb: &str, body: serde_json::Value) -> Result<serde_json::Map<String, serde_json::Value>, weir_control::Refusal> {
        let body = serde_json::value::RawValue::from_string(body.to_string()).unwrap();
        let command = Command::from_parts(verb, &body).unwrap();
        self.control.change(self.operator(by), command, None).await.map(|accepted| accepted.0)
    }

    fn account(&self, party: &str) -> AccountId {
        let published = self.control.published();
        let party = published.state.party_named(party).unwrap().id;
        published.state.account_named(party, "ci").unwrap().id
    }

    fn party(&self, party: &str) -> PartyId {
        self.control.published().state.party_named(party).unwrap().id
    }

    fn measures(&self, party: &str) -> Vec<Measure> {
        self.control.published().state.party_named(party).unwrap().measures.clone()
    }

    fn seen(&self, party: &str, role: CampaignRole) -> Seen {
        let line = json!({"top": [{"what": "shows the group's template", "bits": 9.0}]}).to_string();
        Seen { account: self.account(party), role, bits: Bits::of(18.2), since: Time::EPOCH, line }
    }

    fn finding(&self) -> Finding {
        let role = |party: &str| if party == "four" { CampaignRole::Associated } else { CampaignRole::Member };
        Finding {
            id: "k7f2mq-20260503".to_owned(),
            status: CampaignStatus::Campaign,
            log2_e: 41.7,
            alarm: Time::EPOCH,
            accounts: 4,
            exchanges: 100,
            growing: true,
            dossier: json!({"id": "k7f2mq-20260503", "evidence": []}).to_string(),
            members: PARTIES[..4].iter().map(|party| self.seen(party, role(party))).collect(),
        }
    }
}

const OFFICERS: [&str; 3] = ["r1", "r2", "r3"];

const CAMPAIGN: &str = "k7f2mq-20260503";

fn throttles(measures: &[Measure]) -> usize {
    measures.iter().filter(|measure| measure.kind == MeasureKind::Throttle && *measure.by == *BY_DETECTOR).count()
}

#[tokio::test]
async fn a_finding_becomes_acts_and_what_is_automatic_is_done_to_members_alone_and_once() {
    let house = House::new().await;
    let finding = house.finding();
    assert!(house.control.tell_campaign(finding.clone()).await.unwrap());
    assert!(!house.control.tell_campaign(finding.clone()).await.unwrap(), "nothing is new");
    assert!(house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap(), "it is done");
    for party in &PARTIES[..3] {
        let measures = house.measures(party);
        assert_eq!(throttles(&measures), 1, "{party}");
        let until = measures[0].life.to.unwrap();
        assert_eq!(until.since(measures[0].life.from()), 7 * 86_400_000);
        let reason = measures[0].reason.as_deref().unwrap();
        assert!(reason.contains(CAMPAIGN) && reason.contains("18.2 bits") && reason.contains("appeal"), "{reason}");
    }
    assert!(house.measures("four").is_empty() && house.measures("by-stander").is_empty());
    // One more customer is found to be a member: it is told and acted on.
    let mut more = finding;
    more.members[3].role = CampaignRole::Member;
    assert!(house.control.tell_campaign(more).await.unwrap());
    assert!(house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert_eq!(throttles(&house.measures("four")), 1);
    assert_eq!(throttles(&house.measures("one")), 1);
    house.running.stop();
}

#[tokio::test]
async fn what_the_detector_took_by_itself_it_lifts_and_nothing_else() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "ana", "roles": ["analyst"]}), "operator.add").await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    house.control.act_automatically(CAMPAIGN).await.unwrap();
    let observe = json!({"subject": "two", "kind": "observe", "campaign": CAMPAIGN, "reason": "looked at"});
    house.change("ana", "measure.take", observe).await.unwrap();
    let acted_on: BTreeSet<PartyId> = house.control.acted_on_alone(CAMPAIGN).into_iter().map(|(party, _)| party).collect();
    assert_eq!(acted_on, PARTIES[..3].iter().map(|party| house.party(party)).collect());

    let parties = BTreeSet::from([house.party("two"), house.party("four")]);
    assert!(house.control.lift_automatically(CAMPAIGN, parties.clone()).await.unwrap());
    assert!(!house.control.lift_automatically(CAMPAIGN, parties).await.unwrap(), "it is lifted");
    let now = house.control.now();
    let in_force = |party: &str| -> Vec<MeasureKind> {
        house.measures(party).iter().filter(|measure| measure.life.holds(now)).map(|measure| measure.kind).collect()
    };
    assert_eq!(in_force("one"), [MeasureKind::Throttle]);
    assert_eq!(in_force("two"), [MeasureKind::Observe], "what a person took stays");

    // Where the rules no longer let it, it lifts nothing.
    house.add_officers().await;
    let forbid = "@id(\"authority/own-lifting\") forbid (principal == Weir::Operator::\"detector\", action == Weir::Action::\"measure.lift\", resource);";
    house.set_rules(forbid).await;
    assert!(house.control.acted_on_alone(CAMPAIGN).is_empty());
    let one = BTreeSet::from([house.party("one")]);
    assert!(!house.control.lift_automatically(CAMPAIGN, one).await.unwrap());
    assert_eq!(in_force("one"), [MeasureKind::Throttle]);
    house.running.stop();
}

#[tokio::test]
async fn a_campaign_that_is_no_longer_found_says_so_until_it_is_found_again() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "ana", "roles": ["analyst"]}), "operator.add").await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    house.control.act_automatically(CAMPAIGN).await.unwrap();
    let campaign = || Arc::clone(&house.control.published().state.campaigns[CAMPAIGN]);
    let before = campaign();
    let end = house.control.now().plus_millis(1);
    let unfound = async |found: &[&str], end| {
        house.control.tell_unfound(&found.iter().map(|id| (*id).to_owned()).collect(), end).await.unwrap()
    };
    assert!(unfound(&[], before.told.0).await.is_empty(), "what ended before it was told of says nothing");
    assert!(unfound(&[CAMPAIGN], end).await.is_empty(), "it is found");
    assert_eq!(unfound(&[], end).await, [CAMPAIGN]);
    assert!(unfound(&[], end).await.is_empty(), "it is said once");
    let after = campaign();
    assert_eq!((after.state(), after.unfound()), ("unfound", Some(after.told.0)));
    assert_eq!((&after.dossier, after.acted_on(), after.log2_e), (&before.dossier, before.acted_on(), before.log2_e));
    assert_eq!(throttles(&house.measures("one")), 1);

    // What is done about it now is a person's word, not that of a finding.
    let act = |reason: Option<&str>| json!({"id": CAMPAIGN, "kind": "observe", "reason": reason});
    let refused = house.change("ana", "campaign.act", act(None)).await.unwrap_err();
    assert!(refused.message.contains("no longer found since"), "{refused}");
    house.change("ana", "campaign.act", act(Some("I looked"))).await.unwrap();
    let one = BTreeSet::from([house.party("one")]);
    assert!(house.control.lift_automatically(CAMPAIGN, one).await.unwrap());
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap());

    assert!(house.control.tell_campaign(house.finding()).await.unwrap(), "found again, it is told of");
    assert_eq!((campaign().state(), campaign().accounts), ("growing", 4));
    assert!(house.control.act_automatically(CAMPAIGN).await.unwrap());
    house.running.stop();
}

#[tokio::test]
async fn what_was_lifted_is_not_taken_again_on_who_is_no_longer_found_with_the_group() {
    let house = House::new().await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    house.control.act_automatically(CAMPAIGN).await.unwrap();
    let mut finding = house.finding();
    finding.members.remove(0);
    assert!(house.control.tell_campaign(finding.clone()).await.unwrap());
    assert!(!house.control.tell_campaign(finding).await.unwrap(), "it is told once");
    let role = house.control.published().state.campaigns[CAMPAIGN].account(house.account("one")).unwrap().role;
    assert_eq!(role, CampaignRole::Associated);
    let one = BTreeSet::from([house.party("one")]);
    assert!(house.control.lift_automatically(CAMPAIGN, one).await.unwrap());
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert_eq!(throttles(&house.measures("one")), 1);
    house.running.stop();
}

#[tokio::test]
async fn the_associated_are_observed_and_nothing_more_and_strangers_are_not_tied_to_it() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "ana", "roles": ["analyst"]}), "operator.add").await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    let take = |party: &str, kind: &str| {
        json!({"subject": party, "kind": kind, "reason": "because", "campaign": CAMPAIGN})
    };
    let refused = house.change("ana", "measure.take", take("four", "throttle")).await.unwrap_err();
    assert!(refused.message.contains("only associated"), "{refused}");
    let refused = house.change("ana", "measure.take", take("by-stander", "observe")).await.unwrap_err();
    assert!(refused.message.contains("not with campaign"), "{refused}");
    house.change("ana", "measure.take", take("four", "observe")).await.unwrap();
    let answer = house.change("ana", "campaign.act", json!({"id": CAMPAIGN, "kind": "refuse", "hours": 2})).await.unwrap();
    assert_eq!(answer["measures"], 3);
    let again = house.change("ana", "campaign.act", json!({"id": CAMPAIGN, "kind": "refuse"})).await.unwrap_err();
    assert!(again.message.contains("no member left"), "{again}");
    house.change("ana", "campaign.end", json!({"id": CAMPAIGN, "reason": "a class"})).await.unwrap();
    let over = house.change("ana", "campaign.act", json!({"id": CAMPAIGN, "kind": "observe"})).await.unwrap_err();
    assert_eq!(over.kind, RefusalKind::Conflict);
    assert!(!house.control.tell_campaign(house.finding()).await.unwrap(), "what a person ended stays so");
    house.running.stop();
}

#[tokio::test]
async fn what_shuts_out_waits_for_a_person_when_the_rules_have_it_proposed() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "ana", "roles": ["analyst"]}), "operator.add").await;
    house.add_officers().await;
    let rule = "@id(\"authority/own-automatic\") @automatic(\"refuse for 48 hours\")\npermit (principal == Weir::Operator::\"detector\", action == Weir::Action::\"measure.take\", resource)\nwhen { context.approvals >= 1 };";
    house.set_rules(rule).await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    assert!(house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert!(house.measures("one").is_empty(), "nothing is done yet");
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap(), "it is proposed once");
    let published = house.control.published();
    let proposed = published.state.drafts.values().find(|draft| *draft.by == *BY_DETECTOR).unwrap().id;
    house.change("ana", "draft.approve", json!({"id": proposed.to_string()})).await.unwrap();
    let measures = house.measures("one");
    assert_eq!((measures.len(), measures[0].kind, &*measures[0].by), (1, MeasureKind::Refuse, BY_DETECTOR));
    assert!(house.measures("four").is_empty());
    assert!(house.control.acted_on_alone(CAMPAIGN).is_empty(), "what a person approved is a person's to lift");
    house.running.stop();
}

#[tokio::test]
async fn an_overturned_measure_ends_at_once_and_who_was_cleared_is_acted_on_no_more() {
    let house = House::new().await;
    house.bootstrap(json!({"name": "rita", "roles": ["release-officer"]}), "operator.add").await;
    house.control.tell_campaign(house.finding()).await.unwrap();
    house.control.act_automatically(CAMPAIGN).await.unwrap();
    let measure = house.measures("one")[0].id;
    let account = Arc::clone(house.control.published().state.accounts.get(&house.account("one")).unwrap());
    let caller = weir_control::service::AccessCaller { account };
    let filed = house.control.file_appeal(caller, Against::Measure(measure), "We are a school.".into()).await.unwrap();
    let decide = json!({"id": filed.0["id"], "ruling": "overturn", "reason": "they are"});
    house.change("rita", "appeal.decide", decide).await.unwrap();
    let now = house.control.now();
    assert!(!house.measures("one")[0].life.holds(now));
    let published = house.control.published();
    assert_eq!(published.state.cleared().keys().collect::<Vec<_>>(), [&house.party("one")]);
    // Even as the detector goes on to call it a member.
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert_eq!(throttles(&house.measures("one")), 1);
    house.running.stop();
}

#[tokio::test]
async fn a_detector_that_does_not_trust_itself_proposes_nothing() {
    let house = House::new().await;
    assert!(house.control.tell_health(false, 9.5).await.unwrap());
    assert!(!house.control.tell_health(false, 9.6).await.unwrap());
    house.control.tell_campaign(house.finding()).await.unwrap();
    assert!(!house.control.act_automatically(CAMPAIGN).await.unwrap());
    assert!(house.control.tell_health(true, 0.1).await.unwrap());
    assert!(house.control.act_automatically(CAMPAIGN).await.unwrap());
    house.running.stop();
}

#[tokio::test]
async fn a_dossier_too_long_for_an_act_is_kept_whole_beside() {
    let house = House::new().await;
    let mut finding = house.finding();
    let samples: Vec<_> = (0..4_000).map(|n| json!({"exchange": format!("x-{n}"), "role": "joint work"})).collect();
    finding.dossier = json!({"id": CAMPAIGN, "samples": samples, "evidence": [{"what": "kept"}]}).to_string();
    let files = || std::fs::read_dir(house.control.dir().join("campaigns")).map_or(0, Iterator::count);

    // What no act tells of is not kept: nobody would find it to erase it.
    house.add_officers().await;
    let quiet = "@id(\"authority/own-quiet\") forbid (principal == Weir::Operator::\"detector\", action == Weir::Action::\"campaign.found\", resource);";
    house.set_rules(quiet).await;
    house.control.tell_campaign(finding.clone()).await.unwrap_err();
    house.set_rules("").await;
    assert_eq!(files(), 0);

    house.control.tell_campaign(finding.clone()).await.unwrap();
    assert_eq!(files(), 1);
    let published = house.control.published();
    let campaign = &published.state.campaigns[CAMPAIGN];
    let told: serde_json::Value = serde_json::from_str(campaign.dossier.as_deref().unwrap()).unwrap();
    assert_eq!((&told["evidence"][0]["what"], &told["cut"]), (&json!("kept"), &json!("samples")));
    let whole = campaign.whole.unwrap();
    let file = house.control.dir().join("campaigns").join(format!("{}.json", whole.hex()));
    assert_eq!(std::fs::read_to_string(file).unwrap(), finding.dossier);
    house.running.stop();
}

#[test]
fn covert_is_a_reserved_word() {
    for (verb, body) in [
        ("measure.take", json!({"subject": "x", "kind": "covert", "reason": "x"})),
        ("campaign.act", json!({"id": "x", "kind": "covert"})),
    ] {
        let body = serde_json::value::RawValue::from_string(body.to_string()).unwrap();
        let refused = Command::from_parts(verb, &body).unwrap_err().to_string();
        assert!(refused.contains("reserved"), "{refused}");
    }
    let _named: fn(to::CampaignEnd) -> Command = Command::from;
}
