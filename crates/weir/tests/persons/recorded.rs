//! What is recorded about persons binds whoever asserts them; what they used
//! up stays used; when their time is over, so is what rests on it.

#![allow(clippy::disallowed_methods, reason = "a test says what it met and stops")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use weir_acts::Digest;
use weir_acts::words::MeasureKind;
use weir_control::audit::{self, Bundle};
use weir_control::command::{ClaimAdd, MeasureLift, MeasureTake};
use weir_tlog::{Checkpoint, FolderSource};

use crate::{House, ISSUER, Issued, PersonsOf, eventually};

/// A stream of a stand-in that never ends by itself.
fn stream(house: &House, token: &str) -> TcpStream {
    let body =
        json!({"model": "mythos-5", "stream": true, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let mut socket = TcpStream::connect(house.node.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let key = &house.key;
    let length = body.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer {key}\r\nweir-person: {token}\r\n\
         connection: close\r\nx-stand-in-chunks: 9000\r\nx-stand-in-gap-ms: 100\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut buffer = [0; 4096];
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("data: ") {
        let read = socket.read(&mut buffer).unwrap();
        assert!(read > 0, "{}", heard.escape_ascii());
        heard.extend_from_slice(&buffer[..read]);
    }
    socket
}

/// Everything until the connection ends.
fn rest(mut socket: TcpStream) -> String {
    let mut heard = Vec::new();
    // A connection that is cut may end by a reset.
    let _ended = socket.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

fn measure(subject: &str) -> MeasureTake {
    let body = json!({"subject": subject, "kind": MeasureKind::Refuse, "reason": "observed"});
    serde_json::from_value(body).unwrap()
}

#[test]
fn an_account_asked_to_verify_is_served_with_a_person_behind_it() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.issuer(ISSUER, issued.file("keys.json"), false).unwrap();
    let verify = json!({"subject": "acme/ci", "kind": MeasureKind::Verify, "reason": "too many like it"});
    let verify: MeasureTake = serde_json::from_value(verify).unwrap();
    house.change(verify).unwrap();
    let (status, refused) = house.ask(None);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(status == 403 && message.contains("measure/verify") || message.contains("friday"), "{refused}");
    assert_eq!(house.ask(Some(issued.tokens["good"]["EdDSA-yes"].as_str().unwrap())).0, 200);
    // A person who is asked has shown nothing by being named again.
    let ada = format!("person:{ISSUER}#ada");
    let verify = json!({"subject": ada, "kind": MeasureKind::Verify, "reason": "lent out"});
    let verify: MeasureTake = serde_json::from_value(verify).unwrap();
    house.change(verify).unwrap();
    let yes = issued.tokens["good"]["EdDSA-yes"].as_str().unwrap();
    let (status, refused) = house.ask(Some(yes));
    assert!(status == 403 && refused["error"]["message"].as_str().unwrap().contains("lent out"), "{refused}");
    house.change(claim(&ada, "us_person", "true")).unwrap();
    assert_eq!(house.ask(Some(yes)).0, 200);
}

fn claim(subject: &str, kind: &str, value: &str) -> ClaimAdd {
    ClaimAdd {
        subject: subject.into(),
        kind: kind.into(),
        value: value.into(),
        level: 4,
        by: "registry".into(),
        evidence: Digest::of(b"paper"),
        expires: None,
    }
}

#[test]
fn what_is_recorded_about_a_person_binds_whoever_asserts_them() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.issuer(ISSUER, issued.file("keys.json"), false).unwrap();
    let ada = format!("person:{ISSUER}#ada");
    let yes = issued.tokens["good"]["EdDSA-yes"].as_str().unwrap();
    assert_eq!(house.ask(Some(yes)).0, 200);

    // A measure cuts her alone, streams under way too.
    let under_way = stream(&house, yes);
    let taken = house.change(measure(&ada)).unwrap();
    assert!(rest(under_way).contains("measure/refuse"));
    let (status, refused) = house.ask(Some(yes));
    assert_eq!(status, 403, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("measure/refuse"), "{refused}");
    assert!(!house.ask(None).1["error"]["message"].as_str().unwrap().contains("measure/refuse"));
    house.change(MeasureLift { id: taken["id"].as_str().unwrap().parse().unwrap() }).unwrap();
    assert_eq!(house.ask(Some(yes)).0, 200);

    // What was verified of her at a higher level than her issuer's word wins.
    house.change(claim(&ada, "us_person", "false")).unwrap();
    assert_eq!(house.ask(Some(yes)).0, 403);
    assert_eq!(house.ask(Some(issued.token("bound"))).0, 403, "by another assertion, the same person");

    for (subject, kind, why) in [
        (format!("person:{ISSUER}"), "us_person", "write person:ISSUER#SUB"),
        ("person:https://nobody.example#ada".to_owned(), "us_person", "no issuer `https://nobody.example`"),
        (ada.clone(), "kyb_level", "a person carries only kinds that describe persons"),
    ] {
        let told = house.change(claim(&subject, kind, "1")).unwrap_err();
        assert!(told.contains(why), "{told}");
    }

    // An auditor computes all of it again, and each decision is told with it.
    let control = house.node.control().clone();
    let state = &control.published().state;
    let acme = weir_control::names::holder(state, "party:acme").unwrap();
    let bundle = || Bundle::parse(&audit::open_bundle(&control, state, acme).unwrap()).unwrap();
    eventually("six decisions are recorded", || bundle().decisions.len() >= 6);
    let source = FolderSource::new(house.dir.path().join("log"));
    eventually("the log is published", || {
        let text = std::fs::read(house.dir.path().join("log/checkpoint")).unwrap();
        Checkpoint::open(&text, &control.vkey()).unwrap().size == state.size
    });
    let bundle = bundle();
    let last = bundle.decisions.iter().rev().find(|decision| decision.ruling == "deny").unwrap().id.clone();
    let key = control.vkey();
    let check = audit::Check { bundle: Some(&bundle), explain: Some(&last), ..audit::Check::with_key(&key) };
    let report = audit::verify(&source, &check, &mut |_, _| ()).unwrap();
    assert!(report.good && report.decisions.differing.is_empty(), "{:?}", report.lines());
    assert_eq!(report.decisions.same as usize, bundle.decisions.len(), "{:?}", report.lines());
    let told = report.explained.unwrap();
    assert!(told.lines().iter().any(|line| line.contains("us_person: false")), "{:?}", told.lines());
    // Without the name of the person nobody can tell, and nobody is accused.
    let mut closed = bundle.clone();
    closed.openings.retain(|_, opening| !opening.bytes.starts_with(b"{\"sub\":"));
    let check = audit::Check { bundle: Some(&closed), ..audit::Check::with_key(&key) };
    let report = audit::verify(&source, &check, &mut |_, _| ()).unwrap();
    assert!(report.good && report.decisions.same < bundle.decisions.len() as u64, "{:?}", report.lines());
}

#[test]
fn a_used_assertion_stays_used_across_a_restart() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.issuer("https://once.acme.example", issued.file("keys.json"), true).unwrap();
    let (status, answer) = house.ask(Some(issued.token("once")));
    assert_eq!(status, 200, "{answer}");
    let house = house.again();
    let (status, again) = house.ask(Some(issued.token("once")));
    assert!(status == 401 && again["error"]["message"].as_str().unwrap().contains("used before"), "{again}");
    // One from before the start that nobody used holds, once.
    assert_eq!(house.ask(Some(issued.token("another"))).0, 200);
    let house = house.again();
    for used in ["once", "another"] {
        assert_eq!(house.ask(Some(issued.token(used))).0, 401, "{used}");
    }
}

#[test]
fn when_an_assertion_ends_what_rests_on_it_is_cut() {
    let house = House::new(PersonsOf::default());
    // Made last: it holds five seconds.
    let issued = Issued::new();
    house.issuer(ISSUER, issued.file("keys.json"), false).unwrap();
    let long = stream(&house, issued.tokens["good"]["EdDSA-yes"].as_str().unwrap());
    let brief = stream(&house, issued.token("brief"));
    let heard = rest(brief);
    assert!(heard.contains("it has expired") && !heard.contains("[DONE]"), "{heard}");
    let (status, refused) = house.ask(Some(issued.token("brief")));
    assert_eq!(status, 401, "{refused}");
    // The other goes on: it still says something.
    let mut long = long;
    assert!(long.read(&mut [0; 16]).unwrap() > 0);
}
