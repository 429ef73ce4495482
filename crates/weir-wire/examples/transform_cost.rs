//! What withholding adds to each chunk of a stream, of both APIs' golden streams, one
//! event a chunk: with the transform on, against off, where a chunk is handed on as it
//! is. Prints JSON lines; `cargo xtask bench gate` runs it.
//!
//! cargo run --profile dist -p weir-wire --example transform_cost

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it tells what it measured")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use weir_wire::Api;
use weir_wire::withhold::{Parts, WithholdingStream};

/// Times that each stream is sent.
const ROUNDS: usize = 20_000;

/// Nanoseconds that a chunk may be held up, at the median.
const BAR: u64 = 20_000;

fn main() {
    let streams = [
        ("openai-chat/stream-withheld.sse", Api::OpenAiChat),
        ("openai-chat/stream-text.sse", Api::OpenAiChat),
        ("openai-responses/stream-withheld.sse", Api::OpenAiResponses),
        ("anthropic-messages/stream-withheld.sse", Api::AnthropicMessages),
        ("anthropic-messages/stream-tools.sse", Api::AnthropicMessages),
    ];
    for (name, api) in streams {
        let stream = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap();
        let chunks: Vec<&[u8]> = events(&stream).collect();
        // Whatever parts are withheld, all of an event is walked.
        let on = chunk_by_chunk(&chunks, || {
            let mut withholding = WithholdingStream::new(api, Parts::ALL, 1 << 20);
            move |chunk: &[u8], out: &mut Vec<u8>| withholding.push(chunk, out).unwrap()
        });
        let off = chunk_by_chunk(&chunks, || |chunk: &[u8], out: &mut Vec<u8>| out.extend_from_slice(chunk));
        let added = on.at(0.5).saturating_sub(off.at(0.5));
        println!(
            "{{\"stream\":\"{name}\",\"chunks\":{},\"bytes\":{},\"on_p50_ns\":{},\"on_p99_ns\":{},\"on_max_ns\":{},\"off_p50_ns\":{},\"off_p99_ns\":{},\"added_p50_ns\":{added},\"bar_ns\":{BAR}}}",
            chunks.len(),
            stream.len(),
            on.at(0.5),
            on.at(0.99),
            on.at(1.0),
            off.at(0.5),
            off.at(0.99),
        );
    }
}

/// What each chunk took, sorted.
struct Taken(Vec<u64>);

impl Taken {
    fn at(&self, share: f64) -> u64 {
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }
}

/// Times each chunk of the stream, over and over; `pass` begins a stream.
fn chunk_by_chunk<P: FnMut(&[u8], &mut Vec<u8>)>(chunks: &[&[u8]], pass: impl Fn() -> P) -> Taken {
    let mut taken = Vec::with_capacity(ROUNDS * chunks.len());
    let mut out = Vec::new();
    for _ in 0..ROUNDS {
        let mut pass = pass();
        out.clear();
        for chunk in chunks {
            let begun = Instant::now();
            pass(black_box(chunk), &mut out);
            taken.push(u64::try_from(begun.elapsed().as_nanos()).unwrap());
        }
        black_box(&out);
    }
    taken.sort_unstable();
    Taken(taken)
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
