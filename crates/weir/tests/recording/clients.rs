//! The official clients, unmodified: what they sent and what came of it is what the
//! hourly files say of them, field by field.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use weir_acts::Time;
use weir_detect::{Recorder, Texts};
use weir_exchange::{LoggedClient, LoggedExchange, LoggedOutcome, LoggedParams, LoggedUsage};

use crate::{House, by_seq, files, read};

/// What the program of clients said of its calls.
fn called(house: &House) -> Vec<Value> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recording/clients.py");
    let output = Command::new(&python)
        .arg(&script)
        .env("WEIR_BASE", format!("http://{}", house.server.address()))
        .env("WEIR_KEY", &house.key)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", python.display()));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", output.stderr.escape_ascii());
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[expect(clippy::disallowed_methods, reason = "what was recorded is held against the system's own clock")]
fn now() -> Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time::from_millis(i64::try_from(now.as_millis()).unwrap())
}

/// The key that texts are sketched under, in the folder.
fn detector_key(data: &Path) -> [u8; 16] {
    let text = std::fs::read_to_string(data.join("detect.key")).unwrap();
    u128::from_str_radix(text.trim(), 16).unwrap().to_be_bytes()
}

/// What must be recorded of a call; what the client cannot know is taken from what
/// `found` says, and looked at apart.
fn expected(call: &Value, found: &LoggedExchange, recorder: &Recorder, (account, party): (&str, &str)) -> LoggedExchange {
    let text = |name: &str| call[name].as_str();
    let owned = |name: &str| text(name).map(str::to_owned);
    let turns = 1 + u32::from(text("first").is_some());
    let texts = Texts { system: text("system"), first: text("first"), before: None, turns, last: text("last") };
    let usage = match call["usage"].as_array() {
        Some(told) => LoggedUsage { input_tokens: told[0].as_u64(), output_tokens: told[1].as_u64() },
        None => found.usage,
    };
    let decision = owned("decision").or(found.decision.clone());
    LoggedExchange {
        id: decision.as_ref().map(|decision| decision.replace("dec-", "x-")),
        time: found.time,
        account: account.to_owned(),
        party: Some(party.to_owned()),
        api: owned("api"),
        model: owned("model"),
        served_model: None,
        conversation: owned("conversation"),
        messages: Vec::new(),
        sketch: recorder.sketch(&texts),
        client: LoggedClient { ip: Some("127.0.0.1".into()), asn: None, ja4: None, user_agent: owned("agent") },
        params: LoggedParams {
            max_tokens: call["max_tokens"].as_u64(),
            temperature: call["temperature"].as_f64(),
            n: call["n"].as_u64(),
            stream: call["stream"].as_bool(),
            logprobs: call["logprobs"].as_bool(),
        },
        usage,
        outcome: LoggedOutcome {
            status: call["status"].as_u64().map(|status| u16::try_from(status).unwrap()),
            refusal: call["refusal"].as_bool(),
        },
        decision,
        tree_size: found.tree_size,
        person: None,
        seq: found.seq,
        truncated: call["truncated"].as_bool(),
    }
}

#[test]
fn the_hourly_files_say_of_the_official_clients_what_they_sent_and_what_came_of_it() {
    let house = House::new();
    // Whom nobody verified it denies.
    house.server.weir().line("stage set mythos-5 verified").done();
    let shown = house.server.weir().line("account show acme/ci --json").done().json();
    let account = shown["subject"].as_str().unwrap();
    let party = house.server.acts("party.add")[0]["subject"].as_str().unwrap().to_owned();
    let acts = |house: &House| house.server.weir().line("log list --json").done().out.lines().count() as u64;
    let (from, size) = (now(), acts(&house));
    let said = called(&house);
    let (calls, refused): (Vec<&Value>, Vec<&Value>) = said.iter().partition(|call| call["refused"].is_null());
    assert_eq!((calls.len(), refused.len()), (11, 2), "{said:?}");
    house.seals(11);
    let (to, later_size) = (now(), acts(&house));
    let filed = by_seq(read(&files(&house.data(), "exchanges", "parquet")));
    assert_eq!(filed.keys().copied().collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>(), "none is missing, and none twice");
    let recorder = Recorder::new(detector_key(&house.data()));
    let mut sketches = Vec::new();
    for call in calls {
        // Every call has a limit of its own, but for the one that both clients made.
        let of_it = |exchange: &&LoggedExchange| {
            exchange.params.max_tokens == call["max_tokens"].as_u64() && exchange.api.as_deref() == call["api"].as_str()
        };
        let found: Vec<&LoggedExchange> = filed.values().filter(of_it).collect();
        let [found] = found[..] else { panic!("{call} is there {} times", found.len()) };
        assert_eq!(*found, expected(call, found, &recorder, (account, &party)), "{call}");
        assert!(found.sketch.is_some(), "{call}");
        sketches.push(found.sketch.clone());
        assert!(found.time >= from && found.time <= to, "{call}: {}", found.time);
        assert!(found.tree_size.is_some_and(|of| (size..=later_size).contains(&of)), "{call}: {:?}", found.tree_size);
        // What the model server was asked and did not tell is estimated; an error took
        // nothing.
        let took = found.usage.output_tokens.is_some_and(|tokens| tokens > 0);
        assert_eq!(took, call["status"] != 422, "{call}: {:?}", found.usage);
    }
    // Both clients asked the same of the crane; all else is told apart.
    sketches.sort_by_key(|sketch| sketch.as_ref().map(|sketch| sketch.as_str().to_owned()));
    sketches.dedup();
    assert_eq!(sketches.len(), 10);
    for refused in refused {
        let id = refused["refused"].as_str();
        assert!(filed.values().all(|exchange| exchange.decision.as_deref() != id), "{refused} is no exchange");
    }
}
