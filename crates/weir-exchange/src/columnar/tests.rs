use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use weir_acts::Time;

use super::*;
use crate::read::{Column, Columns, Inputs, Progress, ReadError, ReadLimits, ReadOptions, ReadReport, read_in_order};
use crate::{LoggedClient, LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage};

fn written(exchanges: &[LoggedExchange]) -> Vec<u8> {
    let mut writer = ParquetWriter::new(Vec::new()).unwrap();
    writer.write(exchanges).unwrap();
    writer.close().unwrap()
}

fn read_with(path: &Path, options: ReadOptions) -> Result<(Vec<LoggedExchange>, ReadReport), ReadError> {
    let mut found = Vec::new();
    let inputs = Inputs::find([path]).unwrap();
    let report = read_in_order(&inputs, &options, &Progress::default(), |some: &[_]| found.extend(some.to_vec()))?;
    Ok((found, report))
}

fn read_bytes(bytes: &[u8], options: ReadOptions) -> Result<(Vec<LoggedExchange>, ReadReport), ReadError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_with(file.path(), options)
}

fn text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,12}")
}

prop_compose! {
    fn exchange()(
        id in text(), millis in -1_000_000_000_000_i64..4_000_000_000_000, account in "[a-z]{1,4}", party in text(),
        api in text(), model in text(), conversation in text(),
        messages in proptest::collection::vec(("[a-z]{0,9}", "\\PC{0,40}"), 0..4),
        (ip, asn, ja4, user_agent) in (text(), any::<Option<u32>>(), text(), text()),
        (max_tokens, temperature, stream) in (any::<Option<u64>>(), proptest::option::of((0_u8..200).prop_map(|cents| f64::from(cents) / 100.0)), any::<Option<bool>>()),
        (input_tokens, output_tokens) in (any::<Option<u64>>(), any::<Option<u64>>()),
        (status, refusal) in (any::<Option<u16>>(), any::<Option<bool>>()),
        (seq, truncated) in (any::<Option<u64>>(), any::<Option<bool>>()),
    ) -> LoggedExchange {
        LoggedExchange {
            id, time: Time::from_millis(millis), account, party, api, model, conversation,
            messages: messages.into_iter().map(|(role, content)| LoggedMessage { role, content }).collect(),
            client: LoggedClient { ip, asn, ja4, user_agent },
            params: LoggedParams { max_tokens, temperature, stream, ..LoggedParams::default() },
            usage: LoggedUsage { input_tokens, output_tokens },
            outcome: LoggedOutcome { status, refusal },
            seq, truncated,
            ..LoggedExchange::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read_and_says_what_json_lines_say(log in proptest::collection::vec(exchange(), 1..30)) {
        let (read, report) = read_bytes(&written(&log), ReadOptions::default()).unwrap();
        prop_assert_eq!(&read, &log);
        prop_assert_eq!((report.records, report.bad), (log.len() as u64, 0));
        let lines: Vec<u8> = log.iter().flat_map(|exchange| {
            let mut line = serde_json::to_vec(exchange).unwrap();
            line.push(b'\n');
            line
        }).collect();
        let (of_lines, _) = read_bytes(&lines, ReadOptions::default()).unwrap();
        prop_assert_eq!(&read, &of_lines);
    }

    #[test]
    fn no_change_of_a_file_makes_it_panic_or_hang(
        log in proptest::collection::vec(exchange(), 1..12), changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::weighted(0.3, any::<proptest::sample::Index>()),
    ) {
        let mut bytes = written(&log);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match read_bytes(&bytes, ReadOptions::default()) {
            Ok((read, report)) => prop_assert_eq!(read.len() as u64, report.records),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

fn some(count: usize) -> Vec<LoggedExchange> {
    let exchange = |number: usize| LoggedExchange {
        id: Some(format!("x-{number}")),
        time: Time::from_millis(1_800_000_000_000 + number as i64),
        account: format!("a-{}", number % 7),
        model: Some("atlas-5".to_owned()),
        messages: vec![LoggedMessage { role: "user".to_owned(), content: format!("question {number}") }],
        ..LoggedExchange::default()
    };
    (0..count).map(exchange).collect()
}

#[test]
fn row_groups_are_shared_by_threads_and_the_report_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let log = some(150_000);
    std::fs::write(&path, written(&log)).unwrap();
    let inputs = Inputs::find([&path]).unwrap();
    let mut reports = Vec::new();
    for threads in [1, 4] {
        let options = ReadOptions { threads, digests: true, ..ReadOptions::default() };
        let progress = Progress::default();
        let mut found = Vec::new();
        let (sinks, report) = crate::read::read_exchanges(&inputs, &options, &progress, Kept::default).unwrap();
        sinks.into_iter().for_each(|sink| found.extend(sink.0));
        found.sort_by_key(|exchange| exchange.time);
        assert!(found == log, "{threads} threads");
        assert_eq!(progress.bytes(), inputs.bytes());
        let digest = <sha2::Sha256 as sha2::Digest>::digest(std::fs::read(&path).unwrap());
        assert_eq!(report.files[0].sha256, crate::read::hex(&digest));
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
}

#[derive(Default)]
struct Kept(Vec<LoggedExchange>);

impl crate::read::Sink for Kept {
    fn take(&mut self, exchanges: &[LoggedExchange]) {
        self.0.extend_from_slice(exchanges);
    }
}

#[test]
fn columns_that_are_not_wanted_are_left_out() {
    let log = some(10);
    let columns = Columns::of(&[Column::Messages]);
    let (read, _) = read_bytes(&written(&log), ReadOptions { columns, ..ReadOptions::default() }).unwrap();
    assert_eq!(read[3].messages, log[3].messages);
    assert_eq!((&read[3].account, read[3].time), (&log[3].account, log[3].time));
    assert_eq!((read[3].id.as_ref(), read[3].model.as_ref()), (None, None));
}

fn of_columns(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
    let batch = batch.unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn strings(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(arrow_array::StringArray::from(values.to_vec()))
}

#[test]
fn columns_as_others_write_them_are_read_and_bad_rows_are_named() {
    let time = [Some("2026-05-01T02:00:00+02:00"), Some("yesterday"), None, Some("2026-05-01T00:00:00Z")];
    let bytes = of_columns(vec![
        ("time", strings(&time)),
        ("account", strings(&[Some("a"), Some("b"), Some("c"), Some("")])),
        ("org", strings(&[Some("acme"), None, None, None])),
        (
            "messages",
            strings(&[Some(r#"[{"role":"user","content":[{"type":"text","text":"hi"}]}]"#), None, None, None]),
        ),
        ("seq", Arc::new(arrow_array::Float64Array::from(vec![7.0, f64::NAN, 1.5, -1.0]))),
        ("unheard_of", strings(&[None, None, None, None])),
    ]);
    let (read, report) = read_bytes(&bytes, ReadOptions::default()).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].time.to_string(), "2026-05-01T00:00:00.000Z");
    assert_eq!((read[0].party.as_deref(), read[0].seq), (Some("acme"), Some(7)));
    assert_eq!(read[0].messages[0].content, "hi");
    let bad: Vec<_> = report.first_bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(
        bad[0].1.contains("`yesterday`") && bad[1].1.contains("`time` is missing") && bad[2].1.contains("`account`")
    );
}

#[test]
fn a_file_of_something_else_says_what_is_missing_or_of_the_wrong_type() {
    let says = |bytes: Vec<u8>| match read_bytes(&bytes, ReadOptions::default()) {
        Err(error @ ReadError::Shape { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let time = || strings(&[Some("2026-05-01T00:00:00Z")]);
    let error = says(of_columns(vec![("when", time()), ("account", time())]));
    assert!(error.contains("no column `time`") && error.contains("when, account"), "{error}");
    let number: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let error = says(of_columns(vec![("time", number.clone()), ("account", time())]));
    assert!(error.contains("column `time` is Int64"), "{error}");
    let error = says(of_columns(vec![("time", time()), ("account", time()), ("client", number)]));
    assert!(error.contains("column `client` is Int64, where a struct"), "{error}");
}

#[test]
fn a_text_that_many_rows_share_is_bounded_and_one_over_the_bound_is_a_bad_row() {
    let long = "x".repeat(1 << 20);
    let time = vec![Some("2026-05-01T00:00:00Z"); 3_000];
    let keys = arrow_array::Int32Array::from(vec![0; 3_000]);
    let shared = arrow_array::DictionaryArray::new(keys, strings(&[Some(long.as_str())]));
    let bytes = of_columns(vec![
        ("time", strings(&time)),
        ("account", strings(&vec![Some("a"); 3_000])),
        ("model", Arc::new(shared)),
    ]);
    assert!(bytes.len() < 4 << 20, "the file is small: {}", bytes.len());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let inputs = Inputs::find([file.path()]).unwrap();
    let mut most = 0;
    let take = |some: &[LoggedExchange]| {
        most = most.max(some.iter().map(|exchange| exchange.model.as_ref().map_or(0, String::len)).sum());
    };
    let report = read_in_order(&inputs, &ReadOptions::default(), &Progress::default(), take).unwrap();
    assert_eq!(report.records, 3_000);
    assert!(most <= 6 << 20, "{most} bytes were handed on at once");
    let limits = ReadLimits { line_bytes: 1 << 19, ..ReadLimits::default() };
    let error = read_bytes(&bytes, ReadOptions { limits, ..ReadOptions::default() });
    assert!(matches!(error, Err(ReadError::TooManyBadLines { first_line: 1, .. })), "{error:?}");
}

#[test]
fn a_file_cut_short_or_of_noise_is_a_clear_error() {
    let whole = written(&some(100));
    for bytes in [&whole[..whole.len() / 2], &whole[..8], b"PAR1PAR1", b"PAR1\xff\xff\xff\x7fPAR1"] {
        let error = read_bytes(bytes, ReadOptions::default()).unwrap_err();
        assert!(matches!(error, ReadError::Read { .. }), "{error:?}");
    }
}

/// A page that claims two gigabytes: the sizes stand in the header of the first
/// page, right after the magic.
#[test]
fn sizes_that_a_page_claims_are_not_believed() {
    let mut whole = written(&some(100));
    assert_eq!(whole[4], 0x15, "the type of the first page");
    let values = [0x15, 0x04, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    whole[4..4 + values.len()].copy_from_slice(&values);
    let error = read_bytes(&whole, ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("claims 2147483647 bytes"), "{error}");
}

#[test]
fn a_gzip_page_that_never_ends_is_not_unpacked_into_memory() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 300 << 20), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bomb).unwrap();
    let mut pages = pages::Pages::new(file, bomb.len() as u64);
    pages.gzip = true;
    let error = parquet::file::reader::ChunkReader::get_bytes(&pages, 0, bomb.len()).unwrap_err();
    assert!(error.to_string().contains("unpacked"), "{error}");
}

#[test]
fn nothing_is_written_where_nothing_can_be() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("no room"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let result = ParquetWriter::new(Full).and_then(|mut writer| {
        writer.write(&some(10))?;
        writer.close().map(drop)
    });
    assert!(result.unwrap_err().to_string().contains("no room"));
    let empty = ParquetWriter::new(Cursor::new(Vec::new())).unwrap().close().unwrap().into_inner();
    let (read, report) = read_bytes(&empty, ReadOptions::default()).unwrap();
    assert_eq!((read.len(), report.lines), (0, 0));
}

/// Rows are read into exchanges of the batch before: nothing of those is left.
#[test]
fn what_a_row_does_not_say_is_not_what_another_row_said() {
    let long = "harbour ".repeat(2_000);
    let full = |number: u64| LoggedExchange {
        id: Some(format!("x-{number}")),
        account: format!("a-{number}"),
        party: Some("p".to_owned()),
        model: Some("fable".to_owned()),
        conversation: Some(long[..number as usize % 9_000].to_owned()),
        messages: vec![LoggedMessage { role: "user".to_owned(), content: long.clone() }; number as usize % 4],
        client: LoggedClient { ip: Some("10.0.0.1".to_owned()), asn: Some(7), ..LoggedClient::default() },
        usage: LoggedUsage { input_tokens: Some(number), output_tokens: None },
        outcome: LoggedOutcome { status: Some(200), refusal: Some(true) },
        seq: Some(number),
        ..LoggedExchange::default()
    };
    let bare = |number: u64| LoggedExchange { account: format!("b-{number}"), ..LoggedExchange::default() };
    let log: Vec<LoggedExchange> =
        (0..3_500).map(|number| if number * number % 7 < 4 { bare(number) } else { full(number) }).collect();
    let (read, _) = read_bytes(&written(&log), ReadOptions::default()).unwrap();
    assert!(read == log);
}
