//! Every route through every phase: a table, so that a route added later which
//! goes around one does not pass.

use weir_wire::Api;

use crate::caller::{Answer, request};
use crate::house::{ACME, FOREIGN, House, NORWIND, house};
use crate::routes::WORK;
use crate::scene::directive;

/// A route as a caller uses it: method, path, and body for a model.
fn routes(model: &str) -> Vec<(&'static str, String, String)> {
    let routes: Vec<_> = Api::ROUTES
        .iter()
        .map(|(method, path, _)| {
            let work = WORK.iter().find(|work| work.path == *path);
            let body = work.map_or(String::new(), |work| work.body(model));
            (*method, path.replace("{id}", model), body)
        })
        .collect();
    assert!(routes.iter().all(|(method, path, body)| *method == "GET" || !body.is_empty() || panic!("{path}")));
    routes
}

fn ask_all(house: &House, key: Option<&str>, model: &str, headers: &[(&str, &str)]) -> Vec<(String, Answer)> {
    routes(model)
        .into_iter()
        .map(|(method, path, body)| {
            let answer = house.caller().ask(&request(method, &path, key, headers, body.as_bytes()));
            (format!("{method} {path}"), answer)
        })
        .collect()
}

fn is_list(route: &str) -> bool {
    route == "GET /v1/models"
}

#[test]
fn accept_looks_at_every_route() {
    let house = house();
    for (route, answer) in ask_all(&house, Some(ACME), "atlas-5", &[("content-encoding", "gzip")]) {
        assert_eq!(answer.status(), 415, "{route}");
    }
    for (method, path, _) in routes("atlas-5") {
        let smuggled = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n\
             content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        );
        let mut caller = house.caller();
        assert_eq!(caller.ask(smuggled.as_bytes()).status(), 400, "{method} {path}");
        assert!(caller.is_closed(), "{method} {path}: nothing after it is read");
    }
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn identify_asks_at_every_route() {
    let house = house();
    for key in [None, Some("sk-nobody"), Some("weir_mistyped")] {
        for (route, answer) in ask_all(&house, key, "atlas-5", &[]) {
            assert_eq!(answer.status(), 401, "{route} with {key:?}");
            assert_eq!(answer.head.get("www-authenticate"), Some("Bearer"));
            assert_eq!(answer.head.get("weir-decision"), None, "nothing was decided");
        }
    }
    assert!(house.recorder.so_far().is_empty());
}

#[test]
fn decide_and_record_see_every_route() {
    let mut house = house();
    house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    let answers = ask_all(&house, Some(NORWIND), "atlas-5", &[]);
    let (decided, _) = house.recorder.until_settled(1);
    assert_eq!(decided.len(), answers.len());
    for ((route, answer), decision) in answers.iter().zip(decided) {
        assert_eq!(answer.status(), if is_list(route) { 200 } else { 403 }, "{route}");
        assert_eq!(Some(decision.id.to_string().as_str()), answer.head.get("weir-decision"), "{route}");
        assert_eq!(decision.account, house.accounts[NORWIND].1);
        assert_eq!(decision.tree_size, house.scene.world.view().size);
    }
    for (route, answer) in ask_all(&house, Some(ACME), "hidden-6", &[]) {
        assert_eq!(answer.status(), if is_list(&route) { 200 } else { 404 }, "{route}");
    }
}

#[test]
fn a_key_that_is_revoked_opens_no_route() {
    let mut house = house();
    let (_, account, key) = house.accounts[NORWIND];
    house.change(|scene| {
        use weir_acts::Act;
        use weir_acts::act::{private, public};
        let act = Act::KeyRevoke(crate::scene::parts(public::KeyRevoke { key }, private::KeyRevoke {}));
        scene.act(&account.to_string(), act);
    });
    for (route, answer) in ask_all(&house, Some(NORWIND), "atlas-5", &[]) {
        assert_eq!(answer.status(), 401, "{route}");
    }
}

#[test]
fn reserve_holds_every_route_to_its_limit() {
    let house = House::with(|config| config.limits.in_flight = 0);
    for (route, answer) in ask_all(&house, Some(ACME), "atlas-5", &[]) {
        assert_eq!(answer.status(), 503, "{route}");
        assert_eq!(answer.head.get("retry-after"), Some("1"));
    }
    assert_eq!(house.stand_in.counts().received, 0);
    let (_, settled) = house.recorder.until_settled(routes("atlas-5").len());
    assert!(settled.iter().all(|exchange| exchange.outcome.status == 503), "a refusal after a permit is settled too");
    assert_eq!(house.metric("weir_requests_in_flight"), 0, "what was reserved is given back");
}

#[test]
fn forward_and_settle_serve_every_route() {
    let house = house();
    for (route, answer) in ask_all(&house, Some(ACME), "atlas-5", &[]) {
        assert_eq!(answer.status(), 200, "{route}");
    }
    let all = routes("atlas-5").len();
    let (decided, settled) = house.recorder.until_settled(all);
    assert_eq!((decided.len(), settled.len()), (all, all));
    for (decision, exchange) in decided.iter().zip(&settled) {
        assert_eq!((decision.id, decision.api), (exchange.decision, exchange.api));
        assert_eq!((exchange.outcome.status, exchange.truncated), (200, false), "{exchange:?}");
    }
    house.until_nothing_is_in_flight();
}

#[test]
fn a_record_that_cannot_be_kept_closes_restricted_stages_and_not_general_ones() {
    let house = house();
    house.recorder.set_failing(true);
    for (route, answer) in ask_all(&house, Some(ACME), "mythos-5", &[]) {
        assert_eq!(answer.status(), if is_list(&route) { 200 } else { 503 }, "{route}");
    }
    assert_eq!(house.stand_in.counts().received, 0);
    let shed = house.metric("weir_records_shed");
    for (route, answer) in ask_all(&house, Some(ACME), "atlas-5", &[]) {
        assert_eq!(answer.status(), 200, "{route}");
    }
    assert_eq!(house.metric("weir_records_shed"), shed + routes("atlas-5").len() as u64);
    house.recorder.set_failing(false);
    assert_eq!(house.chat(ACME, "mythos-5").status(), 200, "it opens again");
}

#[test]
fn screen_stands_between_reserve_and_forward() {
    // It lets everything pass today; that the phases' list calls it is read
    // from the list itself, since nothing can be seen of it from outside.
    let list = include_str!("../../src/request.rs");
    let place = |phase: &str| list.find(phase).unwrap_or_else(|| panic!("{phase} is not on the list"));
    let order = [
        "accept::accept(",
        "identify::identify(",
        "accept::read(",
        "decide::decide(",
        "settle::owe(",
        "reserve::reserve(",
        "screen::screen(",
        "forward::forward(",
        "relay::relay(",
    ];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
}

#[test]
fn what_is_not_served_is_refused_after_identification() {
    let house = house();
    let paths = [
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/files"),
        ("DELETE", "/v1/models/atlas-5"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "/v1"),
        ("POST", "/v1//messages"),
    ];
    for (method, path) in paths {
        let asked = |key| house.caller().ask(&request(method, path, key, &[], b"{}"));
        assert_eq!(asked(None).status(), 401, "{method} {path}");
        let answer = asked(Some(ACME));
        assert_eq!(answer.status(), 404, "{method} {path}");
        let is_anthropic = path.starts_with("/v1/messages");
        assert!(crate::routes::error_message(&answer, is_anthropic).contains("not served"), "{method} {path}");
    }
    assert_eq!(house.stand_in.counts().received, 0);
    let outside = house.caller().ask(&request("GET", "/other", None, &[], b""));
    assert_eq!((outside.status(), outside.text()), (404, "not found\n"), "other paths are others' to answer");
}
