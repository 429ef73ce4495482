//! Folds that are easy to get wrong, written out.

use std::fmt;

use super::*;
use crate::act::{Parts, private, public};
use crate::digest::Digest;
use crate::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, Exception, ListRows, Unknown};
use crate::entry::Basis;
use crate::id::{LogId, ModelId};
use crate::words::{MeasureKind, PartyKind};

/// A state after a few acts of Weir itself, all at moments given by number.
struct Log(State);

const PARTY: PartyId = PartyId::from_bytes([1; 10]);
const ACCOUNT: AccountId = AccountId::from_bytes([2; 10]);
const MEASURE: MeasureId = MeasureId::from_bytes([3; 10]);
const APPEAL: AppealId = AppealId::from_bytes([4; 10]);

fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

impl Log {
    fn new() -> Log {
        let mut log = Log(State::default());
        let opening = public::LogOpen { origin: "example.org/weir".into(), vkey: "v".into() };
        log.act(0, &LogId::from_bytes([0; 10]), Act::LogOpen(parts(opening, private::LogOpen {})));
        let private = private::PartyAdd { handle: "acme".into(), name: "Acme".into(), lei: None, ror: None };
        log.act(0, &PARTY, Act::PartyAdd(parts(public::PartyAdd { kind: PartyKind::Institution }, private)));
        let private = private::AccountAdd { handle: "ci".into() };
        log.act(0, &ACCOUNT, Act::AccountAdd(parts(public::AccountAdd { party: PARTY }, private)));
        let public = public::ModelAdd { model: "mythos-5".into(), previous: None, weights: None, max_output: None };
        let private = private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: None };
        log.act(0, &ModelId::from_bytes([5; 10]), Act::ModelAdd(parts(public, private)));
        log
    }

    fn try_act(
        &mut self,
        at: i64,
        subject: &dyn fmt::Display,
        effective: Option<i64>,
        act: Act,
    ) -> Result<Touched, FoldError> {
        let basis = Some(Basis { effective: effective.map(Time::from_millis), ..Basis::default() });
        let (at, by) = (Time::from_millis(at), BY_WEIR.to_owned());
        self.0.apply(&Entry { at, by, approvals: vec![], subject: subject.to_string(), basis, act })
    }

    fn act(&mut self, at: i64, subject: &dyn fmt::Display, act: Act) -> Touched {
        self.try_act(at, subject, None, act).unwrap()
    }

    fn key(&mut self, at: i64, id: u8, digest: u8) -> Result<Touched, FoldError> {
        let key = KeyId::from_bytes([id; 10]);
        let private = private::KeyIssue { digest: Digest([digest; 32]) };
        self.try_act(at, &ACCOUNT, None, Act::KeyIssue(parts(public::KeyIssue { key }, private)))
    }

    fn enact(&mut self, at: i64, id: u8, effective: i64, amends: Option<u8>) -> Result<Touched, FoldError> {
        let directive = DirectiveId::from_bytes([id; 10]);
        let text = text(id);
        let draft = self.0.size;
        let drafted = private::DirectiveDraft { text: text.clone(), lists: vec![] };
        self.act(at, &directive, Act::DirectiveDraft(parts(public::DirectiveDraft {}, drafted)));
        let public = public::DirectiveEnact {
            disclosure: Disclosure::Public,
            text: Some(text),
            sealed: None,
            draft,
            amends: amends.map(|id| DirectiveId::from_bytes([id; 10])),
            preview: None,
        };
        let rows = ListRows { list: "a.csv".into(), digest: Digest::of(b""), parties: vec![PARTY] };
        let private = private::DirectiveEnact { text: None, lists: vec![rows] };
        self.try_act(at, &directive, Some(effective), Act::DirectiveEnact(parts(public, private)))
    }

    fn lift(&mut self, at: i64, id: u8) -> Touched {
        let public = public::DirectiveLift { by: "an authority".into() };
        self.act(at, &DirectiveId::from_bytes([id; 10]), Act::DirectiveLift(parts(public, private::DirectiveLift {})))
    }

    /// Directives in force, and lists the party is on.
    fn in_force(&self, at: i64) -> (Vec<String>, Vec<String>) {
        let at = Time::from_millis(at);
        let directives =
            self.0.directives.values().filter(|directive| directive.life.is_some_and(|life| life.holds(at)));
        let party = self.0.parties.get(&PARTY).unwrap();
        let lists = party.lists.iter().filter(|place| place.life.holds(at)).map(|place| place.list.to_string());
        (directives.filter_map(|directive| Some(directive.text.as_ref()?.id.clone())).collect(), lists.collect())
    }
}

fn text(id: u8) -> DirectiveText {
    DirectiveText {
        id: format!("order-{id}"),
        authority: "an authority".into(),
        instrument: None,
        citation: None,
        kind: DirectiveKind::Order,
        received: Time::EPOCH,
        effective: None,
        models: vec!["mythos-5".into()],
        forbid: "principal.us_person == false".into(),
        except: vec![Exception { list: "a.csv".into(), models: vec!["mythos-5".into()] }],
        unknown: Unknown::Deny,
        min_level: 1,
        answer: Answer::Deny,
        disclosure: Disclosure::Public,
        notice: None,
        amends: None,
    }
}

fn both(id: u8) -> (Vec<String>, Vec<String>) {
    (vec![format!("order-{id}")], vec![format!("order-{id}/a.csv")])
}

#[test]
fn an_amendment_replaces_without_a_gap() {
    let mut log = Log::new();
    log.enact(10, 7, 10, None).unwrap();
    log.enact(20, 8, 50, Some(7)).unwrap();
    assert_eq!((log.in_force(49), log.in_force(50)), (both(7), both(8)));
}

#[test]
fn an_amendment_lifted_before_its_time_replaces_nothing() {
    let mut log = Log::new();
    log.enact(10, 7, 10, None).unwrap();
    log.enact(20, 8, 50, Some(7)).unwrap();
    let touched = log.lift(30, 8);
    assert!(touched.rules && touched.parties.contains(&PARTY));
    assert_eq!((log.in_force(49), log.in_force(50)), (both(7), both(7)));
    log.lift(60, 7);
    assert_eq!(log.in_force(60), (vec![], vec![]));
}

#[test]
fn what_was_lifted_itself_stays_so_when_its_amendment_is_lifted() {
    let mut log = Log::new();
    log.enact(10, 7, 10, None).unwrap();
    log.enact(20, 8, 50, Some(7)).unwrap();
    log.lift(30, 7);
    log.lift(40, 8);
    assert_eq!(log.in_force(50), (vec![], vec![]));
    log.enact(60, 9, 60, None).unwrap();
    let refusal = log.enact(61, 10, 61, Some(10)).unwrap_err();
    assert!(refusal.to_string().contains("cannot amend itself"), "{refusal}");
}

#[test]
fn one_secret_is_one_key_at_a_time() {
    let mut log = Log::new();
    log.key(1, 1, 9).unwrap();
    let refusal = log.key(2, 2, 9).unwrap_err();
    assert!(refusal.to_string().contains("same secret"), "{refusal}");
    let public = public::KeyRevoke { key: KeyId::from_bytes([1; 10]) };
    log.act(3, &ACCOUNT, Act::KeyRevoke(parts(public, private::KeyRevoke {})));
    log.key(3, 2, 9).unwrap();
}

#[test]
fn an_appeal_can_be_won_after_the_measure_has_lapsed() {
    let mut log = Log::new();
    let file = |measure| {
        let public = public::AppealFile { appeal: APPEAL, measure: Some(measure), due: Time::EPOCH };
        Act::AppealFile(parts(
            public,
            private::AppealFile { decision: None, account: ACCOUNT, text: "no".into(), rules: vec![] },
        ))
    };
    assert!(log.try_act(1, &APPEAL, None, file(MEASURE)).is_err(), "there is no such measure yet");
    let until = Some(Time::from_millis(10));
    let public = public::MeasureTake { measure: MEASURE, kind: MeasureKind::Refuse, until };
    log.act(1, &ACCOUNT, Act::MeasureTake(parts(public, private::MeasureTake { reason: "observed".into() })));
    log.act(2, &APPEAL, file(MEASURE));
    let public = public::AppealDecide { appeal: APPEAL, ruling: Ruling::Overturn };
    log.act(20, &APPEAL, Act::AppealDecide(parts(public, private::AppealDecide { reason: "it was wrong".into() })));
    assert!(log.0.appeals.get(&APPEAL).unwrap().ruling.is_some());
}
