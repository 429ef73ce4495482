//! `weir sim`, `weir detect` and `weir score` from the outside: the same
//! findings from the same log however it lies and is read, and a clear word on
//! logs that nobody should have to read.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test's helpers fail as tests do")]

mod hostile;
mod leave_out;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder to run in.
struct Runs(tempfile::TempDir);

impl Runs {
    fn new() -> Runs {
        let runs = Runs(tempfile::tempdir().unwrap());
        let key = runs.at("detect.key");
        std::fs::write(&key, "000102030405060708090a0b0c0d0e0f\n").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        runs
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn weir(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.env_clear().env("WEIR_DETECT_KEY_FILE", self.at("detect.key"));
        command.current_dir(self.0.path()).args(line.split(' ')).output().unwrap()
    }

    fn done(&self, line: &str) -> String {
        let output = self.weir(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    }

    /// What was found, without what tells how it was read.
    fn found(&self, folder: &str) -> (Vec<Value>, String) {
        let dossiers = std::fs::read(self.at(folder).join("campaigns.json")).unwrap();
        let mut dossiers: Vec<Value> = serde_json::from_slice(&dossiers).unwrap();
        for dossier in &mut dossiers {
            let provenance = dossier["provenance"].as_object_mut().unwrap();
            assert!(provenance.remove("inputs").unwrap().as_array().is_some_and(|inputs| !inputs.is_empty()));
            provenance.remove("command");
        }
        (dossiers, std::fs::read_to_string(self.at(folder).join("members.jsonl")).unwrap())
    }
}

fn lines_of(path: &Path) -> Vec<String> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Splits a log into files: by stretches of time, and in turn.
fn split(runs: &Runs, lines: &[String]) {
    for (folder, parts) in [("stretches", 5), ("turns", 3)] {
        std::fs::create_dir(runs.at(folder)).unwrap();
        for part in 0..parts {
            let of_part =
                |at: usize| if folder == "turns" { at % parts == part } else { at * parts / lines.len() == part };
            let own = lines.iter().enumerate().filter(|(at, _)| of_part(*at)).map(|(_, line)| line.as_str());
            // Named so that the order of names is not that of time.
            let name = format!("{folder}/{}.jsonl", (part * 2) % parts);
            std::fs::write(runs.at(&name), own.collect::<Vec<_>>().join("\n")).unwrap();
        }
    }
}

#[test]
fn the_same_log_gives_the_same_findings_however_it_lies_and_is_read() {
    let runs = Runs::new();
    let scenario = "sim --scenario A1 --accounts 900 --campaign-accounts 100 --days 7 --seed 5";
    runs.done(&format!("{scenario} --out run"));
    runs.done(&format!("{scenario} --out columns --parquet"));
    let lines = lines_of(&runs.at("run/exchanges-0000.jsonl.gz"));
    split(&runs, &lines);
    let detect = |files: &str, more: &str, out: &str| {
        runs.done(&format!("detect {files} --accounts run/accounts.jsonl --memory 64MiB --out {out}{more}"));
        runs.found(out)
    };
    let one = detect("run", " --threads 1", "found");
    assert!(!one.0.is_empty(), "a log in which nothing is found tests nothing");
    for (number, (files, more)) in [
        ("run", " --threads 2"),
        ("run", " --threads 8"),
        ("columns", " --threads 1"),
        ("columns", " --threads 8"),
        ("stretches", " --threads 1"),
        ("stretches", " --threads 8"),
        ("turns", " --threads 3"),
        ("turns/2.jsonl turns/0.jsonl turns/1.jsonl", " --threads 2"),
    ]
    .into_iter()
    .enumerate()
    {
        let found = detect(files, more, &format!("found-{number}"));
        assert!(found == one, "{files}{more}");
    }
    let scored = runs.weir("score --found found --sim run --json");
    assert!(scored.status.success(), "{}", String::from_utf8_lossy(&scored.stderr));
    let score: Value = serde_json::from_slice(&scored.stdout).unwrap();
    assert_eq!(score["confirmed"]["recall"]["share"], 1.0, "{score}");
}
