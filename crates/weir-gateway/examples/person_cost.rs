//! What the person behind a request costs: the first sight of an assertion,
//! and every later one, from the cache. Prints JSON lines; each row carries the
//! bar it is held to.
//!
//! `person_cost issue DIR AUDIENCE` writes `keys.json` of an issuer to DIR and
//! prints one assertion that holds for an hour, for benches that send one.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

#[path = "../../weir-rules/src/scene.rs"]
mod scene;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, HeaderValue};
use prometheus_client::registry::Registry;
use scene::{Scene, parts};
use serde_json::json;
use weir_acts::act::{private, public};
use weir_acts::id::IssuerId;
use weir_acts::key::Pepper;
use weir_acts::{Act, Clock, Digest, Time};
use weir_gateway::{DecisionIds, Gateway, GatewayConfig, NoObjects, NoOtherRoutes, Parts, PersonsConfig, RecordQueue};
use weir_rules::{Snapshot, base_rules};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "weir.example";
/// Assertions seen for the first time in one round, and looks at one that is kept.
const FIRST: u32 = 2_000;
const CACHED: u32 = 200_000;
const ROUNDS: usize = 5;

struct Still(Time);

impl Clock for Still {
    fn now(&self) -> Time {
        self.0
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let key = SigningKey::from_bytes(&[7; 32]);
    match arguments.as_slice() {
        [] => measure(&key),
        [word, dir, audience] if word == "issue" => {
            std::fs::write(std::path::Path::new(dir).join("keys.json"), key_set(&key)).expect("a folder to write to");
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            println!("{}", assertion(&key, audience, "ada", i64::try_from(now).unwrap()));
        }
        _ => eprintln!("usage: person_cost [issue DIR AUDIENCE]"),
    }
}

fn measure(key: &SigningKey) {
    let now = Time::from_millis(1_780_000_000_000);
    let (gateway, pepper) = gateway(key, now);
    let caller = gateway.snapshot().view().identify(&pepper.digest(b"sk-bench").0).unwrap();
    let bearing = |sub: &str| {
        let mut headers = HeaderMap::new();
        let token = assertion(key, AUDIENCE, sub, now.millis() / 1_000);
        headers.insert("weir-person", HeaderValue::from_str(&token).unwrap());
        headers
    };
    let mut first = Vec::new();
    let mut cached = Vec::new();
    for round in 0..ROUNDS {
        let people: Vec<HeaderMap> = (0..FIRST).map(|person| bearing(&format!("p-{round}-{person}"))).collect();
        let started = Instant::now();
        for headers in &people {
            assert!(gateway.takes_person(headers, &caller));
        }
        first.push(started.elapsed().as_nanos() as f64 / f64::from(FIRST));
        let known = bearing("ada");
        assert!(gateway.takes_person(&known, &caller));
        let started = Instant::now();
        for _ in 0..CACHED {
            black_box(gateway.takes_person(black_box(&known), &caller));
        }
        cached.push(started.elapsed().as_nanos() as f64 / f64::from(CACHED));
    }
    println!("{}", json!({"row": "person token, cached", "ns": median(cached), "bar_ns": 2_000}));
    println!("{}", json!({"row": "person token, first sight (EdDSA)", "ns": median(first)}));
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn gateway(key: &SigningKey, now: Time) -> (Gateway, Pepper) {
    let pepper = Pepper::new(&[3; 32]);
    let mut scene = Scene::new(base_rules());
    let party = scene.party("acme");
    let account = scene.account(party, "main");
    scene.key(account, pepper.digest(b"sk-bench").0);
    let set = key_set(key);
    let public = public::IssuerAdd {
        issuer: IssuerId::from_bytes([5; 10]),
        kinds: vec!["us_person".into(), "nationalities".into()],
        max_level: 2,
        single_use: false,
        keys: Some(Digest::of(set.as_bytes())),
    };
    let private = private::IssuerAdd { name: ISSUER.into(), url: None, set: Some(set) };
    scene.act(&party.to_string(), Act::IssuerAdd(parts(public, private)));
    let parts = Parts {
        config: GatewayConfig::default(),
        snapshot: Arc::new(Snapshot::of(&scene.world).unwrap()),
        clock: Arc::new(Still(now)),
        pepper: pepper.clone(),
        ids: Arc::new(DecisionIds::new(1)),
        recorder: Arc::new(RecordQueue::new(1)),
        objects: Arc::new(NoObjects),
        other: Arc::new(NoOtherRoutes),
        persons: PersonsConfig {
            used: Vec::new(),
            audience: AUDIENCE.to_owned(),
            freshness: Arc::default(),
            names: Arc::new(|id| id.to_string()),
        },
    };
    (Gateway::new(parts, &mut Registry::default()).unwrap(), pepper)
}

fn key_set(key: &SigningKey) -> String {
    let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "bench", "use": "sig"}]}).to_string()
}

fn assertion(key: &SigningKey, audience: &str, sub: &str, now: i64) -> String {
    let head = json!({"alg": "EdDSA", "kid": "bench", "typ": "JWT"});
    let claims = json!({
        "iss": ISSUER, "sub": sub, "aud": audience, "iat": now, "exp": now + 3_600,
        "verified_claims": {
            "verification": {"trust_framework": "eidas", "assurance_level": "high"},
            "claims": {"us_person": true, "nationalities": ["XA"]},
        },
    });
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(head), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}
