//! Records of the real process: sealed when it ends, recovered and sealed after
//! a crash, durable before a restricted model is asked; what somebody changed,
//! cut or took away is named; one decision is shown to be in its file alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use call::ask;
use program::{Ran, Weir};
use server::{Server, seed};

const CONFIG: &str = "listen = \"127.0.0.1:0\"\n";

struct House {
    server: Server,
    key: String,
    _upstream: StandInHandle,
}

impl House {
    fn new() -> House {
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let server = Server::start(Weir::new(), Path::new("data"), CONFIG);
        let key = seed(&server, &upstream.base_url(), &[("fable-5", "general"), ("mythos-5", "listed")]);
        House { server, key, _upstream: upstream }
    }

    /// Asks for a whole answer; the decision's id.
    fn ask(&self, model: &str) -> String {
        let answer = ask(self.server.address(), &self.key, model).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.header("weir-decision").to_owned()
    }

    /// Ends the server by a signal and starts it again on the same folder.
    fn again(self, signal: &str, meanwhile: impl FnOnce(&Path)) -> House {
        House { server: self.server.again(signal, CONFIG, meanwhile), ..self }
    }

    /// The acts that sealed files, once there are so many.
    fn seals(&self, enough: usize) -> Vec<Value> {
        loop {
            let seals = self.server.acts("records.seal");
            if seals.len() >= enough {
                return seals;
            }
            std::thread::yield_now();
        }
    }
}

fn segment(data: &Path, number: u32) -> PathBuf {
    data.join(format!("decisions/{number:08}.jsonl"))
}

/// The folder is checked as it lies there.
fn verify(weir: &Weir, data: &Path) -> Ran {
    weir.run(&["log", "verify", &data.display().to_string()])
}

/// The folder is not what the log says, and the answer names what.
fn wrong(weir: &Weir, data: &Path, what: &str) {
    let ran = verify(weir, data);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("WRONG") && ran.out.contains(what), "{}", ran.out);
}

#[test]
fn a_clean_end_seals_what_was_recorded_and_a_sealed_decision_is_still_explained() {
    let house = House::new();
    let decisions = [house.ask("fable-5"), house.ask("mythos-5")];
    let house = house.again("TERM", |data| {
        let lines = std::fs::read_to_string(segment(data, 1)).unwrap();
        let numbers =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["number"].as_u64().unwrap());
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3, 4], "two decisions and two exchanges: {lines}");
    });
    let [seal] = &house.seals(1)[..] else { panic!("one file, one seal") };
    let sealed = &seal["public"];
    assert_eq!((seal["by"].as_str(), sealed["segment"].as_str()), (Some("weir"), Some("00000001.jsonl")));
    assert_eq!((&sealed["first"], &sealed["last"], &sealed["count"]), (&1.into(), &4.into(), &4.into()));
    assert!(sealed["recovered"].is_null());
    let ran = verify(house.server.weir(), &house.server.data()).done();
    assert!(ran.out.contains("1 files of records at hand are what was sealed"), "{}", ran.out);
    for decision in &decisions {
        let told = house.server.weir().line(&format!("explain {decision} --json")).done().json();
        assert!(told["sealed_by_act"].is_u64() && told["decision"]["ruling"] == "permit", "{told}");
    }
    // Numbers go on; an end without a record in between leaves no act.
    let house = house.again("TERM", |_| ());
    house.ask("fable-5");
    let house = house.again("TERM", |_| ());
    let seals = house.seals(2);
    assert_eq!((seals.len(), &seals[1]["public"]["first"]), (2, &5.into()));
}

#[test]
fn a_crash_is_recovered_told_and_sealed() {
    let house = House::new();
    let decision = house.ask("mythos-5");
    // SIGKILL the moment the answer of a restricted model is there: its
    // decision is on the disk.
    let house = house.again("KILL", |data| {
        let path = segment(data, 1);
        let lines = std::fs::read_to_string(&path).unwrap();
        assert!(lines.contains(&decision), "{lines}");
        std::fs::write(&path, lines + "{\"number\":99,\"record\":\"deci").unwrap();
    });
    let sealed = house.seals(1)[0]["public"].clone();
    assert_eq!((&sealed["recovered"], &sealed["cut"]), (&true.into(), &27.into()), "{sealed}");
    let torn = house.server.data().join("decisions/00000001.torn");
    assert_eq!(std::fs::read_to_string(torn).unwrap(), "{\"number\":99,\"record\":\"deci");
    let house = house.again("TERM", |_| ());
    let ran = verify(house.server.weir(), &house.server.data()).done();
    assert!(
        ran.out.contains("ended without closing them, and may lack its last moment: 00000001.jsonl"),
        "{}",
        ran.out
    );
}

#[test]
fn what_was_changed_cut_or_taken_away_is_named() {
    let house = House::new();
    house.ask("fable-5");
    let house = house.again("TERM", |_| ());
    house.ask("fable-5");
    let House { server, .. } = house;
    let data = server.data();
    server.signal("TERM");
    let (_, weir) = server.end();
    verify(&weir, &data).done();
    let (first, second) = (segment(&data, 1), segment(&data, 2));
    let whole = std::fs::read_to_string(&first).unwrap();

    std::fs::write(&first, whole.replace("permit", "denied")).unwrap();
    wrong(&weir, &data, "records 00000001.jsonl: its SHA-256 is sha256:");
    let line = whole.lines().next().unwrap();
    std::fs::write(&first, whole.replacen(line, "", 1).trim_start()).unwrap();
    wrong(&weir, &data, "records 00000001.jsonl: record ");
    std::fs::write(&first, whole.clone() + line + "\n").unwrap();
    wrong(&weir, &data, "records 00000001.jsonl: it has ");
    std::fs::remove_file(&first).unwrap();
    wrong(&weir, &data, "missing, and deleted by no act: 00000001.jsonl");
    // Both bad: the first is named.
    std::fs::write(&first, "").unwrap();
    std::fs::write(&second, "").unwrap();
    wrong(&weir, &data, "records 00000001.jsonl: record 1 is not what act");
    std::fs::write(&first, &whole).unwrap();
    wrong(&weir, &data, "records 00000002.jsonl");
}

/// What an auditor is handed holds the sealed files themselves: whoever changed
/// one after it was sealed is found out from the handed folder alone.
#[test]
fn an_export_holds_the_sealed_files_of_its_time_and_says_which_acts_sealed_them() {
    let house = House::new();
    house.ask("fable-5");
    let house = house.again("TERM", |_| ());
    house.ask("mythos-5");
    let house = house.again("TERM", |_| ());
    house.seals(2);
    let (weir, data) = (house.server.weir(), house.server.data());
    let export = |more: &str, from: &str, to: &str| {
        weir.line(&format!("audit export --from {from} --to {to} --json{more}")).done().json()
    };
    let told = export(" -o out", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    assert_eq!((&told["good"], &told["segments"]), (&true.into(), &2.into()), "{told}");
    let out = weir.dir().join("out");
    for number in [1, 2] {
        assert_eq!(std::fs::read(segment(&out, number)).unwrap(), std::fs::read(segment(&data, number)).unwrap());
    }
    let named: Value = serde_json::from_slice(&std::fs::read(out.join("segments.json")).unwrap()).unwrap();
    for (place, name) in [(0, "00000001.jsonl"), (1, "00000002.jsonl")] {
        assert_eq!(named[place]["name"], name);
        let act = weir.line(&format!("log show {} --json", named[place]["act"])).done().json();
        assert_eq!(act["entry"]["public"]["segment"], name, "{act}");
        assert_eq!(act["entry"]["public"]["digest"], named[place]["digest"]);
    }
    let (report, check) = (out.join("log"), |what: &str| {
        let ran = weir.run(&["log", "verify", "out/log", "--key", "out/log.vkey", "--opened", "out/bundle.jsonl"]);
        assert!(ran.out.contains(what), "{}{}", ran.out, ran.err);
        ran.code
    });
    assert!(report.is_dir());
    assert_eq!(check("2 files of records at hand are what was sealed"), 0);
    let whole = std::fs::read_to_string(segment(&out, 2)).unwrap();
    std::fs::write(segment(&out, 2), whole.replace("permit", "denied")).unwrap();
    assert_eq!(check("WRONG: records 00000002.jsonl: its SHA-256 is sha256:"), 3);
    std::fs::remove_file(segment(&out, 2)).unwrap();
    assert_eq!(check("not at hand: 00000002.jsonl"), 0);

    // Of another time there are none, and of one subject none that speak of others.
    let told = export(" -o before", "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    assert_eq!(told["segments"], 0, "{told}");
    let told = export(" --subject party:acme -o one", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    assert!(told["segments"].is_null() && told["good"] == true, "{told}");
    for name in ["one/decisions", "one/segments.json"] {
        assert!(!weir.dir().join(name).try_exists().unwrap(), "{name}");
    }

    // Others than auditors and release officers are shown none of it.
    let added = weir.line("operator add olga --role analyst").done().json();
    let analyst =
        Weir::new().with("WEIR_SERVER", house.server.base()).with("WEIR_TOKEN", added["token"].as_str().unwrap());
    let refused = analyst.line("audit export --from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z -o theirs").refused();
    assert!(refused.contains("as analyst you may not do `open`"), "{refused}");
}

#[test]
fn one_decision_is_shown_to_be_in_its_sealed_file_without_the_others() {
    let house = House::new();
    for _ in 0..5 {
        house.ask("fable-5");
    }
    let house = house.again("TERM", |_| ());
    house.seals(1);
    house.ask("fable-5");
    // The open file's record is there a moment later.
    let (weir, data) = (house.server.weir(), house.server.data());
    while std::fs::read_to_string(segment(&data, 2)).unwrap().is_empty() {
        std::thread::yield_now();
    }
    weir.line("log open --subject party:acme -o bundle.jsonl").done();
    let data = data.display().to_string();
    let verify = |bundle: &str| weir.run(&["log", "verify", &data, "--opened", bundle]);
    let ran = verify("bundle.jsonl").done();
    assert!(ran.out.contains("6 decisions computed again, the same"), "{}", ran.out);
    assert!(ran.out.contains("5 decisions of the bundle are in sealed files"), "{}", ran.out);
    assert!(ran.out.contains("1 decisions of the bundle were not sealed yet"), "{}", ran.out);
    // A record that says something else than the file, and one that was never in it.
    let bundle = std::fs::read_to_string(weir.dir().join("bundle.jsonl")).unwrap();
    for (from, to) in [
        ("\\\"api\\\":\\\"openai.chat\\\"", "\\\"api\\\":\\\"openai.cats\\\""),
        ("{\\\"number\\\":1,", "{\\\"number\\\":77,"),
    ] {
        assert!(bundle.contains(from), "{bundle}");
        weir.write("forged.jsonl", &bundle.replace(from, to));
        let ran = verify("forged.jsonl");
        assert!(ran.code == 3 && ran.out.contains("WRONG: decision dec-"), "{}{}", ran.out, ran.err);
    }
}
