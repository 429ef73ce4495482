//! One load run as a process of its own, for `cargo xtask bench gate`; prints
//! what it measured as one JSON document, times in nanoseconds.
//!
//! ```text
//! load --to 127.0.0.1:8080 --shape unary|stream --model NAME --connections N
//!      [--requests N | --rate PER-SECOND --seconds N] [--path PATH] [--header "NAME: VALUE"]...
//! ```
//! With `--requests`, a closed loop; with `--rate`, an open one. A `unary`
//! call sends a body of 1 KiB, a `stream` call the same with `stream` true; what
//! they are answered is the stand-in's steering.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use weir_sim::load::{OpenLoop, Run, Summary, Target, closed_loop, open_loop};

type Failure = Box<dyn std::error::Error>;

/// Bytes of a request's body.
const BODY_BYTES: usize = 1024;

/// The question, as often as it takes: words and lines as people write them,
/// since what is read for its words costs by words.
const QUESTION: &str = "I keep a small orchard behind the house, some forty apple trees and a few pears, and this spring about \
    a third of the blossom browned within two days of opening. The nights were cold, but not below freezing as far as \
    the thermometer on the north wall shows.\n\nCould it be frost at ground level, or is \"fire blight\" more likely? \
    The bark looks sound, shoots are straight, and bees came as usual. What should I look at first, which branches \
    would you cut, and when is it too late to spray anything at all this year? ";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::read(&arguments)?;
    let request = options.request();
    let make = |_, buffer: &mut Vec<u8>| buffer.extend_from_slice(&request);
    let run = match options.rate {
        Some(rate) => {
            let duration = Duration::from_secs(options.seconds);
            open_loop(&options.target, OpenLoop { rate, duration }, make)?
        }
        None => closed_loop(&options.target, options.requests, make)?,
    };
    writeln!(std::io::stdout(), "{}", report(&run))?;
    Ok(())
}

struct Options {
    target: Target,
    stream: bool,
    model: String,
    path: String,
    headers: Vec<String>,
    requests: u64,
    rate: Option<f64>,
    seconds: u64,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let timeout = Duration::from_secs(30);
        let target = Target { address, connections: 8, timeout };
        let (model, path) = ("atlas-5".to_owned(), "/v1/chat/completions".to_owned());
        let (requests, seconds) = (1_000, 10);
        let mut options = Self { target, stream: false, model, path, headers: vec![], requests, rate: None, seconds };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else {
                return Err(format!("{pair:?} needs a value").into());
            };
            match name.as_str() {
                "--to" => options.target.address = value.parse()?,
                "--connections" => options.target.connections = value.parse()?,
                "--shape" => options.stream = shape_is_stream(value)?,
                "--model" => options.model.clone_from(value),
                "--path" => options.path.clone_from(value),
                "--header" => options.headers.push(value.clone()),
                "--requests" => options.requests = value.parse()?,
                "--rate" => options.rate = Some(value.parse()?),
                "--seconds" => options.seconds = value.parse()?,
                _ => return Err(format!("no such option: {name}").into()),
            }
        }
        Ok(options)
    }

    /// One request, head and body; all of a run are equal.
    fn request(&self) -> Vec<u8> {
        let body = |text: &str| {
            let turn = json!({"role": "user", "content": text});
            json!({"model": self.model, "messages": [turn], "stream": self.stream}).to_string()
        };
        let mut question = String::new();
        for letter in QUESTION.chars().cycle() {
            question.push(letter);
            if body(&question).len() >= BODY_BYTES {
                break;
            }
        }
        let body = body(&question);
        let mut head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n",
            self.path, self.target.address
        );
        for header in &self.headers {
            head += &format!("{header}\r\n");
        }
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

fn shape_is_stream(shape: &str) -> Result<bool, Failure> {
    match shape {
        "unary" => Ok(false),
        "stream" => Ok(true),
        _ => Err(format!("--shape is unary or stream, not {shape}").into()),
    }
}

fn report(run: &Run) -> Value {
    let bodies = || run.samples.iter().map(|sample| sample.body_bytes);
    let other = run.samples.iter().find(|sample| sample.status != 200);
    json!({
        "ok": run.with_status(200),
        "failed": run.failed,
        "failures": run.failures,
        "other_status": other.map(|sample| sample.status),
        "unsent": run.unsent,
        "seconds": run.elapsed.as_secs_f64(),
        "least_body_bytes": bodies().min(),
        "most_body_bytes": bodies().max(),
        "late": summary(&Summary::of(run.samples.iter().map(|sample| sample.late_ns))),
        "first_byte": summary(&Summary::of(run.samples.iter().map(|sample| sample.first_byte_ns))),
        "latency": summary(&run.summary()),
        "windows": run.windows(Duration::from_secs(1)).iter().map(summary).collect::<Vec<_>>(),
    })
}

fn summary(summary: &Summary) -> Value {
    json!({
        "count": summary.count,
        "p50": summary.p50_ns,
        "p90": summary.p90_ns,
        "p99": summary.p99_ns,
        "p999": summary.p999_ns,
        "max": summary.max_ns,
    })
}
