use super::*;
use crate::board::Board;
use crate::flight::{CutReason, Flight, FlightBoard, NewFlight};
use weir_acts::id::{AccountId, KeyId, PartyId};
use weir_acts::view::{Caller, Class};
use weir_acts::{Time, World};
use weir_rules::Snapshot;
use weir_wire::Api;

struct Door {
    gate: Arc<Gate>,
    board: Arc<FlightBoard>,
    ticks: Arc<Ticks>,
}

fn door() -> Door {
    let ticks: Arc<Ticks> = Arc::default();
    let snapshot = Snapshot::of(&World::default()).unwrap();
    let gate = Arc::new(Gate::new(Arc::clone(&ticks), Duration::from_secs(1)));
    Door { gate, board: Arc::new(Board::new(Arc::new(snapshot), 1)), ticks }
}

impl Door {
    fn enter(&self, number: u64) -> Ticket {
        let world = World::default();
        let facts = world.interner().intern(weir_acts::facts::Facts::default());
        let caller = Caller {
            key: KeyId::from_bytes([1; 10]),
            account: AccountId::from_bytes([2; 10]),
            party: PartyId::from_bytes([3; 10]),
            class: Class { party: facts, account: facts },
        };
        let new = NewFlight {
            person: None,
            number,
            key: [0; 32],
            caller,
            api: Api::OpenAiChat,
            model: None,
            nested: [].into(),
            since: Time::EPOCH,
        };
        Ticket::enter(&self.board, 0, Flight::new(new, Arc::clone(&self.gate)))
    }

    fn deny(&self, number: u64) -> bool {
        self.gate.deny(number, &Arc::new(Cut { tree_size: 1, why: CutReason::Missing }))
    }

    fn may_write(&self) -> bool {
        self.gate.write(|| ()).is_some()
    }
}

#[test]
fn a_clean_answer_that_is_denied_may_still_be_told_why() {
    let door = door();
    let _ticket = door.enter(1);
    assert!(door.gate.hand_over().is_ok());
    door.gate.flushed();
    assert!(door.deny(1));
    assert!(door.gate.hand_over().is_err(), "nothing of it is taken any more");
    assert!(door.gate.cut().is_some() && door.may_write() && !door.gate.is_severed());
}

#[test]
fn a_dirty_answer_that_is_denied_is_severed() {
    let door = door();
    let _ticket = door.enter(1);
    assert!(door.gate.hand_over().is_ok());
    assert!(door.deny(1));
    assert!(!door.may_write() && door.gate.is_severed());
}

#[test]
fn an_answer_that_is_over_but_not_written_out_is_severed() {
    let door = door();
    let ticket = door.enter(1);
    assert!(door.gate.hand_over().is_ok());
    door.gate.depart(Some(ticket));
    assert_eq!(door.board.flights().len(), 1, "it stays on the board");
    assert!(door.deny(1));
    assert!(!door.may_write());
}

#[test]
fn an_answer_that_was_written_out_is_nobodys_to_deny() {
    let door = door();
    let ticket = door.enter(1);
    assert!(door.gate.hand_over().is_ok());
    door.gate.depart(Some(ticket));
    assert!(door.gate.flushed(), "the connection is idle now");
    assert!(door.board.flights().is_empty());
    assert!(!door.deny(1) && door.may_write());
}

#[test]
fn a_denial_is_for_one_request() {
    let door = door();
    let first = door.enter(1);
    assert!(door.deny(1));
    door.gate.depart(Some(first));
    let _second = door.enter(2);
    assert!(!door.deny(1), "the first is gone");
    assert!(door.gate.cut().is_none() && door.gate.hand_over().is_ok());
}

#[test]
fn a_socket_that_is_gone_holds_nobody_on_the_board() {
    for departs_first in [true, false] {
        let door = door();
        let ticket = door.enter(1);
        assert!(door.gate.hand_over().is_ok());
        if departs_first {
            door.gate.depart(Some(ticket));
            door.gate.close();
        } else {
            door.gate.close();
            door.gate.depart(Some(ticket));
        }
        assert!(door.board.flights().is_empty());
        assert_eq!(Arc::strong_count(&door.gate), 1, "nothing holds itself");
    }
}

#[test]
fn waits_end_after_their_ticks_and_blocked_writes_sever() {
    let door = door();
    door.gate.expect_within(TICK * 2);
    door.gate.tick(door.ticks.pass());
    door.gate.tick(door.ticks.pass());
    assert!(!door.gate.is_overdue(), "never before its time");
    door.gate.tick(door.ticks.pass());
    assert!(door.gate.is_overdue());
    door.gate.expect_no_more();
    door.gate.write_blocked(true);
    door.gate.write_blocked(false);
    for _ in 0..20 {
        door.gate.tick(door.ticks.pass());
    }
    assert!(!door.gate.is_overdue() && !door.gate.is_severed());
    door.gate.write_blocked(true);
    for _ in 0..20 {
        door.gate.tick(door.ticks.pass());
    }
    assert!(door.gate.is_severed());
}
