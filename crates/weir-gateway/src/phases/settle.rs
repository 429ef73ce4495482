//! Settle: from the permit on, a request owes its account: what was used, how
//! it ended, and its place on the board. Whatever happens, a refusal further
//! on, the client's leaving, a cut, a panic, the debt is paid when the
//! [`Settlement`] is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use weir_acts::Time;
use weir_exchange::{Client as CalledFrom, ExchangeRecord, Outcome, Params, Usage};
use weir_wire::Api;
use weir_wire::usage::{Ending, UsageMeter};

use crate::answer::{Refusal, may_shed};
use crate::client::Client;
use crate::flight::Cut;
use crate::metering::{Most, Seen, Took};
use crate::objects::Made;
use crate::origin;
use crate::phases::accept::Asked;
use crate::phases::decide::{Decided, Permit};
use crate::phases::reserve::Reservation;
use crate::recorder::{Place, UntilDurable};

/// The status recorded where the client left before there was an answer; the
/// number is nginx's.
const CLIENT_LEFT: u16 = 499;

/// Largest JSON answer that is looked through for its usage, in bytes.
const MOST_LOOKED_THROUGH: usize = 8 << 20;

/// What a permitted request owes.
pub(crate) struct Settlement {
    pub(crate) client: Arc<Client>,
    pub(crate) decided: Decided,
    pub(crate) api: Api,
    asked_model: Option<Arc<str>>,
    params: Params,
    from: Option<CalledFrom>,
    time: Time,
    pub(crate) started: Instant,
    /// What it may take at most.
    pub(crate) most: Most,
    /// Whether it may have reached an upstream.
    pub(crate) was_sent: AtomicBool,
    room: Option<Reservation>,
    /// What it took, once that is known.
    took: Option<Took>,
    status: u16,
    /// Whether an answer of the upstream's began.
    has_begun: bool,
    meter: Option<UsageMeter>,
    is_event_stream: bool,
    pieces: Vec<Bytes>,
    pieces_length: usize,
    is_complete: bool,
    cut: Option<Arc<Cut>>,
    /// The rule by which it was denied after it had been permitted.
    denied_by: Option<Arc<str>>,
}

/// The debt of a request that was permitted. Boxed, since it goes from phase to phase and is large.
pub(crate) fn owe(client: &Arc<Client>, asked: &Asked, decided: Decided) -> Box<Settlement> {
    let most = match &decided.permit {
        Permit::Work(serve) => Most::of(asked, &serve.metering),
        Permit::See(_) => Most::NOTHING,
    };
    Box::new(Settlement {
        client: Arc::clone(client),
        decided,
        api: asked.api,
        asked_model: asked.model().cloned(),
        params: asked.params,
        from: Some(origin::of(client, &asked.parts.headers)),
        time: asked.time,
        started: asked.started,
        most,
        was_sent: AtomicBool::new(false),
        room: None,
        took: None,
        status: CLIENT_LEFT,
        has_begun: false,
        meter: None,
        is_event_stream: false,
        pieces: Vec::new(),
        pieces_length: 0,
        is_complete: false,
        cut: None,
        denied_by: None,
    })
}

impl Settlement {
    /// Takes what a phase gave, or notes with which status it refused.
    pub(crate) fn holds<T>(
        &mut self,
        given: Result<T, Refusal>,
        keep: impl FnOnce(&mut Option<Reservation>, T),
    ) -> Result<(), Refusal> {
        match given {
            Ok(given) => {
                keep(&mut self.room, given);
                Ok(())
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Notes that Weir itself answers, and with what.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Refusal {
        self.status = refusal.status();
        self.is_complete = true;
        self.denied_by = refusal.rule().cloned();
        refusal.decided_as(self.decided.id)
    }

    /// Notes that the answer was cut, and renders why.
    pub(crate) fn refuse_cut(&mut self, cut: &Arc<Cut>) -> Refusal {
        let model = self.asked_model.as_deref().unwrap_or_default();
        let refusal = Refusal::cut(cut, model, &self.client.shared().appeals);
        self.cut = Some(Arc::clone(cut));
        refusal.decided_as(self.decided.id)
    }

    /// The answer begins.
    pub(crate) fn begin(&mut self, status: u16, is_event_stream: bool) {
        self.status = status;
        self.has_begun = true;
        self.is_event_stream = is_event_stream;
        if (200..300).contains(&status) && matches!(self.decided.permit, Permit::Work(_)) {
            self.meter = Some(UsageMeter::new(self.api, is_event_stream));
        }
    }

    /// A piece of the answer passes. Returns how many bytes at its end belong
    /// to an event that is not whole.
    pub(crate) fn observe(&mut self, piece: &Bytes) -> usize {
        let Some(meter) = &mut self.meter else { return 0 };
        if self.is_event_stream {
            meter.observe_chunk(piece);
            let unfinished = meter.unfinished();
            if meter.ending() == Ending::Complete {
                // By its own word it is over, and who read that asks again.
                self.pay();
            }
            return unfinished;
        }
        self.pieces_length += piece.len();
        if self.pieces_length <= MOST_LOOKED_THROUGH {
            self.pieces.push(piece.clone());
        }
        0
    }

    /// The answer came to the end that its framing announced.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
        if !self.is_event_stream {
            self.look_through_body();
        }
        self.pay();
    }

    /// Settles what was reserved, once: before the answer's last byte goes out,
    /// so that whoever waits for it finds room again, else when all is over.
    fn pay(&mut self) {
        if self.took.is_some() {
            return;
        }
        let took = self.took_now();
        self.took = Some(took);
        if let (Some(room), Permit::Work(serve)) = (&mut self.room, &self.decided.permit) {
            room.charge(took.tokens(), serve.metering.weight);
        }
    }

    /// What it took, as far as it came.
    fn took_now(&self) -> Took {
        let is_refused_by_upstream = self.has_begun && self.meter.is_none();
        let was_sent = self.was_sent.load(Ordering::Relaxed);
        if !matches!(self.decided.permit, Permit::Work(_)) || !was_sent || is_refused_by_upstream {
            return Took::default();
        }
        let seen = self.meter.as_ref().map_or_else(Seen::default, |meter| {
            let unread = (self.pieces_length as u64).saturating_sub(meter.bytes());
            Seen {
                told: meter.usage(),
                is_final: meter.ending() == Ending::Complete,
                estimate: meter.output_estimate().saturating_add(unread / 4),
                bytes: meter.bytes().saturating_add(unread),
                events: meter.events(),
            }
        });
        Took::of(&self.most, &seen)
    }

    /// Records the exchange before its answer's last bytes go out; where there
    /// is a record to wait for, its place.
    pub(crate) fn acknowledge(&mut self) -> Option<Place> {
        if !std::mem::take(&mut self.decided.is_recorded) {
            return None;
        }
        let was_complete = std::mem::replace(&mut self.is_complete, true);
        let truncated = self.is_truncated();
        self.is_complete = was_complete;
        self.pay();
        let record = self.record(truncated);
        Some(self.client.shared().recorder.settle(record))
    }

    /// What the client waits for before the answer's last bytes: on a
    /// restricted stage for the disk to have the record, on a general one for
    /// the system to.
    pub(crate) fn until_kept(&self, place: Place) -> UntilDurable {
        let recorder = &self.client.shared().recorder;
        match may_shed(self.decided.stage) {
            true => recorder.until_written(place),
            false => recorder.until_durable(place),
        }
    }

    /// Whether the answer goes on where its record cannot be kept.
    pub(crate) fn may_shed(&self) -> bool {
        may_shed(self.decided.stage)
    }

    /// Whether the answer has said itself that it is at its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_event_stream && self.meter.as_ref().is_some_and(|meter| meter.ending() == Ending::Complete)
    }

    fn look_through_body(&mut self) {
        let Some(meter) = &mut self.meter else { return };
        if self.is_event_stream || self.pieces_length > MOST_LOOKED_THROUGH {
            return;
        }
        match std::mem::take(&mut self.pieces).as_slice() {
            [] => {}
            [whole] => meter.observe_body(whole),
            pieces => {
                let mut whole = BytesMut::with_capacity(self.pieces_length);
                pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
                meter.observe_body(&whole);
            }
        }
    }

    /// Whether the answer stopped before its end. A stream must also say so
    /// itself, for its framing ends well when an upstream gives up politely.
    fn is_truncated(&self) -> bool {
        if !self.is_complete || self.cut.is_some() {
            return self.has_begun;
        }
        self.is_event_stream && self.meter.as_ref().is_some_and(|meter| meter.ending() == Ending::Open)
    }

    fn remember_objects(&self) {
        let (Some(meter), Permit::Work(serve)) = (&self.meter, &self.decided.permit) else { return };
        for object in meter.created_objects() {
            let made = Made { by: self.decided.caller.account, on: Arc::clone(&serve.model) };
            self.client.shared().objects.remember(&object.id, made);
        }
    }

    fn usage(&self) -> Usage {
        let took = self.took.filter(|took| took.tokens() > 0);
        Usage {
            input_tokens: took.map(|took| took.input),
            output_tokens: took.map(|took| took.output),
            estimated: took.is_some_and(|took| took.is_estimated),
        }
    }

    fn record(&mut self, truncated: bool) -> ExchangeRecord {
        let served_model = match &self.decided.permit {
            Permit::Work(serve) if serve.fallback.is_some() => Some(Arc::clone(&serve.model)),
            _ => None,
        };
        ExchangeRecord {
            id: self.decided.id,
            time: self.time,
            account: self.decided.caller.account,
            party: self.decided.caller.party,
            person: self.decided.flight.person.as_ref().map(|person| Arc::clone(&person.label)),
            api: self.api.name(),
            model: self.asked_model.clone(),
            served_model,
            decision: self.decided.id,
            tree_size: self.decided.tree_size,
            seq: 0,
            conversation: None,
            sketch: None,
            text: None,
            client: self.from.take().unwrap_or_else(|| CalledFrom::at(self.client.peer.ip())),
            params: self.params,
            usage: self.usage(),
            outcome: Outcome {
                status: self.status,
                refusal: self.meter.as_ref().and_then(UsageMeter::refused),
                cut_by: self.cut.as_ref().and_then(|cut| cut.rule()).or(self.denied_by.as_ref()).cloned(),
            },
            truncated,
            took_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn count(&self, truncated: bool) {
        let metrics = &self.client.shared().metrics;
        if truncated {
            metrics.truncated.inc();
        }
        let took = self.took.filter(|took| took.tokens() > 0);
        if let (Some(took), Permit::Work(serve)) = (took, &self.decided.permit) {
            metrics.used(self.api, &serve.model, took.input, took.output);
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.client.gate.depart(self.decided.ticket.take());
        self.look_through_body();
        self.pay();
        self.remember_objects();
        let truncated = self.is_truncated();
        self.count(truncated);
        if self.decided.is_recorded {
            let record = self.record(truncated);
            self.client.shared().recorder.settle(record);
        }
    }
}
