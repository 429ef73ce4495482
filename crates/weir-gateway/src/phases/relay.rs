//! Relay: the answer back to the caller, byte for byte. In an event stream the
//! beginning of an event is held back until its end has come: a caller can use
//! only whole events, and so a cut can always be told between two of them. Where
//! parts of it are withheld, [`super::withhold`] takes them out.

mod at_hand;
mod headers;

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::SizeHint;

use crate::answer::{AnswerBody, BoxError, Refusal};
use crate::flight::{Cut, Stand};
use crate::phases::record;
use crate::phases::settle::Settlement;
use crate::phases::withhold::{self, Withholding};
use crate::recorder::{Place, Unavailable, UntilDurable};
use crate::upstream::{AnswerHead, BodyFraming, Connection, ReadError, Upstream};

pub(super) use headers::decorate;
use headers::is_event_stream;

/// Most bytes of an unfinished event that are held back; a longer one is let
/// through in pieces, and a cut within it can only break off.
const MOST_HELD: usize = 1 << 20;

/// What the forward phase gives.
pub(crate) enum Forwarded {
    /// An upstream's answer.
    Upstream { head: AnswerHead, connection: Connection, upstream: Arc<Upstream>, settlement: Box<Settlement> },
    /// Weir's own.
    Own { body: Bytes, settlement: Box<Settlement> },
}

/// Begins the answer.
pub(crate) async fn relay(forwarded: Forwarded) -> Result<Response<AnswerBody>, Refusal> {
    match forwarded {
        Forwarded::Own { body, settlement } => own(body, settlement),
        Forwarded::Upstream { head, connection, upstream, mut settlement } => {
            let mut withholding = None;
            if withhold::is_due(&head, &settlement) {
                if !is_event_stream(&head.headers) {
                    return Box::pin(withhold::whole(head, connection, upstream, settlement)).await;
                }
                withholding = Some(withhold::stream(&head, &mut settlement)?);
            }
            let (status, mut headers, mut relay) = prepare(head, connection, upstream, settlement, withholding);
            decorate(&mut headers, &relay.settlement, relay.is_event_stream);
            relay.take_at_hand().await;
            if let Err(unavailable) = relay.until_kept().await {
                let refusal = record::refuse(relay.settlement.decided.stage, &unavailable);
                return Err(relay.settlement.refuse(refusal));
            }
            begin(status, headers, relay)
        }
    }
}

fn own(body: Bytes, mut settlement: Box<Settlement>) -> Result<Response<AnswerBody>, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    decorate(&mut headers, &settlement, false);
    settlement.begin(200, false);
    settlement.complete();
    at_hand(StatusCode::OK, headers, body, settlement)
}

/// Gives an answer that is whole.
pub(super) fn at_hand(
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    mut settlement: Box<Settlement>,
) -> Result<Response<AnswerBody>, Refusal> {
    hand_over(&mut settlement)?;
    count(&settlement, status);
    let mut answer = Response::new(AnswerBody::Whole(Some(body)));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn prepare(
    head: AnswerHead,
    connection: Connection,
    upstream: Arc<Upstream>,
    mut settlement: Box<Settlement>,
    withholding: Option<Withholding>,
) -> (StatusCode, HeaderMap, Box<Relay>) {
    let AnswerHead { status, mut headers, framing, keeps_alive } = head;
    if withholding.is_some() {
        withhold::no_longer_exact(&mut headers);
    }
    let is_event_stream = is_event_stream(&headers);
    settlement.begin(status.as_u16(), is_event_stream);
    settlement.decided.flight.set_stand(Stand::Answering);
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::CONTENT_LENGTH);
    let relay = Box::new(Relay {
        settlement,
        connection: Some(connection),
        upstream,
        framing,
        keeps_alive,
        is_event_stream,
        can_end_in_event: is_event_stream && (is_plain || withholding.is_some()),
        held: BytesMut::new(),
        is_inside_event: false,
        withholding,
        is_over: false,
        broken: None,
        at_hand: None,
        last: None,
    });
    (status, headers, relay)
}

fn begin(status: StatusCode, headers: HeaderMap, mut relay: Box<Relay>) -> Result<Response<AnswerBody>, Refusal> {
    let is_taken = relay.at_hand.is_some() || relay.last.is_some();
    if !is_taken && matches!(relay.framing, BodyFraming::Ended | BodyFraming::Length(0)) {
        relay.finish();
    }
    hand_over(&mut relay.settlement)?;
    count(&relay.settlement, status);
    let mut answer = Response::new(AnswerBody::Relayed(relay));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// The head is about to be given to the HTTP layer.
fn hand_over(settlement: &mut Settlement) -> Result<(), Refusal> {
    match settlement.client.gate.hand_over() {
        Ok(()) => Ok(()),
        Err(cut) => {
            let refusal = settlement.refuse_cut(&cut);
            Err(settlement.refuse(refusal))
        }
    }
}

fn count(settlement: &Settlement, status: StatusCode) {
    settlement.client.shared().metrics.answered(Some(settlement.api), status.as_u16());
}

/// An answer on its way from an upstream to a caller.
pub(crate) struct Relay {
    settlement: Box<Settlement>,
    connection: Option<Connection>,
    upstream: Arc<Upstream>,
    framing: BodyFraming,
    keeps_alive: bool,
    is_event_stream: bool,
    /// Whether an event of Weir's own may follow any whole event.
    can_end_in_event: bool,
    /// The beginning of an event.
    held: BytesMut,
    /// Whether a part of an unfinished event was let through.
    is_inside_event: bool,
    /// Takes out what is withheld.
    withholding: Option<Withholding>,
    is_over: bool,
    /// Why the upstream's answer ends before its end.
    broken: Option<ReadError>,
    /// What was taken of the answer before its head went.
    at_hand: Option<Bytes>,
    /// The answer's last bytes, until its record is kept.
    last: Option<(Bytes, UntilDurable)>,
}

impl Relay {
    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// How much is still to come, where that is known.
    pub(crate) fn size_hint(&self) -> SizeHint {
        let taken = self.at_hand.as_ref().or(self.last.as_ref().map(|(last, _)| last)).map_or(0, Bytes::len);
        match self.framing {
            BodyFraming::Length(left) if self.withholding.is_none() => SizeHint::with_exact(left + taken as u64),
            _ => SizeHint::default(),
        }
    }

    /// The next piece of the answer.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        loop {
            if let Some(cut) = self.settlement.client.gate.cut() {
                return Poll::Ready(Some(self.end_cut(&cut)));
            }
            if self.broken.is_some() {
                return self.break_off();
            }
            if let Some(refusal) = self.withholding.as_mut().and_then(Withholding::failure) {
                return Poll::Ready(Some(self.end_unread(&refusal)));
            }
            if let Some((_, kept)) = &mut self.last {
                let kept = std::task::ready!(Pin::new(kept).poll(cx));
                return self.let_go(kept);
            }
            if let Some(piece) = self.at_hand.take() {
                return Poll::Ready(Some(self.hand_over(piece)));
            }
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(None);
            };
            match connection.poll_body(cx, &mut self.framing) {
                Poll::Pending => return self.wait(),
                Poll::Ready(Ok(Some(piece))) => {
                    if let Some(piece) = self.align(piece) {
                        let is_last = self.framing == BodyFraming::Length(0) || self.settlement.has_ended();
                        match is_last.then(|| self.keep()).flatten() {
                            Some(kept) => self.last = Some((piece, kept)),
                            None => return Poll::Ready(Some(self.hand_over(piece))),
                        }
                    }
                }
                Poll::Ready(Ok(None)) => {
                    let rest = self.rest();
                    self.framing = BodyFraming::Ended;
                    if let Some(kept) = self.keep() {
                        self.last = Some((rest, kept));
                        continue;
                    }
                    let rest = self.hand_over(rest);
                    self.finish();
                    let is_something = rest.as_ref().map_or(true, |rest| !rest.is_empty());
                    return Poll::Ready(is_something.then_some(rest));
                }
                Poll::Ready(Err(error)) => self.fail(error),
            }
        }
    }

    /// The upstream's answer ends before its end.
    fn fail(&mut self, error: ReadError) {
        self.connection = None;
        self.upstream.breaker.failed();
        self.broken = Some(error);
    }

    /// Holds back the beginning of an event that is not whole, and takes out what
    /// is withheld.
    fn align(&mut self, piece: Bytes) -> Option<Bytes> {
        let unfinished = self.settlement.observe(&piece);
        if let Some(withholding) = &mut self.withholding {
            return withholding.pass(&piece);
        }
        if !self.can_end_in_event || (unfinished == 0 && self.held.is_empty()) {
            self.is_inside_event = unfinished > 0;
            return Some(piece);
        }
        self.held.extend_from_slice(&piece);
        if unfinished > MOST_HELD {
            self.is_inside_event = true;
            return Some(self.held.split().freeze());
        }
        // What was let through of an oversized event is not held any more.
        let whole = self.held.len().saturating_sub(unfinished);
        self.is_inside_event &= unfinished > 0 && whole == 0;
        if whole == 0 {
            return None;
        }
        Some(self.held.split_to(whole).freeze())
    }

    /// What is left at the end.
    fn rest(&mut self) -> Bytes {
        match &mut self.withholding {
            Some(withholding) => withholding.rest(),
            None => self.held.split().freeze(),
        }
    }

    /// Has the exchange recorded before its answer's last bytes go.
    fn keep(&mut self) -> Option<UntilDurable> {
        self.settle().map(|settled| self.settlement.until_kept(settled))
    }

    fn settle(&mut self) -> Option<Place> {
        if !self.settlement.has_ended() {
            // Read for its usage now rather than when it is over.
            self.settlement.complete();
        }
        self.settlement.acknowledge()
    }

    /// The record of the answer is kept, or cannot be.
    fn let_go(&mut self, kept: Result<(), Unavailable>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some((last, _)) = self.last.take() else { return Poll::Ready(None) };
        if let Err(unavailable) = kept
            && !self.settlement.may_shed()
        {
            tracing::error!("an answer was broken off before its end: {unavailable}");
            self.is_over = true;
            self.connection = None;
            self.settlement.client.gate.sever();
            return Poll::Ready(Some(Err("the record of the answer cannot be kept".into())));
        }
        let ended = self.framing == BodyFraming::Ended;
        let last = self.hand_over(last);
        if ended && !self.is_over {
            self.finish();
        }
        let is_something = last.as_ref().map_or(true, |last| !last.is_empty());
        Poll::Ready(is_something.then_some(last))
    }

    /// Gives a piece to the HTTP layer, unless the answer was denied.
    fn hand_over(&mut self, piece: Bytes) -> Result<Bytes, BoxError> {
        if let Err(cut) = self.settlement.client.gate.hand_over() {
            return self.end_cut(&cut);
        }
        if self.framing == BodyFraming::Length(0) && self.withholding.is_none() {
            self.finish();
        }
        Ok(piece)
    }

    /// The answer was denied under way. What Weir holds of it is dropped, the
    /// upstream is left, and the caller is told where that can be told.
    fn end_cut(&mut self, cut: &Arc<Cut>) -> Result<Bytes, BoxError> {
        self.is_over = true;
        self.connection = None;
        self.held.clear();
        let refusal = self.settlement.refuse_cut(cut);
        if self.can_end_in_event && !self.is_inside_event {
            return Ok(refusal.stream_event(self.settlement.api));
        }
        // A part must not be taken for the whole.
        self.settlement.client.gate.sever();
        Err("the answer was denied under way".into())
    }

    /// What is withheld cannot be taken out of what follows, so nothing
    /// follows.
    fn end_unread(&mut self, refusal: &Refusal) -> Result<Bytes, BoxError> {
        self.is_over = true;
        self.connection = None;
        let last = refusal.stream_event(self.settlement.api);
        match self.settlement.client.gate.hand_over() {
            Ok(()) => Ok(last),
            Err(cut) => self.end_cut(&cut),
        }
    }

    /// The upstream broke off. What it said before reaches the caller, and
    /// then the connection closes in mid-answer.
    fn break_off(&mut self) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.settlement.client.gate.awaits_flush() {
            return Poll::Pending;
        }
        self.is_over = true;
        Poll::Ready(self.broken.take().map(|error| Err(error.into())))
    }

    fn wait(&mut self) -> Poll<Option<Result<Bytes, BoxError>>> {
        let gate = &self.settlement.client.gate;
        if gate.is_overdue() {
            self.is_over = true;
            self.connection = None;
            return Poll::Ready(Some(Err("the upstream fell silent".into())));
        }
        if let Some(gap) = self.settlement.client.shared().config.upstream.gap_timeout {
            gate.expect_within(gap);
        }
        Poll::Pending
    }

    /// The answer came to its end.
    fn finish(&mut self) {
        self.is_over = true;
        self.settlement.complete();
        let worker = self.settlement.client.worker.index;
        let config = &self.settlement.client.shared().config.upstream;
        if let Some(connection) = self.connection.take().filter(|_| self.keeps_alive) {
            self.upstream.keep(worker, connection, config);
        }
    }
}
