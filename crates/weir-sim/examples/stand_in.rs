//! Runs the stand-in model server by itself until standard input ends, for
//! trying a client against it: `cargo run -p weir-sim --example stand_in`.

use std::io::{Read as _, Write as _};

use weir_sim::stand_in::{StandIn, StandInConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = StandIn::start(StandInConfig::default())?;
    writeln!(std::io::stdout(), "{}", server.base_url())?;
    let mut ignored = Vec::new();
    std::io::stdin().read_to_end(&mut ignored)?;
    Ok(())
}
