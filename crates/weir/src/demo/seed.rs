//! A population as commands: what an operator would have typed.

use anyhow::{Context, Result};
use weir_acts::Digest;
use weir_acts::words::PartyKind;
use weir_control::Command;
use weir_control::command as to;
use weir_control::service::Control;
use weir_sim::population::{ClaimSeed, ClaimValue, ModelSeed, PartySeed};

/// The models, each at its stage, all served by `upstream`.
pub fn models(models: &[ModelSeed], upstream: &str) -> Result<Vec<Command>> {
    let mut commands = Vec::new();
    for model in models {
        let stage = serde_json::from_value(model.stage.into()).context("a model's stage")?;
        commands.push(
            to::ModelAdd {
                id: model.id.to_owned(),
                upstream: upstream.to_owned(),
                credential: None,
                previous: model.previous.map(ToOwned::to_owned),
                weights: None,
                max_output: None,
                weight: None,
                max_input: None,
            }
            .into(),
        );
        commands.push(to::StageSet { model: model.id.to_owned(), stage, list: None }.into());
    }
    Ok(commands)
}

/// A party with its claims, accounts and grants.
pub fn party(party: &PartySeed) -> Result<Vec<Command>> {
    let kind: PartyKind = serde_json::from_value(party.kind.as_str().into()).context("a party's kind")?;
    let mut commands: Vec<Command> =
        vec![to::PartyAdd { id: party.id.clone(), name: party.name.clone(), kind, lei: None, ror: None }.into()];
    for seed in &party.claims {
        commands.push(claim(&party.id, seed)?);
    }
    for account in &party.accounts {
        let label = party.label(account);
        commands.push(to::AccountAdd { account: label.clone() }.into());
        for seed in &account.claims {
            commands.push(claim(&label, seed)?);
        }
    }
    for grant in &party.grants {
        commands.push(
            to::GrantAdd {
                party: party.id.clone(),
                model: grant.model.to_owned(),
                purpose: Some(grant.purpose.to_owned()),
                population: None,
                expires: None,
            }
            .into(),
        );
    }
    Ok(commands)
}

fn claim(subject: &str, seed: &ClaimSeed) -> Result<Command> {
    let value = match &seed.value {
        ClaimValue::Bool(value) => value.to_string(),
        ClaimValue::Long(value) => value.to_string(),
        ClaimValue::String(value) => value.clone(),
        ClaimValue::Set(values) => values.join(","),
    };
    let evidence: Digest = format!("sha256:{}", seed.evidence).parse().context("a claim's evidence")?;
    Ok(to::ClaimAdd {
        subject: subject.to_owned(),
        kind: seed.kind.to_owned(),
        value,
        level: seed.level,
        by: seed.by.to_owned(),
        evidence,
        expires: None,
    }
    .into())
}

/// Issues a key to `account` and returns it.
pub async fn issue_key(control: &Control, by: &str, account: &str) -> Result<String> {
    let issue = to::KeyIssue { account: account.to_owned() };
    let answers = control.change_all(by.to_owned(), vec![issue.into()]).await?;
    let key = answers.first().and_then(|answer| answer.0.get("key")).and_then(|key| key.as_str());
    Ok(key.context("no key was issued")?.to_owned())
}

/// The model an account of the demo asks for: defenders theirs, the others in
/// turn, so that every stage sees traffic.
pub fn favourite(party: &PartySeed, place: usize) -> &'static str {
    if party.grants.iter().any(|grant| grant.model == "atlas-5") {
        return "atlas-5";
    }
    ["mythos-5", "fable-5", "fable-4"][place % 3]
}
