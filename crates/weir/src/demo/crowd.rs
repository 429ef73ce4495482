//! A crowd with a campaign in it, simulated: an hour of theirs is a few seconds
//! here. Each of its accounts is a party of its own, as strangers are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use weir_acts::Time;
use weir_control::service::{Caller, Control};
use weir_exchange::{LoggedAccount, LoggedExchange};
use weir_sim::load::{Crowd, CrowdConfig};
use weir_sim::population::{AccountSeed, PartyKind, PartySeed};
use weir_sim::traffic::{Arrivals, Corpus, Kind, Scenario, World};
use weir_store::durable::write_file_atomically;

use super::bulk;

/// How long an epoch is, in seconds: an hour of the crowd's.
pub const EPOCH_SECONDS: u32 = 5;

/// The model it asks for.
const MODEL: &str = "fable-5";

/// What each of its parties calls its account.
const ACCOUNT: &str = "api";

const SCENARIO: &str = include_str!("crowd.toml");

/// What sign-up and billing would know of its accounts, in the demo's folder.
const FILE: &str = "crowd.accounts.jsonl";

/// The crowd and the truth about it, which only the story-teller knows.
pub struct Known {
    world: Arc<World>,
    /// Parties of the campaign.
    pub campaign: BTreeSet<String>,
    /// Parties that use the tool which looks like one.
    pub look_alikes: BTreeSet<String>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Known").field("accounts", &self.world.account_count()).finish_non_exhaustive()
    }
}

/// The party of one of the simulation's accounts.
fn party_of(account: &str) -> String {
    account.to_ascii_lowercase()
}

impl Known {
    /// Draws it; the same every time.
    ///
    /// # Errors
    /// When the scenario cannot be.
    pub fn new() -> Result<Known> {
        Known::of(&toml::from_str(SCENARIO).context("the demo's scenario")?)
    }

    /// Draws another crowd; the same every time.
    ///
    /// # Errors
    /// When the scenario cannot be.
    pub fn of(scenario: &Scenario) -> Result<Known> {
        let world = World::new(scenario, Corpus::built_in(), Arrivals::built_in())?;
        let (mut campaign, mut look_alikes) = (BTreeSet::new(), BTreeSet::new());
        for truth in world.truth() {
            if !truth.campaigns.is_empty() {
                campaign.insert(party_of(&truth.account));
            } else if truth.kind == Kind::DocumentTool {
                look_alikes.insert(party_of(&truth.account));
            }
        }
        Ok(Known { world: Arc::new(world), campaign, look_alikes })
    }

    /// Where they live.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Writes what sign-up and billing know into `dir`, once: signed up as long
    /// before now as before the simulation.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_accounts(&self, dir: &Path, now: Time) -> Result<PathBuf> {
        let path = dir.join(FILE);
        if path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
            return Ok(path);
        }
        let start: Time = self.world.scenario().start.parse()?;
        let moved = |at: Time| now.plus_millis(at.since(start));
        let mut lines = Vec::new();
        for account in self.world.accounts() {
            let row = LoggedAccount {
                account: format!("{}/{ACCOUNT}", party_of(&account.account)),
                party: None,
                created: account.created.map(moved),
                closed: None,
                closed_by: None,
                ..account
            };
            serde_json::to_writer(&mut lines, &row)?;
            lines.push(b'\n');
        }
        write_file_atomically(&path, &lines, 0o600).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Registers its parties, each with the key it holds already: one import.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&self, control: &Control, by: Caller) -> Result<()> {
        let people = || {
            self.world.accounts().map(|account| PartySeed {
                id: party_of(&account.account),
                name: format!("Customer {}", account.account),
                kind: PartyKind::Person,
                claims: Vec::new(),
                accounts: vec![AccountSeed { name: ACCOUNT.to_owned(), claims: Vec::new() }],
                grants: Vec::new(),
            })
        };
        bulk::import(control, by, people).await.map(drop)
    }

    /// What it does in its first hours, in the order of time; accounts are named
    /// as the simulation names them.
    pub fn exchanges(&self, hours: i64) -> Vec<LoggedExchange> {
        let mut stream = self.world.stream();
        let (mut exchanges, mut exchange) = (Vec::new(), LoggedExchange::default());
        while stream.next_into(&mut exchange).is_some() {
            let first = exchanges.first().map_or(exchange.time, |first: &LoggedExchange| first.time);
            if exchange.time.since(first) >= hours * 3_600_000 {
                break;
            }
            exchanges.push(exchange.clone());
        }
        exchanges
    }

    /// Has it call `base_url` until the future is dropped.
    ///
    /// # Errors
    /// When the address cannot be called.
    pub fn calling(&self, base_url: &str) -> Result<(Arc<Crowd>, impl Future<Output = ()> + Send + 'static)> {
        let config = CrowdConfig { times: 3_600.0 / f64::from(EPOCH_SECONDS), model: MODEL.to_owned() };
        let crowd = Crowd::new(base_url, config)?;
        let key_of = |account: &str| Some(bulk::key_of(&format!("{}/{ACCOUNT}", party_of(account))));
        let calling = Arc::clone(&crowd).run(Arc::clone(&self.world), key_of);
        Ok((crowd, calling))
    }

    /// Whether one of the simulation's accounts is the campaign's.
    pub fn holds(&self, account: &str) -> bool {
        self.campaign.contains(&party_of(account))
    }

    /// How many accounts it has.
    pub fn len(&self) -> u32 {
        self.world.account_count()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
