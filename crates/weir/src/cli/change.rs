//! Which change a command is, where it is one. Files are read here, by the
//! client: the server never opens a path that a request names.

use std::path::Path;

use anyhow::{Context, Result, bail};
use weir_control::Command as Change;
use weir_control::command as to;
use weir_control::command::UploadedFile;

use super::{
    Account, Appeal, Campaign, Claim, Command, Directive, Draft, Grant, Hold, Issuer, Key, Limit, Log, Measure, Model, Operator,
    Party, Rules, StageOf, Token,
};
use crate::files;

impl Command {
    /// The change this command asks for; none where it only asks.
    pub(crate) fn change(&self) -> Result<Option<Change>> {
        Ok(Some(match self {
            Command::Operator(command) => operator(command),
            Command::Party(command) => match party(command) {
                Some(change) => change,
                None => return Ok(None),
            },
            Command::Claim(command) => claim(command)?,
            Command::Account(command) => match account(command) {
                Some(change) => change,
                None => return Ok(None),
            },
            Command::Issuer(command) => issuer(command)?,
            Command::Key(command) => key(command)?,
            Command::Model(command) => match model(command) {
                Some(change) => change,
                None => return Ok(None),
            },
            Command::Stage(StageOf::Set { model, stage, list }) => {
                let list = list.as_deref().map(list_file).transpose()?;
                to::StageSet { model: model.clone(), stage: *stage, list }.into()
            }
            Command::Grant(command) => grant(command)?,
            Command::Rules(Rules::Set { dir }) => to::RulesSet { files: files::rules(dir)? }.into(),
            Command::Directive(command) => match directive(command)? {
                Some(change) => change,
                None => return Ok(None),
            },
            Command::Approve { id } => to::DraftApprove { id: id.clone() }.into(),
            Command::Draft(Draft::Drop { id }) => to::DraftDrop { id: id.parse()? }.into(),
            Command::Limit(Limit::Set { subject, limits }) => to::LimitSet {
                subject: subject.clone(),
                requests: limits.requests.clone(),
                tokens: limits.tokens.clone(),
                concurrent: limits.concurrent.clone(),
                spend: limits.spend.clone(),
            }
            .into(),
            Command::Measure(command) => measure(command)?,
            Command::Campaign(command) => match campaign(command) {
                Some(change) => change,
                None => return Ok(None),
            },
            Command::Log(Log::RotateKey { overlap_days }) => {
                to::LogKey { overlap_days: *overlap_days, statement: None }.into()
            }
            Command::Appeal(Appeal::Decide { id, ruling, reason }) => {
                to::AppealDecide { id: id.parse()?, ruling: *ruling, reason: reason.clone() }.into()
            }
            Command::Hold(Hold::Place { subject, reason, citation }) => {
                to::HoldPlace { subject: subject.clone(), reason: reason.clone(), citation: citation.clone() }.into()
            }
            Command::Hold(Hold::Lift { id }) => to::HoldLift { id: id.parse()? }.into(),
            Command::Erase { subject, act, reason } => erase(subject, *act, reason)?,
            _ => return Ok(None),
        }))
    }
}

fn erase(subject: &str, act: Option<u64>, reason: &str) -> Result<Change> {
    let subject = match (subject, act) {
        ("act", Some(_)) => None,
        ("act", None) => bail!("which act? write weir erase act N"),
        (subject, Some(act)) => bail!("`{subject} {act}` is neither a subject nor an act: write weir erase act {act}"),
        (subject, None) => Some(subject.to_owned()),
    };
    Ok(to::PrivateErase { subject, act, reason: reason.to_owned() }.into())
}

fn operator(command: &Operator) -> Change {
    match command {
        Operator::Add { name, roles } => to::OperatorAdd { name: name.clone(), roles: roles.clone() }.into(),
        Operator::Revoke { name } => to::OperatorRevoke { name: name.clone() }.into(),
        Operator::Token(Token::Issue { name }) => to::TokenIssue { name: name.clone() }.into(),
        Operator::Token(Token::Revoke { name }) => to::TokenRevoke { name: name.clone() }.into(),
    }
}

fn party(command: &Party) -> Option<Change> {
    match command {
        Party::Add { id, name, kind, lei, ror } => Some(
            to::PartyAdd { id: id.clone(), name: name.clone(), kind: *kind, lei: lei.clone(), ror: ror.clone() }.into(),
        ),
        Party::Close { id } => Some(to::PartyClose { id: id.clone() }.into()),
        Party::Import { .. } | Party::List | Party::Show { .. } => None,
    }
}

fn claim(command: &Claim) -> Result<Change> {
    Ok(match command {
        Claim::Declare { kind, value_type, describes } => {
            to::ClaimDeclare { kind: kind.clone(), r#type: *value_type, describes: *describes }.into()
        }
        Claim::Add { subject, kind, value, level, by, evidence, expires } => to::ClaimAdd {
            subject: subject.clone(),
            kind: kind.clone(),
            value: value.clone(),
            level: *level,
            by: by.clone(),
            evidence: *evidence,
            expires: *expires,
        }
        .into(),
        Claim::Retract { id } => to::ClaimRetract { id: id.parse()? }.into(),
    })
}

fn account(command: &Account) -> Option<Change> {
    match command {
        Account::Add { account } => Some(to::AccountAdd { account: account.clone() }.into()),
        Account::Suspend { account } => Some(to::AccountSuspend { account: account.clone() }.into()),
        Account::Restore { account } => Some(to::AccountRestore { account: account.clone() }.into()),
        Account::Close { account } => Some(to::AccountClose { account: account.clone() }.into()),
        Account::List { .. } | Account::Show { .. } => None,
    }
}

fn issuer(command: &Issuer) -> Result<Change> {
    Ok(match command {
        Issuer::Add { party, keys, kinds, max_level, name, single_use } => {
            let is_url = keys.contains("://");
            let set = if is_url { None } else { Some(list_file(Path::new(keys))?) };
            to::IssuerAdd {
                party: party.clone(),
                name: name.clone(),
                url: is_url.then(|| keys.clone()),
                set,
                kinds: kinds.clone(),
                max_level: *max_level,
                single_use: *single_use,
            }
            .into()
        }
        Issuer::Remove { id } => to::IssuerRemove { id: id.parse()? }.into(),
    })
}

fn key(command: &Key) -> Result<Change> {
    Ok(match command {
        Key::Issue { account } => to::KeyIssue { account: account.clone() }.into(),
        Key::Revoke { id } => to::KeyRevoke { id: id.parse()? }.into(),
    })
}

fn model(command: &Model) -> Option<Change> {
    match command {
        Model::Add { id, upstream, credential, previous, weights, max_output, weight, max_input } => Some(
            to::ModelAdd {
                id: id.clone(),
                upstream: upstream.clone(),
                credential: credential.clone(),
                previous: previous.clone(),
                weights: *weights,
                max_output: *max_output,
                weight: *weight,
                max_input: *max_input,
            }
            .into(),
        ),
        Model::Meter { id, weight, max_input } => {
            Some(to::ModelMeter { id: id.clone(), weight: *weight, max_input: *max_input }.into())
        }
        Model::Retire { id } => Some(to::ModelRetire { id: id.clone() }.into()),
        Model::List => None,
    }
}

fn grant(command: &Grant) -> Result<Change> {
    Ok(match command {
        Grant::Add { party, model, purpose, population, expires } => to::GrantAdd {
            party: party.clone(),
            model: model.clone(),
            purpose: purpose.clone(),
            population: population.clone(),
            expires: *expires,
        }
        .into(),
        Grant::Revoke { id } => to::GrantRevoke { id: id.parse()? }.into(),
    })
}

fn directive(command: &Directive) -> Result<Option<Change>> {
    Ok(Some(match command {
        Directive::Draft { file } => {
            let (file, lists) = files::directive(file)?;
            to::DirectiveDraft { file, lists }.into()
        }
        Directive::Enact { id } => to::DirectiveEnact { id: id.clone() }.into(),
        Directive::Lift { id, by } => to::DirectiveLift { id: id.clone(), by: by.clone() }.into(),
        Directive::Drop { id } => to::DirectiveDrop { id: id.clone() }.into(),
        Directive::Preview { .. } | Directive::Show { .. } | Directive::List => return Ok(None),
    }))
}

fn measure(command: &Measure) -> Result<Change> {
    Ok(match command {
        Measure::Take { subject, kind, until, reason, limits, campaign } => to::MeasureTake {
            subject: subject.clone(),
            kind: *kind,
            until: *until,
            reason: reason.clone(),
            requests: limits.requests.clone(),
            tokens: limits.tokens.clone(),
            concurrent: limits.concurrent.clone(),
            spend: limits.spend.clone(),
            campaign: campaign.clone(),
        }
        .into(),
        Measure::Lift { id } => to::MeasureLift { id: id.parse()? }.into(),
    })
}

fn campaign(command: &Campaign) -> Option<Change> {
    Some(match command {
        Campaign::Act { id, kind, until, hours, reason, limits } => to::CampaignAct {
            id: id.clone(),
            kind: *kind,
            until: *until,
            hours: *hours,
            reason: reason.clone(),
            requests: limits.requests.clone(),
            tokens: limits.tokens.clone(),
            concurrent: limits.concurrent.clone(),
            spend: limits.spend.clone(),
        }
        .into(),
        Campaign::End { id, reason } => to::CampaignEnd { id: id.clone(), reason: reason.clone() }.into(),
        Campaign::List | Campaign::Show { .. } | Campaign::Export { .. } | Campaign::Import { .. } => return None,
    })
}

fn list_file(path: &Path) -> Result<UploadedFile> {
    let name = path.file_name().context("a list needs a file name")?;
    Ok(UploadedFile { name: name.to_string_lossy().into_owned(), text: files::text(path)? })
}
