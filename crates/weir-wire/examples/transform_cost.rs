//! What a measure `withhold` adds to each chunk of a stream, one event a chunk:
//! the time that walking it and cutting it takes, by API, against the bar of
//! 20 µs at the median.
//!
//! cargo run --profile dist -p weir-wire --example transform_cost

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it tells what it measured")]

use std::path::Path;
use std::time::Instant;

use weir_wire::Api;
use weir_wire::withhold::{Parts, WithholdingStream};

/// Times that each stream is sent.
const ROUNDS: usize = 20_000;

fn main() {
    let streams = [
        ("openai-chat/stream-withheld.sse", Api::OpenAiChat),
        ("openai-chat/stream-text.sse", Api::OpenAiChat),
        ("openai-responses/stream-withheld.sse", Api::OpenAiResponses),
        ("anthropic-messages/stream-withheld.sse", Api::AnthropicMessages),
    ];
    println!("{:<42} {:>8} {:>10} {:>10} {:>10}", "stream", "bytes", "p50 µs", "p99 µs", "max µs");
    for (name, api) in streams {
        let stream = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap();
        let mut taken: Vec<u64> = Vec::new();
        let mut out = Vec::with_capacity(stream.len());
        for _ in 0..ROUNDS {
            let mut withholding = WithholdingStream::new(api, Parts::ALL, 1 << 20);
            out.clear();
            for chunk in events(&stream) {
                let begun = Instant::now();
                withholding.push(chunk, &mut out).unwrap();
                taken.push(u64::try_from(begun.elapsed().as_nanos()).unwrap());
            }
        }
        taken.sort_unstable();
        let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize] as f64 / 1e3;
        println!("{name:<42} {:>8} {:>10.2} {:>10.2} {:>10.2}", stream.len(), at(0.5), at(0.99), at(1.0));
    }
}

/// The stream's events, each with its blank line.
fn events(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memmem::find(rest, b"\n\n").map_or(rest.len(), |at| at + 2);
        let (event, after) = rest.split_at(end);
        rest = after;
        Some(event)
    })
}
