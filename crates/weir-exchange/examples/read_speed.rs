//! How fast logs are read when nothing is done with them:
//! `cargo run --release -p weir-exchange --features parquet --example read_speed -- [THREADS] [EXCHANGES]`.
//! Writes an invented log with a kibibyte of prompt an exchange as JSON Lines
//! and as Parquet into a temporary folder and reads each three times.

use std::io::Write;
use std::time::Instant;

use weir_acts::Time;
use weir_exchange::columnar::ParquetWriter;
use weir_exchange::read::{Inputs, Progress, ReadOptions, read_exchanges};
use weir_exchange::{LoggedClient, LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage};

fn exchange(number: u64) -> LoggedExchange {
    let text = |what: &str| Some(what.to_owned());
    let mut prompt = String::with_capacity(1_100);
    let mut word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    while prompt.len() < 1_024 {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        prompt.push_str(
            ["the ", "river ", "holds\n", "\"quoted\" ", "of ", "a gate ", "über ", "seven "]
                [(word >> 60) as usize & 7],
        );
    }
    LoggedExchange {
        id: Some(format!("x-{number}")),
        time: Time::from_millis(1_777_593_600_000 + number as i64 * 37),
        account: format!("a-{}", word % 20_000),
        api: text("openai.chat"),
        model: text("atlas-5"),
        conversation: Some(format!("c-{}", number / 3)),
        messages: vec![LoggedMessage { role: "user".to_owned(), content: prompt }],
        client: LoggedClient {
            ip: Some(format!("198.51.{}.{}", word % 256, number % 256)),
            asn: Some(64_500),
            ja4: text("t13d1516h2_8daaf6152771_02713d6af862"),
            user_agent: text("openai-python/3.51.0"),
        },
        params: LoggedParams {
            max_tokens: Some(1_024),
            temperature: Some(0.7),
            n: Some(1),
            stream: Some(true),
            logprobs: Some(false),
        },
        usage: LoggedUsage { input_tokens: Some(212), output_tokens: Some(word % 2_000) },
        outcome: LoggedOutcome { status: Some(200), refusal: Some(false) },
        ..LoggedExchange::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let count: u64 = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let (lines, parquet) = (folder.path().join("log.jsonl"), folder.path().join("log.parquet"));
    let mut out = std::io::BufWriter::new(std::fs::File::create(&lines)?);
    let mut writer = ParquetWriter::new(std::fs::File::create(&parquet)?)?;
    for from in (0..count).step_by(1_024) {
        let some: Vec<LoggedExchange> = (from..count.min(from + 1_024)).map(exchange).collect();
        writer.write(&some)?;
        for exchange in &some {
            serde_json::to_writer(&mut out, exchange)?;
            out.write_all(b"\n")?;
        }
    }
    out.into_inner()?;
    writer.close()?;
    let mut told = std::io::stdout();
    for path in [&lines, &parquet] {
        let inputs = Inputs::find([path])?;
        for _ in 0..3 {
            let options = ReadOptions { threads, ..ReadOptions::default() };
            let started = Instant::now();
            let (_, report) = read_exchanges(&inputs, &options, &Progress::default(), || {
                |some: &[LoggedExchange]| {
                    std::hint::black_box(some);
                }
            })?;
            let rate = report.records as f64 / started.elapsed().as_secs_f64() / threads as f64;
            writeln!(told, "{}: {} exchanges, {rate:.0} a second a thread", path.display(), report.records)?;
        }
    }
    Ok(())
}
