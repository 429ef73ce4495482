//! A log made of acts as a real one is, published to a folder. It folds what
//! it appends unless told to forge, and keeps the openings.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use weir_acts::act::{Act, Parts, PolicyText, private, public};
use weir_acts::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, Unknown};
use weir_acts::entry::{BY_WEIR, Basis, Entry};
use weir_acts::id::{AccountId, ClaimId, DirectiveId, DraftId, KeyId, LogId, ModelId, OperatorId, PartyId, TokenId};
use weir_acts::words::{Describes, PartyKind, Role, Stage};
use weir_acts::{Digest, Time, Value, ValueType, World};
use weir_rules::{BASE_KINDS, Snapshot, base_rules};
use weir_tlog::{
    Checkpoint, Ed25519Signer, FolderPublisher, FolderSource, Frontier, VerifierKey, VerifyFailure, leaf_hash,
};

use crate::audit::{Bundle, Check, Opening, Report, verify};

pub(super) const ORIGIN: &str = "log.example.org/weir";
pub(super) const OFFICER: OperatorId = OperatorId::from_bytes([9; 10]);
pub(super) const ACME: PartyId = PartyId::from_bytes([1; 10]);
pub(super) const ACCOUNT: AccountId = AccountId::from_bytes([2; 10]);
pub(super) const KEY: KeyId = KeyId::from_bytes([3; 10]);
pub(super) const MYTHOS: ModelId = ModelId::from_bytes([4; 10]);
pub(super) const ORDER: DirectiveId = DirectiveId::from_bytes([5; 10]);

pub(super) fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[42; 32]).unwrap()
}

pub(super) fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

fn open<P, S>(public: P) -> Parts<P, S> {
    Parts { public, private: None }
}

/// The log of one test.
pub(super) struct Log {
    dir: TempDir,
    pub(super) world: World,
    pub(super) now: Time,
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) openings: BTreeMap<u64, Opening>,
    pub(super) decisions: Vec<Json>,
}

impl Log {
    /// A log that nobody has acted on.
    pub(super) fn empty() -> Log {
        Log {
            dir: TempDir::new().unwrap(),
            world: World::default(),
            now: Time::from_millis(1_000_000),
            entries: Vec::new(),
            openings: BTreeMap::new(),
            decisions: Vec::new(),
        }
    }

    /// Opened, under `rules`, with one operator of every role.
    pub(super) fn begun(rules: Vec<PolicyText>) -> Log {
        let mut log = Log::empty();
        log.open_as(ORIGIN, &signer().vkey());
        let of_log = LogId::from_bytes([0; 10]);
        log.weir(&of_log, Act::RulesSet(open(public::RulesSet { part: 1, of: 1, policies: rules, removed: vec![] })));
        for (kind, value_type, describes) in BASE_KINDS {
            log.weir(&of_log, declare(kind, *value_type, *describes));
        }
        let private = private::OperatorAdd { name: "ada".into() };
        log.weir(&OFFICER, Act::OperatorAdd(parts(public::OperatorAdd { roles: Role::ALL.to_vec() }, private)));
        let token = TokenId::from_bytes([8; 10]);
        let private = private::TokenIssue { digest: Digest([8; 32]) };
        log.weir(&OFFICER, Act::TokenIssue(parts(public::TokenIssue { token }, private)));
        log
    }

    /// With a party, its account and key, and a model in general release.
    pub(super) fn populated(rules: Vec<PolicyText>) -> Log {
        let mut log = Log::begun(rules);
        let private = private::PartyAdd { handle: "acme".into(), name: "Acme".into(), lei: None, ror: None };
        log.act(&ACME, Act::PartyAdd(parts(public::PartyAdd { kind: PartyKind::Institution }, private)));
        let private = private::AccountAdd { handle: "ci".into() };
        log.act(&ACCOUNT, Act::AccountAdd(parts(public::AccountAdd { party: ACME }, private)));
        let private = private::KeyIssue { digest: Digest([7; 32]) };
        log.act(&ACCOUNT, Act::KeyIssue(parts(public::KeyIssue { key: KEY }, private)));
        log.model(ModelId::from_bytes([6; 10]), "mythos-4", None);
        log.model(MYTHOS, "mythos-5", Some("mythos-4"));
        log
    }

    /// The whole story: an order from draft to force, ten seconds ahead.
    pub(super) fn with_order() -> Log {
        let mut log = Log::populated(base_rules());
        log.claim("us_person", Value::Bool(false));
        log.order(Some(10_000));
        log
    }

    pub(super) fn open_as(&mut self, origin: &str, key: &VerifierKey) {
        let public = public::LogOpen { origin: origin.into(), vkey: key.to_string() };
        self.weir(&LogId::from_bytes([0; 10]), Act::LogOpen(open(public)));
    }

    pub(super) fn entry(&self, subject: &dyn std::fmt::Display, act: Act) -> Entry {
        Entry {
            at: self.now,
            by: OFFICER.to_string(),
            approvals: vec![],
            subject: subject.to_string(),
            basis: None,
            act,
        }
    }

    fn weir(&mut self, subject: &dyn std::fmt::Display, act: Act) {
        let entry = Entry { by: BY_WEIR.into(), ..self.entry(subject, act) };
        self.append(&entry);
    }

    pub(super) fn act(&mut self, subject: &dyn std::fmt::Display, act: Act) {
        let entry = self.entry(subject, act);
        self.append(&entry);
    }

    pub(super) fn append(&mut self, entry: &Entry) {
        self.world.apply(entry).unwrap();
        self.forge(entry);
    }

    /// Appends what need not follow.
    pub(super) fn forge(&mut self, entry: &Entry) {
        let index = self.entries.len() as u64;
        let sealed = entry.seal_with([index as u8; 32]).unwrap();
        self.entries.push(sealed.bytes);
        if let Some((salt, bytes)) = sealed.private {
            self.openings.insert(index, Opening { salt, bytes });
        }
    }

    /// Adds `others` as release officers and a draft that each approves; what
    /// they saw.
    pub(super) fn approved_by(&mut self, others: &[OperatorId]) -> Digest {
        let draft = DraftId::from_bytes([13; 10]);
        let private = private::DraftAdd { with: "{}".into() };
        self.act(&draft, Act::DraftAdd(parts(public::DraftAdd { command: "stage.set".into() }, private)));
        let saw = self.world.state().drafts[&draft].digest().unwrap();
        for other in others {
            let roles = vec![Role::ReleaseOfficer];
            let private = private::OperatorAdd { name: "lin".into() };
            self.act(other, Act::OperatorAdd(parts(public::OperatorAdd { roles }, private)));
            let approve = Act::DraftApprove(open(public::DraftApprove { saw }));
            let entry = Entry { by: other.to_string(), ..self.entry(&draft, approve) };
            self.append(&entry);
        }
        saw
    }

    fn model(&mut self, id: ModelId, name: &str, previous: Option<&str>) {
        let previous = previous.map(Into::into);
        let public = public::ModelAdd { model: name.into(), previous, weights: None, max_output: None };
        let private = private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: None };
        self.act(&id, Act::ModelAdd(parts(public, private)));
        self.act(&id, Act::StageSet(open(public::StageSet { stage: Stage::General, list: None })));
    }

    pub(super) fn claim(&mut self, kind: &str, value: Value) {
        let claim = ClaimId::from_bytes([self.entries.len() as u8; 10]);
        let public = public::ClaimAdd { claim, kind: kind.into(), level: 1, expires: None };
        let private = private::ClaimAdd { value, by: "registry".into(), evidence: Digest::of(b"") };
        self.act(&ACCOUNT, Act::ClaimAdd(parts(public, private)));
    }

    /// An order against accounts known or not known not to be US persons.
    pub(super) fn order(&mut self, ahead_millis: Option<i64>) {
        let text = DirectiveText {
            id: "order".into(),
            authority: "an authority".into(),
            instrument: None,
            citation: None,
            kind: DirectiveKind::Order,
            received: self.now,
            effective: None,
            models: vec!["mythos-5".into()],
            forbid: "principal.us_person == false".into(),
            except: vec![],
            unknown: Unknown::Deny,
            min_level: 1,
            answer: Answer::Fallback,
            disclosure: Disclosure::Public,
            notice: None,
            amends: None,
        };
        let draft = self.entries.len() as u64;
        let private = private::DirectiveDraft { text: text.clone(), lists: vec![] };
        self.act(&ORDER, Act::DirectiveDraft(parts(public::DirectiveDraft {}, private)));
        let public = public::DirectiveEnact {
            disclosure: Disclosure::Public,
            text: Some(text),
            sealed: None,
            draft,
            amends: None,
            preview: None,
        };
        let mut entry = self.entry(&ORDER, Act::DirectiveEnact(open(public)));
        let effective = ahead_millis.map(|ahead| self.now.plus_millis(ahead));
        entry.basis = Some(Basis { effective, ..Basis::default() });
        self.append(&entry);
    }

    /// Decides as the gateway does and keeps the record.
    pub(super) fn decide(&mut self, ahead_millis: i64, model: &str) -> usize {
        let time = self.now.plus_millis(ahead_millis);
        let snapshot = Snapshot::at_time(&self.world, time).unwrap();
        let class = snapshot.view().class(ACCOUNT).unwrap();
        let verdict = snapshot.decide(class, model);
        let previous = snapshot.view().model(model).and_then(|model| model.previous.clone());
        let served = previous.filter(|previous| verdict.fallback && snapshot.decide(class, previous).permits());
        let ruling = if served.is_some() { json!("fallback") } else { json!(verdict.effect) };
        let mut record = json!({
            "id": format!("dec-00000000-{:08x}", self.decisions.len()), "time": time, "tree_size": self.entries.len(),
            "account": ACCOUNT, "party": ACME, "key": KEY, "api": "openai.chat", "model": model,
            "stage": verdict.stage, "ruling": ruling, "rules": verdict.rules,
        });
        if let Some(served) = served {
            record["served_model"] = json!(served);
        }
        self.decisions.push(record);
        self.decisions.len() - 1
    }

    pub(super) fn bundle(&self) -> Bundle {
        let openings = self.openings.iter().map(|(act, opening)| opening.line(*act));
        let decisions = self.decisions.iter().map(|decision| json!({ "decision": decision }));
        let lines: Vec<String> = openings.chain(decisions).map(|line| line.to_string()).collect();
        Bundle::parse(lines.join("\n").as_bytes()).unwrap()
    }

    pub(super) fn checkpoint(&self, size: usize) -> Checkpoint {
        let tree: Frontier = self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect();
        Checkpoint { origin: ORIGIN.to_owned(), size: size as u64, root: tree.root() }
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn publish(&self) {
        self.publish_up_to(self.entries.len());
    }

    pub(super) fn publish_up_to(&self, size: usize) {
        let mut publisher = FolderPublisher::new(self.path(), signer().vkey());
        let signed = self.checkpoint(size).sign(&signer()).unwrap();
        publisher.publish(u64::MAX, &mut |index| Ok(self.entries[index as usize].clone()), &signed).unwrap();
    }

    /// What the published files are found to be.
    pub(super) fn check(&self, bundle: Option<&Bundle>, since: &[Checkpoint]) -> Result<Report, VerifyFailure> {
        let key = signer().vkey();
        let check = Check { bundle, since, ..Check::with_key(&key) };
        verify(&FolderSource::new(self.path()), &check, &mut |_, _| ())
    }

    /// As [`Log::check`], after publishing what there is.
    pub(super) fn verified(&self) -> Report {
        self.publish();
        self.check(None, &[]).unwrap()
    }

    /// As [`Log::verified`], by an auditor.
    pub(super) fn audited(&self, bundle: &Bundle) -> Report {
        self.publish();
        self.check(Some(bundle), &[]).unwrap()
    }
}

pub(super) fn declare(kind: &str, value_type: ValueType, describes: Describes) -> Act {
    Act::ClaimDeclare(open(public::ClaimDeclare { claim: kind.into(), r#type: value_type, describes }))
}
