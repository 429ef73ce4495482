//! What a campaign can do to be seen less: one parameter an evasion.

use serde::{Deserialize, Serialize};

use super::template::Elicitation;

/// Who decides when an account calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dispatch {
    /// One queue that feeds all accounts, as a load balancer does.
    Queue,
    /// Each account in sessions at hours of its own, as people do.
    Mimic,
}

/// What a template's variant goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariantBy {
    /// Each account keeps one.
    Account,
    /// Drawn anew each time.
    Exchange,
}

/// Where the template is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the system prompt.
    System,
    /// Around the task in the user's message.
    User,
    /// In a turn of the user's before the task, which the model is made to have taken up.
    Turn,
}

/// From where the accounts call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exits {
    /// Another exit of a proxy pool each time.
    Proxies,
    /// One household's address an account.
    Residential,
    /// Rented machines, one an account.
    Cloud,
}

/// A campaign. Every field has a default, the naive one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Campaign {
    /// Its name in the truth files; made from the kind where absent.
    pub name: Option<String>,
    /// Accounts over its whole life.
    pub accounts: u32,
    /// Harvesting exchanges an account and day, once fully running.
    pub per_day: f64,
    /// The day it starts, from 0.
    pub start: f64,
    /// Days it runs; to the end where absent.
    pub days: Option<f64>,
    /// Days from the first exchange to full rate.
    pub ramp: f64,
    /// Who decides when an account calls.
    pub dispatch: Dispatch,
    /// Hours by which each exchange is shifted at random, at most.
    pub jitter_hours: f64,
    /// What is wanted; several are dealt out evenly.
    pub elicitation: Vec<Elicitation>,
    /// False: the tasks are sent bare.
    pub template: bool,
    /// Where the template is put.
    pub place: Place,
    /// How many variants of the template there are.
    pub variants: u32,
    /// The share of a variant's phrases that are drawn anew.
    pub looseness: f64,
    /// What a variant goes with.
    pub variant_by: VariantBy,
    /// Languages of the tasks and, where there are several, of a wrapper that
    /// is fixed in each.
    pub languages: u8,
    /// The share of conversations that are cover.
    pub cover: f64,
    /// Whether the cover, or with no template everything, is genuine users of
    /// a relay rather than an invented person an account.
    pub relayed: bool,
    /// Where above 0, all cover is taken from a public list of so many prompts, word for
    /// word, as users of a harness do; with `dispatch` as a queue alone.
    pub cover_list: u32,
    /// Whether cover is asked in a browser, and the tasks alone by the operator's program.
    pub cover_by_hand: bool,
    /// How many topics the tasks are about; 0 is all.
    pub topics: u8,
    /// Whether each account works on one topic alone.
    pub shard_by_topic: bool,
    /// The share of tasks that were given out before.
    pub repeats: f64,
    /// How many answers to each task are asked for, one after the other.
    pub samples: u32,
    /// The mean number of turns an exchange's conversation has.
    pub turns: f64,
    /// The file of prompts the tasks come from; all where absent.
    pub source: Option<String>,
    /// From where the accounts call.
    pub exits: Exits,
    /// How many exits the pool has.
    pub exit_count: u32,
    /// The pool's name: campaigns that name one share it.
    pub pool: Option<String>,
    /// Whether it runs on the accounts of the campaign before it.
    pub shared_accounts: bool,
    /// How many accounts pay with one card.
    pub accounts_per_card: u32,
    /// How many disposable mail domains; 0 is the public ones.
    pub mail_domains: u32,
    /// Whether all accounts use one harness rather than the usual libraries.
    pub harness: bool,
    /// The plan; as the population where absent.
    pub plan: Option<String>,
    /// Days over which the accounts are made, before they are used.
    pub birth_spread: f64,
    /// How many pools follow one another, each closed by the provider.
    pub waves: u32,
    /// Days by which a later pool is made before it is used.
    pub prewarm: f64,
    /// Whether the accounts file says what was closed.
    pub closed_known: bool,
    /// The share of its traffic that moves to a launched model in a day.
    pub pivot: f64,
    /// How many techniques are tried before the harvest.
    pub probes: u32,
}

impl Default for Campaign {
    fn default() -> Self {
        Self {
            name: None,
            accounts: 100,
            per_day: 20.0,
            start: 5.0,
            days: None,
            ramp: 0.0,
            dispatch: Dispatch::Queue,
            jitter_hours: 0.0,
            elicitation: vec![Elicitation::Reasoning],
            template: true,
            place: Place::User,
            variants: 1,
            looseness: 0.5,
            variant_by: VariantBy::Exchange,
            languages: 1,
            cover: 0.0,
            relayed: false,
            cover_list: 0,
            cover_by_hand: false,
            topics: 0,
            shard_by_topic: false,
            repeats: 0.0,
            samples: 1,
            turns: 1.0,
            source: None,
            exits: Exits::Proxies,
            exit_count: 400,
            pool: None,
            shared_accounts: false,
            accounts_per_card: 8,
            mail_domains: 6,
            harness: true,
            plan: Some("tier-2".to_owned()),
            birth_spread: 6.0,
            waves: 1,
            prewarm: 0.0,
            closed_known: true,
            pivot: 0.3,
            probes: 0,
        }
    }
}

impl Campaign {
    /// What cannot be, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let shares =
            [("looseness", self.looseness), ("cover", self.cover), ("repeats", self.repeats), ("pivot", self.pivot)];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("`{name}` is {share}, which is no share between 0 and 1"));
            }
        }
        let spans = [
            ("per-day", self.per_day, 100_000.0),
            ("ramp", self.ramp, 3650.0),
            ("jitter-hours", self.jitter_hours, 24.0 * 30.0),
            ("start", self.start, 3650.0),
            ("days", self.days.unwrap_or(0.0), 3650.0),
            ("turns", self.turns, 100.0),
            ("birth-spread", self.birth_spread, 3650.0),
            ("prewarm", self.prewarm, 3650.0),
        ];
        for (name, value, most) in spans {
            if !(0.0..=most).contains(&value) {
                return Err(format!("`{name}` is {value}; it must be between 0 and {most}"));
            }
        }
        if self.accounts == 0 {
            return Err("`accounts` is 0; a campaign has one at least".to_owned());
        }
        if self.waves == 0 || self.waves > self.accounts {
            return Err(format!("`waves` is {}; it must be between 1 and the number of accounts", self.waves));
        }
        if self.samples == 0 {
            return Err("`samples` is 0; each task is answered once at least".to_owned());
        }
        if self.cover_list > 0 && self.dispatch != Dispatch::Queue {
            return Err(format!("`cover-list` is {}; it goes with `dispatch` \"queue\" alone", self.cover_list));
        }
        if self.elicitation.is_empty() {
            return Err("`elicitation` is empty".to_owned());
        }
        Ok(())
    }
}
