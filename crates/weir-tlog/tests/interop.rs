//! The log judged by two programs this project did not write: Go's sumdb
//! packages (from Debian) and tlog-scales (from PyPI). `cargo xtask test`
//! installs both; without them these tests fail and say so.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside any test function, may fail the test too")]

#[path = "interop/go.rs"]
mod go;

use std::process::{Command, Output};

use tempfile::TempDir;
use weir_tlog::{
    Checkpoint, Cosigner, Ed25519Signer, FolderPublisher, FolderSource, Frontier, Receipt, SignedNote, TileHashes,
    VerifierKey, leaf_hash,
};

use go::{said, tool, verify_log, workspace};

const ORIGIN: &str = "log.acme.example/acts";

/// The program that reads the log with tlog-scales.
fn check_log(arguments: &[&str]) -> Output {
    let default = workspace().join(".test-tools/venv/bin/python");
    Command::new(tool("WEIR_TEST_PYTHON", default))
        .arg(workspace().join("tests/interop/python/check_log.py"))
        .args(arguments)
        .output()
        .unwrap()
}

struct Log {
    folder: TempDir,
    signer: Ed25519Signer,
}

impl Log {
    /// A log that was published at each of the sizes in turn.
    fn published(sizes: &[u64]) -> Self {
        let log = Self { folder: TempDir::new().unwrap(), signer: Ed25519Signer::generate(ORIGIN).unwrap() };
        let mut publisher = FolderPublisher::new(log.folder.path(), log.vkey());
        for &size in sizes {
            publisher.publish(u64::MAX, &mut |index| Ok(entry(index)), &log.signed(size)).unwrap();
        }
        log
    }

    fn vkey(&self) -> VerifierKey {
        self.signer.vkey()
    }

    fn signed(&self, size: u64) -> String {
        let tree: Frontier = (0..size).map(|index| leaf_hash(&entry(index))).collect();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() };
        checkpoint.sign(&self.signer).unwrap()
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn receipt(&self, index: u64, size: u64) -> Receipt {
        let source = FolderSource::new(self.folder.path());
        Receipt::make(&TileHashes::new(&source, size), index, &self.signed(size)).unwrap()
    }

    /// Flips one bit of a file.
    fn flip(&self, file: &str) {
        let path = self.folder.path().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("{{\"v\":1,\"entry\":{index}}}").into_bytes()
}

/// Writes a file outside the log and returns its path.
fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn go_accepts_the_log_at_every_kind_of_size() {
    for sizes in [&[0][..], &[1], &[3], &[256], &[3, 300], &[255, 257, 1000], &[70_000]] {
        let log = Log::published(sizes);
        let output = verify_log(&["log", &log.vkey().to_string(), log.path()]);
        assert!(output.status.success(), "{sizes:?} {}", said(&output));
    }
}

#[test]
fn go_finds_an_older_checkpoint_consistent_and_a_foreign_one_not() {
    let log = Log::published(&[300, 700]);
    let aside = TempDir::new().unwrap();
    let vkey = log.vkey().to_string();
    let old = file(&aside, "old", log.signed(300).as_bytes());
    let output = verify_log(&["log", &vkey, log.path(), &old]);
    assert!(output.status.success(), "{}", said(&output));

    let rewritten = Checkpoint { origin: ORIGIN.to_owned(), size: 300, root: leaf_hash(b"what was shown before") };
    let rewritten = rewritten.sign(&log.signer).unwrap();
    let old = file(&aside, "old", rewritten.as_bytes());
    let output = verify_log(&["log", &vkey, log.path(), &old]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn go_refuses_a_flipped_bit_and_another_key() {
    let log = Log::published(&[300]);
    let vkey = log.vkey().to_string();
    for path in ["checkpoint", "tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/1/000.p/1"] {
        log.flip(path);
        let output = verify_log(&["log", &vkey, log.path()]);
        assert_eq!(output.status.code(), Some(1), "{path} {}", said(&output));
        log.flip(path);
    }
    let stranger = Ed25519Signer::generate(ORIGIN).unwrap().vkey().to_string();
    let output = verify_log(&["log", &stranger, log.path()]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let output = verify_log(&["log", &vkey, log.path()]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn go_accepts_our_receipts_and_no_others() {
    let log = Log::published(&[300]);
    let aside = TempDir::new().unwrap();
    let vkey = log.vkey().to_string();
    for index in [0, 255, 256, 299] {
        let mut receipt = log.receipt(index, 300);
        receipt.extra = (index == 255).then(|| b"opening".to_vec());
        let receipt = file(&aside, "receipt", receipt.to_string().as_bytes());
        let right = file(&aside, "right", &entry(index));
        let output = verify_log(&["receipt", &vkey, &receipt, &right]);
        assert!(output.status.success(), "{index} {}", said(&output));
        let wrong = file(&aside, "wrong", &entry(index + 1));
        let output = verify_log(&["receipt", &vkey, &receipt, &wrong]);
        assert_eq!(output.status.code(), Some(1), "{index} {}", said(&output));
    }
}

#[test]
fn go_accepts_our_cosignatures_and_no_others() {
    let log = Log::published(&[300]);
    let aside = TempDir::new().unwrap();
    let vkey = log.vkey().to_string();
    let witness = Cosigner::generate("witness.acme.example/w1").unwrap();
    let note = SignedNote::parse(log.signed(300).as_bytes()).unwrap();
    let line = witness.cosign(note.text(), 1_679_315_147);
    let mut later = line.clone();
    later.signature[7] += 1;
    let witness = witness.vkey().to_string();
    let stranger = Cosigner::generate("witness.acme.example/w1").unwrap().vkey().to_string();
    let judge = |lines: Vec<_>, witness: &str| {
        let cosigned = note.clone().with_signatures(lines).unwrap().to_string();
        let cosigned = file(&aside, "cosigned", cosigned.as_bytes());
        verify_log(&["cosigned", &vkey, witness, &cosigned])
    };
    let right = judge(vec![line.clone()], &witness);
    assert!(right.status.success() && said(&right).contains("1679315147"), "{}", said(&right));
    for (lines, witness) in [(vec![], &witness), (vec![later], &witness), (vec![line], &stranger)] {
        let wrong = judge(lines, witness);
        assert_eq!(wrong.status.code(), Some(1), "{}", said(&wrong));
    }
}

#[test]
fn tlog_scales_reads_the_log_and_writes_the_same_receipts() {
    let log = Log::published(&[3, 300]);
    let out = TempDir::new().unwrap();
    let vkey = log.vkey().to_string();
    let folder = out.path().to_str().unwrap();
    let output = check_log(&[&vkey, log.path(), folder, "0", "255", "256", "299"]);
    assert!(output.status.success(), "{}", said(&output));
    for index in [0, 255, 256, 299] {
        let read = |kind: &str| std::fs::read(out.path().join(format!("{index}.{kind}"))).unwrap();
        assert_eq!(read("entry"), entry(index));
        let theirs = Receipt::parse(&read("tlog-proof")).unwrap();
        assert_eq!(theirs.proof, log.receipt(index, 300).proof);
        let checkpoint = theirs.verify(leaf_hash(&entry(index)), &log.vkey()).unwrap();
        assert_eq!(checkpoint.size, 300);
    }
}

#[test]
fn tlog_scales_refuses_a_flipped_bit_and_another_key() {
    let log = Log::published(&[300]);
    let out = TempDir::new().unwrap();
    let vkey = log.vkey().to_string();
    let folder = out.path().to_str().unwrap();
    for path in ["checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
        log.flip(path);
        // Entry 278 holds the middle byte of the flipped bundle.
        let output = check_log(&[&vkey, log.path(), folder, "278"]);
        assert_eq!(output.status.code(), Some(1), "{path} {}", said(&output));
        log.flip(path);
    }
    let stranger = Ed25519Signer::generate(ORIGIN).unwrap().vkey().to_string();
    let output = check_log(&[&stranger, log.path(), folder]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let output = check_log(&[&vkey, log.path(), folder, "278"]);
    assert!(output.status.success(), "{}", said(&output));
}
