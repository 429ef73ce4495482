//! Commands about drafts, measures, appeals and the log.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use weir_acts::Time;
use weir_acts::words::{MeasureKind, Ruling};

use super::times;

/// Limits as flags: of a subject, or what a throttle allows.
#[derive(Debug, Args)]
pub(crate) struct LimitFlags {
    /// Requests
    #[arg(long, value_name = "N/min")]
    pub(crate) requests: Option<String>,
    /// Tokens, read and written
    #[arg(long, value_name = "N/min")]
    pub(crate) tokens: Option<String>,
    /// Requests at once
    #[arg(long, value_name = "N")]
    pub(crate) concurrent: Option<String>,
    /// Tokens times the model's weight
    #[arg(long, value_name = "N/day")]
    pub(crate) spend: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Measure {
    /// Take one: what is done to an account is always said to it
    #[command(
        after_help = "observe    watched, nothing is done\nverify     refused until who is behind it is shown: a Weir-Person assertion, or a claim recorded since, at level 2 or more\nthrottle   slowed down\nfallback   served by previous models\nwithhold   reasoning, log-probabilities and choices beyond the first taken out of answers\nrefuse     refused\nsuspend    refused, and suspended\n\nA throttle allows what its flags say, without any 6 requests a minute and one at a time; several windows with commas, as --requests 6/min,100/day."
    )]
    Take {
        /// party:ID, account:PARTY/NAME, or either without the prefix; person:ISSUER#SUB
        subject: String,
        /// What is done
        #[arg(value_parser = kind_of_measure)]
        kind: MeasureKind,
        /// Until when, RFC 3339
        #[arg(long, value_parser = times::time)]
        until: Option<Time>,
        /// Why, in words the affected will read
        #[arg(long)]
        reason: String,
        /// The campaign it rests on, of which the subject is a member
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        #[command(flatten, next_help_heading = "What a throttle allows")]
        limits: LimitFlags,
    },
    /// Undo one
    Lift {
        /// The measure's id
        id: String,
    },
}

/// A kind of measure; the one that is only reserved is refused by name.
fn kind_of_measure(text: &str) -> Result<MeasureKind, String> {
    match text {
        "covert" => Err(weir_control::command::COVERT.to_owned()),
        text => times::word::<MeasureKind>(text),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Exchange {
    /// Read what a request said; who read it, and why, is in the log
    #[command(
        after_help = "Texts are kept only where a rule that permits says so, as @keep_text(\"30 days\"), and until their key is destroyed. The id of an exchange is that of its decision with x- in place of dec-. Where the rules take approvals for it, it is written down; once others approved it, the same command by the same operator gives the text, once and within 24 hours.\n\nExample:\n  weir exchange text x-00000001-0000002a --reason \"appeal y-7f: what was asked\""
    )]
    Text {
        /// The exchange's id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Campaign {
    /// All of them, newest first, and how the detector fares
    List,
    /// One: evidence, what speaks against, members weakest first, measures, appeals
    Show {
        /// Its id
        id: String,
    },
    /// Take a measure on every member of one that it is not taken on already
    #[command(
        after_help = "Only members are acted on; the associated are observed and nothing more. Without --reason each is told what the campaign is and how strong their own evidence is.\n\nExamples:\n  weir campaign act k7f2mq-20260503 throttle --hours 168\n  weir campaign act k7f2mq-20260503 refuse --reason \"...\""
    )]
    Act {
        /// Its id
        id: String,
        /// What is done
        #[arg(value_parser = kind_of_measure)]
        kind: MeasureKind,
        /// Until when, RFC 3339
        #[arg(long, value_parser = times::time, conflicts_with = "hours")]
        until: Option<Time>,
        /// For how many hours
        #[arg(long)]
        hours: Option<u32>,
        /// Why, in words the affected will read
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten, next_help_heading = "What a throttle allows")]
        limits: LimitFlags,
    },
    /// Write one down for others as a STIX 2.1 bundle that names nobody
    #[command(
        after_help = "Accounts, means of payment and templates are in it as HMAC-SHA256 under the key in --key-file, which those who share agree on; it is made on first use.\n\nExamples:\n  weir campaign export k7f2mq-20260503 -o bundle.json --tlp amber+strict\n  weir campaign export found/campaigns.json --campaign k7f2mq-20260503 --accounts accounts.jsonl -o bundle.json"
    )]
    Export {
        /// Its id, or the campaigns.json that `weir detect` wrote
        id: String,
        /// Which one of the file, where it has several
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        /// What sign-up and billing know of the accounts, for their means of payment
        #[arg(long, value_name = "FILE")]
        accounts: Option<PathBuf>,
        /// Where the bundle goes
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
        /// With whom it may be shared: clear, green, amber, amber+strict or red
        #[arg(long, default_value = "amber", value_parser = str::parse::<weir_stix::Tlp>)]
        tlp: weir_stix::Tlp,
        /// When it is to be forgotten, RFC 3339; 90 days from its last exchange unless said
        #[arg(long, value_parser = times::time)]
        expires: Option<Time>,
        /// Who says so
        #[arg(long, default_value = "An operator of Weir", value_name = "NAME")]
        from: String,
        /// The key that hides who is meant, 64 hexadecimal digits; made on first use
        #[arg(long, value_name = "FILE", default_value = "sharing.key")]
        key_file: PathBuf,
        /// Put the key into the bundle, for all who get it
        #[arg(long)]
        share_key: bool,
    },
    /// Read a bundle that others made, and say what of it counts and what does not
    #[command(
        after_help = "With --keep-in what counts is kept in the data folder, on the machine of the server, and heeded from the next epoch's end until it is out of date: one capped piece of evidence, never a verdict. To take it back, remove the file. `weir detect --indicators FILE` heeds one for a run.\n\nExamples:\n  weir campaign import theirs.json\n  weir campaign import theirs.json --keep-in ./weir-data --indicator-key-file sharing.key"
    )]
    Import {
        /// The bundle
        file: PathBuf,
        /// The data folder of the server whose detector is to heed it
        #[arg(long, value_name = "DIR")]
        keep_in: Option<PathBuf>,
        /// The key that its identifiers are under, where it is not in the bundle
        #[arg(long, value_name = "FILE", requires = "keep_in")]
        indicator_key_file: Option<PathBuf>,
    },
    /// Say that one is over, or was none
    End {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Limit {
    /// Those in force, and what was used of each in its window
    #[command(
        after_help = "Of one subject where one is named. HELD is what requests under way may still take; LEFT is what the next may. What rules limit is listed once it was used.\n\nExamples:\n  weir limit list\n  weir limit list acme/ci --json"
    )]
    List {
        /// party:ID, account:PARTY/NAME, either without the prefix, or stage:STAGE
        subject: Option<String>,
    },
    /// Set some; a field that is left out stays, `none` ends it
    #[command(
        after_help = "Windows are s, min, hour and day, several with commas. No span of a window's length, wherever it begins, sees more than the amount.\n\nExamples:\n  weir limit set acme --requests 600/min,50000/day --concurrent 32\n  weir limit set acme/ci --tokens 200000/min --spend 5000000/day\n  weir limit set stage:evaluation --requests 10/s\n  weir limit set acme --concurrent none"
    )]
    Set {
        /// party:ID, account:PARTY/NAME, either without the prefix, or stage:STAGE for everybody at that stage together
        subject: String,
        #[command(flatten)]
        limits: LimitFlags,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Draft {
    /// All of them, oldest first
    List,
    /// One, with what it would do
    Show {
        /// Its id
        id: String,
    },
    /// Throw one away
    Drop {
        /// Its id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// Let nothing about someone be erased or age out
    Place {
        /// party:ID, account:PARTY/NAME or person:ISSUER#SUB
        subject: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// The legal ground
        #[arg(long)]
        citation: Option<String>,
    },
    /// Let it again
    Lift {
        /// The hold's id
        id: String,
    },
    /// All of them, oldest first
    List,
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
        /// Of an import: prove its rows about this party:ID or account:PARTY/NAME, opened
        #[arg(long, value_name = "SUBJECT")]
        row: Option<String>,
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
    /// Have a fresh key sign the log from now on, the one before beside it for a while
    #[command(after_help = "Tell witnesses, and whoever pins the key, the new one before the overlap is over. Who \
trusts the old key follows the change by `weir log verify`: the log holds the old key's word for the new one.")]
    RotateKey {
        /// How many days the key before signs beside it; 0 where it is no longer to be trusted
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        overlap_days: u32,
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
        /// Tell this decision of the bundle rule by rule
        #[arg(long, value_name = "DECISION-ID", requires = "opened")]
        explain: Option<String>,
        /// Earlier checkpoints that the log must extend
        #[arg(long, value_name = "CHECKPOINT", num_args = 1..)]
        since: Vec<PathBuf>,
        /// Witnesses that must have cosigned the checkpoint: public keys, or files with them
        #[arg(long = "witness", value_name = "VKEY", num_args = 1..)]
        witnesses: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Copy the log, checked, with the openings and decisions of a stretch of time
    #[command(
        after_help = "Example:\n  weir audit export --from 2026-06-12T00:00:00Z --to 2026-06-13T00:00:00Z -o friday\n  weir log verify friday/log --opened friday/bundle.jsonl"
    )]
    Export {
        /// The first moment, RFC 3339
        #[arg(long, value_parser = times::time)]
        from: Time,
        /// The first moment after it, RFC 3339
        #[arg(long, value_parser = times::time)]
        to: Time,
        /// About whom alone: party:ID or account:PARTY/NAME
        #[arg(long)]
        subject: Option<String>,
        /// A folder that does not exist yet, readable by you alone
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}
