//! Forward: the caller's own bytes to the upstream, only the model's name
//! spliced where a fallback serves. No secret of Weir's, no cookie and no key
//! of the caller leaves; the upstream's own credential is set.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderName, StatusCode, header};
use weir_wire::models_list::{self, ListedModel};
use weir_wire::{head, headers};

use crate::answer::Refusal;
use crate::client::Client;
use crate::flight::{Cut, Stand};
use crate::phases::accept::{Asked, What};
use crate::phases::decide::{self, Permit, Serve};
use crate::phases::record;
use crate::phases::relay::Forwarded;
use crate::phases::settle::Settlement;
use crate::upstream::{AnswerHead, CallError, Connection, Upstream};

/// How often a request is sent again at most.
const MOST_RETRIES: u32 = 2;
/// The first pause before a request is sent again; each further one is longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What came of sending a request once.
enum Attempt {
    Answered(AnswerHead, Connection, Arc<Upstream>),
    /// It may be sent again after a pause.
    Again {
        after: Duration,
        otherwise: Box<Attempt>,
    },
    Failed(Refusal),
}

/// Why waiting ended.
pub(crate) enum Interrupted {
    Cut(Arc<Cut>),
    Overdue,
}

/// Gets the answer, from an upstream or at home.
pub(crate) async fn forward(client: &Client, asked: Box<Asked>, mut settlement: Box<Settlement>) -> Result<Forwarded, Refusal> {
    until_recorded(client, &mut settlement).await?;
    let mut retries = 0;
    loop {
        let serve = match &settlement.decided.permit {
            Permit::See(models) => {
                let body = list(&asked, models);
                return Ok(Forwarded::Own { body, settlement });
            }
            Permit::Work(serve) => serve,
        };
        settlement.decided.flight.set_stand(Stand::Waiting);
        let patience = client.shared().config.upstream.first_byte_timeout;
        let attempt = until_cut(client, Some(patience), send(client, &asked, serve, &settlement.was_sent)).await;
        let attempt = attempt.map_err(|interrupted| interrupt(&mut settlement, interrupted))?;
        let (pause, otherwise) = match attempt {
            Attempt::Again { after, otherwise } if retries < MOST_RETRIES => (after, otherwise),
            last => return answered(last, settlement),
        };
        drop(otherwise);
        // Whoever asks for another try has done nothing with this one.
        settlement.was_sent.store(false, Ordering::Relaxed);
        retries += 1;
        client.shared().metrics.retries.inc();
        settlement.decided.flight.set_stand(Stand::Retrying);
        let pause = pause.max(FIRST_PAUSE * 2u32.pow(retries - 1));
        let waited = until_cut(client, None, Box::pin(tokio::time::sleep(pause))).await;
        waited.map_err(|interrupted| interrupt(&mut settlement, interrupted))?;
        let again = decide::decide_again(client.shared(), &asked, &mut settlement.decided).await;
        again.map_err(|refusal| settlement.refuse(refusal))?;
    }
}

/// Waits until a decision that may not be lost is on the disk.
async fn until_recorded(client: &Client, settlement: &mut Settlement) -> Result<(), Refusal> {
    let Some(place) = settlement.decided.awaited.take() else { return Ok(()) };
    let waited = until_cut(client, None, client.shared().recorder.until_durable(place)).await;
    match waited {
        Ok(Ok(())) => Ok(()),
        Ok(Err(unavailable)) => Err(settlement.refuse(record::refuse(settlement.decided.stage, &unavailable))),
        Err(interrupted) => Err(interrupt(settlement, interrupted)),
    }
}

fn answered(attempt: Attempt, mut settlement: Box<Settlement>) -> Result<Forwarded, Refusal> {
    match attempt {
        Attempt::Answered(head, connection, upstream) => {
            Ok(Forwarded::Upstream { head, connection, upstream, settlement })
        }
        Attempt::Again { otherwise, .. } => answered(*otherwise, settlement),
        Attempt::Failed(refusal) => Err(settlement.refuse(refusal)),
    }
}

pub(crate) fn interrupt(settlement: &mut Settlement, interrupted: Interrupted) -> Refusal {
    let refusal = match interrupted {
        Interrupted::Cut(cut) => settlement.refuse_cut(&cut),
        Interrupted::Overdue => {
            settlement.client.shared().metrics.upstream_failures.inc();
            Refusal::new(504, "upstream_timeout", "The model server did not answer in time")
        }
    };
    settlement.refuse(refusal)
}

/// Waits for `work`, but no longer than `patience`, and not beyond a cut.
pub(crate) async fn until_cut<T>(
    client: &Client,
    patience: Option<Duration>,
    work: impl Future<Output = T>,
) -> Result<T, Interrupted> {
    match patience {
        Some(patience) => client.gate.expect_within(patience),
        None => client.gate.expect_no_more(),
    }
    let mut work = std::pin::pin!(work);
    let waited = std::future::poll_fn(|cx| {
        if let Some(cut) = client.gate.cut() {
            return Poll::Ready(Err(Interrupted::Cut(cut)));
        }
        if client.gate.is_overdue() {
            return Poll::Ready(Err(Interrupted::Overdue));
        }
        work.as_mut().poll(cx).map(Ok)
    })
    .await;
    client.gate.expect_no_more();
    waited
}

/// Sends the request once.
async fn send(client: &Client, asked: &Asked, serve: &Serve, was_sent: &AtomicBool) -> Attempt {
    let shared = client.shared();
    let config = &shared.config.upstream;
    let upstream = match upstream(client, serve) {
        Ok(upstream) => upstream,
        Err(refusal) => return Attempt::Failed(refusal),
    };
    if let Err(open) = upstream.breaker.admit() {
        let message = "The model server is failing and is left alone for a moment; try again";
        let refusal = Refusal::new(503, "upstream_unavailable", message);
        return Attempt::Failed(refusal.retry_after(open.remaining.as_secs().max(1)));
    }
    let request = match request_head(client, asked, serve, &upstream) {
        Ok(request) => request,
        Err(refusal) => return Attempt::Failed(refusal),
    };
    let mut connection = match upstream.connect(client.worker.index, &shared.dialer, config).await {
        Ok(connection) => connection,
        Err(error) => {
            return failed(client, &upstream, &error, "The model server cannot be reached", true);
        }
    };
    let body = request.body;
    let was_before = was_sent.swap(true, Ordering::Relaxed);
    match connection.call(request.head, body).await {
        Ok(head) => {
            upstream.breaker.succeeded();
            shared.metrics.upstream_seconds.observe(asked.started.elapsed().as_secs_f64());
            judge_head(client, head, connection, upstream)
        }
        Err(error) => {
            let is_untouched = matches!(error, CallError::Untouched(_));
            if is_untouched {
                was_sent.store(was_before, Ordering::Relaxed);
            }
            failed(client, &upstream, &error, "The model server gave no proper answer", is_untouched)
        }
    }
}

fn failed(
    client: &Client,
    upstream: &Upstream,
    error: &dyn std::error::Error,
    message: &str,
    may_be_sent_again: bool,
) -> Attempt {
    upstream.breaker.failed();
    client.shared().metrics.upstream_failures.inc();
    // The caller learns that it failed; the address and the cause are the
    // operator's.
    tracing::warn!(upstream = upstream.authority(), "{message}: {error}");
    let failed = Attempt::Failed(Refusal::new(502, "upstream_failed", message));
    if may_be_sent_again {
        return Attempt::Again { after: Duration::ZERO, otherwise: Box::new(failed) };
    }
    failed
}

fn judge_head(client: &Client, head: AnswerHead, connection: Connection, upstream: Arc<Upstream>) -> Attempt {
    if head.status.is_redirection() {
        tracing::warn!(upstream = upstream.authority(), status = %head.status, "the upstream redirects; not followed");
        let message = "The model server redirected the request, which is not followed";
        return Attempt::Failed(Refusal::new(502, "upstream_failed", message));
    }
    let is_busy = matches!(head.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let wait = retry_after(&head).unwrap_or_default();
    let answered = Attempt::Answered(head, connection, upstream);
    if is_busy && wait <= client.shared().config.upstream.longest_wait {
        return Attempt::Again { after: wait, otherwise: Box::new(answered) };
    }
    answered
}

/// How long the upstream asks to wait; a date or anything unreadable counts as
/// too long to wait here.
fn retry_after(head: &AnswerHead) -> Option<Duration> {
    let value = head.headers.get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok().and_then(|value| value.trim().parse().ok());
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

fn upstream(client: &Client, serve: &Serve) -> Result<Arc<Upstream>, Refusal> {
    let shared = client.shared();
    let refusal = |problem: &dyn std::fmt::Display| {
        tracing::error!(model = %serve.model, "the model cannot be served: {problem}");
        Refusal::new(502, "upstream_unconfigured", "The model server is not set up rightly; the operator was told")
    };
    let Some(url) = &serve.upstream else {
        return Err(refusal(&"its upstream is not known"));
    };
    shared.upstreams.get(url, serve.credential.as_ref(), &shared.config.upstream).map_err(|error| refusal(&error))
}

/// A request as it goes upstream.
struct Outgoing {
    head: Bytes,
    body: Bytes,
}

fn request_head(client: &Client, asked: &Asked, serve: &Serve, upstream: &Upstream) -> Result<Outgoing, Refusal> {
    let credential = upstream.credential_line(asked.api.family()).map_err(|error| {
        tracing::error!(model = %serve.model, "the model cannot be served: {error}");
        Refusal::new(502, "upstream_unconfigured", "The model server is not set up rightly; the operator was told")
    })?;
    let body = outgoing_body(asked, serve)?;
    let path = asked.parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut head = BytesMut::with_capacity(1024);
    for part in [asked.parts.method.as_str(), " ", upstream.prefix(), path, " HTTP/1.1\r\nhost: ", upstream.authority()]
    {
        head.put_slice(part.as_bytes());
    }
    head.put_slice(b"\r\naccept-encoding: identity\r\n");
    head.put_slice(credential.as_bytes());
    let options = connection_options(asked);
    for (name, value) in &asked.parts.headers {
        if headers::drops_request_header(name.as_str(), client.is_trusted) || options.contains(name) {
            continue;
        }
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"content-length: ");
    put_decimal(&mut head, body.len());
    head.put_slice(b"\r\n\r\n");
    Ok(Outgoing { head: head.freeze(), body })
}

/// The caller's bytes, or the same with the model's name replaced, and with one
/// choice asked for where choices are withheld: what nobody is to see is not
/// generated, and `usage` stays true. `logprobs` are left to be asked for; they
/// cost nothing and are taken out of the answer.
fn outgoing_body(asked: &Asked, serve: &Serve) -> Result<Bytes, Refusal> {
    let one_choice = serve.withheld.choices && asked.params.n.is_some_and(|choices| choices > 1);
    if serve.fallback.is_none() && !one_choice {
        return Ok(asked.body.clone());
    }
    let head = head::scan(asked.api, &asked.body)
        .map_err(|error| Refusal::new(400, error.problem.code(), error.to_string()))?;
    let model = serve.fallback.is_some().then_some(&*serve.model);
    Ok(head::splice(&asked.body, &head, model, one_choice).into())
}

/// Headers that the caller's `connection` header makes hop-by-hop.
fn connection_options(asked: &Asked) -> Vec<HeaderName> {
    let values = asked.parts.headers.get_all(header::CONNECTION).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(headers::connection_options).filter_map(|option| option.parse().ok()).collect()
}

fn put_decimal(head: &mut BytesMut, mut number: usize) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        // A remainder of ten is a digit.
        digits[start] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    head.put_slice(&digits[start..]);
}

/// The models that the caller may use.
fn list(asked: &Asked, models: &[(Arc<str>, i64)]) -> Bytes {
    let listed: Vec<ListedModel<'_>> =
        models.iter().map(|(name, created)| ListedModel { id: name, created: *created }).collect();
    match (&asked.what, listed.as_slice()) {
        (What::Describe(_), [model]) => models_list::one(asked.family, model).into(),
        _ => models_list::list(asked.family, &listed).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_numbers() {
        for number in [0, 7, 10, 1024, usize::MAX] {
            let mut head = BytesMut::new();
            put_decimal(&mut head, number);
            assert_eq!(head, number.to_string().as_bytes());
        }
    }
}
