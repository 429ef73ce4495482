//! Withhold: what a measure or a rule takes out of answers on their way to the caller. An
//! event stream is passed on event by event; a whole answer is gathered first,
//! since what is withheld may stand anywhere in it. What cannot be read one way
//! only is not passed on at all.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, header};
use weir_rules::Withheld;
use weir_wire::withhold::{self, CannotWithhold, Parts, WithholdingStream};
use weir_wire::{Api, headers};

use crate::answer::{AnswerBody, Refusal};
use crate::flight::Stand;
use crate::measures::WithheldBy;
use crate::phases::decide::Permit;
use crate::phases::settle::Settlement;
use crate::phases::{forward, relay};
use crate::upstream::{AnswerHead, BodyFraming, Connection, ReadError, Upstream};

/// Largest event of a stream from which something is to be taken out.
const MOST_OF_EVENT: usize = 4 << 20;
/// Largest whole answer from which something is to be taken out.
const MOST_OF_ANSWER: usize = 32 << 20;

/// Whether something is to be taken out of this answer. Errors have nothing of
/// what is withheld, nor have embeddings or counts.
pub(super) fn is_due(head: &AnswerHead, settlement: &Settlement) -> bool {
    let is_concerned = matches!(
        settlement.api,
        Api::OpenAiChat | Api::OpenAiCompletions | Api::OpenAiResponses | Api::AnthropicMessages
    );
    withheld(settlement) != Parts::default() && is_concerned && head.status.is_success()
}

/// What is withheld of this answer.
fn withheld(settlement: &Settlement) -> Parts {
    match &settlement.decided.permit {
        Permit::Work(serve) => {
            let Withheld { reasoning, logprobs, choices } = serve.withheld;
            Parts { reasoning, logprobs, choices }
        }
        Permit::See(_) => Parts::default(),
    }
}

/// By what.
fn by(settlement: &Settlement) -> Option<&Arc<WithheldBy>> {
    match &settlement.decided.permit {
        Permit::Work(serve) => serve.withheld_by.as_ref(),
        Permit::See(_) => None,
    }
}

/// Headers that speak of bytes which are not those any more are left out.
pub(super) fn no_longer_exact(headers: &mut HeaderMap) {
    let gone: Vec<_> = headers.keys().filter(|name| headers::is_of_exact_body(name.as_str())).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
    headers.remove(header::CONTENT_ENCODING);
}

/// Begins to take out of an event stream.
pub(super) fn stream(head: &AnswerHead, settlement: &mut Settlement) -> Result<Withholding, Refusal> {
    if !is_plain(head) {
        return Err(refuse(settlement, "it is compressed although that was not asked for"));
    }
    let stream = WithholdingStream::new(settlement.api, withheld(settlement), MOST_OF_EVENT);
    Ok(Withholding { stream, by: by(settlement).cloned(), failed: None })
}

/// Gathers a whole answer and takes out of it.
pub(super) async fn whole(
    head: AnswerHead,
    mut connection: Connection,
    upstream: Arc<Upstream>,
    mut settlement: Box<Settlement>,
) -> Result<Response<AnswerBody>, Refusal> {
    let is_plain = is_plain(&head);
    let AnswerHead { status, mut headers, mut framing, keeps_alive } = head;
    settlement.begin(status.as_u16(), false);
    settlement.decided.flight.set_stand(Stand::Answering);
    if !is_plain {
        return Err(refuse(&mut settlement, "it is compressed although that was not asked for"));
    }
    let body = match gather(&mut connection, &mut framing, &mut settlement).await {
        Ok(body) => body,
        Err(Ungathered::Interrupted(interrupted)) => return Err(forward::interrupt(&mut settlement, interrupted)),
        Err(Ungathered::Broken(error)) => {
            upstream.breaker.failed();
            return Err(refuse(&mut settlement, error));
        }
        Err(Ungathered::TooLarge) => {
            return Err(refuse(&mut settlement, format_args!("it is larger than {MOST_OF_ANSWER} bytes")));
        }
    };
    let told = match body.is_empty() {
        true => None,
        false => withhold::body(settlement.api, withheld(&settlement), &body).map_err(|error| refuse(&mut settlement, error))?,
    };
    no_longer_exact(&mut headers);
    relay::decorate(&mut headers, &settlement, false);
    settlement.complete();
    if keeps_alive {
        let worker = settlement.client.worker.index;
        upstream.keep(worker, connection, &settlement.client.shared().config.upstream);
    }
    relay::at_hand(status, headers, told.map_or(body, Bytes::from), settlement)
}

enum Ungathered {
    Interrupted(forward::Interrupted),
    Broken(ReadError),
    TooLarge,
}

async fn gather(
    connection: &mut Connection,
    framing: &mut BodyFraming,
    settlement: &mut Settlement,
) -> Result<Bytes, Ungathered> {
    let client = Arc::clone(&settlement.client);
    let patience = client.shared().config.upstream.gap_timeout;
    let mut body = BytesMut::new();
    loop {
        let piece = std::future::poll_fn(|cx| connection.poll_body(cx, framing));
        let piece = forward::until_cut(&client, patience, piece).await.map_err(Ungathered::Interrupted)?;
        let Some(piece) = piece.map_err(Ungathered::Broken)? else { return Ok(body.freeze()) };
        settlement.observe(&piece);
        body.extend_from_slice(&piece);
        if body.len() > MOST_OF_ANSWER {
            return Err(Ungathered::TooLarge);
        }
    }
}

fn is_plain(head: &AnswerHead) -> bool {
    let mut encodings = head.headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Nothing of the answer reaches the caller, who learns why; the operator also
/// learns what was wrong with it.
fn refuse(settlement: &mut Settlement, problem: impl std::fmt::Display) -> Refusal {
    settlement.client.shared().metrics.upstream_failures.inc();
    let refusal = unread(by(settlement).map(|by| &**by), &problem);
    settlement.refuse(refusal)
}

fn unread(by: Option<&WithheldBy>, problem: &dyn std::fmt::Display) -> Refusal {
    let who = by.map_or("a measure or a rule withholds", WithheldBy::who);
    let named = by.map(|by| format!(". {}", by.named())).unwrap_or_default();
    tracing::warn!("an answer is not passed on, since what {who} cannot be taken out of it: {problem}{named}");
    let message = format!(
        "The model server's answer cannot be passed on: {who} parts of it, and they cannot be told from the rest{named}"
    );
    let refusal = Refusal::new(502, "answer_unreadable", message);
    match by {
        Some(by) => refusal.by_rule(Arc::clone(&by.denial.rule)),
        None => refusal,
    }
}

/// An event stream on its way, with what is withheld taken out.
#[derive(Debug)]
pub(super) struct Withholding {
    stream: WithholdingStream,
    by: Option<Arc<WithheldBy>>,
    failed: Option<CannotWithhold>,
}

impl Withholding {
    /// What of the next piece, and of what was held, may pass.
    pub(super) fn pass(&mut self, piece: &[u8]) -> Option<Bytes> {
        let mut passing = Vec::with_capacity(piece.len());
        self.failed = self.stream.push(piece, &mut passing).err();
        (!passing.is_empty()).then(|| passing.into())
    }

    /// What may pass at the stream's end.
    pub(super) fn rest(&mut self) -> Bytes {
        let mut passing = Vec::new();
        self.stream.finish(&mut passing);
        passing.into()
    }

    /// Why nothing more may pass, once.
    pub(super) fn failure(&mut self) -> Option<Refusal> {
        self.failed.take().map(|problem| unread(self.by.as_deref(), &problem))
    }
}
