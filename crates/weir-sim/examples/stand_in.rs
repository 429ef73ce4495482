//! Runs the stand-in model server by itself until standard input ends, for
//! trying a client against it, or as the upstream of a benchmark:
//! `cargo run -p weir-sim --example stand_in -- [LISTEN] [RECORDED-REQUESTS] [STEERING]...`
//!
//! It prints its base URL on one line. A benchmark wants a process of its own,
//! so that the model server's CPU time is not counted as the proxy's, 0
//! recorded requests, and the steering (such as `x-stand-in-bytes=1024`)
//! assumed here, because not every gateway passes unknown headers on.

use std::io::{Read as _, Write as _};

use http::{HeaderName, HeaderValue};
use weir_sim::stand_in::{StandIn, StandInConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = StandInConfig::default();
    let mut arguments = std::env::args().skip(1);
    if let Some(listen) = arguments.next() {
        config.listen = listen.parse()?;
    }
    if let Some(record) = arguments.next() {
        config.record = record.parse()?;
    }
    for steering in arguments {
        let (name, value) = steering.split_once('=').ok_or("steering is NAME=VALUE")?;
        config.assumed.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let server = StandIn::start(config)?;
    writeln!(std::io::stdout(), "{}", server.base_url())?;
    let mut ignored = Vec::new();
    std::io::stdin().read_to_end(&mut ignored)?;
    Ok(())
}
