use std::net::IpAddr;

use proptest::prelude::*;
use weir_acts::claims::{Claims, Standing};
use weir_acts::id::{AccountId, IssuerId, KeyId, PartyId};
use weir_acts::value::Value;
use weir_acts::words::Stage;
use weir_acts::{Digest, Time};

use crate::*;

/// Names as they are, and text of every kind.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.#-]{0,40}", any::<String>(), "[\"\\\\\u{0}-\u{1f}\u{7f}é😀a]{0,6}"]
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(of)
}

fn time() -> impl Strategy<Value = Time> {
    let moments = prop_oneof![1_700_000_000_000..1_700_000_000_003_i64, any::<i64>(), -62_000_000_000_000..250_000_000_000_000_i64];
    moments.prop_map(Time::from_millis)
}

fn id() -> impl Strategy<Value = DecisionId> {
    any::<(u32, u32)>().prop_map(|(segment, sequence)| DecisionId { segment, sequence })
}

fn claims() -> impl Strategy<Value = Claims> {
    let value = prop_oneof![any::<bool>().prop_map(Value::Bool), any::<i64>().prop_map(Value::Long), text().prop_map(|text| Value::String(text.into()))];
    let claim = (text(), any::<u8>(), some(value));
    prop::collection::vec(claim, 0..4).prop_map(|said| {
        let mut claims = Claims::default();
        for (kind, level, value) in said {
            claims.add(&kind.as_str().into(), Standing { level, value });
        }
        claims
    })
}

fn client() -> impl Strategy<Value = Client> {
    (any::<IpAddr>(), any::<Option<u32>>(), some(text()), some(text())).prop_map(|(ip, asn, ja4, agent)| Client {
        ip,
        asn,
        ja4: ja4.map(Into::into),
        user_agent: agent.map(Into::into),
    })
}

prop_compose! {
    fn params()(
        max_tokens: Option<u64>,
        n: Option<u64>,
        temperature in some(prop_oneof![0.0..2.0_f64, any::<f64>()]),
        stream: bool,
        logprobs: Option<bool>,
    ) -> Params {
        Params { max_tokens, n, temperature, stream, logprobs }
    }
}

prop_compose! {
    fn outcome()(status: u16, refusal: Option<bool>, cut_by in some(text())) -> Outcome {
        Outcome { status, refusal, cut_by: cut_by.map(Into::into) }
    }
}

prop_compose! {
    fn exchange()(
        (id, time, account, party) in (id(), time(), any::<[u8; 10]>(), any::<[u8; 10]>()),
        (person, model, served_model, conversation) in (some(text()), some(text()), some(text()), some(text())),
        (decision, tree_size, seq, took_ms) in (id(), any::<u64>(), any::<u64>(), any::<u64>()),
        sketch in some(prop::collection::vec(any::<u8>(), 0..60)),
        kept in some((text(), text())),
        (client, params, outcome) in (client(), params(), outcome()),
        (input_tokens, output_tokens, estimated) in any::<(Option<u64>, Option<u64>, bool)>(),
        truncated: bool,
    ) -> Record {
        Record::Exchange(ExchangeRecord {
            id,
            time,
            account: AccountId::from_bytes(account),
            party: PartyId::from_bytes(party),
            person: person.map(Into::into),
            api: "openai.chat",
            model: model.map(Into::into),
            served_model: served_model.map(Into::into),
            decision,
            tree_size,
            seq,
            conversation: conversation.map(Into::into),
            sketch: sketch.map(|bytes| Sketch::new(2, &bytes)),
            text: kept.map(|(key, sealed)| KeptText { key: key.into(), sealed: sealed.into() }),
            client,
            params,
            usage: Usage { input_tokens, output_tokens, estimated },
            outcome,
            truncated,
            took_ms,
        })
    }
}

prop_compose! {
    fn decision()(
        (id, time, tree_size) in (id(), time(), any::<u64>()),
        (account, party, key) in any::<([u8; 10], [u8; 10], [u8; 10])>(),
        (person, model, served_model) in (some(text()), some(text()), some(text())),
        person_claims in some(claims()),
        assertion in some((any::<[u8; 10]>(), any::<[u8; 32]>(), time())),
        stage in prop::sample::select(Stage::ALL),
        ruling in prop::sample::select(vec![Ruling::Permit, Ruling::Deny, Ruling::Missing, Ruling::Fallback]),
        rules in prop::collection::vec(text(), 0..4),
    ) -> Record {
        let used = |(issuer, jti, expires)| UsedAssertion { issuer: IssuerId::from_bytes(issuer), jti: Digest(jti), expires };
        Record::Decision(DecisionRecord {
            id,
            time,
            tree_size,
            account: AccountId::from_bytes(account),
            party: PartyId::from_bytes(party),
            key: KeyId::from_bytes(key),
            person: person.map(Into::into),
            person_claims: person_claims.map(Into::into),
            assertion: assertion.map(used),
            api: "anthropic.messages",
            model: model.map(Into::into),
            served_model: served_model.map(Into::into),
            stage,
            ruling,
            rules: rules.into_iter().map(Into::into).collect(),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_line_is_what_serde_json_writes(records in prop::collection::vec(prop_oneof![exchange(), decision()], 1..4)) {
        let (mut lines, mut expected) = (Vec::new(), Vec::new());
        for record in &records {
            record.write_line(&mut lines).unwrap();
            expected.extend(serde_json::to_vec(record).unwrap());
            expected.push(b'\n');
        }
        prop_assert_eq!(String::from_utf8(lines).unwrap(), String::from_utf8(expected).unwrap());
    }
}
