//! Who sits behind a request. A party may register an issuer that speaks for
//! its people; a request may then carry a signed assertion about the one
//! person behind it, so that of two people of one account one can be served
//! and the other not, and nobody but the party ever sees a passport.
//!
//! An assertion is a JWS in compact form (RFC 7515) over the claims of RFC
//! 7519 and the `verified_claims` of OpenID Identity Assurance 1.0. What a
//! token says of where its own key is (`jku`, `x5u`, `jwk`, `x5c`) is never
//! looked at: keys come from the registered set alone. This crate is pure: it
//! reads no clock and opens no socket.

mod assertion;
mod encoding;
mod freshness;
mod jws;
mod key_set;
mod verified_claims;

pub use assertion::{AssertionError, Expected, MAX_LIFETIME, Person, claimed_issuer, verify};
pub use freshness::{Freshness, STALE_MILLIS};
pub use jws::{Algorithm, JwsError, MAX_TOKEN};
pub use key_set::{KeySet, KeySetError, MAX_KEY_SET, MAX_KEYS, Thumbprint};
