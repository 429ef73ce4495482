//! Reserve: room for the request is taken before it is used and given back
//! when it is over, never checked first and added later. One limit today, on
//! what the process holds at once; limits of accounts take their place here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::answer::Refusal;
use crate::client::Client;
use crate::gateway::Shared;

/// Room for one request; given back when dropped.
pub(crate) struct Reservation(Arc<Shared>);

/// Takes room for one request.
pub(crate) fn reserve(client: &Client) -> Result<Reservation, Refusal> {
    let shared = client.shared();
    let before = shared.reserved.fetch_add(1, Ordering::Relaxed);
    let reservation = Reservation(Arc::clone(shared));
    if before >= shared.config.limits.in_flight {
        return Err(Refusal::new(503, "overloaded", "Too many requests are in flight; try again").retry_after(1));
    }
    shared.metrics.in_flight.inc();
    Ok(reservation)
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.reserved.fetch_sub(1, Ordering::Relaxed);
    }
}
