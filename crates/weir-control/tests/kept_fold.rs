//! A start on a kept fold is the start that folds the log whole; a fold that
//! does not belong goes; and what was erased is in none.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use weir_acts::{Digest, Touched};
use weir_control::boot::{self, Booted};
use weir_control::command::{
    AccountAdd, AccountClose, ClaimAdd, KeyIssue, KeyRevoke, PartyAdd, PartyClose, PrivateErase,
};
use weir_control::fold_cache::{CACHE_FILE, UNFINISHED_FILE};
use weir_control::service::{Accepted, Begun, Caller, Control, Ended, ImportBegin, Running};
use weir_control::{Command, backup};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

/// In place of a gateway.
struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

struct Server {
    control: Control,
    running: Running,
    caller: Caller,
}

impl Server {
    fn start(dir: &Path) -> Server {
        let (control, starter) = Control::new(boot(dir)).unwrap();
        let running = starter.start(Arc::new(Nobody)).unwrap();
        let token = std::fs::read_to_string(dir.join(boot::TOKEN_FILE)).unwrap();
        let caller = control.authenticate(token.trim()).unwrap();
        Server { control, running, caller }
    }

    async fn change(&self, command: impl Into<Command>) -> Accepted {
        self.control.change(self.caller, command.into(), None).await.unwrap()
    }

    /// A party with an account, a key and a claim; the key's id.
    async fn add(&self, party: &str) -> weir_acts::id::KeyId {
        let (id, name) = (party.to_owned(), format!("{party} institute"));
        let kind = weir_acts::words::PartyKind::Institution;
        self.change(PartyAdd { id, name, kind, lei: None, ror: None }).await;
        let account = format!("{party}/ci");
        self.change(AccountAdd { account: account.clone() }).await;
        let (subject, by) = (account.clone(), "registry".to_owned());
        let (kind, value, evidence) = ("us_person".to_owned(), "true".to_owned(), Digest::of(b"paper"));
        self.change(ClaimAdd { subject, kind, value, level: 2, by, evidence, expires: None }).await;
        let issued = self.change(KeyIssue { account }).await;
        issued.0["key_id"].as_str().unwrap().parse().unwrap()
    }

    async fn import(&self, rows: usize) {
        let mut text = String::from("record,party,account,name,kind,claim,value,level,by,evidence,key\n");
        for row in 0..rows {
            text.push_str(&format!("party,imported-{row},,Imported {row},institution,,,,,,\n"));
            text.push_str(&format!("account,imported-{row},ci,,,,,,,,\n"));
        }
        self.upload(&text).await;
    }

    async fn upload(&self, text: &str) {
        let format = weir_control::imports::Format::Csv;
        let begin = ImportBegin { format, digest: Digest::of(text.as_bytes()) };
        let Begun::Open(id) = self.control.import_begin(self.caller, begin, None).unwrap() else {
            unreachable!("each comes under no key")
        };
        self.control.import_chunk(self.caller, id, 0, text.as_bytes()).unwrap();
        assert!(matches!(self.control.import_finish(self.caller, id).await.unwrap(), Ended::Accepted(_)));
    }
}

fn boot(dir: &Path) -> Booted {
    boot::open(dir, FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap()
}

/// What a start finds, and whether it began with a kept fold.
fn found(dir: &Path) -> (Vec<Vec<u8>>, weir_tlog::Frontier, bool) {
    let booted = boot(dir);
    (booted.state.pack().unwrap().collect(), booted.frontier, booted.kept_fold.is_some())
}

/// The same by the log alone.
fn found_whole(dir: &Path) -> (Vec<Vec<u8>>, weir_tlog::Frontier) {
    std::fs::remove_file(dir.join(CACHE_FILE)).unwrap();
    let (state, frontier, is_kept) = found(dir);
    assert!(!is_kept);
    (state, frontier)
}

fn holds(file: &Path, text: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_kept_fold_is_a_start_on_the_whole_log() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let key = server.add("acme").await;
    server.import(40).await;
    assert!(server.control.keep_fold().unwrap());
    // What comes after it is folded on top.
    server.change(KeyRevoke { id: key }).await;
    server.add("borealis").await;
    server.import_more().await;
    server.running.stop();
    let (state, frontier, is_kept) = found(dir.path());
    assert!(is_kept);
    let (server, kept) = (Server::start(dir.path()), dir.path().join(CACHE_FILE));
    assert!(kept.exists(), "it is kept as long as it serves");
    server.running.stop();
    assert_eq!((state, frontier), found_whole(dir.path()));
}

impl Server {
    async fn import_more(&self) {
        let text =
            "record,party,account,name,kind,claim,value,level,by,evidence,key\naccount,imported-3,more,,,,,,,,\n";
        self.upload(text).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fold_that_does_not_belong_is_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join(CACHE_FILE);
    let server = Server::start(dir.path());
    server.add("acme").await;
    server.control.keep_fold().unwrap();
    server.running.stop();
    let (whole, _) = (found(dir.path()), ());
    assert!(whole.2);
    let good = std::fs::read(&kept).unwrap();

    // One wrong bit.
    let mut wrong = good.clone();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 4;
    std::fs::write(&kept, wrong).unwrap();
    assert_eq!(found(dir.path()), (whole.0.clone(), whole.1.clone(), false));
    assert!(!kept.exists());

    // One that a crash left unfinished.
    std::fs::write(dir.path().join(UNFINISHED_FILE), &good).unwrap();
    assert_eq!(found(dir.path()), (whole.0.clone(), whole.1.clone(), false));
    assert!(!dir.path().join(UNFINISHED_FILE).exists());

    // Of another log, under the same pepper.
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join("pepper"), other.path().join("pepper")).unwrap();
    let server = Server::start(other.path());
    server.add("acme").await;
    server.running.stop();
    let (state, frontier, _) = found(other.path());
    std::fs::write(other.path().join(CACHE_FILE), &good).unwrap();
    assert_eq!(found(other.path()), (state.clone(), frontier.clone(), false));
    assert!(!other.path().join(CACHE_FILE).exists());

    // Of a later moment than the database's.
    let server = Server::start(dir.path());
    let copy = tempfile::tempdir().unwrap();
    let copied = copy.path().join("copy");
    backup::backup(dir.path(), &copied, server.control.now()).unwrap();
    server.add("borealis").await;
    server.control.keep_fold().unwrap();
    server.running.stop();
    std::fs::remove_file(copied.join(backup::BACKUP_FILE)).unwrap();
    std::fs::copy(&kept, copied.join(CACHE_FILE)).unwrap();
    assert_eq!(found(&copied), (whole.0, whole.1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_the_kept_fold_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join(CACHE_FILE);
    let server = Server::start(dir.path());
    let id = server.add("acme").await;
    // What is in use is ended before it is forgotten.
    server.change(KeyRevoke { id }).await;
    server.change(AccountClose { account: "acme/ci".into() }).await;
    server.change(PartyClose { id: "acme".into() }).await;
    server.control.keep_fold().unwrap();
    assert!(holds(&kept, "acme institute"));
    let before = std::fs::read(&kept).unwrap();
    let erased = server.change(PrivateErase { act: None, subject: Some("acme".into()), reason: "asked".into() }).await;
    assert!(!erased.0.contains_key("warnings"), "{erased:?}");
    assert!(!kept.exists(), "it goes before the answer comes");

    // What is kept from then on is without it, and stays.
    server.control.keep_fold().unwrap();
    assert!(!holds(&kept, "acme institute"));
    server.control.finish_erasures().unwrap();
    server.running.stop();
    assert!(found(dir.path()).2);
    let server = Server::start(dir.path());
    server.control.finish_erasures().unwrap();
    assert!(kept.exists(), "a restart is no reason to throw it away");
    server.running.stop();

    // A crash between the act and the file's end.
    std::fs::write(&kept, before).unwrap();
    let (state, frontier, is_kept) = found(dir.path());
    assert!(!is_kept && !kept.exists());
    assert_eq!((state, frontier, false), found(dir.path()));
}

/// Whatever stands in the file's way, an erasure is not called whole while it
/// lies there; and what a failed attempt to keep the fold left is not trusted
/// to be free of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_cannot_take_the_kept_fold_says_so_and_tries_again() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, unfinished) = (dir.path().join(CACHE_FILE), dir.path().join(UNFINISHED_FILE));
    let server = Server::start(dir.path());
    let id = server.add("acme").await;
    server.change(KeyRevoke { id }).await;
    server.change(AccountClose { account: "acme/ci".into() }).await;
    server.change(PartyClose { id: "acme".into() }).await;
    server.control.keep_fold().unwrap();
    let before = std::fs::read(&kept).unwrap();
    server.running.stop();
    std::fs::remove_file(&kept).unwrap();
    let server = Server::start(dir.path());
    // A folder can be neither overwritten nor removed as a file is.
    std::fs::create_dir(&unfinished).unwrap();
    server.control.keep_fold().unwrap_err();
    std::fs::create_dir(&kept).unwrap();
    let erased = server.change(PrivateErase { act: None, subject: Some("acme".into()), reason: "asked".into() }).await;
    assert!(erased.0["warnings"].to_string().contains(CACHE_FILE), "{erased:?}");
    server.control.finish_erasures().unwrap_err();

    std::fs::remove_dir(&kept).unwrap();
    std::fs::remove_dir(&unfinished).unwrap();
    std::fs::write(&kept, before).unwrap();
    server.control.finish_erasures().unwrap();
    assert!(!kept.exists());
    server.running.stop();
    let database = dir.path().join(boot::DATABASE_FILE);
    assert!(!holds(&database, "acme institute"), "it goes from the database once the kept fold is gone");
}

/// What a row brought is known by the import it began with, also where the fold
/// was read back.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_erased_after_a_start_on_a_kept_fold() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join(CACHE_FILE);
    let server = Server::start(dir.path());
    server.import(40).await;
    server.import_more().await;
    assert!(server.control.keep_fold().unwrap());
    server.running.stop();
    assert!(found(dir.path()).2);
    let server = Server::start(dir.path());
    assert!(holds(&kept, "Imported 39"));
    server.change(AccountClose { account: "imported-39/ci".into() }).await;
    server.change(PartyClose { id: "imported-39".into() }).await;
    let subject = Some("imported-39".into());
    server.change(PrivateErase { act: None, subject, reason: "asked".into() }).await;
    assert!(!kept.exists());
    server.control.keep_fold().unwrap();
    assert!(!holds(&kept, "Imported 39") && !holds(&kept, "imported-39") && holds(&kept, "Imported 38"));
    server.running.stop();
    let (state, frontier, is_kept) = found(dir.path());
    assert!(is_kept);
    assert_eq!((state, frontier), found_whole(dir.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_without_it() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    server.add("acme").await;
    server.control.keep_fold().unwrap();
    let copy = to.path().join("copy");
    backup::backup(dir.path(), &copy, server.control.now()).unwrap();
    server.running.stop();
    assert!(copy.join("pepper").exists() && !copy.join(CACHE_FILE).exists());
}
