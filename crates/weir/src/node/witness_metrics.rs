//! How it goes with each witness, read when somebody asks.

use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_control::witnesses::{Cosignatures, WitnessShown};

/// Adds the witnesses to what `/metrics` shows.
pub(super) fn register(registry: &mut Registry, cosignatures: Arc<Cosignatures>) {
    registry.register_collector(Box::new(Witnesses(cosignatures)));
}

#[derive(Debug)]
struct Witnesses(Arc<Cosignatures>);

impl Collector for Witnesses {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let shown = self.0.shown();
        if shown.is_empty() {
            return Ok(());
        }
        let gauge = |number: u64| ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
        family(
            &mut encoder,
            &shown,
            "weir_witness_acts",
            "Acts in the checkpoint that a witness cosigned last",
            |it| gauge(it.size),
        )?;
        family(
            &mut encoder,
            &shown,
            "weir_witness_cosigned_seconds",
            "When a witness cosigned last, in seconds since 1970",
            |it| gauge(it.time),
        )?;
        family(&mut encoder, &shown, "weir_witness_failing", "Whether a witness does not cosign now", |it| {
            gauge(u64::from(it.failing.is_some()))
        })?;
        family(&mut encoder, &shown, "weir_witness_failures", "How often a witness did not cosign", |it| {
            ConstCounter::new(it.failures)
        })
    }
}

fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    shown: &[WitnessShown],
    name: &str,
    help: &str,
    metric: impl Fn(&WitnessShown) -> M,
) -> Result<(), Error> {
    let Some(kind) = shown.first().map(|first| metric(first).metric_type()) else { return Ok(()) };
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for witness in shown {
        let labels = [("witness", witness.name.as_str())];
        metric(witness).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
