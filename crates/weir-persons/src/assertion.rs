//! From the text of an assertion to the person it speaks of: signature first,
//! then every field against what this Weir expects. Each refusal says which
//! field is wrong, so that whoever runs the issuer can mend it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use weir_acts::claims::Claims;
use weir_acts::{Time, ValueType};

use crate::jws::{Jws, JwsError};
use crate::key_set::{KeySet, Thumbprint};
use crate::verified_claims::{VerifiedClaims, counting};

/// The longest that an assertion may hold, from `iat` to `exp`: an hour, in
/// seconds.
pub const MAX_LIFETIME: i64 = 3_600;

/// How far an issuer's clock may be ahead, in seconds.
const LEEWAY: i64 = 60;

/// The longest `sub` and `jti`, in bytes.
const MAX_NAME: usize = 256;

/// What an assertion is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'e> {
    /// The issuer's name, to be met exactly.
    pub issuer: &'e str,
    /// The issuer's keys.
    pub keys: &'e KeySet,
    /// This Weir's name as an audience.
    pub audience: &'e str,
    /// The calling account as `PARTY/NAME`, where it has a name.
    pub account: Option<&'e str>,
    /// The kinds of claim that the issuer may speak for, with their types.
    pub kinds: &'e BTreeMap<Arc<str>, ValueType>,
    /// The highest level it may claim.
    pub max_level: u8,
    /// Whether each assertion must bear a `jti`.
    pub needs_jti: bool,
    /// The present.
    pub now: Time,
}

/// The person an assertion speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The issuer's name for them.
    pub sub: Arc<str>,
    /// What it claims of them, capped in kind and level.
    pub claims: Claims,
    /// When the assertion was made.
    pub issued: Time,
    /// When it ceases to hold.
    pub expires: Time,
    /// Its own id.
    pub jti: Option<Arc<str>>,
    /// The key that signed it.
    pub key: Thumbprint,
}

/// Why an assertion is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is no JWS this Weir reads.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// None of the issuer's keys made its signature.
    #[error("its signature is by none of the issuer's registered keys")]
    Signature,
    /// The payload is not the JSON expected.
    #[error("its claims cannot be read: {0}")]
    Payload(String),
    /// A field does not hold what it must.
    #[error("its `{field}` {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong, and what it should be.
        why: String,
    },
    /// A verified claim is not of its declared type.
    #[error("its claim `{kind}` is not a {expected}")]
    Claim {
        /// The kind.
        kind: Arc<str>,
        /// The declared type.
        expected: ValueType,
    },
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
    iat: Moment,
    exp: Moment,
    #[serde(default)]
    nbf: Option<Moment>,
    #[serde(default)]
    jti: Option<String>,
    #[serde(default)]
    weir_account: Option<String>,
    verified_claims: VerifiedClaims,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A NumericDate (RFC 7519, section 2), which may have a fraction.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Moment {
    Whole(i64),
    Fraction(f64),
}

impl Moment {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates, and such times are refused")]
    fn seconds(self) -> i64 {
        match self {
            Moment::Whole(seconds) => seconds,
            Moment::Fraction(seconds) => seconds as i64,
        }
    }
}

/// The name of the issuer that `token` claims to be from, unverified: to find
/// the registered issuer by.
///
/// # Errors
/// When the token cannot be read so far.
pub fn claimed_issuer(token: &str) -> Result<String, AssertionError> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }
    let payload = Jws::parse(token)?.payload;
    let claimed: Claimed =
        serde_json::from_slice(&payload).map_err(|error| AssertionError::Payload(error.to_string()))?;
    Ok(claimed.iss)
}

/// Verifies `token`.
///
/// # Errors
/// When anything about it is not as expected.
pub fn verify(token: &str, expected: &Expected<'_>) -> Result<Person, AssertionError> {
    let jws = Jws::parse(token)?;
    let made_it = expected
        .keys
        .candidates(jws.kid.as_deref(), jws.algorithm)
        .find(|key| key.verifies(jws.algorithm, jws.signed, &jws.signature));
    let key = made_it.ok_or(AssertionError::Signature)?.thumbprint;
    let payload: Payload =
        serde_json::from_slice(&jws.payload).map_err(|error| AssertionError::Payload(error.to_string()))?;
    check(&payload, expected)?;
    let claims = counting(&payload.verified_claims, expected.kinds, expected.max_level)
        .map_err(|(kind, expected)| AssertionError::Claim { kind, expected })?;
    Ok(Person {
        sub: payload.sub.into(),
        claims,
        issued: moment(payload.iat),
        expires: moment(payload.exp),
        jti: payload.jti.map(Into::into),
        key,
    })
}

fn moment(moment: Moment) -> Time {
    Time::from_millis(moment.seconds().saturating_mul(1_000))
}

fn check(payload: &Payload, expected: &Expected<'_>) -> Result<(), AssertionError> {
    if payload.iss != expected.issuer {
        return Err(field("iss", format!("is not `{}`", expected.issuer)));
    }
    let is_meant = match &payload.aud {
        Audience::One(audience) => audience == expected.audience,
        Audience::Many(audiences) => audiences.iter().any(|audience| audience == expected.audience),
    };
    if !is_meant {
        return Err(field("aud", format!("does not name `{}`", expected.audience)));
    }
    check_name("sub", Some(&payload.sub))?;
    check_name("jti", payload.jti.as_ref())?;
    if expected.needs_jti && payload.jti.is_none() {
        return Err(field("jti", "is missing; this issuer's assertions are used once".into()));
    }
    if let Some(account) = &payload.weir_account
        && Some(account.as_str()) != expected.account
    {
        return Err(field("weir_account", "is not the calling account".into()));
    }
    check_times(payload, expected.now)
}

fn check_times(payload: &Payload, now: Time) -> Result<(), AssertionError> {
    let now = now.millis().div_euclid(1_000);
    let (iat, exp) = (payload.iat.seconds(), payload.exp.seconds());
    if exp <= now {
        return Err(field("exp", "has passed; ask the issuer for another".into()));
    }
    if iat > now.saturating_add(LEEWAY) {
        return Err(field("iat", "lies ahead; the issuer's clock is wrong".into()));
    }
    if payload.nbf.is_some_and(|nbf| nbf.seconds() > now.saturating_add(LEEWAY)) {
        return Err(field("nbf", "lies ahead".into()));
    }
    match exp.checked_sub(iat) {
        Some(1..=MAX_LIFETIME) => Ok(()),
        _ => Err(field("exp", format!("is not within {MAX_LIFETIME} seconds after `iat`"))),
    }
}

fn check_name(name: &'static str, text: Option<&String>) -> Result<(), AssertionError> {
    match text {
        Some(text) if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) => {
            Err(field(name, format!("is not 1 to {MAX_NAME} bytes without control characters")))
        }
        _ => Ok(()),
    }
}

fn field(field: &'static str, why: String) -> AssertionError {
    AssertionError::Field { field, why }
}

#[cfg(test)]
mod tests;
