use std::fs::OpenOptions;
use std::io::Write as _;

use weir_store::segment::{Sealed, SegmentWriter};

use super::*;

const SOON: Duration = Duration::from_millis(1);

/// A folder whose records are written as the record writer does it.
struct Folder {
    dir: tempfile::TempDir,
    progress: Arc<Progress>,
    segments: SegmentWriter,
}

impl Folder {
    fn new() -> Folder {
        let dir = tempfile::tempdir().unwrap();
        Folder::open(dir)
    }

    fn open(dir: tempfile::TempDir) -> Folder {
        let segments = SegmentWriter::open(dir.path(), 1 << 20, &Sealed::new()).unwrap();
        let progress = Arc::new(Progress::default());
        progress.reached(segments.current().number, 0);
        Folder { dir, progress, segments }
    }

    fn write(&mut self, seqs: impl IntoIterator<Item = u64>) {
        let mut lines = Vec::new();
        for seq in seqs {
            lines.extend(br#"{"record":"decision","account":"a","time":"2026-05-01T00:00:00Z"}"#);
            lines.push(b'\n');
            let line = format!(r#"{{"record":"exchange","account":"a-{seq}","time":"2026-05-01T00:00:00Z","seq":{seq}}}"#);
            lines.extend(line.as_bytes());
            lines.push(b'\n');
        }
        self.segments.append(&lines).unwrap();
        self.progress.reached(self.segments.current().number, self.segments.durable_bytes());
    }

    fn feed(&self, after: u64) -> Feed {
        Feed::after(self.dir.path(), Arc::clone(&self.progress), after)
    }
}

fn seqs(fed: Fed) -> Vec<u64> {
    match fed {
        Fed::Exchanges(exchanges) => exchanges.iter().map(|exchange| exchange.seq.unwrap()).collect(),
        Fed::Over => panic!("it is not over"),
    }
}

fn all(feed: &mut Feed, most: usize) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let some = seqs(feed.next(most, SOON).unwrap());
        assert!(some.len() <= most);
        if some.is_empty() {
            return found;
        }
        found.extend(some);
    }
}

#[test]
fn every_exchange_comes_once_and_in_order_over_segments_and_restarts() {
    let mut folder = Folder::new();
    folder.write(1..=10);
    folder.segments.roll().unwrap();
    folder.write(11..=20);
    let mut folder = Folder::open(folder.dir);
    assert_eq!(last_seq(folder.dir.path()).unwrap(), 20);
    let mut late = folder.feed(0);
    folder.write(21..=30);
    folder.segments.roll().unwrap();
    folder.write(31..=33);
    for most in [1, 7, 1_000] {
        for after in [0, 1, 9, 10, 11, 20, 25, 30, 33] {
            let mut feed = folder.feed(after);
            assert_eq!(all(&mut feed, most), (after + 1..=33).collect::<Vec<_>>(), "after {after}, {most} at once");
            assert_eq!((feed.seq(), feed.missed()), (33, 0));
        }
    }
    assert_eq!(all(&mut late, 4), (1..=33).collect::<Vec<_>>());
    folder.write([34]);
    assert_eq!(all(&mut late, 4), [34]);
    folder.progress.end();
    assert_eq!(late.next(4, SOON).unwrap(), Fed::Over);
}

#[test]
fn what_is_not_durable_is_not_given_and_what_is_missing_is_counted() {
    let mut folder = Folder::new();
    folder.write([1, 2, 5]);
    let path = folder.segments.current().path.clone();
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"number\":7,\"record\":\"exchange\",\"account\":\"a\",\"time\":\"2026-05-01T00:00:00Z\",\"seq\":6}\n").unwrap();
    let mut feed = folder.feed(0);
    assert_eq!(all(&mut feed, 10), [1, 2, 5]);
    assert_eq!(feed.missed(), 2);
}

#[test]
fn a_feed_that_waits_is_woken_by_the_next_exchange() {
    let mut folder = Folder::new();
    folder.write([1]);
    let mut feed = folder.feed(1);
    let waiting = std::thread::spawn(move || seqs(feed.next(10, Duration::from_secs(60)).unwrap()));
    folder.write([2]);
    assert_eq!(waiting.join().unwrap(), [2]);
}

#[test]
fn an_empty_folder_gives_nothing() {
    let folder = Folder::new();
    assert_eq!(seqs(folder.feed(0).next(10, SOON).unwrap()), [0_u64; 0]);
    assert_eq!(last_seq(folder.dir.path()).unwrap(), 0);
}
