//! Another key for a running log: whoever trusts the old one follows, whoever
//! has the new one verifies, and a witness that knows both goes on.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc;
use std::thread::JoinHandle;

use weir_tlog::{Checkpoint, SignedNote, VerifierKey};

use crate::collecting::{act, cosigned, house, serve, until};
use crate::go::{said, verify_log};
use crate::server::log_is_good;
use crate::witness::Witness;

const ANY: &str = "127.0.0.1:0";

fn published(data: &std::path::Path) -> SignedNote {
    SignedNote::parse(&fs::read(data.join("log/checkpoint")).unwrap()).unwrap()
}

/// Reads the key that others are shown, and then what is published, over and over:
/// by that key it must hold, before a rotation, during it and after.
struct Watched {
    ends: mpsc::Sender<String>,
    watching: JoinHandle<()>,
}

impl Watched {
    fn start(data: &std::path::Path) -> Watched {
        let (ends, ended) = mpsc::channel::<String>();
        let (data, mut until) = (data.to_owned(), None);
        let watching = std::thread::spawn(move || {
            loop {
                let shown = fs::read_to_string(data.join("log.vkey")).unwrap();
                let note = published(&data);
                let by = VerifierKey::parse(shown.trim()).unwrap();
                assert!(note.verify(&[by]).is_ok(), "{shown} is shown and does not verify what is published");
                until = until.or_else(|| ended.try_recv().ok());
                if until.as_deref() == Some(shown.trim()) {
                    return;
                }
            }
        });
        Watched { ends, watching }
    }

    /// Ends once `key` was shown.
    fn end(self, key: &str) {
        self.ends.send(key.to_owned()).unwrap();
        self.watching.join().unwrap();
    }
}

#[test]
fn a_rotation_is_followed_from_the_old_key_and_from_the_new_one() {
    let (weir, old) = house();
    let aside = tempfile::tempdir().unwrap();
    let witness = Witness::start(&aside.path().join("w"), ANY, &[&old]);
    let (cosigner, url) = (witness.vkey().to_owned(), witness.url());
    let witnesses = [(cosigner.as_str(), url.as_str())];
    let server = serve(weir, &witnesses);
    let data = server.data();
    let first = act(&server, "party add acme --name Acme");
    cosigned(&data, witness.vkey(), first + 1);
    fs::copy(data.join("log/checkpoint"), server.weir().dir().join("of-old")).unwrap();

    let watched = Watched::start(&data);
    let rotated = server.weir().line("log rotate-key --overlap-days 7").done().json();
    let new = rotated["vkey"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    let size = rotated["act"].as_u64().unwrap() + 1;
    // In the overlap both sign, so that a witness of the old key goes on, and
    // old clients do; and the new key is what the server tells.
    let note = cosigned(&data, witness.vkey(), size);
    for key in [&old, &new] {
        note.verify(&[VerifierKey::parse(key).unwrap()]).unwrap();
        let judged = verify_log(&["log", key, &data.join("log").display().to_string()]);
        assert!(judged.status.success(), "{}", said(&judged));
    }
    assert_eq!(fs::read_to_string(data.join("log.vkey")).unwrap().trim(), new);
    watched.end(&new);
    let mode = fs::metadata(data.join("log.key.previous")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let url = format!("{}/log", server.base());
    for key in [&old, &new] {
        let ran = server.weir().line(&format!("log verify {url} --key {key} --since of-old")).done();
        assert!(ran.out.contains("by the word of the key before"), "{}", ran.out);
    }

    // Without an overlap the old key signs no more, and is followed all the same.
    let again = server.weir().line("log rotate-key --overlap-days 0").done().json();
    let newest = again["vkey"].as_str().unwrap().to_owned();
    let size = again["act"].as_u64().unwrap() + 1;
    until("a checkpoint of the newest key", || {
        let note = published(&data);
        (Checkpoint::parse(note.text()).unwrap().size >= size).then_some(())
    });
    assert_eq!(published(&data).verify(&[VerifierKey::parse(&newest).unwrap()]).unwrap().len(), 1);
    assert!(published(&data).verify(&[VerifierKey::parse(&old).unwrap()]).is_err());
    for key in [&old, &new, &newest] {
        server.weir().line(&format!("log verify {url} --key {key} --since of-old")).done();
    }
    let unpinned = server.weir().line(&format!("log verify {url}")).done();
    assert!(unpinned.out.contains("key not pinned"), "{}", unpinned.out);

    // The next process signs with the newest key alone.
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    drop(witness);
    let both = Witness::start(&aside.path().join("w"), &url_address(&witnesses), &[&old, &newest]);
    let server = serve(weir, &witnesses);
    let last = act(&server, "party add borealis --name Borealis");
    let note = cosigned(&data, both.vkey(), last + 1);
    assert_eq!(note.verify(&[VerifierKey::parse(&newest).unwrap()]).unwrap().len(), 1);
    assert_eq!(log_is_good(server.weir(), &data)["size"], last + 1);
    assert!(!data.join("log.key.previous").is_file(), "a key whose time is over is kept");

    // A log that goes on under a key that was replaced is told.
    server.signal("TERM");
    let (_, weir) = server.end();
    let text = fs::read_to_string(weir.dir().join("of-old")).unwrap();
    assert!(SignedNote::parse(text.as_bytes()).unwrap().verify(&[VerifierKey::parse(&newest).unwrap()]).is_err());
}

fn url_address(witnesses: &[(&str, &str)]) -> String {
    witnesses[0].1.trim_start_matches("http://").to_owned()
}
