//! Segments through restarts, roll-over, crashes and foreign files.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

const NEVER_ROLL: u64 = u64::MAX;

fn lines_of(dir: &Path, number: u64) -> (Vec<Vec<u8>>, Option<TornLine>) {
    let mut lines = Vec::new();
    let search = find(dir, number, |line| {
        lines.push(line.to_vec());
        None::<()>
    });
    (lines, search.unwrap().torn)
}

fn numbers_in(dir: &Path) -> Vec<u64> {
    segments(dir).unwrap().into_iter().map(|segment| segment.number).collect()
}

#[test]
fn each_start_opens_a_new_segment_and_leaves_the_old_ones_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(segments(dir.path()).unwrap(), []);
    let mut first = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    assert_eq!(first.append(b"one\ntwo\n").unwrap(), Appended { number: 1, closed: None });
    first.sync().unwrap();
    drop(first);
    let mut second = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    assert_eq!(second.append(b"three\n").unwrap().number, 2);
    assert_eq!(numbers_in(dir.path()), [1, 2]);
    assert_eq!(lines_of(dir.path(), 1), (vec![b"one".to_vec(), b"two".to_vec()], None));
    assert!(second.current().path.ends_with("decisions/00000002.jsonl"));
}

#[test]
fn the_search_stops_at_the_first_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    writer.append(b"a=1\nb=2\nb=3\n").unwrap();
    let search = find(dir.path(), 1, |line| line.strip_prefix(b"b=").map(<[u8]>::to_vec)).unwrap();
    assert_eq!(search, Search { found: Some(b"2".to_vec()), torn: None });
}

#[test]
fn a_full_segment_is_closed_and_named_but_never_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), 8).unwrap();
    assert_eq!(writer.append(b"longer than the limit\n").unwrap().number, 1);
    let rolled = writer.append(b"1234567\n").unwrap();
    assert_eq!(rolled.number, 2);
    let closed = rolled.closed.unwrap();
    assert_eq!(closed.number, 1);
    assert_eq!(fs::read(&closed.path).unwrap(), b"longer than the limit\n");
    assert_eq!(writer.append(b"x\n").unwrap().number, 3);
    assert_eq!(writer.append(b"").unwrap(), Appended { number: 3, closed: None });
}

#[test]
fn a_line_cut_off_by_a_crash_is_passed_over_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    writer.append(b"whole\n").unwrap();
    let path = writer.current().path.clone();
    drop(writer);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"cut").unwrap();
    let expected = (vec![b"whole".to_vec()], Some(TornLine { offset: 6, bytes: 5 }));
    assert_eq!(lines_of(dir.path(), 1), expected);
    let next = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    assert_eq!(next.current().number, 2);
}

#[test]
fn a_torn_segment_is_never_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    writer.append(b"whole\n").unwrap();
    writer.is_torn = true;
    let appended = writer.append(b"next\n").unwrap();
    assert_eq!((appended.number, appended.closed.unwrap().number), (2, 1));
    assert_eq!(writer.append(b"after\n").unwrap(), Appended { number: 2, closed: None });
}

#[test]
fn a_record_that_does_not_end_its_line_is_refused_before_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    let error = writer.append(b"one\ntwo").unwrap_err();
    assert!(matches!(error, FolderError::UnendedLine { .. }), "{error}");
    assert_eq!(lines_of(dir.path(), 1), (vec![], None));
}

#[test]
fn the_longest_line_fits_and_one_byte_more_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
    let mut line = vec![b'x'; usize::try_from(MAX_LINE_BYTES).unwrap()];
    line.push(b'\n');
    let error = writer.append(&line).unwrap_err();
    assert!(matches!(error, FolderError::LineTooLong { .. }), "{error}");
    writer.append(&line[1..]).unwrap();
    assert_eq!(lines_of(dir.path(), 1).0, [&line[1..line.len() - 1]]);
    fs::write(&writer.current().path, &line).unwrap();
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
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(2), ..ProptestConfig::default() })]

    /// Any bytes at all: the complete lines come back in order, and the rest is the torn line.
    #[test]
    fn a_segment_reads_as_its_lines(bytes in proptest::collection::vec(
        prop_oneof![Just(b'\n'), any::<u8>()], 0..200,
    )) {
        let dir = tempfile::tempdir().unwrap();
        let writer = SegmentWriter::open(dir.path(), NEVER_ROLL).unwrap();
        fs::write(&writer.current().path, &bytes).unwrap();
        let mut expected: Vec<Vec<u8>> = bytes.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        let rest = expected.pop().unwrap();
        let (lines, torn) = lines_of(dir.path(), 1);
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(torn.map_or(0, |torn| torn.bytes), rest.len() as u64);
        if let Some(torn) = torn {
            prop_assert_eq!(torn.offset + torn.bytes, bytes.len() as u64);
        }
    }
}
