//! Accept: what the HTTP layer let through is looked at as a whole before
//! anyone asks who sent it: one framing, one API, a body of bearable size that
//! is plain JSON, in bearable time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Request, header};
use http_body::Body as _;
use hyper::body::Incoming;
use weir_acts::Time;
use weir_exchange::Params;
use weir_wire::head::{self, HeadError, ObjectKind, RequestHead};
use weir_wire::{Api, Family, models_list};

use crate::answer::Refusal;
use crate::client::Client;

/// A request of which the head is in order.
pub(crate) struct Accepted {
    pub(crate) parts: Parts,
    body: Incoming,
    pub(crate) api: Option<Api>,
    pub(crate) family: Family,
    pub(crate) time: Time,
    pub(crate) started: Instant,
}

/// A request that was read whole.
pub(crate) struct Asked {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) api: Api,
    pub(crate) family: Family,
    pub(crate) what: What,
    pub(crate) params: Params,
    pub(crate) time: Time,
    pub(crate) started: Instant,
}

/// What is asked for.
pub(crate) enum What {
    /// A model's work.
    Work(Work),
    /// The models the caller may use.
    List,
    /// One of them.
    Describe(Arc<str>),
}

/// A model's work, as far as governance must know.
pub(crate) struct Work {
    pub(crate) model: Arc<str>,
    /// Models that tools within the request would run.
    pub(crate) nested: Box<[Arc<str>]>,
    /// Objects the request leans on: field and id.
    pub(crate) references: Box<[(&'static str, ObjectKind, String)]>,
    /// Whether the answer is to be made later.
    pub(crate) background: bool,
    /// Whether images and the like are part of the input.
    pub(crate) has_media: bool,
}

impl Asked {
    /// The model asked for; none where models are listed.
    pub(crate) fn model(&self) -> Option<&Arc<str>> {
        match &self.what {
            What::Work(work) => Some(&work.model),
            What::Describe(model) => Some(model),
            What::List => None,
        }
    }

    /// Models within the request.
    pub(crate) fn nested(&self) -> &[Arc<str>] {
        match &self.what {
            What::Work(work) => &work.nested,
            What::List | What::Describe(_) => &[],
        }
    }
}

/// Whether a path belongs to the data plane.
pub(crate) fn is_data_plane(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// The API of a request; none for a path of the data plane that is not served.
pub(crate) fn api(request: &Request<Incoming>) -> Option<Api> {
    weir_wire::route(request.method().as_str(), request.uri().path())
}

/// The family whose error shape the caller can read.
pub(crate) fn family(request: &Request<Incoming>) -> Family {
    let by_header = models_list::family(request.headers().contains_key("anthropic-version"));
    match api(request) {
        Some(Api::OpenAiModels) => by_header,
        Some(api) => api.family(),
        None if request.uri().path().starts_with("/v1/messages") => Family::Anthropic,
        None => by_header,
    }
}

/// Takes a request on.
pub(crate) fn accept(client: &Client, request: Request<Incoming>) -> Result<Accepted, Refusal> {
    let number = client.next_request();
    if client.ambiguity.reached(number) {
        let message = "The request has both a Content-Length and a Transfer-Encoding header; send one of them";
        return Err(Refusal::new(400, "ambiguous_framing", message).closing());
    }
    let (api, family) = (api(&request), family(&request));
    let (parts, body) = request.into_parts();
    Ok(Accepted { parts, body, api, family, time: client.shared().clock.now(), started: Instant::now() })
}

/// Reads the body and what it asks for.
pub(crate) async fn read(client: &Client, accepted: Accepted) -> Result<Box<Asked>, Refusal> {
    let Accepted { parts, body, api, family, time, started } = accepted;
    let Some(api) = api else {
        let message = format!("{} {} is not served here", parts.method, parts.uri.path().escape_debug());
        return Err(Refusal::new(404, "unknown_url", message));
    };
    check_encoding(&parts)?;
    let limits = &client.shared().config.limits;
    let body = read_body(client, body, limits.body_bytes, limits.body_timeout).await?;
    let (what, params) = if api == Api::OpenAiModels {
        (described(parts.uri.path()).map_or(What::List, What::Describe), Params::default())
    } else {
        let head = head::scan(api, &body).map_err(unreadable)?;
        // The rest is read off the request path.
        let stream = head.stream;
        let params = Params { max_tokens: head.output_limit, n: head.n, stream, ..Params::default() };
        (What::Work(work(head)), params)
    };
    // Boxed, since it goes from phase to phase and is large.
    Ok(Box::new(Asked { parts, body, api, family, what, params, time, started }))
}

fn check_encoding(parts: &Parts) -> Result<(), Refusal> {
    let mut encodings = parts.headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let message = "A request body with a content-encoding is not read here; send it as plain JSON";
    Err(Refusal::new(415, "unsupported_encoding", message))
}

fn described(path: &str) -> Option<Arc<str>> {
    path.strip_prefix("/v1/models/").map(Arc::from)
}

fn unreadable(error: HeadError) -> Refusal {
    Refusal::new(400, error.problem.code(), error.to_string()).about(error.field)
}

fn work(head: RequestHead<'_>) -> Work {
    Work {
        model: Arc::from(head.model.as_ref()),
        nested: head.nested_models.iter().map(|nested| Arc::from(nested.model.as_ref())).collect(),
        references: head
            .references
            .into_iter()
            .map(|reference| (reference.field, reference.kind, reference.id.into_owned()))
            .collect(),
        background: head.background,
        has_media: head.has_media,
    }
}

/// Reads a body of at most `most` bytes within `patience`. The timer starts
/// only where the body did not come along with the head.
async fn read_body(client: &Client, mut body: Incoming, most: usize, patience: Duration) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > most as u64 {
        return Err(too_large(most));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    client.gate.expect_within(patience);
    let mut read = Gathered::default();
    loop {
        let frame = std::future::poll_fn(|cx| {
            if client.gate.is_overdue() {
                return std::task::Poll::Ready(Err(too_slow(patience)));
            }
            std::pin::Pin::new(&mut body).poll_frame(cx).map(Ok)
        });
        let Some(frame) = frame.await? else { break };
        let frame = frame.map_err(|_| broken_body())?;
        let Ok(data) = frame.into_data() else { continue };
        if read.length() + data.len() > most {
            return Err(too_large(most));
        }
        read.add(data, body.size_hint().lower());
        // A body of known length is over with its last byte.
        if body.is_end_stream() {
            break;
        }
    }
    client.gate.expect_no_more();
    Ok(read.whole())
}

/// Pieces of a body; the usual single one is not copied.
#[derive(Default)]
struct Gathered {
    first: Option<Bytes>,
    joined: BytesMut,
}

impl Gathered {
    fn length(&self) -> usize {
        self.first.as_ref().map_or(0, Bytes::len) + self.joined.len()
    }

    fn add(&mut self, data: Bytes, still_to_come: u64) {
        match self.first.take() {
            None if self.joined.is_empty() => self.first = Some(data),
            first => {
                if let Some(first) = first {
                    // What is announced was checked against the limit.
                    let rest = usize::try_from(still_to_come).unwrap_or_default();
                    self.joined.reserve(first.len() + data.len() + rest);
                    self.joined.extend_from_slice(&first);
                }
                self.joined.extend_from_slice(&data);
            }
        }
    }

    fn whole(self) -> Bytes {
        self.first.unwrap_or_else(|| self.joined.freeze())
    }
}

fn too_large(most: usize) -> Refusal {
    let message = format!("The request body is larger than {most} bytes");
    Refusal::new(413, "request_too_large", message).closing()
}

fn too_slow(patience: Duration) -> Refusal {
    let message = format!("The request body did not come within {} seconds", patience.as_secs_f32());
    Refusal::new(408, "request_timeout", message).closing()
}

fn broken_body() -> Refusal {
    Refusal::new(400, "invalid_body", "The request body ended early or is not framed as its head says").closing()
}
