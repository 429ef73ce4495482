//! Limits through the whole program: set by its commands, told by them, met by
//! callers, and not forgotten by a server that is killed.

#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, reason = "shared with tests that use more of it")]

#[path = "../process/call.rs"]
mod call;
#[path = "../cli/program.rs"]
mod program;
#[path = "../process/server.rs"]
mod server;

use std::path::Path;

use call::ask;
use program::Weir;
use server::{Server, log_is_good, seed};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};
use weir_store::{LimitCount, LimitCounts};

const CONFIG: &str = "listen = \"127.0.0.1:0\"\n";

fn start() -> (Server, StandInHandle, String) {
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let server = Server::start(Weir::new(), Path::new("data"), CONFIG);
    let key = seed(&server, &upstream.base_url(), &[("atlas-5", "general"), ("mythos-5", "listed")]);
    (server, upstream, key)
}

#[test]
fn limits_are_set_told_met_and_outlive_a_kill() {
    let (server, upstream, key) = start();
    let weir = server.weir();
    let set = weir.line("limit set acme/ci --requests 100/min,5/day --concurrent 3").done();
    assert!(set.json()["receipt"].as_str().is_some(), "{}", set.out);
    weir.line("limit set acme --tokens 1000000/day").done();
    weir.line("limit set stage:listed --requests 1/s").done();
    weir.line("model meter atlas-5 --weight 3 --max-input 9000").done();
    let shown = weir.line("account show acme/ci --json").done().json();
    assert_eq!(shown["limits"], serde_json::json!({"requests": ["100/min", "5/day"], "concurrent": 3}));
    weir.line("limit set acme/ci --concurrent none").done();
    let shown = weir.line("account show acme/ci --json").done().json();
    assert_eq!(shown["limits"], serde_json::json!({"requests": ["100/min", "5/day"]}), "the rest stays");
    let explained = weir.line("explain acme/ci atlas-5").done().out;
    for words in ["limit/account", "100/min,5/day", "limit/party", "1000000/day"] {
        assert!(explained.contains(words), "{explained}");
    }
    assert!(!explained.contains("limit/stage"), "{explained}");
    assert!(weir.line("explain acme/ci mythos-5").done().out.contains("limit/stage"));

    for _ in 0..3 {
        assert_eq!(ask(server.address(), &key, "atlas-5").unwrap().status, 200);
    }
    // What was used is told beside each limit.
    let rows = |line: &str| -> Vec<serde_json::Value> {
        weir.line(line).done().out.lines().map(|row| serde_json::from_str(row).unwrap()).collect()
    };
    let all = rows("limit list --json");
    let of = |subject: &str, field: &str, window: &str| {
        let is_it = |row: &&serde_json::Value| {
            row["subject"] == subject && row["field"] == field && row["window"].as_str().unwrap_or_default() == window
        };
        all.iter().find(is_it).unwrap_or_else(|| panic!("{subject} {field} {window}: {all:?}")).clone()
    };
    let day = of("account:acme/ci", "requests", "day");
    assert_eq!(
        (&day["amount"], &day["used"], &day["held"], &day["left"]),
        (&5.into(), &3.into(), &0.into(), &2.into())
    );
    assert_eq!(of("account:acme/ci", "requests", "min")["left"], 97);
    let tokens = of("party:acme", "tokens", "day");
    assert_eq!(tokens["used"].as_u64().unwrap() + tokens["left"].as_u64().unwrap(), 1_000_000, "{tokens}");
    assert!(tokens["used"].as_u64().unwrap() > 0, "{tokens}");
    assert_eq!(of("stage:listed", "requests", "s")["used"], 0);
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(rows("limit list acme/ci --json").len(), 2);
    assert_eq!(rows("limit list stage:listed --json")[0]["rule"], "limit/stage");
    assert!(weir.line("limit list").done().out.contains("account:acme/ci"));
    let why = weir.line("limit list nobody").refused();
    assert!(why.contains("there is no party `nobody`"), "{why}");
    let why = weir.line("limit list stage:nowhere").refused();
    assert!(why.contains("`nowhere` is no stage"), "{why}");

    // What a crash may forget is a second's; this waits until it was written.
    while kept_requests(&server.data().join("limits.db")) < 3 {
        std::thread::yield_now();
    }
    server.signal("KILL");
    let data = server.data();
    let (_, weir) = server.end();
    let server = Server::start(weir, &data, CONFIG);
    for _ in 0..2 {
        assert_eq!(ask(server.address(), &key, "atlas-5").unwrap().status, 200);
    }
    let refused = ask(server.address(), &key, "atlas-5").unwrap();
    assert_eq!((refused.status, refused.header("weir-rule")), (429, "limit/account"), "{}", refused.text);
    assert!(refused.text.contains("5 requests a day"), "{}", refused.text);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 3_600);
    assert_eq!(upstream.counts().received, 5);
    let decision = refused.header("weir-decision").to_owned();
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    log_is_good(&weir, &data);
    let records = std::fs::read_dir(data.join("decisions")).unwrap();
    let lines: String = records.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let exchange = lines.lines().find(|line| line.contains("\"exchange\"") && line.contains(&decision)).unwrap();
    assert!(exchange.contains("\"status\":429") && exchange.contains("limit/account"), "{exchange}");
}

/// Requests of the account that are kept over a day.
fn kept_requests(path: &Path) -> u64 {
    let (_, kept) = LimitCounts::open(path, 0).unwrap();
    let is_meant = |count: &&LimitCount| count.field == "requests" && count.window == "day";
    kept.iter().filter(is_meant).flat_map(|count| &count.parts).map(|(_, amount)| amount).sum()
}

#[test]
fn measures_that_slow_down_or_fall_back_are_taken_lifted_and_appealed() {
    let (server, upstream, key) = start();
    let weir = server.weir();
    weir.line(&format!("model add atlas-6 --upstream {} --previous atlas-5 --weight 9", upstream.base_url())).done();
    weir.line("stage set atlas-6 general").done();
    let slow = weir.line("measure take acme/ci throttle --requests 1/day --reason probing").done().json();
    let answer = ask(server.address(), &key, "atlas-5").unwrap();
    assert_eq!((answer.status, answer.header("weir-rule")), (200, "measure/throttle"));
    let refused = ask(server.address(), &key, "atlas-5").unwrap();
    assert_eq!(refused.status, 429);
    let id = slow["id"].as_str().unwrap();
    for words in [id, "probing", "Appeal: ", "answered by"] {
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    assert!(weir.line("explain acme/ci atlas-5").done().out.contains("measure/throttle"));
    weir.write("key", &key);
    let appeal = weir.line(&format!("appeal file {id} --text Ours. --key-file key")).done();
    assert!(appeal.json()["id"].as_str().is_some(), "{}", appeal.out);
    weir.line(&format!("measure lift {id}")).done();
    assert_eq!(ask(server.address(), &key, "atlas-5").unwrap().status, 200);

    weir.line("measure take acme/ci fallback --reason probing").done();
    let answer = ask(server.address(), &key, "atlas-6").unwrap();
    assert_eq!((answer.status, answer.header("weir-served-model")), (200, "atlas-5"));
    let decision = answer.header("weir-decision").to_owned();
    let denied = ask(server.address(), &key, "mythos-5").unwrap();
    assert_eq!((denied.status, denied.header("weir-rule")), (403, "measure/fallback"));

    let misspelt = weir.line("measure take acme/ci mislead --reason x");
    assert_eq!((misspelt.code, misspelt.out.as_str()), (2, ""), "wrong usage");
    for kind in ["observe", "verify", "throttle"] {
        assert!(misspelt.err.contains(kind), "{}", misspelt.err);
    }
    for (line, words) in [
        ("measure take acme/ci refuse --requests 1/min --reason x", "`throttle` has"),
        ("measure take acme/ci throttle --requests none --reason x", "limits nothing"),
        ("limit set acme/ci", "at least one"),
        ("limit set acme/ci --requests 0/min", "`0/min` is not a rate"),
        ("limit set acme/ci --requests 5/week", "s, min, hour or day"),
        ("limit set acme/ci --concurrent many", "no number of requests"),
        ("limit set nobody --concurrent 1", "no party `nobody`"),
        ("limit set stage:everywhere --concurrent 1", "general"),
        ("model meter atlas-5", "at least one"),
    ] {
        let refusal = weir.line(line).refused();
        assert!(refusal.contains(words), "{line}: {refusal}");
    }
    server.signal("TERM");
    let data = server.data();
    let (_, weir) = server.end();
    log_is_good(&weir, &data);
    let records = std::fs::read_dir(data.join("decisions")).unwrap();
    let lines: String = records.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let record =
        lines.lines().find(|line| line.contains("\"record\":\"decision\"") && line.contains(&decision)).unwrap();
    assert!(record.contains("\"fallback\"") && record.contains("\"served_model\":\"atlas-5\""), "{record}");
}
