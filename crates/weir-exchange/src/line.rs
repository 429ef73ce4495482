//! Records as lines of JSON, written straight into the buffer they leave by: two
//! are written for every request, and a general serializer takes several times
//! as long. It is the same JSON as `serde_json` writes, byte for byte, which a
//! property test holds; what is rare or not plain is left to that.

use std::cell::Cell;
use std::io::Write as _;
use std::net::IpAddr;

use serde::Serialize;
use weir_acts::Time;
use weir_acts::hex;
use weir_acts::id::{AccountId, KeyId, PartyId};

use crate::{Client, DecisionRecord, ExchangeRecord, Outcome, Params, Record, Usage};

/// About how long a line is.
const USUAL: usize = 1024;

/// Appends a record as JSON, without a line feed.
pub(crate) fn write(out: &mut Vec<u8>, record: &Record) -> Result<(), serde_json::Error> {
    out.reserve(USUAL);
    match record {
        Record::Decision(decision) => write_decision(out, decision),
        Record::Exchange(exchange) => write_exchange(out, exchange),
    }
}

fn write_decision(out: &mut Vec<u8>, record: &DecisionRecord) -> Result<(), serde_json::Error> {
    // Field by field, so that a further one is not forgotten here.
    let DecisionRecord {
        id,
        time,
        tree_size,
        account,
        party,
        key,
        person,
        person_claims,
        assertion,
        api,
        model,
        served_model,
        stage,
        ruling,
        rules,
    } = record;
    out.extend_from_slice(br#"{"record":"decision","id":""#);
    out.extend_from_slice(&id.to_ascii());
    out.extend_from_slice(br#"","time":""#);
    put_time(out, *time);
    put_number(out, br#"","tree_size":"#, *tree_size);
    put_id(out, br#","account":""#, AccountId::PREFIX, account.bytes());
    put_id(out, br#"","party":""#, PartyId::PREFIX, party.bytes());
    put_id(out, br#"","key":""#, KeyId::PREFIX, key.bytes());
    out.push(b'"');
    put_text(out, br#","person":"#, person.as_deref())?;
    if let Some(claims) = person_claims {
        put_any(out, br#","person_claims":"#, claims)?;
    }
    if let Some(assertion) = assertion {
        put_any(out, br#","assertion":"#, assertion)?;
    }
    put_text(out, br#","api":"#, Some(api))?;
    put_text(out, br#","model":"#, model.as_deref())?;
    put_text(out, br#","served_model":"#, served_model.as_deref())?;
    put_text(out, br#","stage":"#, Some(stage.as_str()))?;
    put_text(out, br#","ruling":"#, Some(ruling.as_str()))?;
    out.extend_from_slice(br#","rules":["#);
    for (place, rule) in rules.iter().enumerate() {
        put_text(out, if place == 0 { b"" } else { b"," }, Some(rule))?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

fn write_exchange(out: &mut Vec<u8>, record: &ExchangeRecord) -> Result<(), serde_json::Error> {
    let ExchangeRecord {
        id,
        time,
        account,
        party,
        person,
        api,
        model,
        served_model,
        decision,
        tree_size,
        seq,
        conversation,
        sketch,
        text,
        client,
        params,
        usage,
        outcome,
        truncated,
        took_ms,
    } = record;
    out.extend_from_slice(br#"{"record":"exchange","id":""#);
    out.extend_from_slice(&id.exchange_ascii());
    out.extend_from_slice(br#"","time":""#);
    put_time(out, *time);
    put_id(out, br#"","account":""#, AccountId::PREFIX, account.bytes());
    put_id(out, br#"","party":""#, PartyId::PREFIX, party.bytes());
    out.push(b'"');
    put_text(out, br#","person":"#, person.as_deref())?;
    put_text(out, br#","api":"#, Some(api))?;
    put_text(out, br#","model":"#, model.as_deref())?;
    put_text(out, br#","served_model":"#, served_model.as_deref())?;
    out.extend_from_slice(br#","decision":""#);
    out.extend_from_slice(&decision.to_ascii());
    put_number(out, br#"","tree_size":"#, *tree_size);
    put_number(out, br#","seq":"#, *seq);
    put_text(out, br#","conversation":"#, conversation.as_deref())?;
    put_text(out, br#","sketch":"#, sketch.as_ref().map(|sketch| sketch.as_str()))?;
    if let Some(text) = text {
        put_any(out, br#","text":"#, text)?;
    }
    put_client(out, client)?;
    put_params(out, params)?;
    put_usage(out, usage);
    put_outcome(out, outcome)?;
    put_flag(out, br#","truncated":"#, *truncated);
    put_number(out, br#","took_ms":"#, *took_ms);
    out.push(b'}');
    Ok(())
}

fn put_client(out: &mut Vec<u8>, client: &Client) -> Result<(), serde_json::Error> {
    let Client { ip, asn, ja4, user_agent } = client;
    out.extend_from_slice(br#","client":{"ip":""#);
    put_address(out, *ip);
    out.push(b'"');
    put_known(out, br#","asn":"#, asn.map(u64::from));
    put_text(out, br#","ja4":"#, ja4.as_deref())?;
    put_text(out, br#","user_agent":"#, user_agent.as_deref())?;
    out.push(b'}');
    Ok(())
}

fn put_params(out: &mut Vec<u8>, params: &Params) -> Result<(), serde_json::Error> {
    let Params { max_tokens, n, temperature, stream, logprobs } = params;
    out.extend_from_slice(br#","params":{"#);
    put_known(out, br#""max_tokens":"#, *max_tokens);
    put_known(out, after(out, br#","n":"#), *n);
    if let Some(temperature) = temperature {
        put_any(out, after(out, br#","temperature":"#), temperature)?;
    }
    put_flag(out, after(out, br#","stream":"#), *stream);
    if let Some(logprobs) = logprobs {
        put_flag(out, br#","logprobs":"#, *logprobs);
    }
    out.push(b'}');
    Ok(())
}

fn put_usage(out: &mut Vec<u8>, usage: &Usage) {
    let Usage { input_tokens, output_tokens, estimated } = usage;
    if input_tokens.is_none() && output_tokens.is_none() {
        return;
    }
    out.extend_from_slice(br#","usage":{"#);
    put_known(out, br#""input_tokens":"#, *input_tokens);
    put_known(out, after(out, br#","output_tokens":"#), *output_tokens);
    if *estimated {
        put_flag(out, br#","estimated":"#, true);
    }
    out.push(b'}');
}

fn put_outcome(out: &mut Vec<u8>, outcome: &Outcome) -> Result<(), serde_json::Error> {
    let Outcome { status, refusal, cut_by } = outcome;
    put_number(out, br#","outcome":{"status":"#, u64::from(*status));
    if let Some(refusal) = refusal {
        put_flag(out, br#","refusal":"#, *refusal);
    }
    put_text(out, br#","cut_by":"#, cut_by.as_deref())?;
    out.push(b'}');
    Ok(())
}

/// The key as it is, or without its comma where it is an object's first.
fn after<'k>(out: &[u8], key: &'k [u8]) -> &'k [u8] {
    if out.ends_with(b"{") { key.strip_prefix(b",").unwrap_or(key) } else { key }
}

/// A key with its value, as `serde_json` writes it.
fn put_any(out: &mut Vec<u8>, key: &[u8], value: &impl Serialize) -> Result<(), serde_json::Error> {
    out.extend_from_slice(key);
    serde_json::to_writer(out, value)
}

/// A key with its text, where there is one.
fn put_text(out: &mut Vec<u8>, key: &[u8], text: Option<&str>) -> Result<(), serde_json::Error> {
    let Some(text) = text else { return Ok(()) };
    if !is_plain(text.as_bytes()) {
        return put_any(out, key, &text);
    }
    out.extend_from_slice(key);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Whether nothing in a text is escaped: without a branch a byte, so that many are
/// looked at at once.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, byte| plain & (*byte >= 0x20) & (*byte != b'"') & (*byte != b'\\'))
}

fn put_known(out: &mut Vec<u8>, key: &[u8], number: Option<u64>) {
    if let Some(number) = number {
        put_number(out, key, number);
    }
}

fn put_number(out: &mut Vec<u8>, key: &[u8], number: u64) {
    out.extend_from_slice(key);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn put_flag(out: &mut Vec<u8>, key: &[u8], flag: bool) {
    out.extend_from_slice(key);
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

/// A key with its opening quote, and an id without the closing one.
fn put_id(out: &mut Vec<u8>, key: &[u8], prefix: &str, bytes: &[u8; 10]) {
    out.extend_from_slice(key);
    out.extend_from_slice(prefix.as_bytes());
    let mut digits = *b"-00000000000000000000";
    hex::write(bytes, &mut digits[1..]);
    out.extend_from_slice(&digits);
}

fn put_address(out: &mut Vec<u8>, ip: IpAddr) {
    let IpAddr::V4(ip) = ip else {
        // To memory.
        let _written = write!(out, "{ip}");
        return;
    };
    for (place, part) in ip.octets().into_iter().enumerate() {
        put_number(out, if place == 0 { b"" } else { b"." }, u64::from(part));
    }
}

/// Records that are written together came within a few milliseconds.
fn put_time(out: &mut Vec<u8>, time: Time) {
    const LENGTH: usize = "1970-01-01T00:00:00.000Z".len();
    thread_local! {
        static LAST: Cell<(Time, [u8; LENGTH])> = const { Cell::new((Time::EPOCH, *b"1970-01-01T00:00:00.000Z")) };
    }
    let (known, text) = LAST.get();
    if known == time {
        return out.extend_from_slice(&text);
    }
    let start = out.len();
    // To memory.
    let _written = write!(out, "{time}");
    if let Some(text) = out.get(start..).and_then(|text| <[u8; LENGTH]>::try_from(text).ok()) {
        LAST.set((time, text));
    }
}

#[cfg(test)]
mod tests;
