use weir_acts::Time;
use weir_acts::id::{AccountId, KeyId, PartyId};
use weir_acts::words::Stage;
use weir_exchange::{Client, Outcome, Params, Ruling, Usage};

use super::*;

fn id(sequence: u32) -> DecisionId {
    DecisionId { segment: 1, sequence }
}

fn decision(sequence: u32, stage: Stage) -> DecisionRecord {
    DecisionRecord {
        id: id(sequence),
        time: Time::EPOCH,
        tree_size: 1,
        account: AccountId::from_bytes([1; 10]),
        party: PartyId::from_bytes([1; 10]),
        key: KeyId::from_bytes([1; 10]),
        person: None,
        person_claims: None,
        assertion: None,
        api: "openai.chat",
        model: None,
        served_model: None,
        stage,
        ruling: Ruling::Permit,
        rules: Vec::new(),
    }
}

fn exchange(sequence: u32) -> ExchangeRecord {
    ExchangeRecord {
        id: id(sequence),
        time: Time::EPOCH,
        account: AccountId::from_bytes([1; 10]),
        party: PartyId::from_bytes([1; 10]),
        person: None,
        api: "openai.chat",
        model: None,
        served_model: None,
        decision: id(sequence),
        tree_size: 1,
        seq: 0,
        conversation: None,
        sketch: None,
        text: None,
        client: Client::at([198, 51, 100, 1].into()),
        params: Params::default(),
        usage: Usage::default(),
        outcome: Outcome { status: 200, refusal: None, cut_by: None },
        truncated: false,
        took_ms: 1,
    }
}

fn said(bytes: usize) -> Option<Said> {
    Some(Said { api: Api::OpenAiChat, body: Bytes::from(vec![b' '; bytes]), keep_text: None })
}

#[test]
fn exchanges_are_numbered_in_the_order_in_which_they_are_taken() {
    let queue = RecordQueue::new(100);
    queue.number_after(41);
    for sequence in [3, 1, 2] {
        queue.decide(decision(sequence, Stage::General), true, said(10)).unwrap();
    }
    [2, 3, 1].into_iter().for_each(|sequence| {
        queue.settle(exchange(sequence));
    });
    let taken = queue.take(Duration::ZERO).unwrap();
    let numbered: Vec<_> = taken
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Exchange(exchange) => Some((exchange.seq, exchange.id.sequence)),
            Record::Decision(_) => None,
        })
        .collect();
    assert_eq!(numbered, [(42, 2), (43, 3), (44, 1)]);
    assert_eq!(taken.said.iter().map(|(id, _)| id.sequence).collect::<Vec<_>>(), [3, 1, 2]);
}

#[test]
fn what_was_said_has_a_bound_under_which_general_stages_lose_the_sketch_and_restricted_ones_refuse() {
    let queue = RecordQueue::new(100);
    let more_than_all = SAID_BYTES + 1;
    queue.decide(decision(1, Stage::Verified), true, said(more_than_all)).unwrap();
    queue.decide(decision(2, Stage::General), true, said(1)).unwrap();
    assert_eq!(queue.decide(decision(3, Stage::Verified), true, said(1)), Err(Unavailable));
    assert_eq!((queue.take_unsketched(), queue.take_unkept()), (1, 1));
    let taken = queue.take(Duration::ZERO).unwrap();
    assert_eq!((taken.records.len(), taken.said.len()), (2, 1));
    // The writer took it, so there is room again.
    queue.decide(decision(4, Stage::Verified), true, said(1)).unwrap();
    assert_eq!(queue.take(Duration::ZERO).unwrap().said.len(), 1);
}
