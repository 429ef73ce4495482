//! The real process on a disk that is full. A change is refused with one clear
//! sentence and nothing of it stays; a restricted model refuses, since its
//! records cannot be kept, and a general one is served and counted. With space
//! again everything goes on by itself, and what was acknowledged, recorded or
//! promised before is all there, after a restart too.
//!
//! Needs leave to mount; where there is none the tests say so and end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
mod disk;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/records.rs"]
mod records;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::time::Instant;

use serde_json::Value;
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use call::{Answer, ask};
use disk::Disk;
use program::Weir;
use records::Records;
use server::{PATIENCE, Server, get, log_is_good, seed};

const SHED: &str = "weir_records_shed_total";
const CONFIG: &str = "listen = \"127.0.0.1:0\"\ndrain_seconds = 0\n";

/// A server on a disk of its own. The server goes before its disk does.
struct House {
    server: Server,
    disk: Disk,
    key: String,
    _upstream: StandInHandle,
    /// Where each acknowledged act stands, and its leaf.
    acknowledged: Vec<(u64, String)>,
}

impl House {
    /// None where this process may not mount.
    fn new() -> Option<House> {
        let disk = match Disk::mount(24) {
            Ok(disk) => disk,
            Err(why) => {
                eprintln!("skipped: a full disk needs leave to mount a tmpfs, and there is none ({why})");
                return None;
            }
        };
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let server = Server::start(Weir::new(), &disk.folder(), CONFIG);
        let key = seed(&server, &upstream.base_url(), &[("mythos-5", "listed"), ("fable-5", "general")]);
        Some(House { server, disk, key, _upstream: upstream, acknowledged: Vec::new() })
    }

    fn ask(&self, model: &str) -> Answer {
        ask(self.server.address(), &self.key, model).unwrap()
    }

    /// Asks for a party; the refusal where there is one.
    fn add(&mut self, party: &str) -> Result<(), String> {
        let ran = self.server.weir().line(&format!("party add {party} --name Party"));
        if ran.code != 0 {
            return Err(ran.refused());
        }
        let answer = ran.json();
        self.acknowledged.push((answer["act"].as_u64().unwrap(), answer["leaf"].as_str().unwrap().to_owned()));
        Ok(())
    }

    fn parties(&self) -> Vec<String> {
        let ran = self.server.weir().line("--json party list").done();
        ran.out.lines().map(|line| json(line)["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The size of the log as everyone may read it.
    fn published(&self) -> u64 {
        let (status, checkpoint) = get(self.server.address(), "/log/checkpoint");
        assert_eq!(status, 200, "{checkpoint}");
        checkpoint.lines().nth(1).unwrap().parse().unwrap()
    }

    fn wait_until_published(&self, size: u64) {
        let started = Instant::now();
        while self.published() < size {
            assert!(started.elapsed() < PATIENCE, "the log stays at {} of {size} acts", self.published());
        }
    }

    /// Every acknowledged act stands where it was said to, with its leaf.
    fn every_acknowledged_act_stands(&self) {
        let ran = self.server.weir().line("--json log list").done();
        let acts: Vec<Value> = ran.out.lines().map(json).collect();
        for (index, leaf) in &self.acknowledged {
            let found = acts.iter().find(|act| act["act"] == *index);
            assert_eq!(found.map(|act| &act["leaf"]), Some(&Value::from(leaf.as_str())), "act {index} is gone");
        }
    }

    /// Ends the process and starts another on the same folder.
    fn restart(self) -> House {
        let House { server, disk, key, _upstream, acknowledged } = self;
        server.signal("TERM");
        let data = server.data();
        let (ended, weir) = server.end();
        assert_eq!(ended.code, 0, "{}", ended.said);
        let report = log_is_good(&weir, &data);
        let last = acknowledged.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        assert!(report["size"].as_u64().unwrap() >= last, "the published log ends before act {last}: {report}");
        let server = Server::start(weir, &data, CONFIG);
        House { server, disk, key, _upstream, acknowledged }
    }
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_change_is_refused_whole_and_taken_once_there_is_space() {
    let Some(mut house) = House::new() else { return };
    house.add("before").unwrap();
    house.disk.fill();
    // A page that was begun may still take an act or two.
    let refused = (0..100).find_map(|number| {
        house.disk.fill();
        let party = format!("full-{number}");
        Some((house.add(&party).err()?, party))
    });
    let (refusal, party) = refused.unwrap();
    assert!(refusal.contains("the disk is full") && refusal.contains("free space"), "{refusal}");
    assert!(!house.parties().contains(&party), "{party} was refused and is there");
    house.every_acknowledged_act_stands();
    let (status, _) = get(house.server.address(), "/readyz");
    assert_eq!(status, 200, "what needs no disk goes on");
    house.disk.free();
    house.add(&party).unwrap();
    let mut house = house.restart();
    house.every_acknowledged_act_stands();
    assert_eq!(house.parties().iter().filter(|there| **there == party).count(), 1);
    house.add("after").unwrap();
}

#[test]
fn restricted_models_refuse_and_general_ones_are_counted_until_there_is_space() {
    let Some(mut house) = House::new() else { return };
    let mut recorded = vec![house.ask("mythos-5").header("weir-decision").to_owned()];
    house.disk.fill();
    let refused = loop {
        let answer = house.ask("mythos-5");
        if answer.status != 200 {
            break answer;
        }
        recorded.push(answer.header("weir-decision").to_owned());
        assert!(recorded.len() < 10_000, "served on and on, and nothing can be kept");
    };
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(refused.text.contains("record_unavailable"), "{}", refused.text);
    house.server.wait_for("records cannot be written");
    let before = house.server.metric(SHED);
    for served in 1..=3 {
        let answer = house.ask("fable-5");
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(house.server.metric(SHED), before + served);
    }
    assert_eq!(house.ask("mythos-5").status, 503);

    house.disk.free();
    house.server.wait_for("records are written again");
    let answer = house.ask("mythos-5");
    assert_eq!(answer.status, 200, "{}", answer.text);
    recorded.push(answer.header("weir-decision").to_owned());
    assert_eq!(house.ask("fable-5").status, 200);
    assert_eq!(house.server.metric(SHED), before + 3);
    let house = house.restart();
    let kept = Records::read(&house.server.data());
    for decision in recorded {
        // Each once, though writing was tried over and over.
        assert_eq!(kept.of(&decision), (1, 1), "decision and exchange of {decision}, which was served");
    }
}

#[test]
fn an_act_that_could_not_be_published_is_once_there_is_space() {
    let Some(mut house) = House::new() else { return };
    house.add("before").unwrap();
    let size = house.acknowledged.last().unwrap().0 + 1;
    house.wait_until_published(size);
    house.disk.fill();
    // Page by page, until there is room for the act and for nothing after it.
    let tries = (0..200).find(|number| {
        house.disk.free_pages(1);
        house.add(&format!("tight-{number}")).is_ok()
    });
    assert!(tries.is_some(), "no room for an act in 200 pages");
    house.disk.fill();
    house.server.wait_for("the log was not published");
    house.disk.free();
    let size = house.acknowledged.last().unwrap().0 + 1;
    house.wait_until_published(size);
    house.restart().every_acknowledged_act_stands();
}

/// The files of exchanges lie on a disk of their own here, which is full:
/// nobody but the operator notices, and they are made anew from the records.
#[test]
fn files_of_exchanges_are_made_anew_once_there_is_space_and_no_request_is_harmed() {
    const FAILED: &str = "weir_exchange_files_failed_total";
    let config = format!("{CONFIG}\n[records]\nroll_seconds = 1\n");
    let mut disk = match Disk::mount(1) {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("skipped: a full disk needs leave to mount a tmpfs, and there is none ({why})");
            return;
        }
    };
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let server = Server::start(Weir::new(), std::path::Path::new("data"), CONFIG);
    let key = seed(&server, &upstream.base_url(), &[("mythos-5", "listed"), ("fable-5", "general")]);
    std::fs::create_dir(disk.folder()).unwrap();
    disk.fill();
    let mut server = server.again("TERM", &config, |data| {
        let exchanges = data.join("exchanges");
        assert_eq!(std::fs::read_dir(&exchanges).unwrap().count(), 0);
        std::fs::remove_dir(&exchanges).unwrap();
        std::os::unix::fs::symlink(disk.folder(), &exchanges).unwrap();
    });
    let address = server.address();
    let served = |times: u64| {
        for _ in 0..times {
            for model in ["mythos-5", "fable-5"] {
                let answer = ask(address, &key, model).unwrap();
                assert_eq!(answer.status, 200, "{model}: {}", answer.text);
            }
        }
        2 * times
    };
    let mut exchanges = served(3);
    server.wait_for("a file of exchanges cannot be written; requests are served");
    assert!(server.metric(FAILED) >= 1);
    exchanges += served(3);
    assert_eq!(server.metric(SHED), 0);
    assert_eq!(server.acts("exchanges.seal").len(), 0, "nothing is sealed that is not whole");

    disk.free();
    server.wait_for("files of exchanges are written again");
    let started = Instant::now();
    let sealed = loop {
        let sealed = server.acts("exchanges.seal");
        let rows: u64 = sealed.iter().map(|act| act["public"]["rows"].as_u64().unwrap()).sum();
        if rows >= exchanges {
            break sealed;
        }
        assert!(started.elapsed() < PATIENCE, "{rows} of {exchanges} exchanges are sealed");
    };
    // Each once, in order, and none is missing.
    let mut next = 1;
    for act in sealed.iter().map(|act| &act["public"]) {
        assert_eq!((act["first"].as_u64(), act["last"].as_u64()), (Some(next), Some(next + act["rows"].as_u64().unwrap() - 1)));
        next += act["rows"].as_u64().unwrap();
    }
    assert_eq!(next, exchanges + 1);
    let hidden = std::fs::read_dir(disk.folder()).unwrap().map(|file| file.unwrap().file_name());
    assert!(hidden.into_iter().all(|name| !name.to_string_lossy().starts_with('.')), "no half file is left");
    let server = server.again("TERM", &config, |data| {
        log_is_good(&Weir::new(), data);
    });
    assert_eq!(server.acts("exchanges.seal").len(), sealed.len(), "nothing is made twice");
    drop((server, disk));
}
