use std::net::IpAddr;

use proptest::prelude::*;
use weir_acts::id::{AccountId, PartyId};
use weir_exchange::{Client, DecisionId, Outcome, Params, Record, Usage};

use super::*;
use crate::recorded::Recorder;

prop_compose! {
    fn client()(ip: IpAddr, asn: Option<u32>, ja4: Option<String>, agent: Option<String>) -> Client {
        Client { ip, asn, ja4: ja4.map(Into::into), user_agent: agent.map(Into::into) }
    }
}

prop_compose! {
    fn params()(
        max_tokens: Option<u64>,
        n: Option<u64>,
        temperature: Option<f64>,
        stream: bool,
        logprobs: Option<bool>,
    ) -> Params {
        Params { max_tokens, n, temperature, stream, logprobs }
    }
}

prop_compose! {
    fn record()(
        millis in 0..4_000_000_000_000_i64,
        (account, party) in any::<([u8; 10], [u8; 10])>(),
        (segment, sequence) in any::<(u32, u32)>(),
        model: Option<String>,
        conversation: Option<String>,
        text: Option<String>,
        is_foreign: bool,
        client in client(),
        params in params(),
        output_tokens: Option<u64>,
        refusal: Option<bool>,
    ) -> ExchangeRecord {
        let recorder = Recorder::new(if is_foreign { [9; 16] } else { [7; 16] });
        let id = DecisionId { segment, sequence };
        ExchangeRecord {
            id,
            time: Time::from_millis(millis),
            account: AccountId::from_bytes(account),
            party: PartyId::from_bytes(party),
            person: None,
            api: "openai.chat",
            model: model.map(Into::into),
            served_model: None,
            decision: id,
            tree_size: 1,
            seq: 1,
            conversation: conversation.map(Into::into),
            sketch: text.and_then(|text| recorder.sketch(&Texts { last: Some(&text), ..Texts::default() })),
            text: None,
            client,
            params,
            usage: Usage { input_tokens: None, output_tokens, estimated: false },
            outcome: Outcome { status: 200, refusal, cut_by: None },
            truncated: false,
            took_ms: 1,
        }
    }
}

proptest! {
    /// What the detector is handed in memory counts as what it would read in the file.
    #[test]
    fn a_record_is_sketched_as_its_line_is(record in record()) {
        let sketcher = Sketcher::new(&Settings { key: [7; 16], ..Settings::default() });
        let sketched = sketcher.sketch_record(&record);
        let mut line = Vec::new();
        Record::Exchange(record).write_line(&mut line).unwrap();
        let logged: LoggedExchange = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(sketched, sketcher.sketch(&logged));
    }
}
