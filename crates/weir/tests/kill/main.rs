//! `kill -9` of the real process under load, round after round on one folder.
//! After each: the published log verifies and extends what was published
//! before; every acknowledged act stands at its index with its leaf; a request
//! that got no answer, sent again under its `Idempotency-Key`, has taken effect
//! exactly once; what was acknowledged is in force; every exchange that a caller
//! was wholly answered is among the records with its decision, and these are
//! numbered without a gap and, but for the file being written, sealed.
//!
//! `WEIR_KILL_ROUNDS` sets the rounds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod calls;
mod load;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use weir_sim::stand_in::{StandIn, StandInConfig};

use load::{Acknowledged, Asked, Load};
use server::Server;

const WORKERS: usize = 4;

#[test]
fn no_acknowledged_act_is_lost_and_the_log_stays_one() {
    let rounds: u64 = std::env::var("WEIR_KILL_ROUNDS").map_or(40, |rounds| rounds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    let mut unanswered: Vec<Asked> = Vec::new();
    let (mut seen_repeated, mut seen_fresh) = (0, 0);
    let mut last_checkpoint: Option<String> = None;
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let (mut key, mut answered, mut records) = (None, Vec::new(), 0);
    for round in 0..rounds {
        let mut server = Server::start(&data);
        let (was_durable, was_not) = settle(&server, &mut acknowledged, &mut unanswered);
        (seen_repeated, seen_fresh) = (seen_repeated + was_durable, seen_fresh + was_not);
        let key = key.get_or_insert_with(|| {
            let asked = Asked { key: "seed".to_owned(), party: "seed".to_owned() };
            let answer = server.post(&asked).unwrap();
            acknowledged.push(Acknowledged::of(asked, &answer));
            calls::seed(&server, &upstream.base_url())
        });
        calls::all_sealed(&server, &data);
        let calling = [("mythos-5", false), ("fable-5", false), ("fable-5", true)]
            .map(|(model, stream)| calls::Calls::start(&server, key, model, stream));
        // A different number each round, and never by the clock.
        let enough = 3 + (round * 37 % 101) as usize;
        let load = Load::start(&server, round, WORKERS);
        load.wait_for(enough);
        server.kill();
        let (heard, left) = load.end();
        assert!(heard.len() >= enough);
        acknowledged.extend(heard);
        answered.extend(calling.into_iter().flat_map(calls::Calls::end));
        records = calls::check(&data, &answered);
        unanswered.extend(left);
        last_checkpoint = verify(&data, dir.path(), last_checkpoint);
    }
    let server = Server::start(&data);
    settle(&server, &mut acknowledged, &mut unanswered);
    println!("{} answers, {records} records, none of them missing", answered.len());
    println!(
        "{rounds} kills, {} acts acknowledged; of those without an answer {seen_repeated} had been durable, {seen_fresh} had not",
        acknowledged.len()
    );
    assert!(rounds < 20 || seen_repeated + seen_fresh > 0, "no kill ever fell between question and answer");
}

/// After a restart: what was acknowledged stands, and what was not is asked
/// again. Tells how many of those had been durable, and how many had not.
fn settle(server: &Server, acknowledged: &mut Vec<Acknowledged>, unanswered: &mut Vec<Asked>) -> (u64, u64) {
    every_acknowledged_act_stands(server, acknowledged);
    let (mut was_durable, mut was_not) = (0, 0);
    for asked in unanswered.drain(..) {
        let answer = server.post(&asked).expect("a request sent again is answered");
        match answer["repeated"] == true {
            true => was_durable += 1,
            false => was_not += 1,
        }
        acknowledged.push(Acknowledged::of(asked, &answer));
    }
    exactly_once(server, acknowledged);
    (was_durable, was_not)
}

/// Reads the log through the server and finds each act where it was said to be.
fn every_acknowledged_act_stands(server: &Server, acknowledged: &[Acknowledged]) {
    let mut leaves: BTreeMap<u64, String> = BTreeMap::new();
    loop {
        let answer = server.get(&format!("/admin/v1/log?from={}&limit=1000", leaves.len()));
        let acts = answer["acts"].as_array().unwrap();
        if acts.is_empty() {
            break;
        }
        for act in acts {
            leaves.insert(act["act"].as_u64().unwrap(), act["leaf"].as_str().unwrap().to_owned());
        }
    }
    for act in acknowledged {
        assert_eq!(leaves.get(&act.act), Some(&act.leaf), "act {} was acknowledged and is gone", act.act);
    }
}

/// Every party that was acknowledged is there, and none that nobody asked for.
fn exactly_once(server: &Server, acknowledged: &[Acknowledged]) {
    let rows = server.parties();
    let there: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    let wanted: BTreeSet<&str> = acknowledged.iter().map(|act| act.asked.party.as_str()).collect();
    let differing: Vec<&&str> = there.symmetric_difference(&wanted).collect();
    assert!(differing.is_empty() && rows.len() == acknowledged.len(), "lost, or done twice: {differing:?}");
}

/// Runs `weir log verify` on the folder as the kill left it; gives back the
/// checkpoint for the next time.
fn verify(data: &Path, beside: &Path, since: Option<String>) -> Option<String> {
    let checkpoint = std::fs::read_to_string(data.join("log/checkpoint")).ok()?;
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    weir.args(["--json", "log", "verify"]).arg(data).arg("--key").arg(data.join("log.vkey"));
    if let Some(since) = since {
        let older = beside.join("older-checkpoint");
        std::fs::write(&older, since).unwrap();
        weir.arg("--since").arg(older);
    }
    let output = weir.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!(null));
    assert!(output.status.success() && report["good"] == true, "{report} {}", output.stderr.escape_ascii());
    Some(checkpoint)
}
