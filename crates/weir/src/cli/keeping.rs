//! Backup and what follows it.

use std::path::PathBuf;

use clap::Args;

/// Where a server's folder is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The server's configuration file, for its folder and its witnesses
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// What is copied, and where to.
#[derive(Debug, Clone, Args)]
#[command(after_help = "The copy holds the keys too, so keep it as you keep the server; only the keys of kept texts are in no copy, since \
they must be destroyed in one place. It is made on the server's own \
machine and appears whole or not at all. The published log is left out, since it is made again from the rest.")]
pub(crate) struct Backup {
    /// A folder that does not exist yet
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What the world has seen of the log whose copy this is.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "A backup that signed again while the world has seen more would tell two histories. So first say \
what was seen last: the log as others still serve it, a checkpoint, or a receipt. Witnesses of the configuration are \
asked too.\n\nExample:\n  cp -a /backup/weir-monday weir-data\n  weir restore --data weir-data --latest \
https://log.example.org/log"
)]
pub(crate) struct Restore {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The published log by URL or folder, or a file with a checkpoint or a receipt
    #[arg(long, value_name = "LOG|FILE", num_args = 1.., required = true)]
    pub(crate) latest: Vec<String>,
}
