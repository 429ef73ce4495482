//! A published log of many acts, for measuring what checking one costs.
//! `cargo xtask bench verify` runs it.
//!
//! `log_of DIR` writes DIR/log and DIR/log.vkey; how many acts is by
//! environment variable. Every act follows from those before it and was done by
//! an operator who may: parties, accounts, keys, claims, suspensions and
//! revocations, each made from its index alone, so that nothing is kept.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io;
use std::path::Path;

use weir_acts::act::{Act, Parts, private, public};
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::id::{AccountId, ClaimId, KeyId, LogId, OperatorId, PartyId};
use weir_acts::words::{PartyKind, Role};
use weir_acts::{Digest, Time, Value};
use weir_rules::{BASE_KINDS, base_rules};
use weir_tlog::{Checkpoint, Disk, Ed25519Signer, FolderPublisher, Frontier, RealDisk, leaf_hash};

const ORIGIN: &str = "log.example.org/bench";
const OPERATOR: OperatorId = OperatorId::from_bytes([9; 10]);

/// Acts about one party: the party, its accounts, and what is done to them.
const OF_PARTY: u64 = 1 + ACCOUNTS * OF_ACCOUNT;
const ACCOUNTS: u64 = 10;
const OF_ACCOUNT: u64 = 10;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [dir] = &words[..] else { return println!("log_of DIR") };
    let acts = std::env::var("WEIR_LOG_ACTS").map_or(1_000_000, |acts| acts.parse().unwrap());
    write(Path::new(dir), acts);
}

fn write(dir: &Path, acts: u64) {
    let signer = Ed25519Signer::from_seed(ORIGIN, &[42; 32]).unwrap();
    let beginning = beginning(&signer.vkey().to_string());
    let entry = |index: u64| {
        let done = index.checked_sub(beginning.len() as u64).map(act);
        let (by, subject, act) = done.unwrap_or_else(|| beginning[index as usize].clone());
        let at = Time::from_millis(1_700_000_000_000 + index as i64 * 20);
        let entry = Entry { at, by, approvals: vec![], subject, basis: None, act };
        let mut salt = [7; 32];
        salt[..8].copy_from_slice(&index.to_le_bytes());
        entry.seal_with(salt).unwrap().bytes
    };
    let tree: Frontier = (0..acts).map(|index| leaf_hash(&entry(index))).collect();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: acts, root: tree.root() };
    let log = dir.join("log");
    std::fs::create_dir_all(&log).unwrap();
    let mut publisher = FolderPublisher::on_disk(log, signer.vkey(), Unsynced(RealDisk));
    publisher.publish(0, &mut |index| Ok(entry(index)), &checkpoint.sign(&signer).unwrap()).unwrap();
    std::fs::write(dir.join("log.vkey"), signer.vkey().to_string() + "\n").unwrap();
}

type Done = (String, String, Act);

/// What a log begins with: its key, the rules, the kinds of claim, an operator.
fn beginning(vkey: &str) -> Vec<Done> {
    let log = LogId::from_bytes([0; 10]).to_string();
    let open = public::LogOpen { origin: ORIGIN.into(), vkey: vkey.into() };
    let rules = public::RulesSet { part: 1, of: 1, policies: base_rules(), removed: vec![] };
    let mut acts = vec![Act::LogOpen(said(open)), Act::RulesSet(said(rules))];
    acts.extend(BASE_KINDS.iter().map(|(kind, value_type, describes)| {
        let declared = public::ClaimDeclare { claim: (*kind).into(), r#type: *value_type, describes: *describes };
        Act::ClaimDeclare(said(declared))
    }));
    let mut done: Vec<Done> = acts.into_iter().map(|act| (BY_WEIR.to_owned(), log.clone(), act)).collect();
    let public = public::OperatorAdd { roles: vec![Role::Operator] };
    let operator = Act::OperatorAdd(both(public, private::OperatorAdd { name: "ada".into() }));
    done.push((BY_WEIR.to_owned(), OPERATOR.to_string(), operator));
    done
}

fn said<P, S>(public: P) -> Parts<P, S> {
    Parts { public, private: None }
}

fn both<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

/// An id as good as random, made from an index.
fn id(index: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&leaf_hash(&index.to_le_bytes()).0[..10]);
    bytes
}

/// The act at `place` after the beginning.
fn act(place: u64) -> Done {
    let (party_at, within) = (place - place % OF_PARTY, place % OF_PARTY);
    let party = PartyId::from_bytes(id(party_at));
    let by = OPERATOR.to_string();
    let Some(within) = within.checked_sub(1) else {
        let (handle, name) = (format!("party-{party_at}"), format!("Party {party_at}"));
        let private = private::PartyAdd { handle, name, lei: None, ror: None };
        return (
            by,
            party.to_string(),
            Act::PartyAdd(both(public::PartyAdd { kind: PartyKind::Institution }, private)),
        );
    };
    let (account_at, step) = (place - within % OF_ACCOUNT, within % OF_ACCOUNT);
    let account = AccountId::from_bytes(id(account_at));
    let key = |step: u64| KeyId::from_bytes(id(account_at + step));
    let issue = || {
        let private = private::KeyIssue { digest: Digest(leaf_hash(&place.to_be_bytes()).0) };
        Act::KeyIssue(both(public::KeyIssue { key: key(step) }, private))
    };
    let claim = |kind: &str, value: Value| {
        let public =
            public::ClaimAdd { claim: ClaimId::from_bytes(id(place)), kind: kind.into(), level: 2, expires: None };
        let private = private::ClaimAdd { value, by: "registry".into(), evidence: Digest::of(b"evidence") };
        Act::ClaimAdd(both(public, private))
    };
    let act = match step {
        0 => {
            let private = private::AccountAdd { handle: format!("account-{account_at}") };
            Act::AccountAdd(both(public::AccountAdd { party }, private))
        }
        1 | 4 | 7 => issue(),
        2 => claim("us_person", Value::Bool(place.is_multiple_of(3))),
        3 => claim("nationalities", Value::Set(["NL".into()].into())),
        5 => Act::KeyRevoke(said(public::KeyRevoke { key: key(1) })),
        6 => Act::AccountSuspend(said(public::AccountSuspend {})),
        8 => Act::AccountRestore(said(public::AccountRestore {})),
        _ => Act::KeyRevoke(said(public::KeyRevoke { key: key(4) })),
    };
    (by, account.to_string(), act)
}

/// A disk whose files need not outlive a loss of power.
struct Unsynced(RealDisk);

impl Disk for Unsynced {
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        self.0.read(path, max_bytes)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }

    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        self.0.create_dir(directory)
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.0.remove_file(path)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.0.remove_dir(directory)
    }
}
