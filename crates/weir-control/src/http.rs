//! The control plane over HTTP: `/admin/v1` for operators, `/access/v1` for
//! those whom decisions affect, `/log` for everybody. Which of the three a
//! listener serves is the program's to say; what each demands is said here, so
//! that no route is served without its check by being put somewhere else.

mod access;
mod admin;
mod answer;
mod campaigns;
mod imports;
mod limits;
mod listing;
mod log;
mod questions;
mod show;
mod texts;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use serde_json::Value as Json;

use crate::service::Control;

pub use answer::Failure;

/// The largest body of an administrative request: a list of 200,000 parties
/// with long ids, and room to spare.
const MAX_BODY: usize = 16 << 20;

/// Tells what is in flight; the gateway's to know, not the control plane's.
pub type InFlight = Arc<dyn Fn() -> Vec<FlightShown> + Send + Sync>;

/// A request in flight, as the gateway tells it.
#[derive(Debug, Clone)]
pub struct FlightShown {
    /// The calling account.
    pub account: weir_acts::id::AccountId,
    /// The API called.
    pub api: &'static str,
    /// The model asked for.
    pub model: Option<Arc<str>>,
    /// Since when.
    pub since: weir_acts::Time,
}

/// Tells what was used of limits; the gateway's to know.
pub type LimitsUsed = Arc<dyn Fn() -> Vec<UsedShown> + Send + Sync>;

/// How much one scope used in one window, as the gateway tells it.
#[derive(Debug, Clone)]
pub struct UsedShown {
    /// Whose: `account:ID`, `party:ID`, `stage:STAGE` or `rule:ACCOUNT:RULE`.
    pub scope: String,
    /// `requests`, `tokens`, `spend` or `concurrent`.
    pub field: &'static str,
    /// Over which window; none for requests at once.
    pub window: Option<weir_acts::limits::Window>,
    /// How much was used.
    pub used: u64,
    /// How much requests under way hold beside it.
    pub held: u64,
}

/// What only the gateway knows.
#[derive(Clone)]
pub struct Live {
    /// The requests under way.
    pub in_flight: InFlight,
    /// What was used of limits.
    pub limits_used: LimitsUsed,
}

impl Default for Live {
    /// Where nothing is served.
    fn default() -> Live {
        Live { in_flight: Arc::new(Vec::new), limits_used: Arc::new(Vec::new) }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    control: Control,
    live: Live,
}

/// `/admin/v1`: every route takes an operator's token.
pub fn admin(control: Control, live: Live) -> Router {
    let questions = Router::new()
        .route("/rules", get(questions::rules))
        .route("/rules/lacking", get(questions::lacking_rules))
        .route("/directive", get(questions::directives))
        .route("/directive/{id}", get(questions::directive).post(admin::change_directive))
        .route("/directive/{id}/preview", get(questions::preview))
        .route("/draft", get(show::drafts))
        .route("/draft/{id}", get(show::draft).post(admin::change_draft))
        .route("/who-can/{model}", get(questions::who_can))
        .route("/explain", get(questions::explain))
        .route("/in-flight", get(questions::in_flight))
        .route("/party", get(show::parties))
        .route("/party/{id}", get(show::party).post(admin::change_party))
        .route("/account", get(show::accounts))
        .route("/account/{party}/{name}", get(show::account))
        .route("/model", get(show::models))
        .route("/hold", get(show::holds))
        .route("/campaign", get(campaigns::campaigns))
        .route("/campaign/{id}", get(campaigns::campaign).post(admin::change_campaign))
        .route("/limit", get(limits::list))
        .route("/log", get(log::acts))
        .route("/log/{index}", get(log::act).post(admin::change_log));
    let all = questions
        .route("/rules/check", post(questions::check_rules))
        .route("/exchange/text", post(texts::read))
        .route("/log/open", post(log::open))
        .route("/log/rows", post(imports::rows))
        .route("/import", post(imports::begin))
        .route("/import/{id}", delete(imports::cancel))
        .route("/import/{id}/{offset}", put(imports::chunk))
        .route("/import/{id}/finish", post(imports::finish))
        .route("/audit/export", post(log::export))
        .route("/audit/records", get(log::records))
        .route("/audit/segments", get(log::segments))
        .route("/audit/segments/{name}", get(log::segment))
        .route("/{noun}/{verb}", post(admin::change))
        .route("/{noun}/{middle}/{verb}", post(admin::change_of_part))
        .fallback(answer::no_such_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY));
    Router::new().nest("/admin/v1", all).with_state(Shared { control, live })
}

/// `/access/v1`: every route takes an account's own key.
pub fn access(control: Control) -> Router {
    let all = Router::new()
        .route("/decisions/{id}", get(access::decision))
        .route("/appeals", post(access::file_appeal))
        .route("/appeals/{id}", get(access::appeal))
        .fallback(answer::no_such_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(64 << 10));
    Router::new().nest("/access/v1", all).with_state(Shared { control, live: Live::default() })
}

/// `/log`: the public log, for anyone.
pub fn public_log(control: Control) -> Router {
    let all = Router::new()
        .route("/vkey", get(log::vkey))
        .route("/receipt/{index}", get(log::receipt))
        .route("/{*path}", get(log::file))
        .fallback(answer::no_such_path)
        .method_not_allowed_fallback(answer::wrong_method);
    Router::new().nest("/log", all).with_state(Shared { control, live: Live::default() })
}

/// An answer in JSON.
type Answer = Result<axum::Json<Json>, Failure>;
