//! A JWS in compact form, taken apart: header, payload, signature. Only the
//! members that this Weir acts on are read; an extension that a token marks as
//! critical is one that it does not understand, and refuses the token.

use serde::Deserialize;

use crate::encoding;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;

/// The signatures that are accepted. `none` and those with a shared secret are
/// not among them: an issuer signs, and whoever can verify cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA", alias = "Ed25519")]
    EdDsa,
    /// ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256 (RFC 7518, section 3.5).
    #[serde(rename = "PS256")]
    Ps256,
}

/// A token that is no JWS this Weir reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`MAX_TOKEN`].
    #[error("it is {0} bytes long; at most {MAX_TOKEN} are read")]
    Long(usize),
    /// Not `header.payload.signature`.
    #[error("it is not `header.payload.signature` in base64url without padding")]
    Form,
    /// The header is not the JSON of a JOSE header.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// Another algorithm, `none` among them.
    #[error("its `alg` is `{0}`; EdDSA, ES256, RS256 and PS256 are accepted")]
    Algorithm(String),
    /// It demands an extension.
    #[error("its header marks `{0}` as critical, which is not understood here")]
    Critical(String),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Vec<String>>,
    #[serde(default)]
    b64: Option<bool>,
}

/// A token taken apart; nothing of it is verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Jws<'t> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    /// What is signed: header and payload as they stand in the token.
    pub(crate) signed: &'t [u8],
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// Takes `token` apart.
    pub(crate) fn parse(token: &'t str) -> Result<Jws<'t>, JwsError> {
        if token.len() > MAX_TOKEN {
            return Err(JwsError::Long(token.len()));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Form);
        };
        let signed = token.as_bytes().get(..header.len() + 1 + payload.len()).ok_or(JwsError::Form)?;
        let decode = |part| encoding::decode(part).ok_or(JwsError::Form);
        let header = decode(header)?;
        // A repeated member is an error of serde's, so no other reader of the
        // same header can see another algorithm.
        let header: Header = serde_json::from_slice(&header).map_err(|error| JwsError::Header(error.to_string()))?;
        if let Some(name) = header.crit.iter().flatten().next() {
            return Err(JwsError::Critical(name.chars().take(64).collect()));
        }
        if header.b64 == Some(false) {
            return Err(JwsError::Critical("b64".into()));
        }
        let algorithm = Algorithm::deserialize(serde_json::Value::String(header.alg.clone()))
            .map_err(|_| JwsError::Algorithm(header.alg.chars().take(32).collect()))?;
        Ok(Jws { algorithm, kid: header.kid, signed, payload: decode(payload)?, signature: decode(signature)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str) -> String {
        format!("{}.{}.{}", encoding::encode(header.as_bytes()), encoding::encode(b"{}"), encoding::encode(b"s"))
    }

    #[test]
    fn a_header_is_read_and_hints_at_keys_are_not() {
        let text = token(r#"{"alg":"ES256","kid":"k","jku":"https://elsewhere.example/keys","jwk":{"kty":"oct"}}"#);
        let jws = Jws::parse(&text).unwrap();
        assert_eq!((jws.algorithm, jws.kid.as_deref(), &*jws.payload), (Algorithm::Es256, Some("k"), &b"{}"[..]));
        assert_eq!(jws.signed, text.rsplit_once('.').unwrap().0.as_bytes());
    }

    #[test]
    fn what_is_not_accepted_is_named() {
        for (header, why) in [
            (r#"{"alg":"none"}"#, "`none`"),
            (r#"{"alg":"HS256"}"#, "`HS256`"),
            (r#"{"alg":"ES256","crit":["exp"]}"#, "`exp`"),
            (r#"{"alg":"ES256","b64":false}"#, "`b64`"),
            (r#"{"alg":"ES256","alg":"none"}"#, "duplicate"),
            (r#"{"kid":"k"}"#, "alg"),
            ("[]", "header"),
        ] {
            let error = Jws::parse(&token(header)).unwrap_err().to_string();
            assert!(error.contains(why), "{header}: {error}");
        }
        for text in ["", "a.b", "a.b.c.d", "e30.e30.=", "e30=.e30.e30"] {
            assert!(Jws::parse(text).is_err(), "{text}");
        }
        assert_eq!(Jws::parse(&"a".repeat(MAX_TOKEN + 1)).unwrap_err(), JwsError::Long(MAX_TOKEN + 1));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", header in "\\PC{0,80}") {
            let _either = (Jws::parse(&text).is_ok(), Jws::parse(&token(&header)).is_ok());
        }
    }
}
