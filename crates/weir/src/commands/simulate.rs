//! `weir sim` and `weir score`: neither talks to a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use weir_sim::traffic::{Arrivals, Corpus, Kind, Scenario, World, write};

use super::{complain, print, print_text};
use crate::cli::{Score, Sim};

pub(crate) fn simulate(asked: &Sim, as_json: bool) -> Result<ExitCode> {
    if asked.scenario == "list" {
        return list();
    }
    let mut scenario = scenario(&asked.scenario)?;
    if let Some(accounts) = asked.accounts {
        scenario.accounts = accounts;
    }
    if let Some(accounts) = asked.campaign_accounts {
        scenario.set_campaign_accounts(accounts);
    }
    if let Some(days) = asked.days {
        scenario.days = days;
    }
    if let Some(seed) = asked.seed {
        scenario.seed = seed;
    }
    if asked.show {
        print_text(&toml::to_string(&scenario).context("the scenario cannot be written as TOML")?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(out) = &asked.out else { bail!("where to? add --out DIR") };
    let corpus = match &asked.data {
        Some(folder) => Corpus::from_prompts(folder, &[])?,
        None => Corpus::built_in(),
    };
    let arrivals = match arrivals_folder(asked) {
        Some(folder) => Arrivals::from_folder(&folder, &[])?,
        None => Arrivals::built_in(),
    };
    let world = World::new(&scenario, corpus, arrivals)?;
    let (written, realism) = write::write(&world, out, form(asked.parquet)?)?;
    let answer = json!({ "written": written, "realism": realism });
    print(as_json, &answer, || {
        format!(
            "{}: {} accounts, {} of them in campaigns; {} exchanges, {} of them of campaigns\nprompts: {}\narrivals: {}\n{realism}",
            out.display(),
            written.accounts,
            written.campaign_accounts,
            written.exchanges,
            written.campaign_exchanges,
            world.corpus().origin(),
            world.arrivals().origin(),
        )
    })
}

pub(crate) fn score(asked: &Score, as_json: bool) -> Result<ExitCode> {
    let score = weir_sim::score::score(&asked.found, &asked.sim)?;
    print(as_json, &json!(score), || score.to_string())
}

fn list() -> Result<ExitCode> {
    let mut text = String::new();
    for name in Scenario::preset_names() {
        let about = name.parse::<Kind>().map_or(
            match name {
                "plain" => "Ordinary accounts alone.",
                "benign" => "Every look-alike, as many groups as fit, up to a hundred of each.",
                "first" => "A1 beside B2 and B4.",
                _ => "Campaigns, look-alikes, innocents planted beside them, a launch and an outage.",
            },
            Kind::describe,
        );
        text.push_str(&format!("{name:<16}{about}\n"));
    }
    print_text(&text)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "parquet")]
fn form(parquet: bool) -> Result<write::Form> {
    Ok(if parquet { write::Form::Parquet } else { write::Form::JsonLines })
}

#[cfg(not(feature = "parquet"))]
fn form(parquet: bool) -> Result<write::Form> {
    if parquet {
        bail!("this build writes no Parquet; build it with the feature `parquet`, or leave --parquet out");
    }
    Ok(write::Form::JsonLines)
}

/// A preset's name, or a file.
fn scenario(name: &str) -> Result<Scenario> {
    if let Some(scenario) = Scenario::preset(name) {
        return Ok(scenario);
    }
    let path = Path::new(name);
    if !path.try_exists().with_context(|| format!("cannot look for {name}"))? {
        bail!("no scenario and no file is called `{name}`; `weir sim --scenario list` names the scenarios");
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    if path.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str(&text).with_context(|| format!("{name} is no scenario"));
    }
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        // Its own text is many lines with a picture of the place.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        anyhow!("{name} is no scenario: line {line}: {}", error.message().replace('\n', " "))
    })
}

/// The folder named, or `arrivals` beside the prompts.
fn arrivals_folder(asked: &Sim) -> Option<PathBuf> {
    if asked.arrivals.is_some() {
        return asked.arrivals.clone();
    }
    let beside = asked.data.as_ref()?.parent()?.join("arrivals");
    if beside.is_dir() {
        return Some(beside);
    }
    complain("note: no folder `arrivals` beside the prompts, so hours and gaps are from built-in distributions");
    None
}
