//! A recorder in the gateway's house.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use weir_exchange::{DecisionRecord, ExchangeRecord, Record};
use weir_gateway::{Place, RecordQueue, Recorder, Said, Unavailable, UntilDurable};

/// A queue that can be made to fail.
pub(crate) struct TestRecorder {
    pub(crate) queue: RecordQueue,
    fails: AtomicBool,
    /// Nothing is durable before the test says so.
    holds: AtomicBool,
    /// Nor are exchanges kept in any way.
    holds_exchanges: AtomicBool,
    settled: Mutex<Vec<Place>>,
}

impl Recorder for TestRecorder {
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool, said: Option<Said>) -> Result<Place, Unavailable> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        self.queue.decide(decision, owes_exchange, said)
    }

    fn until_durable(&self, place: Place) -> UntilDurable {
        match self.holds.load(Ordering::SeqCst) {
            true if self.is_held(place) => self.queue.until_durable(place),
            true => UntilDurable::Known(Ok(())),
            false => UntilDurable::Known(Ok(())),
        }
    }

    fn settle(&self, exchange: ExchangeRecord) -> Place {
        let place = self.queue.settle(exchange);
        self.settled.lock().unwrap().push(place);
        place
    }

    fn until_written(&self, place: Place) -> UntilDurable {
        match self.holds_exchanges.load(Ordering::SeqCst) {
            true => self.queue.until_written(place),
            false => UntilDurable::Known(Ok(())),
        }
    }
}

impl TestRecorder {
    pub(crate) fn new() -> TestRecorder {
        TestRecorder {
            queue: RecordQueue::new(100_000),
            fails: AtomicBool::new(false),
            holds: AtomicBool::new(false),
            holds_exchanges: AtomicBool::new(false),
            settled: Mutex::default(),
        }
    }

    fn is_held(&self, place: Place) -> bool {
        self.holds_exchanges.load(Ordering::SeqCst) || !self.settled.lock().unwrap().contains(&place)
    }

    pub(crate) fn hold_exchanges(&self) {
        self.holds.store(true, Ordering::SeqCst);
        self.holds_exchanges.store(true, Ordering::SeqCst);
    }

    pub(crate) fn set_failing(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn hold(&self) {
        self.holds.store(true, Ordering::SeqCst);
    }

    /// Waits until `exchanges` exchanges have come, and takes everything.
    pub(crate) fn until_settled(&self, exchanges: usize) -> (Vec<DecisionRecord>, Vec<ExchangeRecord>) {
        let (mut decided, mut settled) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            for record in self.queue.take(Duration::from_secs(1)).unwrap().records {
                match record {
                    Record::Decision(decision) => decided.push(decision),
                    Record::Exchange(exchange) => settled.push(exchange),
                }
            }
            if settled.len() >= exchanges {
                return (decided, settled);
            }
        }
        panic!("only {} of {exchanges} exchanges were recorded", settled.len());
    }

    /// What has been recorded up to now.
    pub(crate) fn so_far(&self) -> Vec<Record> {
        self.queue.take(Duration::ZERO).unwrap().records
    }
}
