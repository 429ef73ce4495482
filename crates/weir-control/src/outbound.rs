//! What this server asks of others, witnesses and issuers: without a proxy,
//! following no redirect, in bounded time, and reading no more than an answer
//! may have.

use std::path::Path;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// How others are reached.
pub(crate) fn config(roots: RootCerts, is_https_only: bool, patience: Duration) -> Config {
    Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .https_only(is_https_only)
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(patience))
        .build()
}

/// The authorities of a PEM file, in place of the public ones where one is
/// named.
///
/// # Errors
/// Why the file holds none.
pub(crate) fn roots(ca_file: Option<&Path>) -> Result<RootCerts, String> {
    let Some(path) = ca_file else { return Ok(RootCerts::WebPki) };
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM".into());
    }
    Ok(RootCerts::from(certificates))
}

/// An answer's text of at most `most` bytes.
///
/// # Errors
/// When it breaks off, is longer, or is not UTF-8.
pub(crate) fn text_of(response: &mut Response<Body>, most: u64) -> Result<String, String> {
    let bytes = response.body_mut().with_config().limit(most).read_to_vec().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &[u8]) -> Response<Body> {
        Response::new(Body::builder().data(body.to_vec()))
    }

    #[test]
    fn an_answer_is_read_up_to_its_most_and_no_further() {
        assert_eq!(text_of(&mut answer(b"four"), 4).unwrap(), "four");
        text_of(&mut answer(b"fives"), 4).unwrap_err();
        assert_eq!(text_of(&mut answer(b"\xff"), 4).unwrap_err(), "the answer is not UTF-8");
    }

    #[test]
    fn a_file_without_authorities_is_no_authority() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        roots(Some(&file)).unwrap_err();
        std::fs::write(&file, "no certificate").unwrap();
        assert!(roots(Some(&file)).unwrap_err().contains("no certificate"));
        assert!(matches!(roots(None), Ok(RootCerts::WebPki)));
    }
}
