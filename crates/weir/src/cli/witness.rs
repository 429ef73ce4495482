//! The witness's own command.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// How a witness runs.
#[derive(Debug, Clone, Args)]
#[command(after_help = "A witness remembers the last checkpoint that it cosigned of each log, and cosigns none \
that does not contain it (c2sp.org/tlog-witness). Run it where the log's operator cannot reach.\n\n\
Example:\n  weir witness --listen 0.0.0.0:8090 --name witness.example.org/w1 --log log.vkey")]
pub(crate) struct Witness {
    /// Where logs ask, in plain HTTP; put TLS in front where that matters
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// The folder of its key and of what it remembers
    #[arg(long, value_name = "DIR", default_value = "./weir-witness")]
    pub(crate) data: PathBuf,
    /// Its name, chosen once, at the first start; left out, a random one
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A log's public key, or a file with it; again for each log, or for each key of one
    #[arg(long = "log", value_name = "VKEY")]
    pub(crate) logs: Vec<String>,
}
