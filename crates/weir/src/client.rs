//! The client of a running server: where it is, whose token goes along, and
//! what its refusals say.

pub(crate) mod log_source;

use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustls::CertificateError;
use serde_json::Value;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, http};

use crate::cli::Remote;

/// The largest answer that is read.
const MOST_BYTES: u64 = 256 << 20;

/// A server and what opens it.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// What authenticates a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// An operator, by token.
    Operator,
    /// Anyone.
    Anyone,
}

impl Client {
    /// The client of `remote`; an operator's token is found in the environment
    /// or its file.
    pub(crate) fn new(remote: &Remote, who: Who) -> Result<Client> {
        let base = remote.server.trim_end_matches('/').to_owned();
        let token = match who {
            Who::Anyone => None,
            Who::Operator => {
                refuse_in_the_clear(&base)?;
                Some(token(remote)?)
            }
        };
        Client::with(base, token, remote.ca_file.as_deref())
    }

    /// The client of a public log at `base`.
    pub(crate) fn of_log(base: &str, ca_file: Option<&Path>) -> Result<Client> {
        Client::with(base.trim_end_matches('/').to_owned(), None, ca_file)
    }

    /// The client of one who shows an account's key.
    pub(crate) fn with_key(remote: &Remote, key: String) -> Result<Client> {
        let base = remote.server.trim_end_matches('/').to_owned();
        refuse_in_the_clear(&base)?;
        Client::with(base, Some(one_word(&key).context("that is no account's key")?), remote.ca_file.as_deref())
    }

    fn with(base: String, token: Option<String>, ca_file: Option<&Path>) -> Result<Client> {
        let uri: Uri = base.parse().with_context(|| format!("`{base}` is not the URL of a server"))?;
        if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            bail!("`{base}` is not the URL of a server: write http://HOST:PORT or https://HOST");
        }
        let roots = ca_file.map(roots_of).transpose()?.unwrap_or(RootCerts::WebPki);
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy_to(&uri))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(300)))
            .build();
        Ok(Client { agent: config.into(), base, token })
    }

    /// Asks for JSON.
    pub(crate) fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in query {
            request = request.query(*name, value);
        }
        json(&self.read(self.authorized(request).call())?)
    }

    /// Asks for a file.
    pub(crate) fn get_bytes(&self, path: &str) -> Result<Vec<u8>> {
        self.read(self.authorized(self.agent.get(format!("{}{path}", self.base))).call())
    }

    /// Asks for a file that may not be there. Of one longer than `most` bytes
    /// one byte more is read, by which the caller knows it.
    pub(crate) fn find(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let response = self.authorized(self.agent.get(format!("{}{path}", self.base))).call();
        let response = response.map_err(|error| self.unreachable(&error))?;
        if response.status() == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read_bounded(response, most).map(Some)
    }

    /// Sends JSON and reads JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        json(&self.post_for_bytes(path, body)?)
    }

    /// As [`Client::post`], once under this `Idempotency-Key`.
    pub(crate) fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value> {
        let request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        let request = self.authorized(request).header("idempotency-key", key);
        json(&self.read(request.send(body.to_string()))?)
    }

    /// Sends bytes and reads JSON.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> Result<Value> {
        let request = self.agent.put(format!("{}{path}", self.base)).content_type("application/octet-stream");
        json(&self.read(self.authorized(request).send(bytes))?)
    }

    /// Asks for something to be done; what the server says of a request that
    /// is wrong is the inner error.
    pub(crate) fn post_either(&self, path: &str) -> Result<Result<Value, Value>> {
        let request = self.authorized(self.agent.post(format!("{}{path}", self.base)));
        let mut response = request.send_empty().map_err(|error| self.unreachable(&error))?;
        if response.status() != http::StatusCode::BAD_REQUEST {
            return json(&accept(response, MOST_BYTES)?).map(Ok);
        }
        let told = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec().context("the answer broke off")?;
        json(&told).map(Err)
    }

    /// Sends JSON and reads a file.
    pub(crate) fn post_for_bytes(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        let request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        self.read(self.authorized(request).send(body.to_string()))
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn read(&self, response: Result<http::Response<Body>, ureq::Error>) -> Result<Vec<u8>> {
        accept(response.map_err(|error| self.unreachable(&error))?, MOST_BYTES)
    }

    fn unreachable(&self, error: &ureq::Error) -> anyhow::Error {
        let base = &self.base;
        match certificate_problem(error) {
            Some(CertificateError::UnknownIssuer) => anyhow::anyhow!(
                "{base} is not trusted, and nothing was sent: an authority that is not known here issued its certificate; --ca-file names the right one"
            ),
            Some(problem) => anyhow::anyhow!("{base} is not trusted, and nothing was sent: {problem}"),
            None => {
                anyhow::anyhow!("no answer from {base}: {error}; is `weir serve` running there? --server names another")
            }
        }
    }
}

fn accept(response: http::Response<Body>, most: u64) -> Result<Vec<u8>> {
    let bytes = read_bounded(response, most)?;
    if bytes.len() as u64 > most {
        bail!("the answer is larger than {most} bytes");
    }
    Ok(bytes)
}

/// At most `most` bytes of a success, and one more where there are more.
fn read_bounded(response: http::Response<Body>, most: u64) -> Result<Vec<u8>> {
    let status = response.status();
    let mut bytes = Vec::new();
    response
        .into_body()
        .into_reader()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .context("the answer broke off")?;
    if status.is_success() {
        return Ok(bytes);
    }
    let told: Option<Value> = serde_json::from_slice(&bytes).ok();
    match told.as_ref().and_then(|told| told["error"]["message"].as_str()) {
        Some(message) => bail!("{message}"),
        None => bail!("the server answered {status}; is it a Weir?"),
    }
}

fn json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).context("the answer is not JSON; is the server a Weir?")
}

/// The authorities of a PEM file, in place of the public ones.
fn roots_of(path: &Path) -> Result<RootCerts> {
    let shown = path.display();
    let pem = fs::read(path).with_context(|| format!("cannot read the authorities in {shown}"))?;
    let mut authorities = Vec::new();
    for item in parse_pem(&pem) {
        match item.with_context(|| format!("{shown} is not PEM"))? {
            PemItem::Certificate(certificate) => authorities.push(certificate),
            _ => bail!("{shown} holds more than certificates; a key does not belong there"),
        }
    }
    if authorities.is_empty() {
        bail!("{shown} holds no certificate");
    }
    Ok(RootCerts::new_with_certs(&authorities))
}

/// No secret crosses a network in the clear.
fn refuse_in_the_clear(base: &str) -> Result<()> {
    let uri: Uri = base.parse().with_context(|| format!("`{base}` is not the URL of a server"))?;
    if uri.scheme_str() == Some("https") || is_loopback(&uri) {
        return Ok(());
    }
    bail!("a token is not sent to {base} over plain HTTP: use https, or a tunnel to 127.0.0.1")
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The environment's proxy, but for this machine none: another machine's proxy
/// would carry the token off in the clear, and to a loopback that is not ours.
fn proxy_to(uri: &Uri) -> Option<Proxy> {
    if is_loopback(uri) { None } else { Proxy::try_from_env() }
}

/// What is wrong with a server's certificate, where that is why there is no
/// answer.
fn certificate_problem(error: &ureq::Error) -> Option<&CertificateError> {
    let told = match error {
        ureq::Error::Rustls(told) => told,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    match told {
        rustls::Error::InvalidCertificate(problem) => Some(problem),
        _ => None,
    }
}

fn token(remote: &Remote) -> Result<String> {
    if let Ok(token) = std::env::var("WEIR_TOKEN") {
        return one_word(&token).context("WEIR_TOKEN does not hold a token");
    }
    let shown = remote.token_file.display();
    let text = fs::read_to_string(&remote.token_file).with_context(|| {
        format!("cannot read the operator's token in {shown}; name the file by --token-file or WEIR_TOKEN_FILE")
    })?;
    one_word(&text).with_context(|| format!("{shown} does not hold a token"))
}

/// A secret as a header carries it; what it is not is told without showing it.
fn one_word(text: &str) -> Option<String> {
    let word = text.trim();
    let is_one = !word.is_empty() && word.chars().all(|character| character.is_ascii_graphic());
    is_one.then(|| word.to_owned())
}

#[cfg(test)]
mod tests;
