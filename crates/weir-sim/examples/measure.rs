//! How fast the stand-in is by itself, to know what a benchmark's upstream
//! costs: `cargo run --release -p weir-sim --example measure`.

use std::io::Write as _;
use std::time::Duration;

use weir_sim::load::{OpenLoop, Run, Target, closed_loop, open_loop};
use weir_sim::stand_in::{StandIn, StandInConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() })?;
    let timeout = Duration::from_secs(10);
    let target = Target { address: server.address(), connections: 4, timeout };
    let unary = request("x-stand-in-bytes: 1024\r\n", false);
    let stream = request("x-stand-in-chunks: 200\r\n", true);
    let fill = |bytes: &'static [u8]| move |_, buffer: &mut Vec<u8>| buffer.extend(bytes);
    let (unary, stream) = (fill(unary.leak()), fill(stream.leak()));
    tell("1 KiB unary, closed loop", &closed_loop(&target, 50_000, unary)?)?;
    tell("200-chunk stream, closed loop", &closed_loop(&target, 2_000, stream)?)?;
    let schedule = OpenLoop { rate: 2_000.0, duration: Duration::from_secs(3) };
    tell("1 KiB unary, open loop", &open_loop(&target, schedule, unary)?)?;
    Ok(())
}

fn request(steering: &str, stream: bool) -> Vec<u8> {
    let body = format!(r#"{{"model":"mythos-5","messages":[],"stream":{stream}}}"#);
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: stand-in\r\n{steering}\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn tell(what: &str, run: &Run) -> std::io::Result<()> {
    let summary = run.summary();
    let rate = run.samples.len() as f64 / run.elapsed.as_secs_f64();
    let micros = |nanos: u64| nanos / 1_000;
    writeln!(
        std::io::stdout(),
        "{what}: {rate:.0}/s, p50 {} us, p99 {} us, max {} us, failed {}",
        micros(summary.p50_ns),
        micros(summary.p99_ns),
        micros(summary.max_ns),
        run.failed
    )
}
