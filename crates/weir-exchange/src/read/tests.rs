use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::*;
use crate::{LoggedAccount, LoggedExchange};

const GOOD: &str = r#"{"time":"2026-05-01T00:00:00Z","account":"a-17","org":"acme"}"#;

fn read(bytes: Vec<u8>, limits: ReadLimits) -> (Vec<LoggedExchange>, Option<ReadError>, ReadReport) {
    let mut records = Records::from_reader("log", Cursor::new(bytes), limits);
    let mut good = Vec::new();
    let mut error = None;
    for record in records.by_ref() {
        match record {
            Ok(record) => good.push(record),
            Err(why) => error = Some(why),
        }
    }
    assert!(records.next().is_none());
    (good, error, records.into_report())
}

#[test]
fn plain_gzip_and_zstd_files_read_the_same_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{GOOD}\r\n\n{GOOD}");
    let mut gzip = Vec::new();
    // Two members, as rotation with `cat` leaves them.
    for part in [&text[..40], &text[40..]] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        gzip.extend(encoder.finish().unwrap());
    }
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (name, bytes) in [("plain.gz", text.clone().into_bytes()), ("packed.jsonl", gzip), ("other.jsonl", zstd)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut records = Records::<LoggedExchange>::open(&path, ReadLimits::default()).unwrap();
        let read: Vec<_> = records.by_ref().map(Result::unwrap).collect();
        assert_eq!(read.len(), 2, "{name}");
        assert_eq!(read[0].party.as_deref(), Some("acme"));
        assert_eq!((records.report().lines, records.report().bad), (2, 0));
    }
}

#[test]
fn bad_lines_are_told_with_file_line_and_reason_and_the_rest_is_read() {
    let log = format!(
        "{GOOD}\nnot json\n{{\"account\":\"a\"}}\n{GOOD}\n{{\"time\":\"2026-05-01T00:00:00Z\",\"account\":\"\"}}\n"
    );
    let (good, error, report) = read(log.into_bytes(), ReadLimits::default());
    assert_eq!(good.len(), 2);
    assert!(error.is_none());
    assert_eq!((report.lines, report.records, report.bad), (5, 2, 3));
    assert_eq!(report.first_bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3, 5]);
    assert!(report.first_bad[1].reason.contains("missing field `time`"), "{:?}", report.first_bad[1]);
    assert!(report.first_bad[2].reason.contains("account"));
}

#[test]
fn wrong_encodings_and_control_characters_are_bad_lines_that_print_safely() {
    let mut log = format!("{GOOD}\n").into_bytes();
    log.extend(b"{\"time\":\"2026-05-01T00:00:00Z\",\"account\":\"\xff\xfe\"}\n");
    log.extend(b"{\"time\":\"\\u001b[31m\",\"account\":\"a\"}\n");
    let (good, _, report) = read(log, ReadLimits::default());
    assert_eq!(good.len(), 1);
    assert_eq!(report.bad, 2);
    assert!(report.first_bad.iter().all(|bad| !bad.reason.chars().any(char::is_control)), "{report:?}");
}

#[test]
fn a_share_of_bad_lines_above_the_stated_stops_the_run() {
    let limits = ReadLimits { bad_share: 0.1, judged_after: 50, ..ReadLimits::default() };
    let mixed = |bad_every: usize| {
        let lines = (1..=1000).map(|line| if line % bad_every == 0 { "x\n".to_owned() } else { format!("{GOOD}\n") });
        lines.collect::<String>().into_bytes()
    };
    let (good, error, report) = read(mixed(5), limits);
    let Some(ReadError::TooManyBadLines { file, lines, bad, first_line, .. }) = error else { panic!("{error:?}") };
    assert_eq!((file.as_str(), lines, bad, first_line), ("log", 50, 10, 5));
    assert_eq!((good.len(), report.lines), (40, 50));
    let (good, error, report) = read(mixed(20), limits);
    assert!(error.is_none());
    assert_eq!((good.len(), report.bad), (950, 50));
}

#[test]
fn a_short_file_that_holds_no_record_at_all_is_an_error() {
    let (_, error, _) = read(b"account,time\na,1\n".to_vec(), ReadLimits::default());
    assert!(matches!(error, Some(ReadError::TooManyBadLines { lines: 2, bad: 2, .. })), "{error:?}");
    let (good, error, _) = read(Vec::new(), ReadLimits::default());
    assert!(good.is_empty() && error.is_none());
}

#[test]
fn a_line_over_the_bound_is_passed_over_without_being_held() {
    let limits = ReadLimits { line_bytes: 100, ..ReadLimits::default() };
    let log = format!("{GOOD}\n{}\n{GOOD}\n", "x".repeat(1 << 20));
    let (good, _, report) = read(log.into_bytes(), limits);
    assert_eq!(good.len(), 2);
    assert_eq!(report.first_bad[0].line, 2);
    assert!(report.first_bad[0].reason.contains("100 bytes"));
}

#[test]
fn a_file_cut_short_gives_what_it_held_and_then_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(format!("{GOOD}\n").repeat(100).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let records: Vec<_> = Records::<LoggedExchange>::open(&path, ReadLimits::default()).unwrap().collect();
    assert!(records.len() > 20);
    assert!(matches!(records.last(), Some(Err(ReadError::Read { line, .. })) if *line > 20));
    let missing = Records::<LoggedExchange>::open(&folder.path().join("none"), ReadLimits::default());
    assert!(matches!(missing.err(), Some(ReadError::Open { .. })));
    assert!(Records::<LoggedExchange>::open(folder.path(), ReadLimits::default()).is_err());
}

#[test]
fn deep_nesting_is_a_bad_line_and_not_the_end_of_the_stack() {
    let deep = format!("{{\"time\":{}", "[".repeat(200_000));
    let unknown = format!("{{\"other\":{}", "[".repeat(200_000));
    let (_, _, report) = read(format!("{deep}\n{unknown}\n{GOOD}\n").into_bytes(), ReadLimits::default());
    assert_eq!((report.bad, report.records), (2, 1));
}

#[test]
fn reports_of_several_files_add_up() {
    let (_, _, one) = read(format!("x\n{GOOD}\n").into_bytes(), ReadLimits::default());
    let mut all = ReadReport::default();
    for _ in 0..30 {
        all.absorb(&one);
    }
    assert_eq!((all.lines, all.records, all.bad, all.first_bad.len()), (60, 30, 30, 20));
    assert_eq!(all.file, "log");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_every_line_is_accounted_for(
        bytes in proptest::collection::vec(any::<u8>(), 0..600), line_bytes in 0_usize..64,
    ) {
        let limits = ReadLimits { line_bytes, bad_share: 1.0, ..ReadLimits::default() };
        let (good, error, report) = read(bytes.clone(), limits);
        prop_assert!(error.is_none());
        prop_assert_eq!(report.lines, report.records + report.bad);
        prop_assert_eq!(good.len() as u64, report.records);
    }

    #[test]
    fn nothing_packed_wrongly_makes_it_panic(magic in 0_usize..3, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = [&[0x1f_u8, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd], &[]][magic].to_vec();
        bytes.extend(rest);
        if let Ok(reader) = compressed::unpack(Cursor::new(bytes)) {
            for record in Records::<LoggedAccount>::from_reader("log", reader, ReadLimits::default()) {
                prop_assert!(record.is_err(), "no account can stand here");
            }
        }
    }

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut(texts in proptest::collection::vec("[a-z]{0,20}", 0..20), cut in 1_usize..9) {
        let log = texts.join("\n");
        let mut lines = Lines::new(std::io::BufReader::with_capacity(cut, Cursor::new(log.clone())), 64);
        let mut seen = Vec::new();
        while let Line::Whole(line) = lines.next_line().unwrap() {
            seen.push(String::from_utf8(line.to_vec()).unwrap());
        }
        let told: Vec<String> = log.lines().map(str::to_owned).collect();
        prop_assert_eq!(seen, told);
    }
}
