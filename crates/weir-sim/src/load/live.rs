//! The demo's live population: every account calls now and then, over both
//! APIs, streamed and not, so that an order has something to cut.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::reply::ReplyReader;
use crate::random::SeededRandom;

/// Harmless questions.
const QUESTIONS: &[&str] = &[
    "Summarise the level readings of the last week.",
    "Write a short note on how a sluice works. 水門",
    "Which seeds keep best over a wet winter?",
    "Rewrite this paragraph for a child of ten.",
    "What is the difference between a lock and a weir?",
];

/// How much of a stream's end is kept, to see whether it ended properly.
const KEPT_TAIL: usize = 256;

/// One account that calls.
#[derive(Clone)]
pub struct Caller {
    /// `PARTY/NAME`.
    pub label: String,
    /// Its API key. Left out of `Debug`.
    pub key: String,
    /// The model it asks for.
    pub model: String,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut fields = formatter.debug_struct("Caller");
        fields.field("label", &self.label).field("model", &self.model).finish_non_exhaustive()
    }
}

/// How gently they call.
#[derive(Debug, Clone, Copy)]
pub struct LiveConfig {
    /// Seed of every choice and pause.
    pub seed: u64,
    /// Shortest and longest pause between two calls of an account, in
    /// milliseconds.
    pub pause_ms: (u64, u64),
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self { seed: 1, pause_ms: (500, 4_000) }
    }
}

/// Why the live population cannot call.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address is not one it can call.
    #[error("cannot call {base_url:?}: {why}; give http://HOST:PORT")]
    BaseUrl {
        /// The address that was given.
        base_url: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What came of one account's calls so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerCounts {
    /// `PARTY/NAME`.
    pub label: String,
    /// The model it asks for.
    pub model: String,
    /// Answers by status, whole and cut.
    pub by_status: BTreeMap<u16, u64>,
    /// Answers that began and were cut off before their end.
    pub cut: u64,
    /// Calls that got no answer.
    pub failed: u64,
}

/// A live population, ready to run.
#[derive(Debug)]
pub struct Live {
    authority: String,
    callers: Vec<Caller>,
    config: LiveConfig,
    counts: Mutex<Vec<CallerCounts>>,
}

impl Live {
    /// Gets ready to call `base_url` (`http://HOST:PORT`, no path).
    ///
    /// # Errors
    /// When the address is not of that form.
    pub fn new(base_url: &str, callers: Vec<Caller>, config: LiveConfig) -> Result<Arc<Self>, LiveError> {
        let counts = callers
            .iter()
            .map(|caller| CallerCounts {
                label: caller.label.clone(),
                model: caller.model.clone(),
                ..CallerCounts::default()
            })
            .collect();
        let authority = authority(base_url)?;
        Ok(Arc::new(Self { authority, callers, config, counts: Mutex::new(counts) }))
    }

    /// What came of the calls so far, in the callers' order.
    #[must_use]
    pub fn counts(&self) -> Vec<CallerCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls until `shutdown` completes; calls under way are then dropped.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        let mut tasks = JoinSet::new();
        for place in 0..self.callers.len() {
            tasks.spawn(Arc::clone(&self).keep_calling(place));
        }
        // Dropping the tasks when this returns ends them.
        shutdown.await;
    }

    async fn keep_calling(self: Arc<Self>, place: usize) {
        let Some(caller) = self.callers.get(place) else {
            return;
        };
        let member = u64::try_from(place).unwrap_or(u64::MAX);
        let mut random = SeededRandom::for_member(self.config.seed, member);
        loop {
            let (shortest, longest) = self.config.pause_ms;
            let pause = random.between(shortest, longest);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let call = Call::invent(&mut random);
            let outcome = send(&self.authority, &call.render(caller, &self.authority), &call).await;
            self.count(place, &outcome);
        }
    }

    fn count(&self, place: usize, outcome: &io::Result<Outcome>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counts) = counts.get_mut(place) else {
            return;
        };
        match outcome {
            Ok(outcome) => {
                *counts.by_status.entry(outcome.status).or_default() += 1;
                counts.cut += u64::from(outcome.cut);
            }
            Err(_) => counts.failed += 1,
        }
    }
}

pub(super) fn authority(base_url: &str) -> Result<String, LiveError> {
    let refuse = |why| LiveError::BaseUrl { base_url: base_url.to_owned(), why };
    let url: Uri = base_url.parse().map_err(|_| refuse("not an address"))?;
    if url.scheme_str() != Some("http") {
        return Err(refuse("only plain http is spoken here"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(refuse("it has a path or a query"));
    }
    let host = url.host().ok_or_else(|| refuse("it names no host"))?;
    Ok(format!("{host}:{}", url.port_u16().unwrap_or(80)))
}

/// One call, before it is written out.
#[derive(Debug, Clone, Copy)]
struct Call {
    anthropic: bool,
    stream: bool,
    /// Long enough that somebody can enact an order meanwhile.
    long: bool,
    question: &'static str,
}

impl Call {
    fn invent(random: &mut SeededRandom) -> Self {
        let stream = random.chance(60);
        Self {
            anthropic: random.chance(40),
            stream,
            long: stream && random.chance(30),
            question: random.pick(QUESTIONS).copied().unwrap_or("?"),
        }
    }

    fn render(&self, caller: &Caller, host: &str) -> String {
        let body = serde_json::json!({
            "model": caller.model,
            "max_tokens": 256,
            "stream": self.stream,
            "messages": [{"role": "user", "content": self.question}],
        })
        .to_string();
        let (path, credential) = if self.anthropic {
            let key = &caller.key;
            ("/v1/messages", format!("x-api-key: {key}\r\nanthropic-version: 2023-06-01"))
        } else {
            ("/v1/chat/completions", format!("authorization: Bearer {}", caller.key))
        };
        let steering = if self.long { "x-stand-in-chunks: 300\r\n" } else { "" };
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{credential}\r\n\
             content-type: application/json\r\nuser-agent: weir-demo\r\n{steering}\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// What the last event of a whole stream holds.
    fn last_words(&self) -> &'static [u8] {
        if self.anthropic { b"message_stop" } else { b"[DONE]" }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outcome {
    status: u16,
    cut: bool,
}

async fn send(authority: &str, request: &str, call: &Call) -> io::Result<Outcome> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut reader = ReplyReader::default();
    let mut tail = Vec::with_capacity(2 * KEPT_TAIL);
    let mut buffer = vec![0; 8 << 10];
    let mut whole = false;
    while !reader.is_done() {
        let Ok(read @ 1..) = stream.read(&mut buffer).await else {
            whole = reader.closed();
            break;
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        reader.feed(bytes, |body| keep_tail(&mut tail, body)).map_err(io::Error::other)?;
        whole = reader.is_done();
    }
    if reader.status() == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let status = reader.status();
    let ended = !call.stream || memchr::memmem::find(&tail, call.last_words()).is_some();
    Ok(Outcome { status, cut: !whole || (status == 200 && !ended) })
}

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let surplus = tail.len().saturating_sub(KEPT_TAIL);
    tail.drain(..surplus);
}

#[cfg(test)]
mod tests;
