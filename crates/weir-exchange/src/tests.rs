use std::net::IpAddr;

use proptest::prelude::*;
use weir_acts::Time;
use weir_acts::id::{AccountId, KeyId, PartyId};
use weir_acts::words::Stage;

use crate::*;

fn exchange() -> ExchangeRecord {
    ExchangeRecord {
        id: DecisionId { segment: 1, sequence: 2 },
        time: Time::EPOCH,
        account: AccountId::from_bytes([1; 10]),
        party: PartyId::from_bytes([2; 10]),
        person: None,
        api: "openai.chat",
        model: Some("atlas-5".into()),
        served_model: None,
        decision: DecisionId { segment: 1, sequence: 2 },
        tree_size: 812,
        seq: 7,
        conversation: None,
        sketch: None,
        text: None,
        client: Client { ip: IpAddr::from([198, 51, 100, 7]), asn: None, ja4: None, user_agent: None },
        params: Params { max_tokens: Some(1024), n: None, temperature: None, stream: true, logprobs: None },
        usage: Usage { input_tokens: Some(212), output_tokens: None, estimated: false },
        outcome: Outcome { status: 200, refusal: None, cut_by: None },
        truncated: false,
        took_ms: 12,
    }
}

#[test]
fn an_exchange_is_written_as_the_contract_says_and_unknown_fields_are_left_out() {
    let mut lines = Vec::new();
    Record::Exchange(exchange()).write_line(&mut lines).unwrap();
    let line = std::str::from_utf8(&lines).unwrap();
    assert_eq!(
        line,
        concat!(
            r#"{"record":"exchange","id":"x-00000001-00000002","time":"1970-01-01T00:00:00.000Z","#,
            r#""account":"a-01010101010101010101","party":"p-02020202020202020202","api":"openai.chat","#,
            r#""model":"atlas-5","decision":"dec-00000001-00000002","tree_size":812,"seq":7,"#,
            r#""client":{"ip":"198.51.100.7"},"params":{"max_tokens":1024,"stream":true},"#,
            r#""usage":{"input_tokens":212},"outcome":{"status":200},"truncated":false,"took_ms":12}"#,
            "\n"
        )
    );
}

#[test]
fn the_record_as_logged_is_what_its_line_is_read_as() {
    let full = ExchangeRecord {
        person: Some("person:iss#sub".into()),
        served_model: Some("atlas-4".into()),
        conversation: Some("conv_1".into()),
        sketch: Some(Sketch::new(1, &[0, 255, 7])),
        text: Some(KeptText { key: "2026-12-27".into(), sealed: "AAAA".into() }),
        client: Client {
            ip: "2001:db8::7".parse().unwrap(),
            asn: Some(64500),
            ja4: Some("t13d".into()),
            user_agent: Some("sdk".into()),
        },
        params: Params { max_tokens: None, n: Some(2), temperature: Some(0.1), stream: false, logprobs: Some(true) },
        outcome: Outcome { status: 200, refusal: Some(true), cut_by: Some("r".into()) },
        truncated: true,
        ..exchange()
    };
    for record in [exchange(), full] {
        let logged = LoggedExchange::from(&record);
        let mut line = Vec::new();
        Record::Exchange(record).write_line(&mut line).unwrap();
        assert_eq!(serde_json::from_slice::<LoggedExchange>(&line).unwrap(), logged);
    }
}

#[test]
fn a_sketch_is_read_in_its_own_version_only() {
    let sketch = Sketch::new(3, &[1, 2, 250]);
    assert_eq!(sketch.bytes_of(3).as_deref(), Some(&[1, 2, 250][..]));
    assert_eq!(sketch.bytes_of(1), None);
    for bad in ["", "3", "3.", "x.AQ", "3.A", "3.!!"] {
        assert!(Sketch::written(bad.to_owned()).bytes_of(3).is_none_or(|bytes| bytes.is_empty()), "{bad}");
    }
}

#[test]
fn a_decision_carries_its_inputs_and_its_rules() {
    let record = Record::Decision(DecisionRecord {
        person_claims: None,
        assertion: None,
        id: DecisionId { segment: 1, sequence: 2 },
        time: Time::EPOCH,
        tree_size: 3,
        account: AccountId::from_bytes([1; 10]),
        party: PartyId::from_bytes([2; 10]),
        key: KeyId::from_bytes([3; 10]),
        person: None,
        api: "openai.chat",
        model: Some("mythos-5".into()),
        served_model: None,
        stage: Stage::Listed,
        ruling: Ruling::Deny,
        rules: vec!["2026-06-12-order/named".into()],
    });
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!(json["record"], "decision");
    assert_eq!(json["ruling"], "deny");
    assert_eq!(json["rules"][0], "2026-06-12-order/named");
    assert_eq!(json["key"], "k-03030303030303030303");
}

proptest! {
    #[test]
    fn an_id_is_read_back_in_one_spelling(segment: u32, sequence: u32) {
        let id = DecisionId { segment, sequence };
        prop_assert_eq!(id.to_string().parse::<DecisionId>().unwrap(), id);
        let ascii = id.to_ascii();
        prop_assert_eq!(std::str::from_utf8(&ascii).unwrap(), id.to_string());
        if id.to_string().to_uppercase() != id.to_string() {
            prop_assert!(id.to_string().to_uppercase().parse::<DecisionId>().is_err());
        }
    }

    #[test]
    fn any_text_is_answered(text: String) {
        if let Ok(id) = text.parse::<DecisionId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
