//! A group of accounts that have something in common: a population, one
//! look-alike, the accounts of one campaign. Everything an account does is
//! derived from its group and its number in it.

use std::sync::Arc;

use super::kind::Kind;
use super::network::{Caller, Network};
use super::template::Template;

/// What a group's accounts send around their own words.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prompting {
    /// Nothing.
    Bare,
    /// A system prompt of each account's own.
    Private,
    /// One system prompt for all.
    System(Arc<str>),
    /// One wrapper around the user's text for all.
    Wrapped(Arc<Template>),
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fills {
    /// Conversations of the account's own person.
    Own,
    /// The account's own list, one turn each.
    Batch,
    /// Conversations of other people who pass through, a new one each time.
    Relayed { customers: u32, seed: u64 },
    /// Items of a public list: `count` from `first` on, taken at random or,
    /// `in_turn`, each once in an order of the account's own; a share of them
    /// word for word, the rest with some words of one's own before them.
    Public { first: u64, count: u64, in_turn: bool, verbatim: f64 },
    /// One of a few buttons, over a file of the account's own.
    Documents { length: f64 },
    /// The next item of a campaign's work.
    Harvest { campaign: u16, cover: f64, relayed: Option<u64> },
}

/// When it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rhythm {
    /// Sessions with think times, at a person's hours.
    Person,
    /// Runs of a program that a person starts: seconds between calls.
    Program,
    /// A program that never sleeps.
    Service,
    /// Every so many minutes, on the minute.
    Cron { minutes: u32 },
    /// Sessions that grow denser until a day and then end.
    Deadline { day: f64, spread: f64 },
    /// One exchange, ever, at a moment drawn from the whole time.
    Once,
}

/// Who pays, in the accounts file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payment {
    /// As people pay: a card, now and then one of the family, none when free.
    Own,
    /// One for all.
    Group,
    /// One for so many accounts.
    Cards(u32),
}

/// The domain of e-mail addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    /// One of the public ones, by how common they are.
    Public,
    /// One for the group.
    Group,
    /// One of so many that are thrown away.
    Disposable(u32),
}

/// When accounts were made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Birth {
    /// Over the two years before, ever more of them, and during the time.
    Ordinary,
    /// Around a day of the run (may be negative), within so many days.
    Cohort { day: f64, spread: f64 },
}

/// What sign-up and billing know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Identity {
    /// Whether they declare one party.
    pub(super) declared: bool,
    pub(super) payment: Payment,
    pub(super) mail: Mail,
    pub(super) plan: Option<&'static str>,
    pub(super) signup_path: Option<&'static str>,
    pub(super) birth: Birth,
}

impl Identity {
    pub(super) const ORDINARY: Self = Self {
        declared: false,
        payment: Payment::Own,
        mail: Mail::Public,
        plan: None,
        signup_path: None,
        birth: Birth::Ordinary,
    };
}

/// A group. Accounts `first..first + count` of the whole are its.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) seed: u64,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) prompting: Prompting,
    pub(super) fills: Fills,
    pub(super) rhythm: Rhythm,
    /// Exchanges on a day: the median over accounts and the spread of its
    /// logarithm.
    pub(super) per_day: f64,
    pub(super) spread: f64,
    pub(super) network: Network,
    pub(super) caller: Caller,
    pub(super) identity: Identity,
    /// The topic all are interested in, where there is one.
    pub(super) topic: Option<u8>,
    /// The days on which they are active.
    pub(super) active: (f64, f64),
    /// The day after which accounts are closed by the provider, and the days
    /// over which that takes place.
    pub(super) closed: Option<(f64, f64)>,
    /// Whether the accounts file tells of it.
    pub(super) closed_known: bool,
    /// The source of their texts.
    pub(super) source: u16,
}

impl Group {
    /// People like all others; what sets a group apart is set after.
    pub(super) fn ordinary(kind: Kind, seed: u64, count: u32) -> Self {
        Self {
            kind,
            seed,
            first: 0,
            count,
            prompting: Prompting::Bare,
            fills: Fills::Own,
            rhythm: Rhythm::Person,
            per_day: 1.0,
            spread: 1.0,
            network: Network::People,
            caller: Caller::Browser,
            identity: Identity::ORDINARY,
            topic: None,
            active: (f64::NEG_INFINITY, f64::INFINITY),
            closed: None,
            closed_known: true,
            source: 0,
        }
    }
}
