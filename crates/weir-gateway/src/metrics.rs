//! What operators watch. Counters that every request touches are looked up
//! once, at the start; names and labels of the GenAI ones follow the
//! OpenTelemetry semantic conventions, with dots as underscores.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use weir_exchange::Ruling;
use weir_wire::Api;

/// An API, by its name in exchange records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ApiLabel(&'static str);

impl EncodeLabelValue for ApiLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    api: ApiLabel,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RulingLabels {
    ruling: ApiLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    of: ApiLabel,
    what: ApiLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    gen_ai_operation_name: ApiLabel,
    gen_ai_request_model: Arc<str>,
    gen_ai_token_type: ApiLabel,
}

/// A model's counters of input and output, by API.
type TokensOf = Vec<(Api, [Counter; 2])>;

/// The data plane's metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    /// Answered with 200, by API: most requests are, and need no look-up.
    served: Vec<(Api, Counter)>,
    rulings: [(Ruling, Counter); 4],
    tokens: Family<TokenLabels, Counter>,
    /// The same by model, found by the name alone, which is not copied.
    tokens_of: RwLock<HashMap<Arc<str>, TokensOf>>,
    limited: Family<LimitLabels, Counter>,
    pub(crate) meters: Gauge,
    pub(crate) in_flight: Gauge,
    pub(crate) cut: Counter,
    pub(crate) severed: Counter,
    pub(crate) sweeps: Histogram,
    pub(crate) upstream_seconds: Histogram,
    pub(crate) upstream_failures: Counter,
    pub(crate) retries: Counter,
    pub(crate) shed_records: Counter,
    pub(crate) truncated: Counter,
}

impl Metrics {
    /// Registers everything in `registry`.
    pub(crate) fn new(registry: &mut Registry) -> Metrics {
        let requests = Family::<RequestLabels, Counter>::default();
        let decisions = Family::<RulingLabels, Counter>::default();
        let metrics = Metrics {
            served: served(&requests),
            rulings: [Ruling::Permit, Ruling::Deny, Ruling::Missing, Ruling::Fallback]
                .map(|ruling| (ruling, counter_of(&decisions, ruling))),
            tokens: Family::default(),
            tokens_of: RwLock::default(),
            limited: Family::default(),
            meters: Gauge::default(),
            in_flight: Gauge::default(),
            cut: Counter::default(),
            severed: Counter::default(),
            sweeps: Histogram::new(buckets(0.000_1, 12)),
            upstream_seconds: Histogram::new(buckets(0.005, 16)),
            upstream_failures: Counter::default(),
            retries: Counter::default(),
            shed_records: Counter::default(),
            truncated: Counter::default(),
            requests,
        };
        metrics.register(registry, decisions);
        metrics
    }

    fn register(&self, registry: &mut Registry, decisions: Family<RulingLabels, Counter>) {
        registry.register("weir_requests", "Requests answered, by API and status", self.requests.clone());
        registry.register("weir_decisions", "Decisions, by ruling", decisions);
        registry.register(
            "gen_ai_usage_tokens",
            "Tokens taken, estimated where the upstream did not say",
            self.tokens.clone(),
        );
        registry.register("weir_requests_in_flight", "Requests in flight", self.in_flight.clone());
        registry.register("weir_limited", "Requests refused by a limit, by whose and of what", self.limited.clone());
        registry.register(
            "weir_limits_counted",
            "Accounts, parties, stages and rules that limits count",
            self.meters.clone(),
        );
        registry.register("weir_cut", "Answers cut under way by a change of rules", self.cut.clone());
        registry.register("weir_severed", "Cut answers that could only be broken off", self.severed.clone());
        registry.register("weir_sweep_seconds", "From the swap of a snapshot to its last cut", self.sweeps.clone());
        registry.register(
            "weir_upstream_seconds",
            "To the head of an upstream's answer",
            self.upstream_seconds.clone(),
        );
        registry.register(
            "weir_upstream_failures",
            "Requests an upstream did not answer",
            self.upstream_failures.clone(),
        );
        registry.register("weir_retries", "Requests sent to an upstream again", self.retries.clone());
        registry.register(
            "weir_records_shed",
            "Records of general models that were not kept",
            self.shed_records.clone(),
        );
        registry.register("weir_truncated", "Answers that stopped before their end", self.truncated.clone());
    }

    /// A request was answered.
    pub(crate) fn answered(&self, api: Option<Api>, status: u16) {
        if status == 200
            && let Some((_, counter)) = self.served.iter().find(|(served, _)| Some(*served) == api)
        {
            counter.inc();
            return;
        }
        let api = ApiLabel(api.map_or("unknown", Api::name));
        self.requests.get_or_create(&RequestLabels { api, status }).inc();
    }

    /// A decision was made.
    pub(crate) fn decided(&self, ruling: Ruling) {
        if let Some((_, counter)) = self.rulings.iter().find(|(counted, _)| *counted == ruling) {
            counter.inc();
        }
    }

    /// An exchange took tokens.
    pub(crate) fn used(&self, api: Api, model: &Arc<str>, input: u64, output: u64) {
        let count = |[of_input, of_output]: &[Counter; 2]| {
            of_input.inc_by(input);
            of_output.inc_by(output);
        };
        let known = self.tokens_of.read().unwrap_or_else(PoisonError::into_inner);
        let counters = known.get(model).and_then(|apis| apis.iter().find(|(known, _)| *known == api));
        if let Some((_, counters)) = counters {
            return count(counters);
        }
        drop(known);
        let counters = ["input", "output"].map(|kind| {
            self.tokens.get_or_create_owned(&TokenLabels {
                gen_ai_operation_name: ApiLabel(api.operation_name()),
                gen_ai_request_model: Arc::clone(model),
                gen_ai_token_type: ApiLabel(kind),
            })
        });
        count(&counters);
        let mut known = self.tokens_of.write().unwrap_or_else(PoisonError::into_inner);
        let apis = known.entry(Arc::clone(model)).or_default();
        // Another thread may have been as quick; its counters are the same.
        if apis.iter().all(|(known, _)| *known != api) {
            apis.push((api, counters));
        }
    }

    /// A request was refused by a limit.
    pub(crate) fn limited(&self, of: &'static str, what: &'static str) {
        self.limited.get_or_create(&LimitLabels { of: ApiLabel(of), what: ApiLabel(what) }).inc();
    }

    /// A sweep took so long.
    pub(crate) fn swept(&self, took: Duration) {
        self.sweeps.observe(took.as_secs_f64());
    }
}

fn served(requests: &Family<RequestLabels, Counter>) -> Vec<(Api, Counter)> {
    let mut served: Vec<(Api, Counter)> = Vec::new();
    for (_, _, api) in Api::ROUTES {
        if served.iter().all(|(known, _)| known != api) {
            let labels = RequestLabels { api: ApiLabel(api.name()), status: 200 };
            served.push((*api, requests.get_or_create_owned(&labels)));
        }
    }
    served
}

fn counter_of(decisions: &Family<RulingLabels, Counter>, ruling: Ruling) -> Counter {
    decisions.get_or_create_owned(&RulingLabels { ruling: ApiLabel(ruling.as_str()) })
}

fn buckets(start: f64, count: u16) -> impl Iterator<Item = f64> {
    prometheus_client::metrics::histogram::exponential_buckets(start, 2.0, count)
}
