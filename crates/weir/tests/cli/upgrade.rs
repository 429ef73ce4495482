//! A log begun by an earlier version: what its operators meet, and how what they
//! miss comes in.

use serde_json::json;
use weir_control::boot;
use weir_rules::base_rules;
use weir_store::kind::FolderKind;

use crate::program::{Served, Weir};

/// Rules that came with later versions.
const LATER: &[&str] = &[
    "measure/verify", "measure/fallback", "authority/import", "authority/log-key", "authority/limits", "authority/meter",
    "authority/throttle", "authority/kept-text",
];

/// A server on a log that was begun before those.
fn begun_before() -> Served {
    let weir = Weir::new();
    let older = || {
        let mut rules = base_rules();
        rules.retain(|rule| !LATER.contains(&rule.id.as_str()));
        let operator = rules.iter_mut().find(|rule| rule.id == "authority/operator").unwrap();
        let text = operator.cedar.replace(", Weir::Action::\"party.import\"", "");
        assert_ne!(text, operator.cedar);
        operator.cedar = text;
        rules
    };
    let origin = Some("log.example.org/weir");
    drop(boot::open_begun_with(&weir.dir().join("data"), FolderKind::Serve, origin, &older, &|_, _| ()).unwrap());
    Served::start_in(weir)
}

/// How many acts the published checkpoint speaks of.
fn published_size(served: &Served) -> u64 {
    let checkpoint = std::fs::read_to_string(served.data().join("log/checkpoint")).unwrap();
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn what_a_log_was_begun_without_is_said_shown_approved_and_then_there() {
    let served = begun_before();
    let weir = served.weir();
    let said = served.said().iter().find(|line| line.contains("begun without base rules")).unwrap();
    assert!(LATER.iter().all(|id| said.contains(id)) && said.contains("`weir rules upgrade`"), "{said}");

    // What is missed, and that it is said why.
    weir.line("party add acme --name Acme").done();
    weir.line("account add acme/ci").done();
    let told = weir.line("limit set acme/ci --requests 5/min").refused();
    assert!(told.contains("may not do `limit.set`") && told.contains("rule `authority/limits`"), "{told}");
    let told = weir.line("log rotate-key").refused();
    assert!(told.contains("rule `authority/log-key`") && told.contains("`weir rules upgrade`"), "{told}");
    weir.write("more.csv", "record,party,account,name\nparty,borealis,,Boreal Institute\n");
    let told = weir.line("party import more.csv").refused();
    assert!(told.contains("rule `authority/import`"), "{told}");
    let told = weir.line("measure take acme/ci verify --reason asked").refused();
    assert!(told.contains("`measure/verify`") && told.contains("`weir rules upgrade` brings it in"), "{told}");

    // Shown first: nothing changes by looking.
    let acts = || weir.line("log list --json").done().out.lines().count();
    let before = acts();
    let shown = weir.line("rules upgrade").done().out;
    assert!(shown.starts_with("8 base rules of this version are not in the log"), "{shown}");
    assert!(LATER.iter().all(|id| shown.contains(&format!("+ @id(\"{id}\")"))), "{shown}");
    let other = shown.split("are otherwise in the log").nth(1).unwrap();
    assert!(other.contains("authority/operator") && other.contains("+     Weir::Action::\"party.add\""), "{shown}");
    assert!(other.contains("party.import") && !other.contains("key.issue"), "only what differs: {shown}");
    let listed = weir.line("rules upgrade --json authority/kept-text").done().json();
    assert_eq!(listed["lacking"].as_array().unwrap().len(), 1, "{listed}");
    assert!(weir.line("rules upgrade authority/operator").refused().contains("does not lack"));
    assert_eq!(acts(), before);

    // It takes what every change of the rules takes.
    let drafted = weir.line("rules upgrade --enact --json").done().json();
    let draft = drafted["id"].as_str().unwrap();
    assert_eq!(drafted["approvals_needed"], 2, "{drafted}");
    let officers = ["ines", "lin"].map(|name| served.operator(name, "release-officer"));
    let told = served.operator("omar", "operator").line(&format!("approve {draft}")).refused();
    assert!(told.contains("only who could do it may approve it"), "{told}");
    let seen = officers[0].line(&format!("draft show {draft} --json")).done().out;
    assert!(seen.contains("rules.upgrade") && seen.contains("authority/kept-text"), "{seen}");
    officers[0].line(&format!("approve {draft}")).done();
    assert!(weir.line("rules upgrade").done().out.starts_with("8 base rules"), "one approval does not suffice");
    let done = officers[1].line(&format!("approve {draft}")).done().json();
    assert_eq!(done["carried_out"], "rules.upgrade", "{done}");

    // It is there, beside what the log had otherwise.
    let now = weir.line("rules upgrade").done().out;
    assert!(now.starts_with("the log has every base rule") && now.contains("authority/operator"), "{now}");
    assert!(weir.line("rules upgrade --enact").refused().contains("every base rule"));
    weir.line("limit set acme/ci --requests 5/min").done();
    weir.line("party import more.csv").done();
    weir.line("log rotate-key").done();
    let last = weir.line("measure take acme/ci verify --reason asked --json").done().json();
    // Rules of one's own leave them be.
    weir.write("rules/own.cedar", "@id(\"own/a\")\nforbid (principal, action, resource) when { principal.suspended };\n");
    let checked = weir.line("rules check rules --json").done().json();
    assert_eq!(checked["removed"], json!([]), "{checked}");
    // The log is published a moment after an act, and its new key told a moment before.
    let size = last["act"].as_u64().unwrap() + 1;
    while published_size(&served) < size {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let ran = weir.line("log verify data --key data/log.vkey");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// What is sent must be what this version has and the log lacks: nothing in the log
/// is replaced by it, and nothing else comes in by it.
#[test]
fn nothing_else_comes_in_by_an_upgrade() {
    let served = begun_before();
    let token = std::fs::read_to_string(served.data().join("operator.token")).unwrap();
    let send = |rules: serde_json::Value| {
        let url = format!("{}/admin/v1/rules/upgrade", served.base());
        let asked = ureq::post(&url).config().http_status_as_error(false).build();
        let asked = asked.header("authorization", format!("Bearer {}", token.trim()));
        let mut answer = asked.send_json(json!({ "rules": rules })).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let text = |id: &str| base_rules().into_iter().find(|rule| rule.id == id).unwrap().cedar;
    for (rules, status, why) in [
        (json!([]), 400, "no rules are named"),
        (json!([{"id": "authority/operator", "cedar": text("authority/operator")}]), 409, "stays as it is"),
        (json!([{"id": "own/x", "cedar": "@id(\"own/x\") permit (principal, action, resource);"}]), 409, "no base rule"),
        (json!([{"id": "measure/verify", "cedar": text("measure/verify").replace("forbid", "permit")}]), 409, "no base rule"),
        (json!([{"id": "measure/verify", "cedar": text("measure/verify")}, {"id": "measure/verify", "cedar": text("measure/verify")}]), 400, "used before"),
    ] {
        let (found, told) = send(rules);
        assert!(found == status && told.contains(why), "{found} {told}");
    }
}
