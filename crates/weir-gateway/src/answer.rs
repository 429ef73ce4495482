//! Answers that Weir gives itself, and the body type of all answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use weir_acts::words::Stage;
use weir_exchange::DecisionId;
use weir_rules::Denial;
use weir_wire::error_shape::ApiError;
use weir_wire::{Api, Family};

use crate::flight::{Cut, CutReason};
use crate::gate::Gate;
use crate::phases::relay::Relay;

/// An error of any sort.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer that another part of the program gives.
pub type OtherBody = UnsyncBoxBody<Bytes, BoxError>;

pub(crate) const WEIR_DECISION: HeaderName = HeaderName::from_static("weir-decision");
pub(crate) const WEIR_RULE: HeaderName = HeaderName::from_static("weir-rule");
pub(crate) const WEIR_NOTICE: HeaderName = HeaderName::from_static("weir-notice");
pub(crate) const WEIR_SERVED_MODEL: HeaderName = HeaderName::from_static("weir-served-model");

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// At hand.
    Whole(Option<Bytes>),
    /// From an upstream.
    Relayed(Box<Relay>),
    /// From another part of the program.
    Other(OtherAnswer),
}

/// Tells the gate when another part's answer is over.
pub(crate) struct OtherAnswer {
    body: OtherBody,
    gate: Arc<Gate>,
}

impl OtherAnswer {
    pub(crate) fn new(body: OtherBody, gate: Arc<Gate>) -> OtherAnswer {
        OtherAnswer { body, gate }
    }
}

impl Drop for OtherAnswer {
    fn drop(&mut self) {
        self.gate.depart(None);
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            AnswerBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            AnswerBody::Relayed(relay) => relay.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data))),
            AnswerBody::Other(other) => Pin::new(&mut other.body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(bytes) => bytes.is_none(),
            AnswerBody::Relayed(relay) => relay.is_over(),
            AnswerBody::Other(other) => other.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            AnswerBody::Relayed(relay) => relay.size_hint(),
            AnswerBody::Other(other) => other.body.size_hint(),
        }
    }
}

/// How those are told who are denied.
#[derive(Debug, Clone)]
pub(crate) struct Appeals {
    /// Where to appeal.
    url: String,
    /// By when it is answered.
    due: String,
}

impl Appeals {
    pub(crate) fn new(access_url: Option<&str>, due: &str) -> Appeals {
        let base = access_url.unwrap_or_default().trim_end_matches('/');
        Appeals { url: format!("{base}/access/v1/appeals"), due: due.to_owned() }
    }

    /// How to appeal, a sentence without its full stop.
    pub(crate) fn how(&self) -> String {
        let Appeals { url, due } = self;
        format!("Appeal: {url}, answered by {due}")
    }

    /// The message of a denial (contracts, section 4).
    fn message(&self, denial: &Denial) -> String {
        let Denial { rule, reason, citation, next } = denial;
        let citation = citation.as_ref().map(|citation| format!(" ({citation})")).unwrap_or_default();
        format!("{reason}. Rule {rule}{citation}. {next}. {}", self.how())
    }
}

/// A request that is not served, and why.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    param: Option<&'static str>,
    decision: Option<DecisionId>,
    rule: Option<Arc<str>>,
    retry_after_seconds: Option<u64>,
    /// Official clients are told not to send it again.
    is_final: bool,
    /// The connection cannot carry another request after this one.
    closes: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code,
            message: message.into(),
            param: None,
            decision: None,
            rule: None,
            retry_after_seconds: None,
            is_final: false,
            closes: false,
        }
    }

    /// No key, or none that opens anything.
    pub(crate) fn unauthenticated(message: &str) -> Refusal {
        Refusal::new(401, "invalid_api_key", message)
    }

    /// The model is sealed, retired or was never there: one answer for all.
    pub(crate) fn no_such_model(model: &str) -> Refusal {
        let message = format!("The model `{}` does not exist or you do not have access to it", model.escape_debug());
        Refusal { param: Some("model"), ..Refusal::new(404, "model_not_found", message) }
    }

    /// A rule forbids it, or none permits it.
    pub(crate) fn denied(denial: &Denial, appeals: &Appeals) -> Refusal {
        let rule = Some(Arc::clone(&denial.rule));
        Refusal { rule, ..Refusal::new(403, "release_denied", appeals.message(denial)) }
    }

    /// What was permitted is denied now.
    pub(crate) fn cut(cut: &Cut, model: &str, appeals: &Appeals) -> Refusal {
        match &cut.why {
            CutReason::Revoked => Refusal::unauthenticated("This API key is no longer valid"),
            CutReason::Expired => crate::persons::expired(),
            CutReason::Missing => Refusal::no_such_model(model),
            CutReason::Denied(denial) => Refusal::denied(denial, appeals),
            // Official clients send it again by themselves, and then all goes well.
            CutReason::Withheld(rule) if **rule != *weir_rules::MEASURE_WITHHOLD => {
                let message = format!(
                    "The rules changed while it was answered: from now on parts of these answers are withheld. Rule {rule}. \
                     Send the request again. {}",
                    appeals.how()
                );
                Refusal::new(503, "rules_changed", message).by_rule(Arc::clone(rule)).retry_after(0)
            }
            CutReason::Withheld(_) => {
                let message = format!(
                    "A measure on this account was taken while it was answered: from now on parts of its answers are \
                     withheld. Rule {}. Send the request again. {}",
                    weir_rules::MEASURE_WITHHOLD,
                    appeals.how()
                );
                Refusal::new(503, "measure_taken", message).by_rule(weir_rules::MEASURE_WITHHOLD.into()).retry_after(0)
            }
        }
    }

    #[must_use]
    pub(crate) fn decided_as(self, decision: DecisionId) -> Refusal {
        Refusal { decision: Some(decision), ..self }
    }

    #[must_use]
    pub(crate) fn about(self, param: Option<&'static str>) -> Refusal {
        Refusal { param, ..self }
    }

    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Refusal {
        Refusal { retry_after_seconds: Some(seconds), ..self }
    }

    #[must_use]
    pub(crate) fn by_rule(self, rule: Arc<str>) -> Refusal {
        Refusal { rule: Some(rule), ..self }
    }

    #[must_use]
    pub(crate) fn not_to_be_retried(self) -> Refusal {
        Refusal { is_final: true, ..self }
    }

    #[must_use]
    pub(crate) fn closing(self) -> Refusal {
        Refusal { closes: true, ..self }
    }

    pub(crate) fn closes(&self) -> bool {
        self.closes
    }

    /// The rule that denies, where one does.
    pub(crate) fn rule(&self) -> Option<&Arc<str>> {
        self.rule.as_ref()
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    fn error(&self) -> ApiError<'_> {
        ApiError::new(self.status, self.code, &self.message).with_param(self.param)
    }

    /// The event that ends a stream with this refusal.
    pub(crate) fn stream_event(&self, api: Api) -> Bytes {
        self.error().stream_event(api).into()
    }

    /// The body of the answer.
    pub(crate) fn body(&self, family: Family) -> Bytes {
        self.error().body(family).into()
    }

    /// The answer.
    pub(crate) fn answer(&self, family: Family) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::Whole(Some(self.body(family))));
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(decision) = self.decision {
            headers.insert(WEIR_DECISION, decision_value(decision));
        }
        // Rule ids are checked when rules are set; one that no header can
        // carry is still told in the message.
        if let Some(rule) = self.rule.as_ref().and_then(|rule| HeaderValue::from_str(rule).ok()) {
            headers.insert(WEIR_RULE, rule);
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.is_final {
            // What the official clients of both APIs go by.
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

/// A decision's id as the value of a header.
pub(crate) fn decision_value(decision: DecisionId) -> HeaderValue {
    // Letters, digits and hyphens; never refused.
    HeaderValue::from_bytes(&decision.to_ascii()).unwrap_or(HeaderValue::from_static("unknown"))
}

/// Whether a model at `stage` is served although its record cannot be kept.
pub(crate) fn may_shed(stage: Stage) -> bool {
    matches!(stage, Stage::General | Stage::Open)
}

/// The result of a request: always an answer.
pub(crate) type Answered = Result<Response<AnswerBody>, Infallible>;
