//! A log of a real server, checked by a stranger and by an auditor: from the
//! folder and over HTTP, whole and tampered with.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use weir_tlog::note::MAX_NOTE_BYTES;
use weir_tlog::{Ed25519Signer, Hash, Receipt, VerifierKey};

use crate::program::{Ran, Served, Weir};
use crate::stub::Stub;

/// Acts that name people, which the public log must not.
fn populate(weir: &Weir) {
    let evidence = format!("sha256:{}", "ab".repeat(32));
    for line in [
        "party add acme --name Acme",
        "account add acme/ci",
        &format!("claim add acme/ci us_person true --level 2 --by notary --evidence {evidence}"),
        "model add mythos-5 --upstream http://127.0.0.1:9",
        "stage set mythos-5 general",
    ] {
        weir.line(line).done();
    }
}

/// A receipt of the last act: with it, the checkpoint that covers the act is out.
fn last_act(weir: &Weir, line: &str) -> Value {
    let act = weir.line(line).done().json();
    weir.line(&format!("log receipt {} -o last.tlog-proof", act["act"])).done();
    act
}

fn says_no(ran: &Ran, why: &str) {
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let told = format!("{}{}", ran.out, ran.err);
    assert!(told.contains("WRONG") && told.contains(why), "{told}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The widest partial bundle of entries: the one the checkpoint asks for.
fn entries_of(log: &Path) -> PathBuf {
    let partials = fs::read_dir(log.join("tile/entries/000.p")).unwrap().map(|entry| entry.unwrap().path());
    partials.max_by_key(|path| path.file_name().unwrap().to_str().unwrap().parse::<u16>().unwrap()).unwrap()
}

fn replace(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_stranger_checks_the_log_from_folder_and_server() {
    let mut served = Served::start();
    let weir = served.weir();
    populate(weir);
    let act = last_act(weir, "party add borealis --name Borealis");
    let vkey = fs::read_to_string(served.data().join("log.vkey")).unwrap().trim().to_owned();
    weir.write("old-checkpoint", &fs::read_to_string(served.data().join("log/checkpoint")).unwrap());
    let old = act["act"].as_u64().unwrap() + 1;
    copy(&served.data().join("log"), &weir.dir().join("old-log"));
    let newest = last_act(weir, "party close borealis");
    let size = newest["act"].as_u64().unwrap() + 1;

    let url = format!("{}/log", served.base());
    for log in ["data", "data/log", &url] {
        let ran = weir.line(&format!("log verify {log}")).done();
        assert!(ran.out.contains("key not pinned") && ran.out.contains(&format!("{size} acts")), "{log}: {}", ran.out);
        assert!(ran.out.contains("not seen, because private"), "{log}: {}", ran.out);
        assert_eq!(ran.err, "", "no bar where nobody watches");
        let report = weir.line(&format!("log verify {log} --key {vkey} --since old-checkpoint --json")).done().json();
        assert_eq!((&report["good"], &report["key_pinned"]), (&Value::from(true), &Value::from(true)), "{report}");
        assert_eq!((&report["size"], &report["extends"]), (&Value::from(size), &Value::from(vec![old])), "{report}");
    }
    let by_file = weir.line("log verify data --key data/log.vkey").done();
    assert!(by_file.out.contains("signed by the key given"), "{}", by_file.out);

    // A log that went back behind what it once signed.
    says_no(&weir.line(&format!("log verify old-log --key {vkey} --since data/log/checkpoint")), "cannot have grown");

    // The folder is checked as well when nobody serves it.
    served.end();
    served.weir().line("log verify data").done();
    assert!(served.weir().line(&format!("log verify {url}")).refused().contains(&url));
}

#[test]
fn a_receipt_proves_the_leaf_that_was_printed() {
    let served = Served::start();
    let act = last_act(served.weir(), "party add acme --name Acme");
    let receipt = Receipt::parse(&fs::read(served.weir().dir().join("last.tlog-proof")).unwrap()).unwrap();
    let key = VerifierKey::parse(fs::read_to_string(served.data().join("log.vkey")).unwrap().trim()).unwrap();
    let digits = act["leaf"].as_str().unwrap();
    let leaf: Vec<u8> = (0..32).map(|byte| u8::from_str_radix(&digits[2 * byte..2 * byte + 2], 16).unwrap()).collect();
    let checkpoint = receipt.verify(Hash(leaf.try_into().unwrap()), &key).unwrap();
    assert!(checkpoint.size > act["act"].as_u64().unwrap());
    assert!(receipt.verify(Hash([0; 32]), &key).is_err());
}

#[test]
fn a_log_that_was_tampered_with_ends_with_3() {
    let mut served = Served::start();
    populate(served.weir());
    last_act(served.weir(), "party close acme");
    served.end();
    let (weir, data) = (served.weir(), served.data());
    let tampered = weir.dir().join("tampered");
    let afresh = || {
        if tampered.try_exists().unwrap() {
            fs::remove_dir_all(&tampered).unwrap();
        }
        copy(&data.join("log"), &tampered);
        fs::copy(data.join("log.vkey"), tampered.join("log.vkey")).unwrap();
    };
    afresh();
    weir.line("log verify tampered").done();
    replace(&entries_of(&tampered), "\"party.add\"", "\"party.adb\"");
    says_no(&weir.line("log verify tampered"), "was altered");
    let document = weir.line("log verify tampered --json");
    assert_eq!((document.code, &document.json()["good"]), (3, &Value::from(false)));

    afresh();
    fs::remove_file(entries_of(&tampered)).unwrap();
    says_no(&weir.line("log verify tampered"), "missing");

    // Another's key, and a checkpoint of another log.
    let other = Served::start();
    last_act(other.weir(), "party add acme --name Acme");
    let key = fs::read_to_string(other.data().join("log.vkey")).unwrap();
    says_no(&weir.line(&format!("log verify data --key {}", key.trim())), "not to be trusted");
    weir.write("theirs", &fs::read_to_string(other.data().join("log/checkpoint")).unwrap());
    let ran = weir.line("log verify data --since theirs");
    says_no(&ran, "theirs");
}

/// What a caller with `key` is answered when it asks for `model`.
fn call(base: &str, key: &str, model: &str) -> String {
    let address = base.trim_start_matches("http://");
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_decision_is_explained_and_computed_again() {
    let mut served = Served::start();
    populate(served.weir());
    let key = served.weir().line("key issue acme/ci").done().json()["key"].as_str().unwrap().to_owned();
    last_act(served.weir(), "stage set mythos-5 evaluation");
    let answer = call(served.base(), &key, "mythos-5");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let id = answer.lines().find_map(|line| line.strip_prefix("weir-decision: ")).unwrap().to_owned();
    // Records reach the disk a moment after the answer; asking is all one can do.
    let ask = || served.weir().line(&format!("explain {id} --json"));
    let explained = (0..2_000).map(|_| ask()).find(|ran| ran.code == 0).unwrap().json();
    assert_eq!(explained["decision"]["id"], *id, "{explained}");
    let page = served.weir().line(&format!("explain {id}")).done().out;
    assert!(page.contains("deny for mythos-5 (stage evaluation)"), "{page}");

    served.weir().line("log open --subject acme/ci -o bundle").done();
    served.end();
    let weir = served.weir();
    let report = weir.line("log verify data --opened bundle --json").done().json();
    assert_eq!(report["decisions"], json!({"same": 1, "differing": [], "left_out": {}}), "{report}");
    let bundle = fs::read_to_string(weir.dir().join("bundle")).unwrap();
    weir.write("bundle", &bundle.replace("\"ruling\":\"deny\"", "\"ruling\":\"permit\""));
    says_no(&weir.line("log verify data --opened bundle"), &id);
}

#[test]
fn an_auditor_with_openings_folds_what_they_open() {
    let mut served = Served::start();
    populate(served.weir());
    last_act(served.weir(), "account suspend acme/ci");
    let ran = served.weir().line("log open --subject account:acme/ci -o bundle").done();
    assert!(ran.err.contains("bundle"), "{}", ran.err);
    served.end();
    let weir = served.weir();
    let bundle = weir.dir().join("bundle");
    assert_eq!(fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o600);
    let report = weir.line("log verify data --opened bundle --json").done().json();
    assert_eq!(report["good"], true, "{report}");
    let lines = fs::read_to_string(&bundle).unwrap();
    assert_eq!(report["opened"], lines.lines().count(), "{report}");

    // An opening of something else than what the log committed to.
    let mut opening: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    opening["opening"]["salt"] = Value::from("00".repeat(32));
    weir.write("forged", &format!("{opening}\n"));
    says_no(&weir.line("log verify data --opened forged"), "act");
    weir.write("broken", "{}\n");
    assert!(weir.line("log verify data --opened broken").refused().contains("line 1"));
    assert!(weir.line("log verify data --opened nowhere").refused().contains("nowhere"));
}

#[test]
fn what_is_no_log_is_refused_without_a_verdict() {
    let weir = Weir::new();
    assert!(weir.line("log verify nowhere").refused().contains("nowhere"));
    fs::create_dir(weir.dir().join("empty")).unwrap();
    assert!(weir.line("log verify empty").refused().contains("--key"));
    let vkey = Ed25519Signer::from_seed("log.example.org", &[7; 32]).unwrap().vkey();
    let refusal = weir.line(&format!("log verify empty --key {vkey}")).refused();
    assert!(refusal.contains("no checkpoint"), "{refusal}");
    weir.write("empty/log.vkey", "none\n");
    assert!(weir.line("log verify empty").refused().contains("malformed verifier key"));
    weir.write("checkpoint", "none\n");
    assert!(
        weir.line(&format!("log verify empty --key {vkey} --since checkpoint")).refused().contains("no checkpoint")
    );

    let stub = Stub::answering("200 OK", "{}");
    let refusal = weir.line(&format!("log verify {}", stub.base())).refused();
    assert!(refusal.contains("neither a key nor a file"), "{refusal}");
    let stub = Stub::answering("503 Service Unavailable", "{}");
    assert!(weir.line(&format!("log verify {} --key {vkey}", stub.base())).refused().contains("503"));
    let stub = Stub::answering("404 Not Found", "{}");
    assert!(weir.line(&format!("log verify {}", stub.base())).refused().contains("is this the URL of a log?"));
}

#[test]
fn a_server_that_sends_without_end_is_answered_no() {
    let stub = Stub::answering("200 OK", &"x".repeat(MAX_NOTE_BYTES + 1));
    let vkey = Ed25519Signer::from_seed("log.example.org", &[7; 32]).unwrap().vkey();
    let ran = Weir::new().line(&format!("log verify {} --key {vkey}", stub.base()));
    says_no(&ran, "larger than");
}
