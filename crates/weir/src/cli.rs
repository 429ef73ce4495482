//! The command line: what may be typed, and which change each command is.

mod cases;
mod change;
mod detect;
mod keeping;
mod people;
mod release;
mod sim;
mod times;
mod witness;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use weir_acts::Time;

pub(crate) use cases::{Appeal, Audit, Campaign, Draft, Exchange, Hold, Limit, Log, Measure};
pub(crate) use keeping::{Backup, Place, Restore};
pub(crate) use detect::Detect;
pub(crate) use people::{Account, Claim, Issuer, Key, Operator, Party, Token};
pub(crate) use release::{Directive, Grant, Model, Rules, StageOf};
pub(crate) use sim::{Score, Sim};
pub(crate) use witness::Witness;

/// Staged release of AI models: who may use what, on whose authority, provably.
#[derive(Debug, Parser)]
#[command(name = "weir", version, max_term_width = 100, arg_required_else_help = true, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) remote: Remote,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How the running server is found.
#[derive(Debug, Clone, Args)]
pub(crate) struct Remote {
    /// Address of the server that commands talk to
    #[arg(long, global = true, env = "WEIR_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) server: String,
    /// File with the operator's token
    #[arg(
        long,
        global = true,
        env = "WEIR_TOKEN_FILE",
        default_value = "./weir-data/operator.token",
        value_name = "FILE"
    )]
    pub(crate) token_file: PathBuf,
    /// Authorities to trust instead of the public ones, PEM
    #[arg(long, global = true, env = "WEIR_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Print JSON: one document, or one a line where the command lists
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Where and how a server runs; flags win over the environment and the file.
#[derive(Debug, Clone, Args)]
pub(crate) struct Running {
    /// Configuration file; see weir.example.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder that holds everything
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where callers ask
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where operators ask, when callers do not ask on loopback
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin_listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve: one process, one folder
    Serve(Running),
    /// Serve with a stand-in model server and a small live population
    Demo(Running),
    /// Who may administer
    #[command(subcommand)]
    Operator(Operator),
    /// Institutions and persons that ask for access
    #[command(subcommand)]
    Party(Party),
    /// Verified facts about parties and accounts
    #[command(subcommand)]
    Claim(Claim),
    /// What parties call with
    #[command(subcommand)]
    Account(Account),
    /// Who speaks for a party's people
    #[command(subcommand)]
    Issuer(Issuer),
    /// Accounts' API keys
    #[command(subcommand)]
    Key(Key),
    /// What is served
    #[command(subcommand)]
    Model(Model),
    /// How far a model is released
    #[command(subcommand)]
    Stage(StageOf),
    /// A party's leave to use a model
    #[command(subcommand)]
    Grant(Grant),
    /// The operator's own Cedar rules
    #[command(subcommand)]
    Rules(Rules),
    /// Orders and requests of authorities
    #[command(subcommand)]
    Directive(Directive),
    /// Consent to a change that waits for approval, or to a drafted directive
    Approve {
        /// The draft's id, or a directive's
        id: String,
    },
    /// Changes that wait for approval
    #[command(subcommand)]
    Draft(Draft),
    /// How much accounts, parties and stages may take
    #[command(subcommand)]
    Limit(Limit),
    /// What is done about an account or party
    #[command(subcommand)]
    Measure(Measure),
    /// Accounts that act as one, as the detector found them
    #[command(subcommand)]
    Campaign(Campaign),
    /// Answers of the affected
    #[command(subcommand)]
    Appeal(Appeal),
    /// What must be kept for a dispute
    #[command(subcommand)]
    Hold(Hold),
    /// Erase private parts for good: of everything about someone, of a campaign, or of one act
    #[command(
        after_help = "What is in use is ended first: a party closed, a key revoked, a measure lifted, a campaign ended. Measures that rest on a campaign stay, and say that their evidence was erased.\n\nExamples:\n  weir erase party:acme --reason \"asked for\"\n  weir erase campaign:k7f2mq-20260503 --reason \"kept long enough\"\n  weir erase act 17 --reason \"entered by mistake\""
    )]
    Erase {
        /// party:ID, account:PARTY/NAME, person:ISSUER#SUB, campaign:ID; or the word act
        subject: String,
        /// The act's number, after the word act
        act: Option<u64>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// The accounts that can use a model
    WhoCan {
        /// The model
        model: String,
        /// At that time instead of now, RFC 3339
        #[arg(long, value_parser = times::time)]
        at: Option<Time>,
    },
    /// Why a decision was, or would be, what it is
    #[command(after_help = "Examples:\n  weir explain acme/ci mythos-5\n  weir explain dec-00000001-0000002a")]
    Explain {
        /// PARTY/NAME of an account, or the id of a decision
        subject: String,
        /// The model, where the subject is an account
        model: Option<String>,
        /// At that time instead of now, RFC 3339
        #[arg(long, value_parser = times::time)]
        at: Option<Time>,
    },
    /// What requests said, where the rules had it kept
    #[command(subcommand)]
    Exchange(Exchange),
    /// The log of acts
    #[command(subcommand)]
    Log(Log),
    /// Copy everything of a server, running or not, to a new folder
    Backup(Backup),
    /// Make a backup the log again, once it is known what the world has seen
    Restore(Restore),
    /// Cosign the checkpoints of logs, each of one history only
    Witness(Witness),
    /// What outside auditors are given
    #[command(subcommand)]
    Audit(Audit),
    /// Simulate a population's traffic with campaigns in it, and the truth beside it
    #[command(
        after_help = "Examples:\n  weir sim --scenario A1 --accounts 20000 --out sim\n  weir sim --scenario mix --show > mine.toml"
    )]
    Sim(Sim),
    /// Hold findings against the truth of a simulation
    Score(Score),
    /// Find the accounts that act as one, in any log
    Detect(Detect),
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
