//! Backup of a running and of a stopped server, and what may be done with it:
//! it serves again once the world has seen no more than it holds, and signs
//! nothing before, or otherwise.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use weir_tlog::Checkpoint;

use crate::collecting::{act, config, cosigned, house, serve};
use crate::program::{Ran, Weir};
use crate::server::{Server, does_not_start, log_is_good};
use crate::witness::Witness;

const ANY: &str = "127.0.0.1:0";

fn stopped(server: Server) -> Weir {
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    weir
}

fn put_back(weir: &Weir, backup: &str) {
    fs::remove_dir_all(weir.dir().join("data")).unwrap();
    crate::copy(&weir.dir().join(backup), &weir.dir().join("data"));
}

/// That it fails with one last line, of which this is part.
fn refused(ran: &Ran, why: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(ran.err.lines().last().unwrap().contains(why), "{}", ran.err);
}

fn signed_size(data: &Path) -> Option<u64> {
    let text = fs::read(data.join("signed-checkpoint")).ok()?;
    let note = weir_tlog::SignedNote::parse(&text).unwrap();
    Some(Checkpoint::parse(note.text()).unwrap().size)
}

#[test]
fn a_backup_that_holds_all_that_was_seen_goes_on_as_the_log() {
    let (weir, vkey) = house();
    let server = serve(weir, &[]);
    let size = act(&server, "party add acme --name Acme") + 1;
    server.weir().line(&format!("log receipt {} -o seen.tlog-proof", size - 1)).done();
    // Of the running server.
    let told = server.weir().line("backup monday --data data --json").done().json();
    assert_eq!(told["size"], size);
    let monday = server.weir().dir().join("monday");
    for (file, mode) in [("weir.db", 0o600), ("log.key", 0o600), ("pepper", 0o600), ("log.vkey", 0o644)] {
        let found = fs::metadata(monday.join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{file}");
    }
    assert_eq!(fs::metadata(&monday).unwrap().permissions().mode() & 0o777, 0o700);
    refused(&server.weir().line("backup monday --data data"), "is there already");
    let weir = stopped(server);
    refused(&weir.line("backup tuesday --data nowhere"), "is not the folder of a server");
    // And of the stopped one.
    weir.line("backup tuesday --data data").done();
    let names = fs::read_dir(weir.dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.ends_with(".tmp")), "something was left over");

    for (backup, latest) in [("monday", "seen.tlog-proof"), ("tuesday", "old/log")] {
        crate::copy(&weir.dir().join("data"), &weir.dir().join("old"));
        put_back(&weir, backup);
        let (code, why) = does_not_start(&weir, "listen = \"127.0.0.1:0\"\n");
        assert!(code == 1 && why.contains("is a backup of") && why.contains("weir restore"), "{why}");
        assert!(!weir.dir().join("data/log/checkpoint").is_file(), "it signed");
        weir.line(&format!("restore --data data --latest {latest}")).done();
        refused(&weir.line(&format!("restore --data data --latest {latest}")), "is not a backup");
    }
    let server = serve(weir, &[]);
    let next = act(&server, "party add borealis --name Borealis");
    assert_eq!(next, size, "it goes on where it was");
    server.weir().line(&format!("log receipt {next} -o next.tlog-proof")).done();
    let weir = stopped(server);
    let report = log_is_good(&weir, &weir.dir().join("data"));
    assert_eq!(report["size"], size + 1);
    weir.line(&format!("log verify data --key {vkey} --since old/log/checkpoint")).done();
}

#[test]
fn a_backup_that_is_behind_never_signs_and_says_what_was_lost() {
    let (weir, _) = house();
    let aside = tempfile::tempdir().unwrap();
    let vkey = fs::read_to_string(weir.dir().join("data/log.vkey")).unwrap().trim().to_owned();
    let witness = Witness::start(&aside.path().join("w"), ANY, &[&vkey]);
    let witnesses = [(witness.vkey(), witness.url())];
    let witnesses: Vec<(&str, &str)> = witnesses.iter().map(|(vkey, url)| (*vkey, url.as_str())).collect();
    let server = serve(weir, &witnesses);
    let held = act(&server, "party add acme --name Acme") + 1;
    cosigned(&server.data(), witness.vkey(), held);
    server.weir().line("backup monday --data data").done();
    fs::copy(server.data().join("log/checkpoint"), server.weir().dir().join("of-monday")).unwrap();
    act(&server, "party add borealis --name Borealis");
    let seen = act(&server, "party close borealis") + 1;
    cosigned(&server.data(), witness.vkey(), seen);
    let weir = stopped(server);
    crate::copy(&weir.dir().join("data/log"), &weir.dir().join("seen"));

    // Over the folder, with what guards it left in place: nothing to restore.
    let data = weir.dir().join("data");
    for file in ["weir.db", "weir.backup"] {
        fs::copy(weir.dir().join("monday").join(file), data.join(file)).unwrap();
    }
    for file in ["weir.db-wal", "weir.db-shm"] {
        drop(fs::remove_file(data.join(file)));
    }
    let (_, why) = does_not_start(&weir, &config(&witnesses));
    assert!(why.contains("is a backup of"), "{why}");
    refused(&weir.line("restore --data data --latest of-monday"), "are lost");
    fs::remove_file(data.join("weir.backup")).unwrap();
    let (_, why) = does_not_start(&weir, &config(&witnesses));
    assert!(why.contains("older copy"), "without its mark it does not sign either: {why}");

    // In the place of the folder.
    put_back(&weir, "monday");
    let ran = weir.line("restore --data data --latest seen");
    refused(&ran, &format!("acts {held} to {} are lost", seen - 1));
    assert!(ran.err.contains(&format!("lost: act {held}, party.add")), "{}", ran.err);
    assert!(ran.err.contains(&format!("lost: act {}, party.close", seen - 1)), "{}", ran.err);
    // Whoever names an older checkpoint is found out by the witness.
    let ran = weir.line("restore --config weir.toml --data data --latest of-monday");
    refused(&ran, &format!("cosigned a checkpoint of {seen} acts"));
    let (_, why) = does_not_start(&weir, &config(&witnesses));
    assert!(why.contains("is a backup of"), "{why}");
    assert_eq!(signed_size(&data), signed_size(&weir.dir().join("monday")));
}

#[test]
fn a_backup_of_another_history_and_a_foreign_checkpoint_are_refused() {
    let (weir, _) = house();
    let server = serve(weir, &[]);
    act(&server, "party add acme --name Acme");
    server.weir().line("backup monday --data data").done();
    let weir = stopped(server);
    put_back(&weir, "monday");
    let (other, _) = house();
    let foreign = other.dir().join("data/log/checkpoint").display().to_string();
    refused(&weir.line(&format!("restore --data data --latest {foreign}")), "is no checkpoint of this log");
    // The same key over other acts: a checkpoint of a fork of this log.
    let fork = weir.dir().join("data/log.key");
    let key = weir_tlog::Ed25519Signer::from_secret_file_text(&fs::read_to_string(fork).unwrap()).unwrap();
    let root = weir_tlog::leaf_hash(b"another act");
    let beside = Checkpoint { origin: key.vkey().name().to_owned(), size: 1, root }.sign(&key).unwrap();
    weir.write("beside", &beside);
    refused(&weir.line("restore --data data --latest beside"), "the backup of a fork");
    let (_, why) = does_not_start(&weir, "listen = \"127.0.0.1:0\"\n");
    assert!(why.contains("is a backup of"), "{why}");
}

#[test]
fn a_backup_under_load_is_of_one_moment_and_starts() {
    let (weir, _) = house();
    let server = serve(weir, &[]);
    let program = server.weir();
    let sizes: Vec<u64> = std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for party in 0..40 {
                program.line(&format!("party add p-{party} --name X")).done();
            }
        });
        let mut sizes = Vec::new();
        while sizes.len() < 3 || !adding.is_finished() {
            let made = program.line(&format!("backup b-{} --data data --json", sizes.len())).done();
            sizes.push(made.json()["size"].as_u64().unwrap());
        }
        adding.join().unwrap();
        sizes
    });
    let weir = stopped(server);
    let own = |backup: usize| format!("restore --data b-{backup} --latest b-{backup}/signed-checkpoint");
    for (backup, _) in sizes.iter().enumerate() {
        weir.line(&own(backup)).done();
        assert!(signed_size(&weir.dir().join(format!("b-{backup}"))).unwrap() <= sizes[backup]);
    }
}
