use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// A folder that is removed when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-score-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Four members (b0 to b3), an innocent with a stolen key, five others.
fn simulation() -> Folder {
    let sim = Folder::new(&format!("sim-{:?}", std::thread::current().id()).replace(['(', ')'], ""));
    let mut truth = String::new();
    for member in 0..4 {
        truth += &format!("{{\"account\":\"b{member}\",\"campaigns\":[\"pool\"],\"kind\":\"A1\"}}\n");
    }
    truth += "{\"account\":\"stolen\",\"campaigns\":[],\"kind\":\"stolen-key\"}\n";
    for other in 0..5 {
        truth += &format!("{{\"account\":\"g{other}\",\"campaigns\":[],\"kind\":\"benign\"}}\n");
    }
    sim.put("truth.jsonl", &truth);
    let (mut log, mut exchanges) = (String::new(), String::new());
    for hour in 0..8 {
        log += &format!("{{\"id\":\"x{hour}\",\"time\":\"2026-05-01T0{hour}:00:00Z\",\"account\":\"b0\"}}\n");
        exchanges +=
            &format!("{{\"id\":\"x{hour}\",\"campaign\":{}}}\n", if hour % 2 == 0 { "\"pool\"" } else { "null" });
    }
    sim.put("exchanges-0000.jsonl", &log);
    sim.put("exchange-truth.jsonl", &exchanges);
    sim
}

fn findings(status: &str, members: &[(&str, &str)]) -> Folder {
    let found = Folder::new(&format!("found-{:?}", std::thread::current().id()).replace(['(', ')'], ""));
    found.put(
        "campaigns.json",
        &format!("[{{\"id\":\"k\",\"status\":\"{status}\",\"alarm\":\"2026-05-01T04:00:00Z\",\"more\":1}}]"),
    );
    let lines: String = members
        .iter()
        .map(|(account, role)| {
            format!("{{\"campaign\":\"k\",\"account\":\"{account}\",\"role\":\"{role}\",\"bits\":3}}\n")
        })
        .collect();
    found.put("members.jsonl", &lines);
    found
}

fn scored(status: &str, members: &[(&str, &str)]) -> Score {
    let (sim, found) = (simulation(), findings(status, members));
    score(&found.0, &sim.0).unwrap()
}

#[test]
fn half_of_the_truth_and_half_of_the_dossier_is_found() {
    let score = scored("campaign", &[("b0", "member"), ("b1", "member"), ("g0", "member"), ("g1", "associated")]);
    let pool = &score.campaigns[0];
    assert_eq!((pool.dossier.as_deref(), pool.confirmed), (Some("k"), true));
    assert_eq!((pool.recall.count, pool.recall.of, pool.precision.count, pool.precision.of), (2, 4, 2, 3));
    assert_eq!((pool.leaked, pool.exchanges, pool.hours_to_alarm), (3, 4, Some(4.0)));
    assert_eq!(score.confirmed.recall.count, 1);
    // Only members are flagged, never the associated.
    assert_eq!((score.confirmed.benign_flagged.count, score.confirmed.benign_flagged.of), (1, 6));
    assert_eq!(score.confirmed.flagged_by_kind["benign"].count, 1);
    assert_eq!((score.suspected.dossiers, score.suspected.recall.count), (0, 0));
}

#[test]
fn less_than_half_of_either_is_missed() {
    let one_of_four = scored("campaign", &[("b0", "member")]);
    assert_eq!(one_of_four.campaigns[0].dossier, None);
    assert_eq!((one_of_four.campaigns[0].leaked, one_of_four.confirmed.false_dossiers), (4, 1));
    let diluted = [("b0", "member"), ("b1", "member"), ("g0", "member"), ("g1", "member"), ("stolen", "member")];
    let diluted = scored("campaign", &diluted);
    assert_eq!(diluted.campaigns[0].dossier, None);
    assert_eq!(diluted.confirmed.benign_flagged.count, 3);
    assert_eq!(diluted.confirmed.flagged_by_kind["stolen-key"].count, 1);
}

#[test]
fn what_is_suspected_is_counted_apart() {
    let score =
        scored("suspected", &[("b0", "associated"), ("b1", "associated"), ("b2", "associated"), ("g0", "associated")]);
    assert_eq!((score.confirmed.recall.count, score.suspected.recall.count, score.recall_of_either.count), (0, 1, 1));
    assert_eq!((score.confirmed.benign_flagged.count, score.suspected.benign_flagged.count), (0, 1));
    assert!(!score.campaigns[0].confirmed);
    assert!(score.to_string().contains("pool (A1): suspected"), "{score}");
}

#[test]
fn findings_of_another_log_are_told() {
    let (sim, found) = (simulation(), findings("campaign", &[("nobody", "member")]));
    let error = score(&found.0, &sim.0).unwrap_err().to_string();
    assert!(error.contains("members.jsonl, line 1: the account `nobody` is not in the simulation"), "{error}");
    let error = score(Path::new("/nonexistent"), &sim.0).unwrap_err().to_string();
    assert!(error.contains("campaigns.json"), "{error}");
}

#[test]
fn the_interval_is_wilson_s() {
    // Newcombe (1998), table I: 81 of 263 and 15 of 148, 0 of 20.
    let close = |(low, high): (f64, f64), want: (f64, f64)| {
        assert!((low - want.0).abs() < 5e-4 && (high - want.1).abs() < 5e-4, "{low} {high}");
    };
    close(wilson(81, 263), (0.2553, 0.3662));
    close(wilson(15, 148), (0.0624, 0.1605));
    close(wilson(0, 20), (0.0, 0.1611));
    close(wilson(20, 20), (0.8389, 1.0));
}

/// A truth from elsewhere may name the guilty alone, and have kinds of its own.
#[test]
fn accounts_of_which_the_truth_says_nothing_are_no_campaign_s() {
    let sim = simulation();
    sim.put("truth.jsonl", "{\"account\":\"b0\",\"campaigns\":[\"pool\"],\"kind\":\"relay\"}\n");
    sim.put("accounts.jsonl", "{\"account\":\"b0\",\"plan\":\"free\"}\n{\"account\":\"g0\"}\n{\"account\":\"g1\"}\n");
    let found = findings("campaign", &[("b0", "member"), ("g0", "member")]);
    let score = score(&found.0, &sim.0).unwrap();
    assert_eq!((score.campaigns[0].recall.count, score.campaigns[0].recall.of), (1, 1));
    assert_eq!((score.confirmed.benign_flagged.count, score.confirmed.benign_flagged.of), (1, 2));
    assert!(score.to_string().contains("pool (relay): found"), "{score}");
}
