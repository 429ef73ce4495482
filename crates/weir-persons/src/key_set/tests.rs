use proptest::prelude::*;

use super::*;

/// The example keys of RFC 8037 (appendix A.2) and RFC 7517 (appendix A.1).
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const P256: &str = r#"{"kty":"EC","crv":"P-256","kid":"p","use":"sig",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

fn set(keys: &[&str]) -> Result<KeySet, KeySetError> {
    KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
}

#[test]
fn keys_are_found_by_kid_and_fit_their_algorithm() {
    let keys = set(&[ED25519, P256]).unwrap();
    let found = |kid, algorithm| keys.candidates(kid, algorithm).count();
    assert_eq!(found(Some("e"), Algorithm::EdDsa), 1);
    assert_eq!(found(None, Algorithm::Es256), 1);
    assert_eq!(found(Some("e"), Algorithm::Es256), 0);
    assert_eq!(found(Some("x"), Algorithm::EdDsa), 0);
}

#[test]
fn the_thumbprint_is_that_of_the_rfc() {
    let keys = set(&[ED25519]).unwrap();
    // RFC 8037, appendix A.3.
    let expected = encoding::decode("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").unwrap();
    assert_eq!(&keys.0[0].thumbprint.0.0[..], &expected[..]);
    assert!(keys.holds(&keys.0[0].thumbprint));
}

#[test]
fn keys_for_something_else_are_passed_over() {
    let other = r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#;
    let encrypting = r#"{"kty":"OKP","crv":"Ed25519","use":"enc","x":"AA"}"#;
    assert_eq!(set(&[other, encrypting, P256]).unwrap().0.len(), 1);
    assert_eq!(set(&[other, encrypting]).unwrap_err(), KeySetError::Empty);
}

#[test]
fn private_malformed_and_oversized_sets_are_refused() {
    let private = r#"{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}"#;
    assert_eq!(set(&[P256, private]).unwrap_err(), KeySetError::Private(1));
    assert!(set(&[r#"{"kty":"oct","k":"AA"}"#]).unwrap_err().to_string().contains("private"));
    for (key, why) in [
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "32 bytes"),
        (r#"{"kty":"EC","crv":"P-256","x":"AA"}"#, "`x` and `y`"),
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "2048"),
        (r#"{"kid":"k"}"#, "`kty`"),
    ] {
        let error = set(&[key]).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("key 0"), "{error}");
    }
    assert!(matches!(KeySet::parse("[]"), Err(KeySetError::Json(_))));
    assert!(matches!(KeySet::parse(&" ".repeat(MAX_KEY_SET + 1)), Err(KeySetError::Large(_))));
    assert!(matches!(set(&vec![P256; MAX_KEYS + 1]), Err(KeySetError::Many(_))));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", x in "[A-Za-z0-9_-]{0,60}") {
        let _either = KeySet::parse(&text).is_ok();
        for kind in [r#""kty":"OKP","crv":"Ed25519""#, r#""kty":"EC","crv":"P-256""#, r#""kty":"RSA""#] {
            let key = format!(r#"{{{kind},"x":"{x}","y":"{x}","n":"{x}","e":"AQAB"}}"#);
            if let Ok(keys) = set(&[&key]) {
                for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256] {
                    for key in keys.candidates(None, algorithm) {
                        prop_assert!(!key.verifies(algorithm, b"signed", &[7; 64]));
                    }
                }
            }
        }
    }
}
