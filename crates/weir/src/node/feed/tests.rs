use std::fs::OpenOptions;
use std::io::Write as _;

use proptest::prelude::*;
use weir_acts::Time;
use weir_acts::id::{AccountId, KeyId, PartyId};
use weir_acts::words::Stage;
use weir_exchange::{Client, DecisionId, DecisionRecord, Outcome, Params, Ruling, Usage};
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

/// A folder whose records are also handed over as they are written.
struct Handing {
    folder: Folder,
    last: u64,
}

/// A decision as it is recorded.
pub(in crate::node) fn decision(id: DecisionId) -> DecisionRecord {
    DecisionRecord {
        id,
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
        stage: Stage::General,
        ruling: Ruling::Permit,
        rules: Vec::new(),
    }
}

fn exchange(seq: u64) -> ExchangeRecord {
    let id = DecisionId { segment: 1, sequence: u32::try_from(seq).unwrap() };
    ExchangeRecord {
        id,
        time: Time::EPOCH,
        account: AccountId::from_bytes([1; 10]),
        party: PartyId::from_bytes([1; 10]),
        person: None,
        api: "openai.chat",
        model: None,
        served_model: None,
        decision: id,
        tree_size: 1,
        seq,
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

impl Handing {
    fn new() -> Handing {
        Handing { folder: Folder::new(), last: 0 }
    }

    fn follow(&self, after: u64) -> Follower {
        Follower::new(self.folder.feed(after))
    }

    /// A decision, and so many exchanges, with a number left out before each where
    /// `skips`. What `is_handed` not was written by a way that hands nothing over.
    fn write(&mut self, exchanges: u64, skips: bool, is_handed: bool) {
        let mut records = vec![Record::Decision(decision(DecisionId { segment: 1, sequence: 0 }))];
        for _ in 0..exchanges {
            self.last += 1 + u64::from(skips);
            records.push(Record::Exchange(exchange(self.last)));
        }
        let mut lines = Vec::new();
        records.iter().for_each(|record| record.write_line(&mut lines).unwrap());
        let Folder { segments, progress, .. } = &mut self.folder;
        let from = segments.written_bytes();
        segments.write(&lines).unwrap();
        if is_handed {
            progress.wrote(segments.current().number, from, segments.written_bytes(), records);
        }
    }

    fn sync(&mut self) {
        let Folder { segments, progress, .. } = &mut self.folder;
        segments.sync().unwrap();
        progress.reached(segments.current().number, segments.durable_bytes());
    }

    fn roll(&mut self) {
        self.sync();
        self.folder.segments.roll().unwrap();
    }
}

/// What a follower is given until nothing comes, and how much of it from memory.
fn drain(follower: &mut Follower, most: usize) -> (Vec<u64>, usize) {
    let (mut seqs, mut handed) = (Vec::new(), 0);
    loop {
        match follower.next(most, Duration::ZERO).unwrap() {
            Followed::Read(exchanges) if exchanges.is_empty() => return (seqs, handed),
            Followed::Read(exchanges) => seqs.extend(exchanges.iter().map(|exchange| exchange.seq.unwrap())),
            Followed::Handed(some) => {
                let before = seqs.len();
                seqs.extend(some.exchanges().map(|exchange| exchange.seq));
                handed += seqs.len() - before;
            }
            Followed::Over => panic!("it is not over"),
        }
    }
}

#[test]
fn who_keeps_up_is_handed_what_is_durable_and_who_does_not_reads_it() {
    let mut handing = Handing::new();
    let mut follower = handing.follow(0);
    assert_eq!(drain(&mut follower, 10), (Vec::new(), 0));
    handing.write(3, false, true);
    assert_eq!(drain(&mut follower, 10), (Vec::new(), 0), "it is not durable");
    handing.sync();
    assert_eq!(drain(&mut follower, 10), (vec![1, 2, 3], 3));
    handing.roll();
    handing.write(2, false, true);
    handing.sync();
    assert_eq!(drain(&mut follower, 10), (vec![4, 5], 2), "over files too");
    // What is between is read, and then it is handed again.
    handing.write(1, false, false);
    handing.write(1, false, true);
    handing.sync();
    assert_eq!(drain(&mut follower, 10), (vec![6, 7], 0));
    handing.write(1, false, true);
    handing.sync();
    assert_eq!(drain(&mut follower, 10), (vec![8], 1));
    // Too many to be kept.
    (0..2).for_each(|_| handing.write(10_000, false, true));
    handing.sync();
    let (seqs, _) = drain(&mut follower, 4_096);
    assert_eq!(seqs, (9..=20_008).collect::<Vec<_>>());
    drop(follower);
    handing.write(1, false, true);
    handing.sync();
    let mut next = handing.follow(20_008);
    assert_eq!(drain(&mut next, 10), (vec![20_009], 0), "nobody followed");
}

#[derive(Debug, Clone)]
enum Happens {
    Written { exchanges: u64, skips: bool, is_handed: bool },
    Synced,
    Rolled,
    Undone,
    Followed { most: usize },
    Restarted,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..4_u64, proptest::bool::weighted(0.1), proptest::bool::weighted(0.9))
            .prop_map(|(exchanges, skips, is_handed)| Happens::Written { exchanges, skips, is_handed }),
        3 => Just(Happens::Synced),
        1 => Just(Happens::Rolled),
        1 => Just(Happens::Undone),
        3 => (1..6_usize).prop_map(|most| Happens::Followed { most }),
        1 => Just(Happens::Restarted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens, memory and files together give what the files alone give.
    #[test]
    fn every_exchange_comes_once_and_in_order_from_memory_or_from_files(all in proptest::collection::vec(happens(), 0..60)) {
        let mut handing = Handing::new();
        let mut follower = handing.follow(0);
        let mut given = Vec::new();
        let mut missed = 0;
        for one in all {
            match one {
                Happens::Written { exchanges, skips, is_handed } => handing.write(exchanges, skips, is_handed),
                Happens::Synced => handing.sync(),
                Happens::Rolled => handing.roll(),
                Happens::Undone => handing.folder.progress.undone(),
                Happens::Followed { most } => given.extend(drain(&mut follower, most).0),
                Happens::Restarted => {
                    missed += follower.missed();
                    let after = follower.seq();
                    drop(follower);
                    follower = handing.follow(after);
                }
            }
        }
        handing.sync();
        given.extend(drain(&mut follower, 3).0);
        let mut feed = handing.folder.feed(0);
        let mut read = Vec::new();
        while let Fed::Exchanges(some) = feed.next(7, Duration::ZERO).unwrap() && !some.is_empty() {
            read.extend(some.iter().map(|exchange| exchange.seq.unwrap()));
        }
        prop_assert_eq!(given, read);
        prop_assert_eq!(missed + follower.missed(), feed.missed());
    }
}
