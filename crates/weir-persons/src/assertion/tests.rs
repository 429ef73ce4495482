use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value as Json, json};
use weir_acts::Value;

use super::*;
use crate::encoding::encode;

const NOW: i64 = 1_781_280_000;

/// An issuer with a key of each elliptic kind.
struct Issuer {
    edwards: Ed25519KeyPair,
    nist: EcdsaKeyPair,
    random: SystemRandom,
}

impl Issuer {
    fn new() -> Issuer {
        let random = SystemRandom::new();
        let edwards = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let nist = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Issuer { edwards, nist, random }
    }

    fn keys(&self) -> KeySet {
        let point = self.nist.public_key().as_ref();
        let set = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": encode(self.edwards.public_key().as_ref())},
            {"kty": "EC", "crv": "P-256", "kid": "p", "x": encode(&point[1..33]), "y": encode(&point[33..])},
        ]});
        KeySet::parse(&set.to_string()).unwrap()
    }

    fn sign(&self, header: &Json, payload: &Json) -> String {
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(payload.to_string().as_bytes()));
        let signature = match header["alg"].as_str() {
            Some("ES256") => self.nist.sign(&self.random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            _ => self.edwards.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", encode(&signature))
    }
}

fn payload() -> Json {
    json!({"iss": "https://id.acme.example", "sub": "ada", "aud": "weir.example", "iat": NOW - 10, "exp": NOW + 600,
        "verified_claims": {"verification": {"trust_framework": "own"}, "claims": {"us_person": true}}})
}

fn ask(token: &str, keys: &KeySet, needs_jti: bool) -> Result<Person, AssertionError> {
    let kinds = BTreeMap::from([(Arc::from("us_person"), ValueType::Bool)]);
    let expected = Expected {
        issuer: "https://id.acme.example",
        keys,
        audience: "weir.example",
        account: Some("acme/ci"),
        kinds: &kinds,
        max_level: 2,
        needs_jti,
        now: Time::from_millis(NOW * 1_000),
    };
    verify(token, &expected)
}

#[test]
fn both_elliptic_signatures_are_verified() {
    let issuer = Issuer::new();
    for header in [json!({"alg": "EdDSA", "kid": "e"}), json!({"alg": "ES256", "kid": "p"}), json!({"alg": "EdDSA"})] {
        let person = ask(&issuer.sign(&header, &payload()), &issuer.keys(), false).unwrap();
        assert_eq!(&*person.sub, "ada");
        assert_eq!(person.claims.known("us_person", 2), Some(&Value::Bool(true)));
        assert_eq!(person.expires, Time::from_millis((NOW + 600) * 1_000));
        assert!(issuer.keys().holds(&person.key));
    }
}

#[test]
fn the_wrong_key_kid_or_algorithm_and_any_changed_byte_are_refused() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    for header in [json!({"alg": "EdDSA", "kid": "p"}), json!({"alg": "EdDSA", "kid": "x"}), json!({"alg": "RS256"})] {
        let refused = ask(&issuer.sign(&header, &payload()), &keys, false).unwrap_err();
        assert_eq!(refused, AssertionError::Signature, "{header}");
    }
    let token = issuer.sign(&json!({"alg": "EdDSA", "kid": "e"}), &payload());
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        if changed != token.as_bytes() {
            assert!(ask(std::str::from_utf8(&changed).unwrap(), &keys, false).is_err(), "byte {place}");
        }
    }
    assert!(
        ask(
            &token,
            &KeySet::parse(
                &json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": encode(&[1; 32])}]})
                .to_string()
            )
            .unwrap(),
            false
        )
        .is_err()
    );
}

#[test]
fn each_field_is_held_against_what_it_must_be() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let with = |name: &str, value: Json| {
        let mut payload = payload();
        payload[name] = value;
        ask(&issuer.sign(&json!({"alg": "EdDSA"}), &payload), &keys, false)
    };
    for (name, value) in [
        ("iss", json!("https://id.other.example")),
        ("aud", json!("elsewhere.example")),
        ("aud", json!([])),
        ("exp", json!(NOW)),
        ("exp", json!(NOW + 3_591)),
        ("exp", json!(NOW - 20)),
        ("iat", json!(NOW + 61)),
        ("iat", json!(i64::MIN)),
        ("nbf", json!(NOW + 61)),
        ("sub", json!("")),
        ("sub", json!("a\nb")),
        ("jti", json!("")),
        ("weir_account", json!("acme/other")),
        ("exp", json!("soon")),
        ("verified_claims", json!({"claims": {}})),
        ("verified_claims", json!({"verification": {"trust_framework": "own"}, "claims": {"us_person": "yes"}})),
    ] {
        let refused = with(name, value.clone());
        let told = refused.clone().map_err(|error| error.to_string());
        assert!(refused.is_err(), "{name} = {value}: {told:?}");
    }
    assert!(with("aud", json!(["elsewhere.example", "weir.example"])).is_ok());
    assert!(with("weir_account", json!("acme/ci")).is_ok());
    assert!(with("exp", json!(NOW as f64 + 60.5)).is_ok());
    let told = with("exp", json!(NOW)).unwrap_err().to_string();
    assert_eq!(told, "its `exp` has passed; ask the issuer for another");
}

#[test]
fn a_single_use_issuer_needs_a_jti() {
    let issuer = Issuer::new();
    let token = issuer.sign(&json!({"alg": "EdDSA"}), &payload());
    assert!(ask(&token, &issuer.keys(), true).unwrap_err().to_string().contains("`jti` is missing"));
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(name in "iss|sub|aud|iat|exp|verified_claims", text in "\\PC{0,40}", number: f64) {
        let issuer = Issuer::new();
        for value in [json!(text), json!(number), Json::Null, json!([text]), json!({"claims": text})] {
            let mut payload = payload();
            payload[&name] = value;
            let _either = ask(&issuer.sign(&json!({"alg": "EdDSA"}), &payload), &issuer.keys(), false).is_ok();
        }
    }
}
