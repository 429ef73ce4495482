use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::*;

/// Counts what is asked of it, whatever the order.
#[derive(Default)]
struct Tally(BTreeMap<String, u64>);

impl Sink for Tally {
    fn take(&mut self, exchanges: &[LoggedExchange]) {
        for exchange in exchanges {
            *self.0.entry(exchange.id.clone().unwrap_or_default()).or_default() += 1;
        }
    }
}

fn line(id: &str, text: &str) -> String {
    format!(
        r#"{{"id":"{id}","time":"2026-05-01T00:00:00Z","account":"a","messages":[{{"role":"user","content":"{text}"}}]}}"#
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Three files, the first one several blocks long, with a bad line now and
/// then.
fn write_logs(folder: &Path) -> u64 {
    let mut records = 0;
    for (file, lines) in [("a.jsonl", 6_000), ("b.jsonl.gz", 2_500), ("c.jsonl.zst", 10)] {
        let mut text = String::new();
        for number in 1..=lines {
            if number % 97 == 0 {
                text.push_str("{\"bad\":\n");
            } else if number % 89 == 0 {
                text.push_str("  \n");
            } else {
                records += 1;
                text.push_str(&line(&format!("{file}-{number}"), &"word ".repeat(100)));
                text.push('\n');
            }
        }
        let bytes = match file {
            "b.jsonl.gz" => gzip(&text),
            "c.jsonl.zst" => zstd::encode_all(text.as_bytes(), 1).unwrap(),
            _ => text.into_bytes(),
        };
        std::fs::write(folder.join(file), bytes).unwrap();
    }
    records
}

fn read(folder: &Path, threads: usize) -> (BTreeMap<String, u64>, ReadReport) {
    let inputs = Inputs::find([folder]).unwrap();
    let progress = Progress::default();
    let options = ReadOptions { threads, digests: true, ..ReadOptions::default() };
    let (sinks, report) = read_exchanges(&inputs, &options, &progress, Tally::default).unwrap();
    assert_eq!(sinks.len(), threads);
    assert_eq!((progress.records(), progress.bad()), (report.records, report.bad));
    assert_eq!(progress.bytes(), inputs.bytes());
    let mut all = BTreeMap::new();
    for (id, count) in sinks.into_iter().flat_map(|sink| sink.0) {
        *all.entry(id).or_default() += count;
    }
    (all, report)
}

#[test]
fn every_exchange_comes_once_and_the_report_is_the_same_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let records = write_logs(folder.path());
    let (one, report) = read(folder.path(), 1);
    assert_eq!(one.len() as u64, records);
    assert!(one.values().all(|count| *count == 1));
    assert_eq!((report.records, report.bad), (records, 6_000 / 97 + 2_500 / 97));
    assert_eq!(report.first_bad.len(), 20);
    assert_eq!(report.first_bad[1].line, 194);
    assert!(report.first_bad[0].file.ends_with("a.jsonl"));
    for file in &report.files {
        let bytes = std::fs::read(&file.file).unwrap();
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
        assert_eq!(
            (file.bytes, file.sha256.as_str()),
            (bytes.len() as u64, super::super::metered::hex(&digest).as_str())
        );
    }
    for threads in [2, 3, 8] {
        assert_eq!(read(folder.path(), threads), (one.clone(), report.clone()), "{threads} threads");
    }
}

#[test]
fn in_order_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    write_logs(folder.path());
    let inputs = Inputs::find([folder.path()]).unwrap();
    let mut seen = Vec::new();
    let take = |exchanges: &[LoggedExchange]| seen.extend(exchanges.iter().filter_map(|exchange| exchange.id.clone()));
    read_in_order(&inputs, &ReadOptions::default(), &Progress::default(), take).unwrap();
    let place = |id: &String| {
        let (file, number) = id.rsplit_once('-').unwrap();
        (file.to_owned(), number.parse::<u64>().unwrap())
    };
    assert!(seen.iter().map(place).is_sorted());
    assert!(seen.len() > 8_000);
}

#[test]
fn a_file_that_is_no_log_stops_the_run_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_logs(folder.path());
    std::fs::write(folder.path().join("d.jsonl"), "not,a,log\n".repeat(5_000)).unwrap();
    let inputs = Inputs::find([folder.path()]).unwrap();
    for threads in [1, 4] {
        let options = ReadOptions { threads, ..ReadOptions::default() };
        let error = read_exchanges(&inputs, &options, &Progress::default(), Tally::default).err().unwrap();
        assert!(matches!(&error, ReadError::TooManyBadLines { file, first_line: 1, .. } if file.ends_with("d.jsonl")));
    }
}

#[test]
fn a_file_that_breaks_off_is_named_and_what_stood_before_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(format!("{}\n", line("x", "y")).repeat(100).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    std::fs::write(folder.path().join("a.jsonl.gz"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("b.jsonl"), line("z", "y")).unwrap();
    let (all, report) = read(folder.path(), 2);
    assert!(all["x"] > 20 && all["x"] < 60, "{}", all["x"]);
    assert_eq!(all["z"], 1);
    assert_eq!(report.damaged.len(), 1);
    assert_eq!(report.damaged[0].line, all["x"]);
    assert_eq!(report.files.len(), 1, "only a file that was read to its end has a digest");
}

#[test]
fn a_reading_can_be_told_to_end_early() {
    let folder = tempfile::tempdir().unwrap();
    write_logs(folder.path());
    let inputs = Inputs::find([folder.path()]).unwrap();
    let progress = Progress::default();
    let options = ReadOptions { threads: 2, ..ReadOptions::default() };
    let sink = || |_: &[LoggedExchange]| progress.stop();
    let (_, report) = read_exchanges(&inputs, &options, &progress, sink).unwrap();
    assert!(report.records < 6_000, "{}", report.records);
}

#[test]
fn a_sink_s_panic_is_passed_on_and_does_not_hang_the_others() {
    let folder = tempfile::tempdir().unwrap();
    write_logs(folder.path());
    let inputs = Inputs::find([folder.path()]).unwrap();
    let options = ReadOptions { threads: 4, ..ReadOptions::default() };
    let read = || {
        let sink = || |_: &[LoggedExchange]| panic!("told to");
        let _unreachable = read_exchanges(&inputs, &options, &Progress::default(), sink);
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
}
