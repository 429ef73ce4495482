//! Identify: an API key to an account. Nobody is anonymous; a gateway without
//! keys refuses everybody.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use weir_acts::key::{self, Form};
use weir_acts::view::Caller;
use weir_rules::Snapshot;

use crate::answer::Refusal;
use crate::client::Client;
use crate::persons::{self, KnownPerson};
use crate::phases::accept::Accepted;

/// Who calls.
pub(crate) struct Identified {
    /// What the key is stored as.
    pub(crate) key: [u8; 32],
    /// Where its account stood when the request came.
    pub(crate) caller: Caller,
    /// The person behind the request, where one was asserted.
    pub(crate) person: Option<Arc<KnownPerson>>,
}

/// Finds the account that calls.
pub(crate) fn identify(client: &Client, accepted: &Accepted) -> Result<Identified, Refusal> {
    let shared = client.shared();
    let key = presented(&accepted.parts.headers)?;
    let digest = shared.pepper.digest(key).0;
    match shared.board.look(|snapshot| snapshot.view().identify(&digest)) {
        Some(caller) => {
            let headers = &accepted.parts.headers;
            let identify =
                |snapshot: &Arc<Snapshot>| shared.persons.identify(headers, snapshot, &caller, accepted.time);
            // Most requests assert nobody, and cost no second look.
            let person = match headers.contains_key(persons::HEADER) {
                true => shared.board.look(identify)?,
                false => None,
            };
            Ok(Identified { key: digest, caller, person })
        }
        None if key::form(key) == Form::Mistyped => {
            Err(Refusal::unauthenticated("The API key is malformed: it was mistyped or cut off"))
        }
        None => Err(Refusal::unauthenticated("The API key is not valid, or was revoked")),
    }
}

/// The one key that a request presents.
fn presented(headers: &HeaderMap) -> Result<&[u8], Refusal> {
    let bearer = single(headers, &header::AUTHORIZATION)?.map(bearer_token).transpose()?;
    let own = single(headers, &header::HeaderName::from_static("x-api-key"))?.map(HeaderValue::as_bytes);
    match (bearer, own) {
        (Some(bearer), Some(own)) if bearer != own => {
            Err(Refusal::unauthenticated("The request presents two different API keys; send one"))
        }
        (Some(key), _) | (None, Some(key)) => Ok(key),
        (None, None) => {
            let message = "No API key was sent: send it as `authorization: Bearer KEY` or `x-api-key: KEY`";
            Err(Refusal::unauthenticated(message))
        }
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Result<Option<&'h HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        let message = format!("The request has more than one `{name}` header; send one");
        return Err(Refusal::unauthenticated(&message));
    }
    Ok(first)
}

fn bearer_token(value: &HeaderValue) -> Result<&[u8], Refusal> {
    let value = value.as_bytes();
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
    match scheme.and_then(|_| value.get(7..)).map(<[u8]>::trim_ascii) {
        Some(token) if !token.is_empty() => Ok(token),
        _ => Err(Refusal::unauthenticated("The authorization header must read `Bearer KEY`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn one_key_in_either_place_or_the_same_in_both() {
        for lines in [
            &[("authorization", "Bearer k-1")][..],
            &[("authorization", "bearer  k-1 ")],
            &[("x-api-key", "k-1")],
            &[("x-api-key", "k-1"), ("authorization", "Bearer k-1")],
        ] {
            assert_eq!(presented(&headers(lines)).unwrap(), b"k-1", "{lines:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for lines in [
            &[][..],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic azox")],
            &[("authorization", "k-1")],
            &[("authorization", "Bearer k-1"), ("authorization", "Bearer k-1")],
            &[("x-api-key", "k-1"), ("x-api-key", "k-1")],
            &[("x-api-key", "k-2"), ("authorization", "Bearer k-1")],
        ] {
            assert_eq!(presented(&headers(lines)).unwrap_err().status(), 401, "{lines:?}");
        }
    }
}
