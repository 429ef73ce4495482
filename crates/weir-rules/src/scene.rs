//! Small worlds for tests and the speed example, made of acts as a real one
//! is. Everything invented.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use weir_acts::act::{PolicyText, private, public};
use weir_acts::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, ListRows, Unknown};
use weir_acts::entry::{BY_WEIR, Basis};
use weir_acts::id::{AccountId, ClaimId, DirectiveId, GrantId, KeyId, LogId, MeasureId, ModelId, PartyId};
use weir_acts::limits::Limits;
use weir_acts::state::Touched;
use weir_acts::words::{Describes, MeasureKind, PartyKind, Stage};
use weir_acts::{Act, Digest, Entry, Parts, Time, Value, ValueType, World};

/// A world and the next free id.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) now: Time,
    next: u64,
}

/// The kinds declared in every scene.
pub(crate) const KINDS: &[(&str, ValueType, Describes)] = &[
    ("age", ValueType::Long, Describes::Person),
    ("jurisdiction", ValueType::String, Describes::Party),
    ("kyb_level", ValueType::Long, Describes::Party),
    ("nationalities", ValueType::Set, Describes::Person),
    ("sector", ValueType::String, Describes::Party),
    ("us_person", ValueType::Bool, Describes::Person),
];

impl Scene {
    pub(crate) fn new(rules: Vec<PolicyText>) -> Scene {
        let mut scene = Scene { world: World::default(), now: Time::from_millis(1_000_000), next: 1 };
        let log = LogId::from_bytes(scene.bytes()).to_string();
        let opening = public::LogOpen { origin: "example.org/weir".into(), vkey: "v".into() };
        scene.act(&log, Act::LogOpen(parts(opening, private::LogOpen {})));
        for (claim, value_type, describes) in KINDS {
            let public = public::ClaimDeclare { claim: (*claim).into(), r#type: *value_type, describes: *describes };
            scene.act(&log, Act::ClaimDeclare(parts(public, private::ClaimDeclare {})));
        }
        scene.rules(rules);
        scene
    }

    fn bytes(&mut self) -> [u8; 10] {
        self.next += 1;
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.next.to_be_bytes());
        bytes
    }

    pub(crate) fn entry(&self, subject: &str, act: Act) -> Entry {
        Entry { at: self.now, by: BY_WEIR.into(), approvals: vec![], subject: subject.into(), basis: None, act }
    }

    pub(crate) fn act(&mut self, subject: &str, act: Act) -> Touched {
        let entry = self.entry(subject, act);
        self.world.apply(&entry).unwrap()
    }

    pub(crate) fn rules(&mut self, policies: Vec<PolicyText>) {
        let public = public::RulesSet { part: 1, of: 1, policies, removed: vec![] };
        self.act("rules", Act::RulesSet(parts(public, private::RulesSet {})));
    }

    pub(crate) fn model(&mut self, name: &str, stage: Stage) -> ModelId {
        let id = ModelId::from_bytes(self.bytes());
        let public = public::ModelAdd { model: name.into(), previous: None, weights: None, max_output: None };
        let private = private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: None };
        self.act(&id.to_string(), Act::ModelAdd(parts(public, private)));
        if stage != Stage::Sealed {
            self.stage(id, stage, &[]);
        }
        id
    }

    pub(crate) fn stage(&mut self, model: ModelId, stage: Stage, list: &[PartyId]) {
        let rows = ListRows { list: "list.csv".into(), digest: Digest::of(b""), parties: list.to_vec() };
        let listed = stage == Stage::Listed;
        let public = public::StageSet { stage, list: listed.then_some(list.len() as u64) };
        let private = private::StageSet { list: listed.then_some(rows) };
        self.act(&model.to_string(), Act::StageSet(parts(public, private)));
    }

    pub(crate) fn party(&mut self, handle: &str) -> PartyId {
        let id = PartyId::from_bytes(self.bytes());
        let private = private::PartyAdd { handle: handle.into(), name: handle.into(), lei: None, ror: None };
        let public = public::PartyAdd { kind: PartyKind::Institution };
        self.act(&id.to_string(), Act::PartyAdd(parts(public, private)));
        id
    }

    pub(crate) fn account(&mut self, party: PartyId, handle: &str) -> AccountId {
        let id = AccountId::from_bytes(self.bytes());
        let act = parts(public::AccountAdd { party }, private::AccountAdd { handle: handle.into() });
        self.act(&id.to_string(), Act::AccountAdd(act));
        id
    }

    pub(crate) fn key(&mut self, account: AccountId, digest: [u8; 32]) -> KeyId {
        let key = KeyId::from_bytes(self.bytes());
        let private = private::KeyIssue { digest: Digest(digest) };
        self.act(&account.to_string(), Act::KeyIssue(parts(public::KeyIssue { key }, private)));
        key
    }

    pub(crate) fn claim(&mut self, subject: &str, kind: &str, value: Value, level: u8, expires: Option<Time>) {
        let claim = ClaimId::from_bytes(self.bytes());
        let public = public::ClaimAdd { claim, kind: kind.into(), level, expires };
        let private = private::ClaimAdd { value, by: "registry".into(), evidence: Digest::of(b"") };
        self.act(subject, Act::ClaimAdd(parts(public, private)));
    }

    pub(crate) fn grant(
        &mut self,
        party: PartyId,
        model: &str,
        purpose: Option<&str>,
        population: Option<&str>,
    ) -> GrantId {
        let grant = GrantId::from_bytes(self.bytes());
        let public =
            public::GrantAdd { grant, model: model.into(), population: population.map(Into::into), expires: None };
        let private = private::GrantAdd { purpose: purpose.map(Into::into) };
        self.act(&party.to_string(), Act::GrantAdd(parts(public, private)));
        grant
    }

    pub(crate) fn measure(&mut self, subject: &str, kind: MeasureKind) -> MeasureId {
        let measure = MeasureId::from_bytes(self.bytes());
        let public = public::MeasureTake { measure, kind, until: None };
        let private = private::MeasureTake { reason: "observed".into() };
        self.act(subject, Act::MeasureTake(parts(public, private)));
        measure
    }

    pub(crate) fn limit(&mut self, subject: &str, stage: Option<Stage>, limits: Limits) {
        self.act(subject, Act::LimitSet(parts(public::LimitSet { stage, limits }, private::LimitSet {})));
    }

    pub(crate) fn meter(&mut self, model: ModelId, weight: Option<u64>, max_input: Option<u64>) {
        let act = parts(public::ModelMeter { weight, max_input }, private::ModelMeter {});
        self.act(&model.to_string(), Act::ModelMeter(act));
    }

    pub(crate) fn throttle(&mut self, subject: &str, limits: Limits) -> MeasureId {
        let measure = self.measure(subject, MeasureKind::Throttle);
        let act = parts(public::MeasureLimit { measure, limits }, private::MeasureLimit {});
        self.act(subject, Act::MeasureLimit(act));
        measure
    }

    pub(crate) fn suspend(&mut self, account: AccountId) {
        let act = parts(public::AccountSuspend {}, private::AccountSuspend {});
        self.act(&account.to_string(), Act::AccountSuspend(act));
    }

    /// Drafts and enacts a directive in one step.
    pub(crate) fn enact(
        &mut self,
        text: DirectiveText,
        lists: Vec<ListRows>,
        amends: Option<DirectiveId>,
    ) -> DirectiveId {
        let id = DirectiveId::from_bytes(self.bytes());
        let draft = self.world.state().size;
        let drafted = private::DirectiveDraft { text: text.clone(), lists: lists.clone() };
        self.act(&id.to_string(), Act::DirectiveDraft(parts(public::DirectiveDraft {}, drafted)));
        let public = public::DirectiveEnact {
            disclosure: Disclosure::Public,
            text: Some(text.clone()),
            sealed: None,
            draft,
            amends,
            preview: None,
        };
        let private = private::DirectiveEnact { text: None, lists };
        let mut entry = self.entry(&id.to_string(), Act::DirectiveEnact(parts(public, private)));
        entry.basis = Some(Basis { effective: text.effective, ..Basis::default() });
        self.world.apply(&entry).unwrap();
        id
    }
}

pub(crate) fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

pub(crate) fn directive(id: &str, models: &[&str], forbid: &str) -> DirectiveText {
    DirectiveText {
        id: id.into(),
        authority: "an authority".into(),
        instrument: None,
        citation: Some("Rule 7(b)".into()),
        kind: DirectiveKind::Order,
        received: Time::from_millis(0),
        effective: None,
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        forbid: forbid.into(),
        except: vec![],
        unknown: Unknown::Deny,
        min_level: 1,
        answer: Answer::Deny,
        disclosure: Disclosure::Public,
        notice: None,
        amends: None,
    }
}
