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

fn light(queue: &RecordQueue) -> Option<Vec<u32>> {
    let taken = queue.take_light(|_| false)?;
    let sequence = |record: &Record| match record {
        Record::Decision(decision) => decision.id.sequence,
        Record::Exchange(exchange) => exchange.id.sequence,
    };
    Some(taken.records.iter().map(sequence).collect())
}

#[test]
fn a_requests_thread_takes_what_is_quickly_written_and_leaves_the_rest_to_the_writer() {
    let queue = RecordQueue::new(1_000);
    assert_eq!(light(&queue), None, "there is nothing");
    queue.decide(decision(1, Stage::General), true, said(LIGHT)).unwrap();
    queue.settle(exchange(1));
    assert_eq!(light(&queue), Some(vec![1, 1]));

    // A long body takes time once its exchange is there, not before.
    queue.decide(decision(2, Stage::General), true, said(LIGHT + 1)).unwrap();
    queue.decide(decision(3, Stage::General), true, said(1)).unwrap();
    queue.settle(exchange(3));
    assert_eq!(light(&queue), Some(vec![2, 3, 3]));
    queue.settle(exchange(2));
    assert!(queue.take_light(|of| of == id(2)).is_none(), "what was said was taken before, and not read yet");
    assert_eq!(light(&queue), Some(vec![2]), "it was read by now");
    queue.decide(decision(4, Stage::General), true, said(LIGHT + 1)).unwrap();
    queue.settle(exchange(4));
    assert_eq!(light(&queue), None);
    assert_eq!(queue.take(Duration::ZERO).unwrap().records.len(), 2);

    // Sealing a text may wait for its key to be durable.
    let kept = KeepText { account: AccountId::from_bytes([1; 10]), until: Time::EPOCH };
    let keeps = said(1).map(|said| Said { keep_text: Some(kept), ..said });
    queue.decide(decision(5, Stage::General), true, keeps).unwrap();
    queue.settle(exchange(5));
    assert_eq!(light(&queue), None);
    queue.take(Duration::ZERO).unwrap();

    // Somebody waits for the disk, where no request's thread goes.
    let place = queue.decide(decision(6, Stage::Verified), true, said(1)).unwrap();
    let _until_durable = queue.until_durable(place);
    assert_eq!(light(&queue), None);
    assert!(queue.take(Duration::ZERO).unwrap().must_sync);

    // More than a few take time, however short each is.
    for sequence in 0..=u32::try_from(FEW).unwrap() {
        queue.decide(decision(sequence, Stage::General), false, None).unwrap();
    }
    assert_eq!(light(&queue), None);
}

#[test]
fn who_takes_what_others_wait_for_and_tells_that_it_is_written_lets_them_go_on() {
    let queue = RecordQueue::new(10);
    let place = queue.decide(decision(1, Stage::General), false, None).unwrap();
    let mut until_written = queue.until_written(place);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut until_written).poll(&mut cx).is_pending());
    let taken = queue.take_light(|_| false).unwrap();
    assert!(std::pin::Pin::new(&mut until_written).poll(&mut cx).is_pending(), "taken is not written");
    queue.handed_over(taken.before);
    assert_eq!(std::pin::Pin::new(&mut until_written).poll(&mut cx), std::task::Poll::Ready(Ok(())));
}
