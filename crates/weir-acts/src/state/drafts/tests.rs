use super::*;
use crate::digest::Digest;
use crate::entry::BY_WEIR;
use crate::id::LogId;
use crate::time::Time;
use crate::words::Role;

const OFFICERS: [OperatorId; 2] = [OperatorId::from_bytes([1; 10]), OperatorId::from_bytes([2; 10])];
const DRAFT: DraftId = DraftId::from_bytes([7; 10]);

fn entry(by: &str, subject: &str, act: Act) -> Entry {
    Entry { at: Time::from_millis(5), by: by.into(), approvals: vec![], subject: subject.into(), basis: None, act }
}

/// A state with two operators and a draft of the first.
fn state() -> State {
    let mut state = State::default();
    let log = LogId::from_bytes([0; 10]).to_string();
    let open = public::LogOpen { origin: "example.org/weir".into(), vkey: "v".into() };
    state.apply(&entry(BY_WEIR, &log, Act::LogOpen(Parts { public: open, private: None }))).unwrap();
    for officer in OFFICERS {
        let add = Parts { public: public::OperatorAdd { roles: vec![Role::ReleaseOfficer] }, private: None };
        state.apply(&entry(BY_WEIR, &officer.to_string(), Act::OperatorAdd(add))).unwrap();
    }
    let add = Parts {
        public: public::DraftAdd { command: "rules.set".into() },
        private: Some(private::DraftAdd { with: "{}".into() }),
    };
    state.apply(&entry(&OFFICERS[0].to_string(), &DRAFT.to_string(), Act::DraftAdd(add))).unwrap();
    state
}

fn approve(by: OperatorId, saw: Digest) -> Entry {
    let act = Act::DraftApprove(Parts { public: public::DraftApprove { saw }, private: None });
    entry(&by.to_string(), &DRAFT.to_string(), act)
}

fn close(carried_out: bool) -> Entry {
    let act = Act::DraftClose(Parts { public: public::DraftClose { carried_out }, private: None });
    entry(&OFFICERS[0].to_string(), &DRAFT.to_string(), act)
}

#[test]
fn a_draft_is_approved_by_others_once_and_only_while_it_waits() {
    let mut state = state();
    let saw = state.drafts[&DRAFT].digest().unwrap();
    assert!(state.apply(&approve(OFFICERS[0], saw)).unwrap_err().to_string().contains("own"));
    state.apply(&approve(OFFICERS[1], saw)).unwrap();
    assert!(state.apply(&approve(OFFICERS[1], saw)).unwrap_err().to_string().contains("already"));
    assert_eq!(state.drafts[&DRAFT].approvals.get(&OFFICERS[1]), Some(&saw));
    state.apply(&close(true)).unwrap();
    assert_eq!(state.drafts[&DRAFT].status(), "carried out");
    assert!(state.apply(&close(false)).is_err());
    assert!(state.apply(&approve(OFFICERS[1], saw)).is_err());
}

#[test]
fn an_act_may_claim_only_consent_that_was_given() {
    let mut state = state();
    let saw = state.drafts[&DRAFT].digest().unwrap();
    let claiming = |saw| {
        let mut entry = close(true);
        entry.approvals = vec![Approval { by: OFFICERS[1].to_string(), saw }];
        entry
    };
    let refused = state.apply(&claiming(saw)).unwrap_err().to_string();
    assert!(refused.contains("approved no draft"), "{refused}");
    state.apply(&approve(OFFICERS[1], saw)).unwrap();
    assert!(state.apply(&claiming(Digest::of(b"another"))).is_err());
    state.apply(&claiming(saw)).unwrap();
}
