//! Segments through restarts, roll-over, crashes, failing disks and foreign files.

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::writer::Step;
use super::*;

const NEVER_ROLL: u64 = u64::MAX;

fn open(dir: &Path) -> SegmentWriter {
    SegmentWriter::open(dir, NEVER_ROLL, &Sealed::new()).unwrap()
}

/// What the log would hold after these were sealed.
fn sealed(closed: &[Closed]) -> Sealed {
    closed.iter().map(|closed| (closed.number, (closed.summary.first, closed.summary.last()))).collect()
}

fn lines_of(dir: &Path, number: u64) -> (Vec<String>, Option<TornLine>) {
    let mut lines = Vec::new();
    let search = find(dir, number, |line| {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        None::<()>
    });
    (lines, search.unwrap().torn)
}

fn numbers_in(dir: &Path) -> Vec<u64> {
    segments(dir).unwrap().into_iter().map(|segment| segment.number).collect()
}

/// Every segment of the folder holds what its closing told.
fn all_true(dir: &Path, closed: &[Closed]) {
    for closed in closed {
        let path = path_of(dir, closed.number);
        assert_eq!(summarise(&path).unwrap(), closed.summary);
        assert_eq!(fs::metadata(path).unwrap().len(), closed.summary.bytes);
    }
}

/// Only what was durable before, in whole pages, each once; and a file that was let go
/// reads as it was written.
#[test]
fn the_system_lets_go_of_what_was_durable_before_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), 1 << 20, &Sealed::new()).unwrap();
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(2_990));
    let mut until = 0;
    for round in 0..9 {
        let durable = writer.durable_bytes();
        writer.write(line.as_bytes()).unwrap();
        let syncing = writer.begin_sync().unwrap().unwrap();
        assert_eq!(syncing.older, until..durable / 4096 * 4096, "in round {round}");
        until = syncing.older.end;
        writer.end_sync(&syncing, syncing.sync()).unwrap();
    }
    assert!(until > 4 * 4096);
    let path = writer.current().path.clone();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().filter(|read| read.contains(&line[1..2_990])).count(), 9);
    writer.roll().unwrap();
    writer.write(line.as_bytes()).unwrap();
    assert_eq!(writer.begin_sync().unwrap().unwrap().older, 0..0, "the next file is another");
}

#[test]
fn what_is_written_is_there_without_a_sync_and_counts_once_it_was_synced() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), 1 << 20, &Sealed::new()).unwrap();
    writer.write(b"{\"a\":1}\n").unwrap();
    writer.write(b"{\"a\":2}\n{\"a\":3}\n").unwrap();
    let path = writer.current().path.clone();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!((writer.durable_bytes(), writer.next_number()), (0, 1));
    writer.sync().unwrap();
    assert_eq!((writer.durable_bytes(), writer.next_number()), (text.len() as u64, 4));
    // Lines that come while others are synced are not durable with them.
    writer.write(b"{\"a\":6}\n").unwrap();
    let syncing = writer.begin_sync().unwrap().unwrap();
    writer.write(b"{\"a\":7}\n").unwrap();
    writer.end_sync(&syncing, syncing.sync()).unwrap();
    assert_eq!(writer.next_number(), 5);
    writer.sync().unwrap();
    assert!(writer.begin_sync().unwrap().is_none());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!((writer.durable_bytes(), writer.next_number()), (text.len() as u64, 6));
    // A failed sync takes back all that was written since the last one.
    writer.write(b"{\"a\":4}\n").unwrap();
    writer.fails = Some(Step::Sync);
    writer.write(b"{\"a\":5}\n").unwrap();
    assert!(writer.sync().is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    writer.write(b"{\"a\":4}\n{\"a\":5}\n").unwrap();
    writer.roll().unwrap();
    // The file in doubt is left to the next start.
    assert_eq!(writer.take_closed().iter().map(|closed| closed.summary.count).collect::<Vec<_>>(), [2]);
}

#[test]
fn lines_are_numbered_over_all_segments_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(segments(dir.path()).unwrap(), []);
    let mut first = open(dir.path());
    first.append(b"{\"a\":1}\n{\"a\":2}\n").unwrap();
    assert_eq!(first.next_number(), 3);
    let mut closed = first.close();
    let mut second = SegmentWriter::open(dir.path(), NEVER_ROLL, &sealed(&closed)).unwrap();
    assert_eq!(second.take_closed(), []);
    second.append(b"{\"a\":3}\n").unwrap();
    second.roll().unwrap();
    second.append(b"{\"a\":4}\n").unwrap();
    closed.extend(second.close());
    assert_eq!(numbers_in(dir.path()), [1, 2, 3]);
    assert_eq!(lines_of(dir.path(), 1).0, ["{\"number\":1,\"a\":1}", "{\"number\":2,\"a\":2}"]);
    assert_eq!(lines_of(dir.path(), 3).0, ["{\"number\":4,\"a\":4}"]);
    let counts: Vec<(u64, u64)> = closed.iter().map(|closed| (closed.summary.first, closed.summary.last())).collect();
    assert_eq!(counts, [(1, 2), (3, 3), (4, 4)]);
    assert!(closed.iter().all(|closed| !closed.recovered && closed.cut == 0));
    all_true(dir.path(), &closed);
}

#[test]
fn an_empty_segment_is_never_closed_and_its_number_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    for number in 1..4 {
        let mut writer = open(dir.path());
        assert_eq!(writer.current().number, number);
        writer.roll().unwrap();
        assert_eq!(writer.take_closed(), []);
        // As a crash leaves it.
        drop(writer);
        assert_eq!(numbers_in(dir.path()), [number]);
    }
    assert_eq!(SegmentWriter::open(dir.path(), NEVER_ROLL, &[(9, (1, 5))].into()).unwrap().current().number, 10);
}

#[test]
fn a_full_segment_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), 40, &Sealed::new()).unwrap();
    writer.append(b"{\"text\":\"longer than forty bytes in all\"}\n").unwrap();
    assert_eq!(writer.take_closed(), []);
    writer.append(b"{\"a\":1}\n").unwrap();
    writer.append(b"{\"a\":2}\n").unwrap();
    let closed = writer.take_closed();
    assert_eq!(closed.iter().map(|closed| closed.number).collect::<Vec<_>>(), [1]);
    writer.append(b"{\"a\":3}\n").unwrap();
    assert_eq!(writer.take_closed().len(), 1);
    assert_eq!(writer.current().number, 3);
    all_true(dir.path(), &closed);
}

#[test]
fn what_a_crash_left_is_cut_told_and_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.append(b"{\"a\":1}\n{\"a\":2}\n").unwrap();
    drop(writer);
    let path = path_of(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"{\"number\":3,\"a\""].concat()).unwrap();
    let mut next = open(dir.path());
    let closed = next.take_closed();
    assert_eq!((closed[0].number, closed[0].recovered, closed[0].cut), (1, true, 15));
    assert_eq!(closed[0].summary.last(), 2);
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(fs::read(path.with_extension("torn")).unwrap(), b"{\"number\":3,\"a\"");
    next.append(b"{\"a\":3}\n").unwrap();
    assert_eq!(lines_of(dir.path(), 2).0, ["{\"number\":3,\"a\":3}"]);
}

#[test]
fn a_line_that_a_crash_zeroed_or_that_is_out_of_order_ends_the_segment() {
    for bad in [&b"\0\0\0\0\0\0\0\0\n"[..], b"{\"number\":7,\"a\":7}\n", b"{\"a\":3}\n", b"{\"number\":3,\"a\":\0}\n"] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path());
        writer.append(b"{\"a\":1}\n").unwrap();
        drop(writer);
        let path = path_of(dir.path(), 1);
        let tail = [bad, b"{\"number\":3,\"a\":3}\n"].concat();
        fs::write(&path, [&fs::read(&path).unwrap()[..], &tail].concat()).unwrap();
        let closed = open(dir.path()).take_closed();
        assert_eq!((closed[0].summary.count, closed[0].cut), (1, tail.len() as u64));
        assert_eq!(fs::read(path.with_extension("torn")).unwrap(), tail);
    }
}

#[test]
fn after_a_failed_sync_the_same_lines_count_once() {
    for undo_fails in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path());
        writer.append(b"{\"a\":1}\n").unwrap();
        writer.fails = Some(Step::Sync);
        if undo_fails {
            // The lines are on the disk, nobody knows whether for good, and cannot be taken back.
            let path = writer.current().path.clone();
            let error = writer.append(b"{\"a\":2}\n").unwrap_err();
            assert!(error.to_string().starts_with("syncing"), "{error}");
            let whole = fs::read(&path).unwrap();
            fs::write(&path, [&whole[..], b"{\"number\":2,\"a\":2}\n"].concat()).unwrap();
        } else {
            writer.append(b"{\"a\":2}\n").unwrap_err();
        }
        writer.append(b"{\"a\":2}\n").unwrap();
        writer.append(b"{\"a\":3}\n").unwrap();
        assert_eq!(writer.current().number, 2);
        let mut closed = writer.close();
        assert_eq!(closed.len(), 1, "the doubtful one is not sealed by who wrote it");
        let mut next = SegmentWriter::open(dir.path(), NEVER_ROLL, &sealed(&closed)).unwrap();
        assert_eq!(next.next_number(), 4);
        closed.extend(next.take_closed());
        closed.sort_by_key(|closed| closed.number);
        let counts: Vec<_> = closed.iter().map(|closed| (closed.summary.first, closed.summary.last())).collect();
        assert_eq!(counts, [(1, 1), (2, 3)]);
        all_true(dir.path(), &closed);
    }
}

#[test]
fn after_a_failed_write_the_segment_goes_on_behind_the_last_good_line_or_in_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.append(b"{\"a\":1}\n").unwrap();
    writer.fails = Some(Step::Write);
    writer.append(b"{\"a\":2}\n").unwrap_err();
    writer.append(b"{\"a\":2}\n").unwrap();
    assert_eq!(writer.current().number, 1);
    writer.fails = Some(Step::Undo);
    writer.undo_for_test();
    writer.append(b"{\"a\":3}\n").unwrap();
    assert_eq!(writer.current().number, 2);
    assert_eq!(lines_of(dir.path(), 2).0, ["{\"number\":3,\"a\":3}"]);
}

#[test]
fn lines_that_a_later_segment_has_again_are_cut() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(SEGMENTS_FOLDER)).unwrap();
    fs::write(path_of(dir.path(), 1), "{\"number\":1,\"a\":1}\n{\"number\":2,\"a\":2}\n").unwrap();
    fs::write(path_of(dir.path(), 2), "").unwrap();
    fs::write(path_of(dir.path(), 3), "{\"number\":2,\"a\":2}\n{\"number\":3,\"a\":3}\n").unwrap();
    let closed = open(dir.path()).take_closed();
    let counts: Vec<_> =
        closed.iter().map(|closed| (closed.number, closed.summary.first, closed.summary.last())).collect();
    assert_eq!(counts, [(1, 1, 1), (3, 2, 3)]);
}

#[test]
fn a_line_can_be_shown_to_be_in_its_segment() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    for number in 0..11 {
        writer.append(format!("{{\"a\":{number}}}\n").as_bytes()).unwrap();
    }
    let [closed] = &writer.close()[..] else { panic!("one segment") };
    let leaves = leaves(&path_of(dir.path(), 1)).unwrap();
    let root = weir_tlog::Hash(closed.summary.root);
    for (index, leaf) in (0..).zip(&leaves) {
        let proof = weir_tlog::proof::prove_inclusion(&weir_tlog::LeafHashes(&leaves), index, 11).unwrap();
        weir_tlog::proof::check_inclusion(*leaf, index, 11, root, &proof).unwrap();
    }
}

#[test]
fn the_search_stops_at_the_first_answer() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(b"{\"a\":1}\n{\"b\":2}\n{\"b\":3}\n").unwrap();
    let search = find(dir.path(), 1, |line| line_number(line).filter(|number| *number > 1)).unwrap();
    assert_eq!(search, Search { found: Some(2), torn: None });
}

#[test]
fn what_is_no_record_is_refused_before_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let error = writer.append(b"{\"a\":1}\n{\"a\":2}").unwrap_err();
    assert!(matches!(error, FolderError::UnendedLine { .. }), "{error}");
    for bad in [&b"one\n"[..], b"{}\n", b"\n"] {
        let error = writer.append(bad).unwrap_err();
        assert!(matches!(error, FolderError::NoRecord { .. }), "{error}");
    }
    assert_eq!(lines_of(dir.path(), 1), (vec![], None));
}

#[test]
fn the_longest_line_fits_and_one_byte_more_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let line = |bytes: usize| format!("{{\"a\":\"{}\"}}\n", "x".repeat(bytes - "{\"number\":1,\"a\":\"\"}\n".len()));
    let most = usize::try_from(MAX_LINE_BYTES).unwrap();
    let error = writer.append(line(most + 1).as_bytes()).unwrap_err();
    assert!(matches!(error, FolderError::LineTooLong { .. }), "{error}");
    writer.append(line(most).as_bytes()).unwrap();
    assert_eq!(lines_of(dir.path(), 1).0[0].len(), most - 1);
    fs::write(&writer.current().path, vec![b'x'; most + 1]).unwrap();
    let error = find(dir.path(), 1, |_| None::<()>).unwrap_err();
    assert!(matches!(error, FolderError::LineTooLong { offset: 0, .. }), "{error}");
}

#[test]
fn files_of_other_names_are_not_segments() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(SEGMENTS_FOLDER);
    fs::create_dir(&folder).unwrap();
    for name in ["1.jsonl", "000000001.jsonl", "+0000001.jsonl", "00000001.json", "notes"] {
        fs::write(folder.join(name), "").unwrap();
    }
    fs::write(folder.join("00000007.jsonl"), "").unwrap();
    fs::write(folder.join("123456789.jsonl"), "").unwrap();
    assert_eq!(numbers_in(dir.path()), [7, 123_456_789]);
    let error = find(dir.path(), 8, |_| None::<()>).unwrap_err();
    assert!(matches!(error, FolderError::NoSegment { number: 8, .. }), "{error}");
    assert!(delete(dir.path(), 7).unwrap() && !delete(dir.path(), 7).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(2), ..ProptestConfig::default() })]

    /// Any bytes at all: the complete lines come back in order, and the rest is the torn line.
    #[test]
    fn a_segment_reads_as_its_lines(bytes in proptest::collection::vec(
        prop_oneof![Just(b'\n'), any::<u8>()], 0..200,
    )) {
        let dir = tempfile::tempdir().unwrap();
        let writer = open(dir.path());
        fs::write(&writer.current().path, &bytes).unwrap();
        let mut expected: Vec<Vec<u8>> = bytes.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        let rest = expected.pop().unwrap();
        let mut lines = Vec::new();
        let search = find(dir.path(), 1, |line| { lines.push(line.to_vec()); None::<()> });
        let torn = search.unwrap().torn;
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(torn.map_or(0, |torn| torn.bytes), rest.len() as u64);
        if let Some(torn) = torn {
            prop_assert_eq!(torn.offset + torn.bytes, bytes.len() as u64);
        }
    }

    /// A crash cuts a segment anywhere: what is recovered are the lines that were whole.
    #[test]
    fn a_segment_cut_anywhere_is_recovered_to_its_whole_lines(lines in 1_usize..12, at in any::<proptest::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path());
        for line in 0..lines {
            writer.append(format!("{{\"a\":{line}}}\n").as_bytes()).unwrap();
        }
        let path = writer.current().path.clone();
        drop(writer);
        let bytes = fs::read(&path).unwrap();
        let kept = at.index(bytes.len() + 1);
        fs::write(&path, &bytes[..kept]).unwrap();
        let whole = bytes[..kept].iter().filter(|byte| **byte == b'\n').count() as u64;
        let mut next = open(dir.path());
        prop_assert_eq!(next.next_number(), whole + 1);
        let closed = next.take_closed();
        prop_assert_eq!(closed.first().map_or(0, |closed| closed.summary.count), whole);
        all_true(dir.path(), &closed);
    }
}
