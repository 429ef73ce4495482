//! Reserve: room for the request is taken before it is used and given back
//! when it is over, never checked first and added later. One limit today, on
//! what the process holds at once; limits of accounts take their place here.

use std::sync::Arc;

use crate::answer::Refusal;
use crate::client::Client;
use crate::gateway::Shared;

/// Room for one request; given back when dropped.
pub(crate) struct Reservation(Arc<Shared>);

/// Takes room for one request.
pub(crate) fn reserve(client: &Client) -> Result<Reservation, Refusal> {
    let shared = client.shared();
    let before = shared.metrics.in_flight.inc();
    let reservation = Reservation(Arc::clone(shared));
    if usize::try_from(before).is_ok_and(|before| before >= shared.config.limits.in_flight) {
        drop(reservation);
        return Err(Refusal::new(503, "overloaded", "Too many requests are in flight; try again").retry_after(1));
    }
    Ok(reservation)
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}
