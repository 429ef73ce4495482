//! Commands about what is served, to whom, on whose authority.

use std::path::PathBuf;

use clap::Subcommand;
use weir_acts::words::Stage;
use weir_acts::{Digest, Time};

use super::times;

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Serve one; it starts sealed
    Add {
        /// The name callers use
        id: String,
        /// Base URL of its server: scheme, host and optional prefix
        #[arg(long, value_name = "BASE-URL")]
        upstream: String,
        /// env:NAME or file:PATH of the server's credential
        #[arg(long)]
        credential: Option<String>,
        /// The model it may fall back to
        #[arg(long)]
        previous: Option<String>,
        /// SHA-256 of the weights
        #[arg(long)]
        weights: Option<Digest>,
        /// Most output tokens of one request
        #[arg(long, value_name = "N")]
        max_output: Option<u64>,
        /// What a token counts against spend; 1 without it
        #[arg(long, value_name = "N")]
        weight: Option<u64>,
        /// Most tokens that a request can make it read
        #[arg(long, value_name = "N")]
        max_input: Option<u64>,
    },
    /// Say how its use is metered; what is left out stays
    Meter {
        /// The model
        id: String,
        /// What a token counts against spend
        #[arg(long, value_name = "N")]
        weight: Option<u64>,
        /// Most tokens that a request can make it read
        #[arg(long, value_name = "N")]
        max_input: Option<u64>,
    },
    /// Serve one no more
    Retire {
        /// The model
        id: String,
    },
    /// All of them with their stages
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StageOf {
    /// Set how far a model is released
    Set {
        /// The model
        model: String,
        /// sealed, evaluation, defenders, listed, verified, general or open
        #[arg(value_parser = times::word::<Stage>)]
        stage: Stage,
        /// The parties admitted, one id a line; replaces the former list
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Grant {
    /// Let a party use a model
    Add {
        /// The party
        party: String,
        /// The model
        model: String,
        /// For what; evaluation and defence open those stages
        #[arg(long)]
        purpose: Option<String>,
        /// For whom: a condition over claims
        #[arg(long, value_name = "EXPR")]
        population: Option<String>,
        /// Until when, RFC 3339
        #[arg(long, value_parser = times::time)]
        expires: Option<Time>,
    },
    /// End one
    Revoke {
        /// The grant's id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// The rules in force
    Show,
    /// Check the .cedar files of a folder without putting them in force
    Check {
        /// The folder
        dir: PathBuf,
    },
    /// Put the .cedar files of a folder in force in place of the former ones
    Set {
        /// The folder
        dir: PathBuf,
    },
    /// The base rules of the server's version that the log lacks, to look at or to bring in
    #[command(
        after_help = "A log keeps the base rules it began with; what later versions add comes in by this, an act like every change of the rules, with the approvals those take. Nothing in the log is replaced: a base rule that it has with another text is shown beside this version's and stays as it is.\n\nExamples:\n  weir rules upgrade\n  weir rules upgrade --enact\n  weir rules upgrade --enact authority/kept-text"
    )]
    Upgrade {
        /// Bring them in, or write it down for approval
        #[arg(long)]
        enact: bool,
        /// Only these
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Directive {
    /// Write one down, not yet in force
    Draft {
        /// The TOML file; lists it names are read beside it
        file: PathBuf,
    },
    /// Who would keep and who would lose what
    Preview {
        /// The directive
        id: String,
    },
    /// Put a draft in force
    Enact {
        /// The directive
        id: String,
    },
    /// End one by an authority's word
    Lift {
        /// The directive
        id: String,
        /// Whose word it is
        #[arg(long, value_name = "AUTHORITY")]
        by: String,
    },
    /// Throw a draft away
    Drop {
        /// The directive
        id: String,
    },
    /// One with its text and lists
    Show {
        /// The directive
        id: String,
    },
    /// All of them
    List,
}
