//! From an exchange to what is kept of it. Pure, and independent for each
//! exchange, so any number of threads may share one [`Sketcher`].

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use weir_acts::Time;
use weir_exchange::{ExchangeRecord, LoggedExchange, LoggedParams, Sketch};

use crate::constants::{EXCERPT_BYTES, SHOWN_SAMPLE, SLOTS};
use crate::hash::{Domain, Keyed, join};
use crate::profile::{EpochProfile, Event, UnitEpoch};
use crate::recorded::{Foreign, Gist, Texts};
use crate::settings::Settings;
pub(crate) use crate::text::CLASSES;
use crate::text::cut;

/// What is kept of one exchange, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketched {
    /// Its epoch: how many whole epochs since 1970 began before it.
    pub epoch: i64,
    pub(crate) unit: u64,
    pub(crate) key: u64,
    pub(crate) refused: bool,
    pub(crate) account: Box<str>,
    /// Of an organisation's account its own keyed hash.
    pub(crate) seat: Option<u64>,
    pub(crate) event: Event,
    /// Its texts were sketched under another key or by another version, and
    /// are as unknown as if they had not been kept.
    pub foreign: bool,
}

impl Sketched {
    /// Adds it to the profile of its epoch.
    pub fn add_to(self, profile: &mut EpochProfile) {
        let unit = self.unit;
        self.add_to_unit(profile.units.entry(unit).or_default());
    }

    /// Adds it to what its epoch saw of its customer.
    pub(crate) fn add_to_unit(self, seen: &mut UnitEpoch) {
        if seen.name.is_empty() || (!self.account.is_empty() && self.account < seen.name) {
            seen.name = self.account;
        }
        seen.exchanges = seen.exchanges.saturating_add(1);
        seen.output_tokens = seen.output_tokens.saturating_add(u64::from(self.event.output_tokens));
        seen.refusals = seen.refusals.saturating_add(u64::from(self.refused));
        seen.slots |= 1 << self.event.slot.min(SLOTS - 1);
        if let Some(seat) = self.seat {
            seen.seats.take(seat, self.key, &self.event);
        }
        seen.keep(self.key, self.event);
    }
}

/// Sketches exchanges under one key. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sketcher {
    pub(crate) key: Keyed,
    epoch_millis: i64,
    /// Units of the accounts that a party declared, by what they would be else: keyed
    /// hashes, since the names of a million accounts would take a hundred megabytes.
    pub(crate) units: Arc<HashMap<u64, u64>>,
}

impl Sketcher {
    pub(crate) fn new(settings: &Settings) -> Sketcher {
        Sketcher { key: Keyed::new(settings.key), epoch_millis: settings.epoch_millis(), units: Arc::default() }
    }

    /// The customer an account belongs to: its declared party, or itself.
    pub(crate) fn unit_of(&self, account: &str, party: Option<&str>) -> u64 {
        self.unit_by(self.own_unit(account), party)
    }

    /// The same of an account by its own keyed hash.
    fn unit_by(&self, own: u64, party: Option<&str>) -> u64 {
        match party.filter(|party| !party.is_empty()) {
            Some(party) => join(self.key.of(Domain::Unit, party.as_bytes()), 1),
            None => self.units.get(&own).copied().unwrap_or(own),
        }
    }

    /// An account that no party declared.
    pub(crate) fn own_unit(&self, account: &str) -> u64 {
        self.key.of(Domain::Unit, account.as_bytes())
    }

    /// Sketches one exchange.
    pub fn sketch(&self, exchange: &LoggedExchange) -> Sketched {
        let client = &exchange.client;
        self.look_at(&Looked {
            id: exchange.id.as_deref(),
            time: exchange.time,
            account: &exchange.account,
            party: exchange.party.as_deref(),
            model: exchange.model.as_deref(),
            conversation: exchange.conversation.as_deref(),
            texts: Texts::of(&exchange.messages),
            sketch: exchange.sketch.as_ref(),
            ip: client.ip.as_deref(),
            ja4: client.ja4.as_deref(),
            user_agent: client.user_agent.as_deref(),
            params: exchange.params,
            output_tokens: exchange.usage.output_tokens,
            refusal: exchange.outcome.refusal,
        })
    }

    /// Sketches one exchange as the gateway holds it: the same as of its line read
    /// back, without the line.
    pub fn sketch_record(&self, record: &ExchangeRecord) -> Sketched {
        let id = record.id.exchange_ascii();
        let [account, party] = [Spelled::of(&record.account), Spelled::of(&record.party)];
        let ip = Spelled::of(&record.client.ip);
        self.look_at(&Looked {
            id: std::str::from_utf8(&id).ok(),
            time: record.time,
            account: account.as_str(),
            party: Some(party.as_str()),
            model: record.model.as_deref(),
            conversation: record.conversation.as_deref(),
            texts: Texts::default(),
            sketch: record.sketch.as_ref(),
            ip: Some(ip.as_str()),
            ja4: record.client.ja4.as_deref(),
            user_agent: record.client.user_agent.as_deref(),
            params: record.params.as_logged(),
            output_tokens: record.usage.output_tokens,
            refusal: record.outcome.refusal,
        })
    }

    fn look_at(&self, exchange: &Looked<'_>) -> Sketched {
        let millis = exchange.time.millis();
        let epoch = millis.div_euclid(self.epoch_millis);
        let within = millis.rem_euclid(self.epoch_millis);
        let (mut event, foreign) = self.event_of(exchange);
        event.slot = u32::try_from(within.saturating_mul(i64::from(SLOTS)) / self.epoch_millis).unwrap_or(0);
        event.hour = u8::try_from(millis.div_euclid(3_600_000).rem_euclid(24)).unwrap_or(0);
        let account = self.own_unit(exchange.account);
        let unit = self.unit_by(account, exchange.party);
        let seat = (account != unit).then_some(account);
        // A turn sent again in its conversation has the same key, so it counts once.
        let own = if event.conversation != 0 {
            join(event.conversation, event.fill)
        } else {
            join(self.key.of_text(Domain::Exchange, exchange.id), join(millis as u64, event.fill))
        };
        let key = join(unit, own);
        event.has_text &= key <= u64::MAX / SHOWN_SAMPLE;
        if event.has_text {
            event.excerpt = excerpt_of(&exchange.texts);
            event.id = exchange.id.map_or("", |id| cut(id, 128)).into();
        }
        let refused = exchange.refusal == Some(true);
        Sketched { epoch, unit, key, refused, account: exchange.account.into(), seat, event, foreign }
    }

    fn event_of(&self, exchange: &Looked<'_>) -> (Event, bool) {
        let texts = &exchange.texts;
        let (gist, foreign) = match exchange.sketch.filter(|_| texts.are_unknown()) {
            None => (Gist::of(texts, &self.key), false),
            Some(sketch) => match Gist::read(sketch, &self.key) {
                Ok(gist) => (gist, false),
                Err(Foreign) => (Gist::default(), true),
            },
        };
        let text = gist.text;
        let key = &self.key;
        let ja4 = key.of_text(Domain::Client, exchange.ja4);
        let agent = key.of_text(Domain::Client, exchange.user_agent);
        let prefix = exchange.ip.and_then(prefix_of);
        let event = Event {
            slot: 0,
            anchors: text.anchors,
            fill: text.fill,
            conversation: key.of_text(Domain::Conversation, exchange.conversation),
            topic: text.topic,
            length: gist.length,
            script: text.script,
            hour: 0,
            asks: gist.asks,
            before: gist.before,
            address: key.of_text(Domain::Address, exchange.ip),
            prefix: key.of_text(Domain::Prefix, prefix),
            client: if ja4 == 0 && agent == 0 { 0 } else { join(ja4, agent).max(1) },
            marks: marks_of(key, &exchange.params),
            model: key.of_text(Domain::Model, exchange.model),
            model_name: exchange.model.map_or("", |model| cut(model, 64)).into(),
            output_tokens: exchange.output_tokens.map_or(0, |tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
            id: "".into(),
            has_text: gist.has_text,
            excerpt: "".into(),
        };
        (event, foreign)
    }
}

/// An exchange as far as it is looked at, whoever holds it.
struct Looked<'e> {
    id: Option<&'e str>,
    time: Time,
    account: &'e str,
    party: Option<&'e str>,
    model: Option<&'e str>,
    conversation: Option<&'e str>,
    texts: Texts<'e>,
    sketch: Option<&'e Sketch>,
    ip: Option<&'e str>,
    ja4: Option<&'e str>,
    user_agent: Option<&'e str>,
    params: LoggedParams,
    output_tokens: Option<u64>,
    refusal: Option<bool>,
}

/// An id or an address as its line has it, without allocating.
struct Spelled {
    bytes: [u8; Spelled::MOST],
    length: usize,
}

impl Spelled {
    /// An address of IPv6 that holds one of IPv4 is the longest there is.
    const MOST: usize = 46;

    fn of(named: &impl fmt::Display) -> Spelled {
        let mut spelled = Spelled { bytes: [0; Spelled::MOST], length: 0 };
        // Nothing longer is ever spelled.
        let _fits = write!(spelled, "{named}");
        spelled
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for Spelled {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The parameters of a request as one value: a harness leaves the same ones on
/// every request, whatever address it calls from.
fn marks_of(key: &Keyed, params: &LoggedParams) -> u64 {
    if params.max_tokens.is_none() && params.temperature.is_none() {
        return 0;
    }
    let temperature = params.temperature.map_or(0, f64::to_bits);
    let flags = u64::from(params.stream.unwrap_or(false)) | u64::from(params.logprobs.unwrap_or(false)) << 1;
    let values = [params.max_tokens.unwrap_or(0), temperature, params.n.unwrap_or(1), flags];
    values.iter().fold(key.of(Domain::Marks, b""), |hash, &value| join(hash, value)).max(1)
}

fn excerpt_of(parts: &Texts<'_>) -> Box<str> {
    match (parts.system, parts.last) {
        (Some(system), Some(last)) => {
            format!("{}\n{}", cut(system, EXCERPT_BYTES / 2), cut(last, EXCERPT_BYTES / 2)).into()
        }
        (Some(only), None) | (None, Some(only)) => cut(only, EXCERPT_BYTES).into(),
        (None, None) => "".into(),
    }
}

/// The network a text address is in: three parts of four in IPv4, three groups
/// in IPv6. Hashed addresses have none.
fn prefix_of(address: &str) -> Option<&str> {
    if let Some((head, _)) = address.rsplit_once('.') {
        return Some(head);
    }
    address.match_indices(':').nth(2).map(|(at, _)| &address[..at])
}

#[cfg(test)]
mod tests;
