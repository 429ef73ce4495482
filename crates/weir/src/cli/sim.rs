//! Simulating traffic, and scoring findings against its truth.

use std::path::PathBuf;

use clap::Args;

/// What to simulate and where to write it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sim {
    /// A preset (A1 to A14, B1 to B10, benign, mix and others; `list` names them), or a TOML or JSON file
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: String,
    /// Benign accounts in all
    #[arg(long, value_name = "N")]
    pub(crate) accounts: Option<u32>,
    /// Accounts of each campaign
    #[arg(long, value_name = "N")]
    pub(crate) campaign_accounts: Option<u32>,
    /// Days of traffic
    #[arg(long, value_name = "D")]
    pub(crate) days: Option<u32>,
    /// Everything is drawn from it
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Folder of real prompts (*.jsonl.gz) to make texts from, instead of invented ones
    #[arg(long, value_name = "PROMPTS-DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder of real arrival processes; `arrivals` beside the prompts where there is one
    #[arg(long, value_name = "DIR")]
    pub(crate) arrivals: Option<PathBuf>,
    /// Folder to write
    #[arg(long, value_name = "DIR", required_unless_present = "show")]
    pub(crate) out: Option<PathBuf>,
    /// Write the log as Parquet instead of packed JSON Lines
    #[arg(long)]
    pub(crate) parquet: bool,
    /// Print the scenario as TOML, to be edited, and simulate nothing
    #[arg(long)]
    pub(crate) show: bool,
}

/// What was found, and the truth.
#[derive(Debug, Clone, Args)]
pub(crate) struct Score {
    /// Folder with campaigns.json and members.jsonl
    #[arg(long, value_name = "DIR")]
    pub(crate) found: PathBuf,
    /// Folder that `weir sim` wrote
    #[arg(long, value_name = "DIR")]
    pub(crate) sim: PathBuf,
}
