//! Closed segments on their way into the log.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use weir_control::service::{Control, Seal};
use weir_store::segment::Closed;

/// How long until a seal that was refused is tried again.
const SEAL_AGAIN: Duration = Duration::from_secs(1);

/// Seals closed segments, one after the other, until the last.
pub(in crate::node) async fn seal(control: Control, mut to_seal: UnboundedReceiver<Seal>) {
    while let Some(seal) = to_seal.recv().await {
        let name = weir_store::segment::file_name(seal.closed.number);
        if seal.closed.recovered {
            let cut = seal.closed.cut;
            tracing::warn!(segment = name, cut, "a segment that a crash left open was recovered");
        }
        let mut has_failed = false;
        while let Err(error) = control.seal_records(seal.clone()).await {
            if control.is_stopping() || has_failed && to_seal.is_closed() {
                tracing::error!(segment = name, %error, "a segment was not sealed; the next start seals it");
                break;
            }
            if !has_failed {
                tracing::error!(segment = name, %error, "a segment could not be sealed; it is tried again");
            }
            has_failed = true;
            tokio::time::sleep(SEAL_AGAIN).await;
        }
    }
}

/// Has a closed segment sealed.
pub(super) fn hand_over(seals: &UnboundedSender<Seal>, seal: Seal) {
    let Seal { closed: Closed { number, .. }, .. } = seal;
    if seals.send(seal).is_err() {
        tracing::error!(segment = number, "nobody seals a segment any more; the next start does");
    }
}
