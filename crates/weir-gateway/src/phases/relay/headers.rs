//! What an answer's head says beside what the upstream said.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::answer::{Appeals, WEIR_DECISION, WEIR_NOTICE, WEIR_RULE, WEIR_SERVED_MODEL, decision_value};
use crate::bounds;
use crate::phases::decide::{Permit, Serve};
use crate::phases::settle::Settlement;

/// Adds what every answer carries.
pub(in crate::phases) fn decorate(headers: &mut HeaderMap, settlement: &Settlement, is_event_stream: bool) {
    headers.insert(WEIR_DECISION, decision_value(settlement.decided.id));
    if let Permit::Work(serve) = &settlement.decided.permit {
        disclose(headers, serve, &settlement.client.shared().appeals);
    }
    if is_event_stream {
        // Proxies in between must neither collect the stream nor rewrite it.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    }
}

/// Tells whom a rule or measure concerns what was done, by which rule, and how
/// to appeal. Ids are checked when rules are set.
fn disclose(headers: &mut HeaderMap, serve: &Serve, appeals: &Appeals) {
    let told = match &serve.fallback {
        Some(denial) => {
            if let Ok(model) = HeaderValue::from_str(&serve.model) {
                headers.insert(WEIR_SERVED_MODEL, model);
            }
            let notice = format!("{}. Rule {}. {}", denial.reason, denial.rule, appeals.how());
            Some((Arc::clone(&denial.rule), notice))
        }
        None => bounds::notice(&serve.bounds, appeals),
    };
    let withheld = serve.withheld_by.as_ref().map(|by| {
        let denial = &by.denial;
        let notice = format!("{}. {}. {}", denial.reason, by.named(), appeals.how());
        (Arc::clone(&denial.rule), notice)
    });
    let notices: Vec<(Arc<str>, String)> = told.into_iter().chain(withheld).collect();
    let Some((rule, _)) = notices.first() else { return };
    if let Ok(rule) = HeaderValue::from_str(rule) {
        headers.insert(WEIR_RULE, rule);
    }
    let said: Vec<&str> = notices.iter().map(|(_, notice)| &**notice).collect();
    let printable = said.join(" ").replace(char::is_control, " ");
    // A reason may be in any language: beyond ASCII its bytes are UTF-8.
    if let Ok(notice) = HeaderValue::from_bytes(printable.as_bytes()) {
        headers.insert(WEIR_NOTICE, notice);
    }
}

/// By the answer's own word, whatever was asked for.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}
