//! What anybody can check from the published files.

use std::fs;
use std::path::{Path, PathBuf};

use weir_acts::act::{Act, Erased, Parts, PolicyText, private, public};
use weir_acts::entry::{Approval, BY_WEIR};
use weir_acts::id::{ClaimId, OperatorId, PartyId};
use weir_acts::words::{Describes, Role, Stage};
use weir_acts::{Entry, Value, ValueType};
use weir_rules::base_rules;
use weir_tlog::{Ed25519Signer, FolderSource, LogPath, LogSource, SourceError, VerifyFailure};

use super::log::{ACCOUNT, ACME, Log, MYTHOS, OFFICER, ORIGIN, declare, parts, signer};
use crate::audit::{Check, Problem, Report, verify};

fn wrong(report: &Report) -> &Problem {
    assert!(!report.good, "{report:?}");
    report.problem.as_ref().unwrap()
}

fn named(report: &Report, act: usize, why: &str) {
    let problem = wrong(report);
    assert!(problem.act == act as u64 && problem.why.contains(why), "{problem:?}");
    let line = format!("WRONG: act {act}: ");
    assert!(report.lines().iter().any(|told| told.starts_with(&line)), "{:?}", report.lines());
}

#[test]
fn a_log_that_holds_is_good_and_says_what_it_did_not_see() {
    let log = Log::with_order();
    let report = log.verified();
    let size = log.entries.len() as u64;
    assert!(report.good, "{report:?}");
    assert_eq!((report.size, report.refold.folded, report.opened), (size, size, 0));
    assert_eq!((report.origin.as_str(), report.refold.stopped.as_ref()), (ORIGIN, None));
    assert_eq!(report.unseen.values().sum::<u64>(), log.openings.len() as u64);
    assert_eq!((report.unseen["claim.add"], report.unseen["model.add"]), (1, 2));
    let lines = report.lines().join("\n");
    assert!(lines.contains("not seen, because private: 1 account.add, 1 claim.add"), "{lines}");
    assert!(lines.contains("signed by the key given") && !lines.contains("WRONG"), "{lines}");
}

#[test]
fn a_time_that_runs_backwards_is_named() {
    let mut log = Log::with_order();
    let suspend = Act::AccountSuspend(Parts { public: public::AccountSuspend {}, private: None });
    let mut entry = log.entry(&ACCOUNT, suspend);
    entry.at = log.now.plus_millis(-1);
    let act = log.entries.len();
    log.forge(&entry);
    log.claim("us_person", Value::Bool(true));
    let report = log.verified();
    named(&report, act, "before the preceding act's");
    assert_eq!(report.refold.folded, act as u64);
}

#[test]
fn what_a_later_weir_wrote_stops_the_refold_but_not_the_hashes() {
    for (from, to, told) in [
        ("\"kind\":\"account", "\"kind\":\"akkount", "unknown act kind `akkount.suspend`"),
        ("\"v\":1", "\"v\":2", "act format v2"),
    ] {
        let mut log = Log::with_order();
        let act = log.entries.len();
        log.act(&ACCOUNT, Act::AccountSuspend(Parts { public: public::AccountSuspend {}, private: None }));
        let text = String::from_utf8(log.entries[act].clone()).unwrap();
        log.entries[act] = text.replacen(from, to, 1).into_bytes();
        log.claim("us_person", Value::Bool(true));
        let report = log.verified();
        let stopped = report.refold.stopped.clone().unwrap();
        assert!(stopped.starts_with(&format!("act {act}: {told}")), "{stopped}");
        assert_eq!((report.good, report.refold.folded, report.size), (true, act as u64, act as u64 + 2));

        let last = log.entries.last().unwrap().clone();
        let bundle = newest_bundle(log.path());
        let mut bytes = fs::read(&bundle).unwrap();
        let at = bytes.windows(last.len()).position(|window| window == last).unwrap();
        bytes[at + 20] ^= 1;
        fs::write(&bundle, bytes).unwrap();
        let failure = log.check(None, &[]).unwrap_err();
        assert!(matches!(failure, VerifyFailure::Entry { index, .. } if index == act as u64 + 1), "{failure}");
    }
}

fn newest_bundle(log: &Path) -> PathBuf {
    let partials = fs::read_dir(log.join("tile/entries/000.p")).unwrap().map(|entry| entry.unwrap().path());
    partials.max_by_key(|path| path.file_name().unwrap().to_str().unwrap().parse::<u16>().unwrap()).unwrap()
}

#[test]
fn a_kind_of_claim_declared_twice_is_named() {
    let mut log = Log::populated(base_rules());
    let act = log.entries.len();
    let entry = log.entry(&OFFICER, declare("us_person", ValueType::Bool, Describes::Person));
    log.forge(&entry);
    named(&log.verified(), act, "claim kind us_person exists already");
}

#[test]
fn who_may_not_is_named() {
    let analyst = OperatorId::from_bytes([10; 10]);
    let nobody = OperatorId::from_bytes([11; 10]);
    let close = || Act::PartyClose(Parts { public: public::PartyClose {}, private: None });
    for (by, why) in [
        (analyst.to_string(), "as analyst you may not do `party.close`"),
        (nobody.to_string(), "who is no operator"),
        (ACCOUNT.to_string(), "who is no operator"),
        (BY_WEIR.to_owned(), "was not done by an operator"),
    ] {
        let mut log = Log::populated(base_rules());
        let roles = vec![Role::Analyst];
        let private = private::OperatorAdd { name: "lin".into() };
        log.act(&analyst, Act::OperatorAdd(parts(public::OperatorAdd { roles }, private)));
        let act = log.entries.len();
        let entry = Entry { by, ..log.entry(&ACME, close()) };
        log.forge(&entry);
        named(&log.verified(), act, why);
    }
}

/// What the rules once permitted is remembered, but only of that operator,
/// that kind and those rules.
#[test]
fn what_was_permitted_before_is_asked_again_of_others_and_under_other_rules() {
    let suspend = || Act::AccountSuspend(Parts { public: public::AccountSuspend {}, private: None });
    let restore = || Act::AccountRestore(Parts { public: public::AccountRestore {}, private: None });
    let twice = || {
        let mut log = Log::populated(base_rules());
        for act in [suspend(), restore(), suspend(), restore()] {
            log.act(&ACCOUNT, act);
        }
        log
    };
    assert!(twice().verified().good);

    let mut log = twice();
    let analyst = OperatorId::from_bytes([10; 10]);
    let private = private::OperatorAdd { name: "lin".into() };
    log.act(&analyst, Act::OperatorAdd(parts(public::OperatorAdd { roles: vec![Role::Analyst] }, private)));
    let act = log.entries.len();
    log.forge(&Entry { by: analyst.to_string(), ..log.entry(&ACCOUNT, suspend()) });
    named(&log.verified(), act, "as analyst you may not do `account.suspend`");

    let mut log = twice();
    let cedar = "@reason(\"nobody is suspended any more\")\n\
                 forbid (principal, action == Weir::Action::\"account.suspend\", resource);";
    let policies = vec![PolicyText { id: "authority/own-1".into(), cedar: cedar.into() }];
    let others = [OperatorId::from_bytes([10; 10]), OperatorId::from_bytes([11; 10])];
    let saw = log.approved_by(&others);
    let public = public::RulesSet { part: 1, of: 1, policies, removed: vec![] };
    let mut entry = log.entry(&OFFICER, Act::RulesSet(Parts { public, private: None }));
    entry.approvals = others.iter().map(|by| Approval { by: by.to_string(), saw }).collect();
    log.append(&entry);
    let act = log.entries.len();
    log.forge(&log.entry(&ACCOUNT, suspend()));
    named(&log.verified(), act, "nobody is suspended any more");
}

#[test]
fn an_erasing_act_that_misnames_what_it_erased_is_named() {
    let erased = |wrong: fn(&mut Erased)| {
        let mut log = Log::populated(base_rules());
        log.claim("us_person", Value::Bool(true));
        let first = log.entries.len() as u64 - 1;
        log.claim("us_person", Value::Bool(false));
        let claim = ClaimId::from_bytes([first as u8; 10]);
        let mut erased = Erased { act: first, kind: "claim.add".into(), id: claim.to_string() };
        wrong(&mut erased);
        let private = private::PrivateErase { reason: "asked".into() };
        log.act(&ACCOUNT, Act::PrivateErase(parts(public::PrivateErase { acts: vec![erased] }, private)));
        (log.verified(), log.entries.len() - 1, first)
    };
    assert!(erased(|_| ()).0.good);
    let another = |erased: &mut Erased| erased.id = ClaimId::from_bytes([erased.act as u8 + 1; 10]).to_string();
    let (report, act, first) = erased(another);
    named(&report, act, &format!("it erases act {first} as a `claim.add` of c-"));
    let account = |erased: &mut Erased| (erased.kind, erased.id) = ("account.add".into(), ACCOUNT.to_string());
    let (report, act, first) = erased(account);
    named(&report, act, &format!("it erases act {first} as a `account.add` of {ACCOUNT}, but that is a `claim.add`"));
    let earlier = |erased: &mut Erased| erased.act = 1;
    let (report, act, _) = erased(earlier);
    named(&report, act, "it erases act 1 as a `claim.add`");
}

#[test]
fn approvals_count_each_other_operator_once() {
    let others = [OperatorId::from_bytes([10; 10]), OperatorId::from_bytes([11; 10])];
    let stranger = OperatorId::from_bytes([12; 10]);
    let opened = |approved: &[OperatorId]| {
        let mut log = Log::populated(base_rules());
        let saw = log.approved_by(&others);
        let open = Act::StageSet(Parts { public: public::StageSet { stage: Stage::Open, list: None }, private: None });
        let mut entry = log.entry(&MYTHOS, open);
        let approval = |by: &OperatorId| Approval { by: by.to_string(), saw };
        entry.approvals = approved.iter().map(approval).collect();
        log.forge(&entry);
        (log.verified(), log.entries.len() - 1)
    };
    assert!(opened(&others).0.good);
    for approved in [&[][..], &others[..1], &[others[0], others[0]], &[others[0], OFFICER], &[others[0], stranger]] {
        let (report, act) = opened(approved);
        named(&report, act, "two approvals");
    }
    let (report, act) = opened(&[others[0], others[1], stranger]);
    named(&report, act, "approved no draft");
}

#[test]
fn rules_that_do_not_compile_are_named() {
    let mut log = Log::populated(base_rules());
    let others = [OperatorId::from_bytes([10; 10]), OperatorId::from_bytes([11; 10])];
    let saw = log.approved_by(&others);
    let policies = vec![PolicyText { id: "own-1".into(), cedar: "forbid (principal".into() }];
    let act = log.entries.len();
    let public = public::RulesSet { part: 1, of: 1, policies, removed: vec![] };
    let mut entry = log.entry(&OFFICER, Act::RulesSet(Parts { public, private: None }));
    entry.approvals = others.iter().map(|by| Approval { by: by.to_string(), saw }).collect();
    log.append(&entry);
    named(&log.verified(), act, "do not compile: rule `own-1`");
}

#[test]
fn what_does_not_follow_is_named() {
    let mut log = Log::populated(base_rules());
    let act = log.entries.len();
    let missing = PartyId::from_bytes([77; 10]);
    let entry = log.entry(&missing, Act::PartyClose(Parts { public: public::PartyClose {}, private: None }));
    log.forge(&entry);
    named(&log.verified(), act, "does not exist");

    let mut log = Log::populated(base_rules());
    log.entries.push(b"not json".to_vec());
    named(&log.verified(), act, "not an act");
}

#[test]
fn a_log_opened_under_another_name_or_key_is_named() {
    let mut log = Log::empty();
    log.open_as("log.example.org/other", &signer().vkey());
    named(&log.verified(), 0, "calls itself `log.example.org/other`");
    let mut log = Log::empty();
    log.open_as(ORIGIN, &Ed25519Signer::from_seed(ORIGIN, &[43; 32]).unwrap().vkey());
    named(&log.verified(), 0, "another key");
}

#[test]
fn an_earlier_checkpoint_must_be_within() {
    let log = Log::with_order();
    let size = log.entries.len();
    log.publish_up_to(5);
    log.publish();
    let since = [log.checkpoint(1), log.checkpoint(5), log.checkpoint(size)];
    let report = log.check(None, &since).unwrap();
    assert_eq!(report.extends, [1, 5, size as u64]);
    assert!(report.lines().iter().any(|line| line == "extends the checkpoint of 5 acts"));

    let mut other = log.checkpoint(5);
    other.root = log.checkpoint(4).root;
    assert!(matches!(log.check(None, &[other]), Err(VerifyFailure::Inconsistent { old: 5, .. })));
    let mut longer = log.checkpoint(5);
    longer.size = size as u64 + 1;
    assert!(log.check(None, &[longer]).is_err());
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// A log in a folder, one file of which reads otherwise.
struct Tampered<'a> {
    folder: &'a FolderSource,
    path: LogPath,
    bytes: Vec<u8>,
}

impl LogSource for Tampered<'_> {
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError> {
        if path == self.path { Ok(Some(self.bytes.clone())) } else { self.folder.read(path) }
    }

    fn partial_widths(&self, full: LogPath) -> Result<Vec<u16>, SourceError> {
        self.folder.partial_widths(full)
    }
}

#[test]
fn every_flipped_bit_of_every_file_is_caught() {
    let log = Log::begun(vec![]);
    log.publish_up_to(3);
    assert!(log.verified().good);
    let mut found = Vec::new();
    files(log.path(), &mut found);
    assert_eq!(found.len(), 5, "a checkpoint, and two sizes of entries and of hashes: {found:?}");
    let (folder, key) = (FolderSource::new(log.path()), signer().vkey());
    for file in found {
        let path: LogPath = file.strip_prefix(log.path()).unwrap().to_str().unwrap().parse().unwrap();
        let mut tampered = Tampered { folder: &folder, path, bytes: fs::read(&file).unwrap() };
        assert!(verify(&tampered, &Check::with_key(&key), &mut |_, _| ()).is_ok());
        for bit in 0..tampered.bytes.len() * 8 {
            tampered.bytes[bit / 8] ^= 1 << (bit % 8);
            let checked = verify(&tampered, &Check::with_key(&key), &mut |_, _| ());
            assert!(checked.is_err(), "bit {bit} of {path}");
            tampered.bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
