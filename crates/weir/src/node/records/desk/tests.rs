use std::time::Instant;

use prometheus_client::registry::Registry;
use tokio::sync::mpsc::unbounded_channel;
use weir_control::{Control, boot};
use weir_exchange::DecisionId;
use weir_store::kind::FolderKind;
use weir_store::segment::{Sealed, SegmentWriter};

use super::super::work::{Kept, Work};
use super::super::Keeping;
use super::*;
use crate::node::feed::Progress;
use crate::node::feed::tests::decision;
use crate::node::prompts::Keeper;

/// A desk at which no thread of its own writes.
struct Alone {
    desk: Desk,
    shared: Arc<Shared>,
    decided: u32,
    dir: tempfile::TempDir,
}

impl Alone {
    fn new() -> Alone {
        let dir = tempfile::tempdir().unwrap();
        let booted = boot::open(dir.path(), FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap();
        let (control, _starter) = Control::new(booted).unwrap();
        let queue = Arc::new(RecordQueue::new(64));
        let segments = SegmentWriter::open(dir.path(), 1 << 20, &Sealed::new()).unwrap();
        let (seals, _to_seal) = unbounded_channel();
        let work = Work {
            segments,
            keeping: Keeping { roll_bytes: 1 << 20, roll_after: Duration::from_secs(3_600) },
            since: Instant::now(),
            queue: Arc::clone(&queue),
            written: Counter::default(),
            seals,
            kept: Kept::default(),
            progress: Arc::new(Progress::default()),
        };
        let held = Held { work, hurries: false, is_syncing: false, ends: false };
        let shared = Arc::new(Shared { held: Mutex::new(held), stirred: std::sync::Condvar::new() });
        let prompts = Prompts::new([7; 16], Keeper::new(control, &mut Registry::default()));
        let desk = Desk::new(queue, &shared, prompts, Counter::default());
        Alone { desk, shared, decided: 0, dir }
    }

    /// A request decides and waits for its record.
    fn wait_for_one(&mut self) -> Place {
        self.decided += 1;
        let decision = decision(DecisionId { segment: 1, sequence: self.decided });
        let place = self.desk.decide(decision, false, None).unwrap();
        drop(self.desk.until_written(place));
        place
    }

    fn is_written(&self, place: Place) -> bool {
        self.desk.queue.is_written(place)
    }

    /// Lines in the file of records.
    fn lines(&self) -> usize {
        let path = self.shared.lock().work.segments.current().path.clone();
        assert!(path.starts_with(self.dir.path()));
        std::fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()
    }
}

#[test]
fn a_request_writes_what_waits_itself_and_never_waits_for_a_disk_or_a_writer() {
    let mut alone = Alone::new();
    let first = alone.wait_for_one();
    assert!(alone.is_written(first), "nothing was in the way");
    assert_eq!(alone.lines(), 1);

    // The disk is at work on the file: a write could wait for it.
    alone.shared.lock().is_syncing = true;
    let second = alone.wait_for_one();
    assert!(!alone.is_written(second));
    alone.shared.lock().is_syncing = false;

    // Nothing can be written.
    alone.shared.lock().work.kept.has_failed = true;
    let third = alone.wait_for_one();
    assert!(!alone.is_written(third));
    alone.shared.lock().work.kept.has_failed = false;

    // Somebody writes, and the disk holds him up: the lock is only tried, or this
    // would never return.
    let shared = Arc::clone(&alone.shared);
    let held = shared.lock();
    let fourth = alone.wait_for_one();
    assert!(!alone.is_written(fourth));
    drop(held);
    assert_eq!(alone.lines(), 1);

    // The next whom nothing hinders writes for all.
    let fifth = alone.wait_for_one();
    assert!([second, third, fourth, fifth].into_iter().all(|place| alone.is_written(place)));
    assert_eq!(alone.lines(), 5);
}
