//! The stand-in model server over real sockets.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as tests do")]

mod client;
mod shapes;
mod steered;

use std::time::Duration;

use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

/// Longer than any healthy run needs; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn start() -> StandInHandle {
    StandIn::start(StandInConfig::default()).unwrap()
}
