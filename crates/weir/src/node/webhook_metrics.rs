//! How it goes with each webhook, read when somebody asks.

use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_control::service::Control;
use weir_control::webhooks::{Deliveries, WebhookShown};

/// Adds the webhooks to what `/metrics` shows.
pub(super) fn register(registry: &mut Registry, control: Control, deliveries: Arc<Deliveries>) {
    registry.register_collector(Box::new(Told { control, deliveries }));
}

#[derive(Debug)]
struct Told {
    control: Control,
    deliveries: Arc<Deliveries>,
}

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let shown = self.deliveries.shown();
        if shown.is_empty() {
            return Ok(());
        }
        let size = self.control.published().state.size;
        let gauge = |number: u64| ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
        let mut family = |name, help, metric: &dyn Fn(&WebhookShown) -> ConstGauge<i64>| {
            self::family(&mut encoder, &shown, name, help, metric)
        };
        family("weir_webhook_waiting", "Acts of the log that a webhook has yet to be told of or to pass over", &|it| {
            gauge(size.saturating_sub(it.next))
        })?;
        family("weir_webhook_failing", "Whether a webhook does not take what it is told now", &|it| {
            gauge(u64::from(it.failing))
        })?;
        let delivered = |it: &WebhookShown| ConstCounter::new(it.delivered);
        self::family(&mut encoder, &shown, "weir_webhook_delivered", "Events that a webhook took", &delivered)?;
        let failures = |it: &WebhookShown| ConstCounter::new(it.failures);
        self::family(&mut encoder, &shown, "weir_webhook_failures", "Attempts at telling a webhook that failed", &failures)
    }
}

fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    shown: &[WebhookShown],
    name: &str,
    help: &str,
    metric: &dyn Fn(&WebhookShown) -> M,
) -> Result<(), Error> {
    let Some(kind) = shown.first().map(|first| metric(first).metric_type()) else { return Ok(()) };
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for webhook in shown {
        let labels = [("webhook", webhook.name.as_str())];
        metric(webhook).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
