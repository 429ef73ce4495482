//! How the detector fares, in numbers.

use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use weir_control::Control;
use weir_detect::Health;

#[derive(Debug)]
pub(super) struct Metrics {
    taken: Counter,
    late: Counter,
    missed: Gauge,
    epochs: Counter,
    lag_ms: Gauge,
    born: Gauge,
    ordinary: Gauge<f64, AtomicU64>,
    proposes: Gauge,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry, control: &Control) -> Metrics {
        let metrics = Metrics {
            taken: Counter::default(),
            late: Counter::default(),
            missed: Gauge::default(),
            epochs: Counter::default(),
            lag_ms: Gauge::default(),
            born: Gauge::default(),
            ordinary: Gauge::default(),
            proposes: Gauge::default(),
        };
        registry.register("weir_detect_exchanges", "Exchanges the detector took", metrics.taken.clone());
        registry.register("weir_detect_late", "Exchanges that came after their epoch was over", metrics.late.clone());
        registry.register("weir_detect_missed", "Exchanges that never became durable", metrics.missed.clone());
        registry.register("weir_detect_epochs", "Epochs folded", metrics.epochs.clone());
        registry.register("weir_detect_lag_milliseconds", "How far the detector is behind", metrics.lag_ms.clone());
        registry.register("weir_detect_born", "Candidates ever born", metrics.born.clone());
        let help = "The mean e-value of ordinary traffic, as a logarithm to base 2";
        registry.register("weir_detect_ordinary_log2_e", help, metrics.ordinary.clone());
        let help = "Whether the detector proposes measures: 0 where e-values of ordinary traffic have drifted above one";
        registry.register("weir_detect_proposes", help, metrics.proposes.clone());
        registry.register_collector(Box::new(Campaigns(control.clone())));
        metrics
    }

    pub(super) fn taken(&self) {
        self.taken.inc();
    }

    pub(super) fn late(&self) {
        self.late.inc();
    }

    pub(super) fn missed(&self, missed: u64) {
        self.missed.set(i64::try_from(missed).unwrap_or(i64::MAX));
    }

    pub(super) fn folded(&self) {
        self.epochs.inc();
    }

    pub(super) fn lag(&self, millis: i64) {
        self.lag_ms.set(millis);
    }

    pub(super) fn fares(&self, born: u64, health: Health, proposes: bool) {
        self.born.set(i64::try_from(born).unwrap_or(i64::MAX));
        self.ordinary.set(health.ordinary_log2_e);
        self.proposes.set(i64::from(proposes));
    }
}

/// Campaigns that have not ended.
#[derive(Debug)]
struct Campaigns(Control);

impl Collector for Campaigns {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let published = self.0.published();
        let open = published.state.campaigns.values().filter(|campaign| campaign.ended.is_none()).count();
        let gauge = ConstGauge::new(i64::try_from(open).unwrap_or(i64::MAX));
        let encoder = encoder.encode_descriptor("weir_campaigns", "Campaigns that have not ended", None, gauge.metric_type())?;
        gauge.encode(encoder)
    }
}
