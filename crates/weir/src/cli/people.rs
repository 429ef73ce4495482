//! Commands about who administers and who asks for access.

use std::path::PathBuf;

use clap::Subcommand;
use weir_acts::words::{Describes, PartyKind, Role};
use weir_acts::{Digest, Time, ValueType};

use super::times;

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
    /// Bring in parties, accounts, claims and digests of keys from a file: all or nothing, one act
    #[command(
        after_help = "docs/import.md has the columns, with an example. A line that is wrong is told by its number."
    )]
    Import {
        /// A .csv with a header, or a .jsonl with one object a line
        file: PathBuf,
        /// csv or jsonl, where the file's name does not say
        #[arg(long)]
        format: Option<weir_control::imports::Format>,
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
        /// party:ID, account:PARTY/NAME, or either without the prefix; person:ISSUER#SUB
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
    /// Those of a party
    List {
        /// The party
        party: String,
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
pub(crate) enum Issuer {
    /// Let someone speak for a party's people
    #[command(
        after_help = "A request of the party's accounts may then carry `Weir-Person: JWS`, signed by that issuer."
    )]
    Add {
        /// The party
        party: String,
        /// Where its key set is published (https), or a file with a JWK set
        #[arg(value_name = "URL|FILE")]
        keys: String,
        /// The kinds of claim it may speak for, with commas
        #[arg(long, value_delimiter = ',', required = true, value_name = "K1,K2")]
        kinds: Vec<String>,
        /// The highest level it may claim, 0 to 4
        #[arg(long, value_name = "N")]
        max_level: u8,
        /// What its assertions bear as `iss`; else the URL's origin, or the party's id for a file
        #[arg(long, value_name = "ISS")]
        name: Option<String>,
        /// Each of its assertions is used once
        #[arg(long)]
        single_use: bool,
    },
    /// Let it speak no more
    Remove {
        /// The issuer's id
        id: String,
    },
}
