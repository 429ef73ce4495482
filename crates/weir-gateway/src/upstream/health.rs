//! Asks upstreams how they are, where the operator named a path for it. A bad
//! answer counts like a failed request; a good one matters only while an
//! upstream is left alone, and then it is served again at once.

use std::sync::Arc;

use bytes::Bytes;

use super::Upstream;
use crate::gateway::Shared;

/// Asks every upstream met so far, again and again.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let config = &shared.config.upstream;
    let Some(path) = &config.health_path else { return };
    let mut interval = tokio::time::interval(config.health_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        for upstream in shared.upstreams.all() {
            if is_well(&shared, &upstream, path).await {
                upstream.breaker.close_if_open();
            } else {
                upstream.breaker.failed();
                tracing::warn!(upstream = upstream.authority(), "the upstream is not well");
            }
        }
    }
}

/// On a connection of its own, so that no request's is disturbed.
async fn is_well(shared: &Shared, upstream: &Upstream, path: &str) -> bool {
    let head = format!(
        "GET {}{path} HTTP/1.1\r\nhost: {}\r\naccept-encoding: identity\r\nconnection: close\r\n\r\n",
        upstream.prefix(),
        upstream.authority()
    );
    let asked = async {
        let mut connection = shared.dialer.dial(&upstream.target).await.ok()?;
        connection.call(Bytes::from(head), Bytes::new()).await.ok()
    };
    let answered = tokio::time::timeout(shared.config.upstream.connect_timeout, asked).await;
    answered.ok().flatten().is_some_and(|answer| answer.status.is_success())
}
