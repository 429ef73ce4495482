//! Parquet beside pyarrow: what it writes is read, what is written it reads.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test says what it met and stops")]

use std::path::{Path, PathBuf};
use std::process::Command;

use weir_exchange::LoggedExchange;
use weir_exchange::columnar::ParquetWriter;
use weir_exchange::read::{Inputs, Progress, ReadOptions, read_in_order};

fn python(folder: &Path, script: &str) -> String {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
    let output = Command::new(python).arg("-c").arg(script).current_dir(folder).output();
    let output =
        output.unwrap_or_else(|error| panic!("python with pyarrow is needed, `cargo xtask test` installs it: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn read(path: &Path) -> Vec<LoggedExchange> {
    let mut found = Vec::new();
    let inputs = Inputs::find([path]).unwrap();
    let report = read_in_order(&inputs, &ReadOptions::default(), &Progress::default(), |some: &[_]| {
        found.extend_from_slice(some)
    });
    assert_eq!(report.unwrap().bad, 0);
    found
}

/// One log, written by pyarrow with every compression, with plain and dictionary
/// pages, both page versions, and types wider, narrower and looser than ours.
const WRITE: &str = r#"
import datetime, itertools
import pyarrow as pa, pyarrow.parquet as pq
rows = 3000
time = [datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=1500 * n) for n in range(rows)]
messages = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"question {n} \u00fc"}] if n % 3 else None for n in range(rows)]
common = {
    "id": [f"x-{n}" for n in range(rows)],
    "account": pa.array([f"a-{n % 7}" for n in range(rows)]).dictionary_encode(),
    "messages": messages,
    "client": [{"ip": "198.51.100.7", "asn": 64500, "extra": [n]} if n % 2 else None for n in range(rows)],
    "unheard_of": [{"deep": [[n]]} for n in range(rows)],
}
times = {"ms": pa.timestamp("ms", "UTC"), "us": pa.timestamp("us", "UTC"), "ns": pa.timestamp("ns"), "s": None}
widths = [pa.int64(), pa.int32(), pa.uint16(), pa.float64()]
codecs = ["none", "snappy", "gzip", "lz4", "zstd", "brotli"]
for number, codec in enumerate(codecs):
    unit = ["ms", "us", "ns", "s", "ms", "us"][number]
    at = pa.array([t.isoformat() for t in time]) if times[unit] is None else pa.array([t.replace(tzinfo=None) for t in time] if unit == "ns" else time, times[unit])
    width = widths[number % 4]
    usage = pa.StructArray.from_arrays([pa.array([n % 1000 if n % 5 else None for n in range(rows)], width)], ["output_tokens"])
    table = pa.table({**common, "time": at, "usage": usage})
    pq.write_table(table, f"{codec}.parquet", compression=codec, row_group_size=700, use_dictionary=number % 2 == 0, data_page_version=["1.0", "2.0"][number % 2])
"#;

#[test]
fn what_pyarrow_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), WRITE);
    for codec in ["none", "snappy", "gzip", "lz4", "zstd"] {
        let found = read(&folder.path().join(format!("{codec}.parquet")));
        assert_eq!(found.len(), 3_000, "{codec}");
        for (number, exchange) in found.iter().enumerate() {
            assert_eq!(exchange.id.as_deref(), Some(format!("x-{number}").as_str()), "{codec}");
            assert_eq!(exchange.time.millis(), 1_777_593_600_000 + 1_500 * number as i64, "{codec}");
            assert_eq!(exchange.account, format!("a-{}", number % 7));
            assert_eq!(exchange.messages.len(), if number % 3 == 0 { 0 } else { 2 });
            assert_eq!(exchange.client.asn, (number % 2 == 1).then_some(64_500));
            assert_eq!(exchange.usage.output_tokens, (number % 5 != 0).then_some(number as u64 % 1_000), "{codec}");
        }
        assert_eq!(found[4].messages[1].content, "question 4 ü");
    }
    // Brotli is left out, and that is said.
    let inputs = Inputs::find([folder.path().join("brotli.parquet")]).unwrap();
    let error = read_in_order(&inputs, &ReadOptions::default(), &Progress::default(), |_: &[_]| {}).unwrap_err();
    assert!(error.to_string().to_lowercase().contains("brotli"), "{error}");
}

#[test]
fn pyarrow_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"id":"x-1","time":"2026-05-01T00:00:00.123Z","account":"a-17","party":null,"api":"openai.chat","model":"atlas-5","conversation":"c-9",
        "messages":[{"role":"system","content":"..."},{"role":"user","content":"ü"}],
        "client":{"ip":"198.51.100.7","asn":64500,"ja4":"t13d","user_agent":"openai-python/3.51.0"},
        "params":{"max_tokens":1024,"temperature":0.7,"n":1,"stream":true,"logprobs":false},
        "usage":{"input_tokens":212,"output_tokens":840},"outcome":{"status":200,"refusal":false}}"#;
    let bare = r#"{"time":"2026-05-01T00:00:01Z","account":"b"}"#;
    let log: Vec<LoggedExchange> = [line, bare].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let file = std::fs::File::create(folder.path().join("log.parquet")).unwrap();
    let mut writer = ParquetWriter::new(file).unwrap();
    writer.write(&log).unwrap();
    writer.close().unwrap();
    let seen = python(
        folder.path(),
        "import json, pyarrow.parquet as pq\n\
         for row in pq.read_table('log.parquet').to_pylist(): print(json.dumps({**row, 'time': row['time'].isoformat()}))",
    );
    let rows: Vec<serde_json::Value> = seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["time"], "2026-05-01T00:00:00.123000+00:00");
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    for field in ["id", "account", "api", "model", "conversation", "messages", "client", "params", "usage", "outcome"] {
        assert_eq!(rows[0][field], told[field], "{field}");
    }
    assert!(rows[0]["party"].is_null() && rows[1]["model"].is_null() && rows[1]["usage"]["output_tokens"].is_null());
    assert_eq!(rows[1]["messages"], serde_json::json!([]));
}
