//! Reserve: room for the request is taken before it is used and given back
//! when it is over, never checked first and added later: a seat among all that
//! the process holds at once, and what the limits on its account, party, stage
//! and rules ask for, in all of them or in none.

use std::sync::Arc;

use weir_acts::Time;

use crate::answer::Refusal;
use crate::bounds;
use crate::client::Client;
use crate::gateway::Shared;
use crate::ledger::{Hold, Need};
use crate::metering::Most;
use crate::phases::decide::{Decided, Permit, Serve};

/// Room for one request; given back when dropped.
pub(crate) struct Reservation {
    shared: Arc<Shared>,
    hold: Hold,
}

/// Takes room for one request.
pub(crate) fn reserve(client: &Client, decided: &Decided, most: &Most) -> Result<Reservation, Refusal> {
    let shared = client.shared();
    let before = shared.metrics.in_flight.inc();
    let mut reservation = Reservation { shared: Arc::clone(shared), hold: Hold::default() };
    if usize::try_from(before).is_ok_and(|before| before >= shared.config.limits.in_flight) {
        drop(reservation);
        return Err(Refusal::new(503, "overloaded", "Too many requests are in flight; try again").retry_after(1));
    }
    if let Permit::Work(serve) = &decided.permit
        && !serve.bounds.is_empty()
    {
        reservation.hold = hold(shared, serve, most, shared.clock.now())?;
    }
    Ok(reservation)
}

fn hold(shared: &Shared, serve: &Serve, most: &Most, now: Time) -> Result<Hold, Refusal> {
    let need = Need { tokens: most.tokens(), is_bounded: most.is_bounded, weight: serve.metering.weight };
    let limits = serve.bounds.iter().map(|bound| (&bound.scope, bound.limits()));
    shared.ledger.reserve(limits, &need, now).map_err(|(place, exceeded)| match serve.bounds.get(place) {
        Some(bound) => {
            let (of, what) = bounds::metric(bound, exceeded.what);
            shared.metrics.limited(of, what);
            bounds::refuse(bound, &exceeded, &shared.appeals)
        }
        // A place of a bound is a place among them.
        None => Refusal::new(429, "rate_limit_exceeded", "A limit is reached; try again").retry_after(1),
    })
}

impl Reservation {
    /// Settles what is held: `tokens` were used, each at `weight`. Does nothing
    /// the second time.
    pub(crate) fn charge(&mut self, tokens: u64, weight: u64) {
        if !self.hold.is_empty() {
            self.hold.charge(tokens, weight, self.shared.clock.now());
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.hold.is_empty() {
            self.hold.forfeit(self.shared.clock.now());
        }
        self.shared.metrics.in_flight.dec();
    }
}
