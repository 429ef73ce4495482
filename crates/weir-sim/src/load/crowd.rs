//! A simulated population at a server: what a [`World`] does in hours is done
//! in seconds, each exchange at its moment, with its own texts, over the API.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use weir_exchange::LoggedExchange;

use super::live::{LiveError, authority};
use super::reply::ReplyReader;
use crate::traffic::World;

/// Exchanges that wait to be sent: made a little ahead of their time.
const AHEAD: usize = 512;

/// Calls under way at once; one that comes beyond is left out and counted, as
/// it would pile up for ever.
const MOST_AT_ONCE: usize = 512;

/// How the crowd calls.
#[derive(Debug, Clone)]
pub struct CrowdConfig {
    /// How much faster than the simulated time.
    pub times: f64,
    /// The model asked for, whatever the simulation says.
    pub model: String,
}

/// What came of one account's calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrowdCounts {
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// The text of the last answer that was no 200.
    pub last_refusal: Option<String>,
    /// Calls that got no answer.
    pub failed: u64,
}

/// One call, ready to be sent.
struct Call {
    at: Duration,
    account: String,
    request: Vec<u8>,
}

/// A population, ready to call.
#[derive(Debug)]
pub struct Crowd {
    authority: String,
    config: CrowdConfig,
    counts: Mutex<BTreeMap<String, CrowdCounts>>,
    left_out: Mutex<u64>,
}

impl Crowd {
    /// Gets ready to call `base_url` (`http://HOST:PORT`, no path).
    ///
    /// # Errors
    /// When the address is not of that form.
    pub fn new(base_url: &str, config: CrowdConfig) -> Result<Arc<Self>, LiveError> {
        let authority = authority(base_url)?;
        Ok(Arc::new(Self { authority, config, counts: Mutex::default(), left_out: Mutex::default() }))
    }

    /// What came of the calls so far, by the simulation's name of the account.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, CrowdCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls that were left out because too many were under way.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        *self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls until the simulation is over or the future is dropped. `key_of`
    /// gives the key of an account; one without does not call.
    pub async fn run(self: Arc<Self>, world: Arc<World>, key_of: impl Fn(&str) -> Option<String> + Send + 'static) {
        let (send, calls) = sync_channel(AHEAD);
        let config = self.config.clone();
        let host = self.authority.clone();
        let made = std::thread::Builder::new()
            .name("weir-crowd".into())
            .spawn(move || make(&world, &config, &host, &key_of, &send));
        let calls = Arc::new(Mutex::new(calls));
        let room = Arc::new(tokio::sync::Semaphore::new(MOST_AT_ONCE));
        let start = Instant::now();
        while let Ok(Some(call)) = next(&calls).await {
            tokio::time::sleep_until(start + call.at).await;
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                *self.left_out.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                continue;
            };
            let crowd = Arc::clone(&self);
            tokio::spawn(async move {
                let answered = send_one(&crowd.authority, &call.request).await;
                crowd.count(call.account, answered);
                drop(place);
            });
        }
        drop(made);
    }

    fn count(&self, account: String, answered: std::io::Result<(u16, Vec<u8>)>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.entry(account).or_default();
        match answered {
            Ok((status, body)) => {
                *counts.by_status.entry(status).or_default() += 1;
                if status != 200 {
                    let as_bytes = |error: std::string::FromUtf8Error| error.as_bytes().escape_ascii().to_string();
                    counts.last_refusal = Some(String::from_utf8(body).unwrap_or_else(as_bytes));
                }
            }
            Err(_) => counts.failed += 1,
        }
    }
}

/// The next call, off the runtime's threads: none once there are no more.
async fn next(calls: &Arc<Mutex<Receiver<Call>>>) -> Result<Option<Call>, tokio::task::JoinError> {
    let calls = Arc::clone(calls);
    let ready = calls.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
    if let Ok(call) = ready {
        return Ok(Some(call));
    }
    tokio::task::spawn_blocking(move || calls.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()).await
}

/// Makes the calls in the order of time, as far ahead as the channel lets it.
fn make(world: &World, config: &CrowdConfig, host: &str, key_of: &impl Fn(&str) -> Option<String>, send: &SyncSender<Call>) {
    let mut stream = world.stream();
    let mut exchange = LoggedExchange::default();
    let mut begun = None;
    while stream.next_into(&mut exchange).is_some() {
        let millis = exchange.time.millis();
        let since = millis - *begun.get_or_insert(millis);
        let Some(key) = key_of(&exchange.account) else { continue };
        let at = Duration::from_secs_f64((since as f64 / 1_000.0 / config.times).max(0.0));
        let request = render(&exchange, config, host, &key);
        if send.send(Call { at, account: exchange.account.clone(), request }).is_err() {
            return;
        }
    }
}

fn render(exchange: &LoggedExchange, config: &CrowdConfig, host: &str, key: &str) -> Vec<u8> {
    let messages: Vec<serde_json::Value> = exchange
        .messages
        .iter()
        .map(|message| serde_json::json!({"role": message.role, "content": message.content}))
        .collect();
    let params = &exchange.params;
    let mut body = serde_json::json!({"model": config.model, "messages": messages});
    if let Some(most) = params.max_tokens {
        body["max_tokens"] = most.into();
    }
    if let Some(temperature) = params.temperature {
        body["temperature"] = temperature.into();
    }
    let body = body.to_string();
    let client = &exchange.client;
    // What a header cannot hold is left out rather than sent.
    let header = |name: &str, value: Option<&str>| match value {
        Some(value) if value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => format!("{name}: {value}\r\n"),
        _ => String::new(),
    };
    let tokens = exchange.usage.output_tokens.unwrap_or(1).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\n{}{}{}x-stand-in-lie-usage: {tokens}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        header("user-agent", client.user_agent.as_deref()),
        header("x-forwarded-for", client.ip.as_deref()),
        header("x-ja4", client.ja4.as_deref()),
        body.len(),
    );
    let mut request = head.into_bytes();
    request.extend(body.into_bytes());
    request
}

async fn send_one(authority: &str, request: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request).await?;
    let mut reader = ReplyReader::default();
    let mut body = Vec::new();
    let mut buffer = vec![0; 8 << 10];
    while !reader.is_done() {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        reader.feed(bytes, |part| body.extend_from_slice(part)).map_err(std::io::Error::other)?;
    }
    match reader.status() {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        status => Ok((status, body)),
    }
}
