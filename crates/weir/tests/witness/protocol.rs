//! The protocol, spoken by a log made for the test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Barrier;

use weir_tlog::proof::{LeafHashes, prove_consistency};
use weir_tlog::{AddCheckpoint, Checkpoint, CosignerKey, Ed25519Signer, Frontier, Hash, SignedNote, leaf_hash};

use crate::go::{said, verify_log};
use crate::witness::{Answer, Witness, command};

const ORIGIN: &str = "log.acme.example/acts";
const ANY: &str = "127.0.0.1:0";

/// A log, and another history of it under the same key.
struct Log {
    signer: Ed25519Signer,
}

impl Log {
    fn new() -> Log {
        Log { signer: Ed25519Signer::generate(ORIGIN).unwrap() }
    }

    fn vkey(&self) -> String {
        self.signer.vkey().to_string()
    }

    /// A request from `old` to `new` entries; `history` tells histories apart.
    fn request(&self, history: &str, old: u64, new: u64) -> AddCheckpoint {
        let leaves: Vec<Hash> = (0..new).map(|index| leaf_hash(format!("{history}{index}").as_bytes())).collect();
        let root = leaves.iter().copied().collect::<Frontier>().root();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: new, root };
        let signed = checkpoint.sign(&self.signer).unwrap();
        AddCheckpoint {
            old_size: old,
            proof: prove_consistency(&LeafHashes(&leaves), old.min(new), new).unwrap(),
            checkpoint: SignedNote::parse(signed.as_bytes()).unwrap(),
        }
    }

    fn ask(&self, witness: &Witness, history: &str, old: u64, new: u64) -> Answer {
        witness.post(self.request(history, old, new).to_string().as_bytes())
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn size_told(answer: &Answer, size: u64) {
    assert_eq!((answer.status, answer.kind.as_str()), (409, "text/x.tlog.size"), "{answer:?}");
    assert_eq!(answer.body, format!("{size}\n"));
}

#[test]
fn every_answer_is_as_the_specification_says() {
    let dir = tempfile::tempdir().unwrap();
    let (log, stranger) = (Log::new(), Log::new());
    let witness = Witness::start(&dir.path().join("w"), ANY, &[&log.vkey()]);

    let cosigned = log.ask(&witness, "a", 0, 3);
    assert_eq!(cosigned.status, 200, "{cosigned:?}");
    assert!(cosigned.body.starts_with('\u{2014}') && cosigned.body.ends_with('\n'), "{cosigned:?}");
    // The client may concatenate the answer to the checkpoint (the specification).
    let text = format!("{}{}", log.request("a", 0, 3).checkpoint, cosigned.body);
    let note = SignedNote::parse(text.as_bytes()).unwrap();
    CosignerKey::parse(witness.vkey()).unwrap().verify(&note).unwrap();
    let file = dir.path().join("cosigned");
    fs::write(&file, text).unwrap();
    let judged = verify_log(&["cosigned", &log.vkey(), witness.vkey(), file.to_str().unwrap()]);
    assert!(judged.status.success(), "{}", said(&judged));

    size_told(&log.ask(&witness, "a", 0, 5), 3);
    size_told(&log.ask(&witness, "a", 4, 5), 3);
    assert_eq!(log.ask(&witness, "a", 6, 5).status, 400);
    assert_eq!(log.ask(&witness, "b", 3, 3).status, 409, "two roots of one size");
    assert_eq!(log.ask(&witness, "b", 3, 5).status, 422, "a fork");
    assert_eq!(stranger.ask(&witness, "a", 3, 5).status, 403);
    for (body, status) in [
        (Vec::new(), 400),
        (b"old 3\n\nnothing signed\n".to_vec(), 400),
        (vec![0xff; 100], 400),
        (vec![b'x'; 70_000], 413),
        (log.request("a", 3, 5).to_string().replace(ORIGIN, "log.other.example").into_bytes(), 404),
    ] {
        assert_eq!(witness.post(&body).status, status, "{}", body.escape_ascii());
    }
    assert_eq!(log.ask(&witness, "a", 3, 300).status, 200, "nothing of this moved it");
}

#[test]
fn what_it_cosigned_survives_a_kill_and_its_folder_is_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new();
    let data = dir.path().join("w");
    let first = Witness::start(&data, ANY, &[&log.vkey()]);
    let vkey = first.vkey().to_owned();
    assert!(first.said[2].contains("cosigned nothing yet"), "{:?}", first.said);
    assert_eq!(log.ask(&first, "a", 0, 3).status, 200);
    assert_eq!((mode(&data), mode(&data.join("witness.key"))), (0o700, 0o600));
    assert_eq!(fs::read_to_string(data.join("witness.vkey")).unwrap(), format!("{vkey}\n"));

    let second = command(&data, ANY, &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("in use by process"), "{}", said(&second));
    first.kill();

    // The log's key may be named by file as well.
    let file = dir.path().join("log.vkey");
    fs::write(&file, log.vkey() + "\n").unwrap();
    let mut again = Witness::start(&data, ANY, &[file.to_str().unwrap()]);
    assert_eq!(again.vkey(), vkey);
    assert!(again.said[2].contains("cosigned last with 3 entries"), "{:?}", again.said);
    assert_eq!(log.ask(&again, "b", 3, 5).status, 422);
    size_told(&log.ask(&again, "a", 0, 5), 3);
    assert_eq!(log.ask(&again, "a", 3, 5).status, 200);
    assert_eq!(again.terminate(), 0);

    // Other commands leave its folder alone, and it theirs.
    let serve = std::process::Command::new(env!("CARGO_BIN_EXE_weir"))
        .env_clear()
        .args(["serve", "--listen", ANY, "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(said(&serve).contains("was made by `weir witness`"), "{}", said(&serve));
    fs::remove_file(data.join("witness.key")).unwrap();
    let keyless = command(&data, ANY, &[]).output().unwrap();
    assert_eq!(keyless.status.code(), Some(1));
    assert!(said(&keyless).contains("witness.key is missing"), "{}", said(&keyless));
}

#[test]
fn of_many_who_ask_at_once_one_history_is_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new();
    let witness = Witness::start(&dir.path().join("w"), ANY, &[&log.vkey()]);
    let together = Barrier::new(8);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .map(|history| {
                let (log, witness, together) = (&log, &witness, &together);
                scope.spawn(move || {
                    together.wait();
                    log.ask(witness, history, 0, 3).status
                })
            })
            .into_iter()
            .collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 7, "{answers:?}");
}
