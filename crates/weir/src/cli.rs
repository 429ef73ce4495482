//! The command line: what may be typed, and which change each command is.

mod change;
mod times;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use weir_acts::Time;
use weir_acts::words::{Describes, MeasureKind, PartyKind, Role, Ruling, Stage};
use weir_acts::{Digest, ValueType};

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
    #[arg(long, global = true, env = "WEIR_TOKEN_FILE", default_value = "./weir-data/operator.token", value_name = "FILE")]
    pub(crate) token_file: PathBuf,
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
    /// What is done about an account or party
    #[command(subcommand)]
    Measure(Measure),
    /// Answers of the affected
    #[command(subcommand)]
    Appeal(Appeal),
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
    /// The log of acts
    #[command(subcommand)]
    Log(Log),
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    /// Let someone act; prints their token once
    Add {
        /// Their name
        name: String,
        /// What they may do; give it more than once for more
        #[arg(long = "role", required = true, value_parser = times::word::<Role>)]
        roles: Vec<Role>,
    },
    /// End their right to act
    Revoke {
        /// Their name
        name: String,
    },
    /// Their tokens
    #[command(subcommand)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Give them another token, printed once
    Issue {
        /// Their name
        name: String,
    },
    /// End every token they have
    Revoke {
        /// Their name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Party {
    /// Register one
    Add {
        /// The id you give it
        id: String,
        /// Its name
        #[arg(long)]
        name: String,
        /// institution or person
        #[arg(long, default_value = "institution", value_parser = times::word::<PartyKind>)]
        kind: PartyKind,
        /// Legal Entity Identifier (ISO 17442)
        #[arg(long)]
        lei: Option<String>,
        /// Research Organization Registry id
        #[arg(long)]
        ror: Option<String>,
    },
    /// Close one; its keys open nothing any more
    Close {
        /// The party
        id: String,
    },
    /// All of them
    List,
    /// One with its claims, grants, lists and measures
    Show {
        /// The party
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Claim {
    /// Make a kind of claim known
    Declare {
        /// Its name
        kind: String,
        /// bool, long, string or set
        #[arg(long = "type", value_parser = times::word::<ValueType>)]
        value_type: ValueType,
        /// What it speaks about: party, account or person
        #[arg(long, value_parser = times::word::<Describes>)]
        describes: Describes,
    },
    /// Record a verified fact
    Add {
        /// party:ID, account:PARTY/NAME, or either without the prefix
        subject: String,
        /// A declared kind
        kind: String,
        /// Its value; a set as a,b,c
        value: String,
        /// Assurance level, 0 to 4
        #[arg(long)]
        level: u8,
        /// Who verified it
        #[arg(long)]
        by: String,
        /// SHA-256 of the evidence, as sha256:HEX
        #[arg(long)]
        evidence: Digest,
        /// When it stops counting, RFC 3339
        #[arg(long, value_parser = times::time)]
        expires: Option<Time>,
    },
    /// Take one back
    Retract {
        /// The claim's id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Give a party something to call with
    Add {
        /// PARTY/NAME
        account: String,
    },
    /// Deny it everything until restored
    Suspend {
        /// PARTY/NAME
        account: String,
    },
    /// End the suspension
    Restore {
        /// PARTY/NAME
        account: String,
    },
    /// End it for good
    Close {
        /// PARTY/NAME
        account: String,
    },
    /// One with its claims, keys and measures
    Show {
        /// PARTY/NAME
        account: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Give an account a key; it is printed once
    Issue {
        /// PARTY/NAME
        account: String,
    },
    /// End a key
    Revoke {
        /// The key's id
        id: String,
    },
}

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
        #[arg(long)]
        max_output: Option<u64>,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Measure {
    /// Take one: observe, refuse or suspend
    Take {
        /// party:ID, account:PARTY/NAME, or either without the prefix
        subject: String,
        /// What is done
        #[arg(value_parser = times::word::<MeasureKind>)]
        kind: MeasureKind,
        /// Until when, RFC 3339
        #[arg(long, value_parser = times::time)]
        until: Option<Time>,
        /// Why, in words the affected will read
        #[arg(long)]
        reason: String,
    },
    /// Undo one
    Lift {
        /// The measure's id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Appeal {
    /// File one with the account's own key
    File {
        /// The id of a decision or measure
        against: String,
        /// What the affected has to say
        #[arg(long)]
        text: String,
        /// File with the account's key; else WEIR_KEY holds it
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Decide one
    Decide {
        /// The appeal's id
        id: String,
        /// uphold or overturn
        #[arg(value_parser = times::word::<Ruling>)]
        ruling: Ruling,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// The acts, one a line
    List {
        /// From this act on
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// At most so many; all without it
        #[arg(long)]
        limit: Option<u64>,
    },
    /// One act with what may be seen of it
    Show {
        /// Its number
        act: u64,
    },
    /// The proof that an act is in the log
    Receipt {
        /// Its number
        act: u64,
        /// Where it is written
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Openings and decisions about a subject, for an auditor
    Open {
        /// party:ID or account:PARTY/NAME
        #[arg(long)]
        subject: String,
        /// Where the bundle is written, readable by you alone
        #[arg(short, long, value_name = "BUNDLE")]
        output: PathBuf,
    },
    /// Check a whole log: signatures, tree, every act
    #[command(after_help = "Exit code 3 means that the log was read and is not what it should be.")]
    Verify {
        /// A folder or the URL of a server's /log
        log: String,
        /// The log's public key, or a file with it
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
        /// Openings that an auditor was given
        #[arg(long, value_name = "BUNDLE")]
        opened: Option<PathBuf>,
        /// Earlier checkpoints that the log must extend
        #[arg(long, value_name = "CHECKPOINT", num_args = 1..)]
        since: Vec<PathBuf>,
    },
}
