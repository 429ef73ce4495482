//! One world, seen by every baseline.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use weir_exchange::LoggedExchange;
use weir_sim::traffic::{Scenario, World};

use crate::baseline::{Baseline, Scored, Splink, Truth, all, score};
use crate::data::Data;

/// Streams a scenario through the baselines and scores each at every budget.
/// Splink is one of them where a Python is given that has it.
///
/// # Errors
/// When the scenario cannot be, the data not be read, or Splink fails.
pub fn compare(scenario: &Scenario, data: Data<'_>, budgets: &[usize], splink: Option<&Path>) -> Result<Vec<Scored>> {
    let (corpus, arrivals) = data.read()?;
    let world = World::new(scenario, corpus, arrivals).context("the scenario cannot be")?;
    let mut baselines: Vec<Box<dyn Baseline>> = all();
    if let Some(python) = splink {
        baselines.push(Box::new(Splink::of(python.to_owned())));
    }
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut exchange = LoggedExchange::default();
    let mut stream = world.stream();
    while stream.next_into(&mut exchange).is_some() {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let account = match numbers.get(&exchange.account) {
            Some(&account) => account,
            None => *numbers.entry(exchange.account.clone()).or_insert(next),
        };
        baselines.iter_mut().for_each(|baseline| baseline.see(account, &exchange));
    }
    if !scenario.without_accounts_file {
        for known in world.accounts() {
            if let Some(&account) = numbers.get(&known.account) {
                baselines.iter_mut().for_each(|baseline| baseline.know(account, &known));
            }
        }
    }
    for baseline in &mut baselines {
        baseline.ready().with_context(|| baseline.name())?;
    }
    let truth = truth(&world, &numbers);
    let each =
        |baseline: &dyn Baseline| budgets.iter().map(|&budget| score(baseline, &truth, budget)).collect::<Vec<_>>();
    Ok(baselines.iter().flat_map(|baseline| each(baseline.as_ref())).collect())
}

/// By account's number, the campaign it is of. Accounts that never called are
/// left out, to the baselines' advantage.
fn truth(world: &World, numbers: &HashMap<String, u32>) -> Truth {
    let mut names: Vec<String> = Vec::new();
    let mut truth = vec![None; numbers.len()];
    for line in world.truth() {
        let (Some(&number), Some(campaign)) = (numbers.get(&line.account), line.campaigns.first()) else { continue };
        let place = names.iter().position(|name| name == campaign).unwrap_or_else(|| {
            names.push(campaign.clone());
            names.len() - 1
        });
        truth[number as usize] = Some(place);
    }
    truth
}
