//! What each command that talks to a server does.

mod audits;
mod campaigns;
mod imports;
mod logs;
pub(crate) mod simulate;
pub(crate) mod sharing;
mod texts;
mod upgrades;
mod verify;

pub(crate) use verify::read_key;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use weir_acts::Time;

use crate::cli::{Account, Appeal, Audit, Campaign, Command, Directive, Draft, Exchange, Hold, Limit, Log, Model, Party, Remote, Rules};
use crate::client::{Client, Who};
use crate::{files, output};

/// Runs a command against the server of `remote`.
pub(crate) fn run(remote: &Remote, command: &Command) -> Result<ExitCode> {
    if let Some(change) = command.change()? {
        return carry_out(remote, &change);
    }
    match command {
        Command::Party(Party::Import { file, format }) => imports::import(remote, file, *format),
        Command::Party(Party::List) => {
            pages(remote, "/party", &[], "parties", &["id", "name", "kind", "accounts", "open"])
        }
        Command::Party(Party::Show { id }) => document(remote, &format!("/party/{}", segment(id))),
        Command::Account(Account::List { party }) => {
            let fields = ["id", "open", "suspended", "keys", "measures"];
            pages(remote, "/account", &[("party", party.clone())], "accounts", &fields)
        }
        Command::Account(Account::Show { account }) => {
            document(remote, &format!("/account/{}", account_path(account)?))
        }
        Command::Model(Model::List) => {
            list(remote, "/model", "models", &["id", "stage", "list", "upstream", "previous"])
        }
        Command::Rules(Rules::Show) => rules(remote),
        Command::Rules(Rules::Check { dir }) => {
            let answer = Client::new(remote, Who::Operator)?
                .post("/admin/v1/rules/check", &json!({ "files": files::rules(dir)? }))?;
            print(remote.json, &answer, || {
                format!(
                    "the rules are right: {} new, {} to go, {} kept\n",
                    answer["added"].as_array().map_or(0, Vec::len),
                    answer["removed"].as_array().map_or(0, Vec::len),
                    answer["kept"],
                )
            })
        }
        Command::Directive(Directive::List) => {
            let fields = ["id", "status", "kind", "authority", "models", "effective", "ended"];
            list(remote, "/directive", "directives", &fields)
        }
        Command::Directive(Directive::Show { id }) => document(remote, &format!("/directive/{}", segment(id))),
        Command::Directive(Directive::Preview { id }) => {
            let path = format!("/admin/v1/directive/{}/preview", segment(id));
            let answer = Client::new(remote, Who::Operator)?.get(&path, &[])?;
            print(remote.json, &answer, || output::preview(&answer))
        }
        Command::Rules(Rules::Upgrade { enact, ids }) => upgrades::upgrade(remote, *enact, ids),
        Command::Draft(Draft::List) => {
            list(remote, "/draft", "drafts", &["id", "command", "by", "drafted", "status", "approved_by"])
        }
        Command::Draft(Draft::Show { id }) => document(remote, &format!("/draft/{}", segment(id))),
        Command::Hold(Hold::List) => {
            list(remote, "/hold", "holds", &["id", "subject", "placed", "lifted", "by", "reason", "citation"])
        }
        Command::Campaign(Campaign::List) => campaigns::list(remote),
        Command::Campaign(Campaign::Show { id }) => campaigns::show(remote, id),
        Command::Campaign(Campaign::Import { file, keep_in, indicator_key_file }) => {
            sharing::import(remote, file, keep_in.as_deref(), indicator_key_file.as_deref())
        }
        Command::Campaign(Campaign::Export { id, campaign, accounts, out, tlp, expires, from, key_file, share_key }) => {
            let asked = sharing::Asked {
                id,
                campaign: campaign.as_deref(),
                accounts: accounts.as_deref(),
                out,
                tlp: *tlp,
                expires: *expires,
                from,
                key_file,
                share_key: *share_key,
            };
            sharing::export(remote, &asked)
        }
        Command::Limit(Limit::List { subject }) => limits(remote, subject.as_deref()),
        Command::WhoCan { model, at } => who_can(remote, model, *at),
        Command::Explain { subject, model, at } => explain(remote, subject, model.as_deref(), *at),
        Command::Appeal(Appeal::File { against, text, key_file }) => {
            file_appeal(remote, against, text, key_file.as_deref())
        }
        Command::Exchange(Exchange::Text { id, reason }) => texts::read(remote, id, reason),
        Command::Log(command) => log(remote, command),
        Command::Audit(Audit::Export { from, to, subject, output }) => {
            audits::export(remote, *from, *to, subject.as_deref(), output)
        }
        _ => bail!("this command does not talk to a server"),
    }
}

fn log(remote: &Remote, command: &Log) -> Result<ExitCode> {
    match command {
        Log::List { from, limit } => logs::list(remote, *from, *limit),
        Log::RotateKey { .. } => bail!("this command is a change"),
        Log::Show { act } => document(remote, &format!("/log/{act}")),
        Log::Receipt { act, row: None, output } => logs::receipt(remote, *act, output),
        Log::Receipt { act, row: Some(subject), output } => logs::row_receipt(remote, *act, subject, output),
        Log::Open { subject, output } => logs::open(remote, subject, output),
        Log::Verify { log, key, opened, since, explain, witnesses } => {
            let (key, opened, explain) = (key.as_deref(), opened.as_deref(), explain.as_deref());
            verify::verify(remote, log, &verify::Asked { key, opened, since, explain, witnesses })
        }
    }
}

/// Sends a change and prints the server's answer; warnings go beside it.
fn carry_out(remote: &Remote, change: &weir_control::Command) -> Result<ExitCode> {
    let sent = serde_json::to_value(change).context("the command cannot be written as JSON")?;
    let path = format!("/admin/v1/{}", change.verb().replace('.', "/"));
    tell(remote, Client::new(remote, Who::Operator)?.post(&path, &sent["with"])?)
}

/// Prints the answer to a change; warnings go beside it.
fn tell(remote: &Remote, mut answer: Value) -> Result<ExitCode> {
    if !remote.json
        && let Some(Value::Array(warnings)) = answer.as_object_mut().and_then(|answer| answer.remove("warnings"))
    {
        for warning in &warnings {
            complain(&format!("warning: {}", output::cell(warning)));
        }
    }
    print(true, &answer, String::new)
}

fn document(remote: &Remote, path: &str) -> Result<ExitCode> {
    let answer = Client::new(remote, Who::Operator)?.get(&format!("/admin/v1{path}"), &[])?;
    print(remote.json, &answer, || serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n")
}

fn list(remote: &Remote, path: &str, name: &str, fields: &[&str]) -> Result<ExitCode> {
    let answer = Client::new(remote, Who::Operator)?.get(&format!("/admin/v1{path}"), &[])?;
    print_list(remote.json, &answer[name], fields)
}

/// A list that may be long: every page of it, as one.
fn pages(remote: &Remote, path: &str, query: &[(&str, String)], name: &str, fields: &[&str]) -> Result<ExitCode> {
    let client = Client::new(remote, Who::Operator)?;
    let mut rows: Vec<Value> = Vec::new();
    let mut query = query.to_vec();
    let own = query.len();
    loop {
        let mut answer = client.get(&format!("/admin/v1{path}"), &query)?;
        if let Value::Array(page) = answer[name].take() {
            rows.extend(page);
        }
        let Some(next) = answer["next"].as_str() else { break };
        if query.get(own).is_some_and(|(_, after)| after.as_str() >= next) {
            bail!("the server lists the page after `{next}` again and again: is it a Weir?");
        }
        query.truncate(own);
        query.push(("after", next.to_owned()));
    }
    print_list(remote.json, &Value::Array(rows), fields)
}

fn limits(remote: &Remote, subject: Option<&str>) -> Result<ExitCode> {
    let query: Vec<(&str, String)> = subject.iter().map(|subject| ("subject", (*subject).to_owned())).collect();
    let answer = Client::new(remote, Who::Operator)?.get("/admin/v1/limit", &query)?;
    let fields = ["subject", "rule", "field", "window", "amount", "used", "held", "left", "measure"];
    print_list(remote.json, &answer["limits"], &fields)
}

fn rules(remote: &Remote) -> Result<ExitCode> {
    let answer = Client::new(remote, Who::Operator)?.get("/admin/v1/rules", &[])?;
    print(remote.json, &answer, || {
        let texts = answer["rules"].as_array().into_iter().flatten();
        texts
            .map(|rule| format!("// {}\n{}\n\n", output::cell(&rule["id"]), output::cell(&rule["cedar"]).trim()))
            .collect()
    })
}

fn who_can(remote: &Remote, model: &str, at: Option<Time>) -> Result<ExitCode> {
    let query: Vec<(&str, String)> = at.iter().map(|at| ("at", at.to_string())).collect();
    let answer = Client::new(remote, Who::Operator)?.get(&format!("/admin/v1/who-can/{}", segment(model)), &query)?;
    if remote.json {
        return print_list(true, &answer["accounts"], &[]);
    }
    let accounts = answer["accounts"].as_array().map_or(0, Vec::len);
    print_text(&output::table(&["ACCOUNT"], &output::rows(&answer["accounts"], &["account"])))?;
    complain(&format!("{accounts} accounts can use {model} at {}", output::cell(&answer["at"])));
    Ok(ExitCode::SUCCESS)
}

fn explain(remote: &Remote, subject: &str, model: Option<&str>, at: Option<Time>) -> Result<ExitCode> {
    let mut query = match model {
        Some(model) => vec![("account", subject.to_owned()), ("model", model.to_owned())],
        None if subject.contains('/') => bail!("which model? write weir explain {subject} MODEL"),
        None => vec![("decision", subject.to_owned())],
    };
    query.extend(at.map(|at| ("at", at.to_string())));
    let answer = Client::new(remote, Who::Operator)?.get("/admin/v1/explain", &query)?;
    print(remote.json, &answer, || {
        if answer["decision"].is_null() {
            return output::explanation(&answer);
        }
        let record = serde_json::to_string_pretty(&answer["decision"]).unwrap_or_default();
        let note = answer["note"].as_str().map(|note| format!("\nnote: {note}\n")).unwrap_or_default();
        format!("{record}\n\n{}{note}", output::explanation(&answer["explanation"]))
    })
}

fn file_appeal(remote: &Remote, against: &str, text: &str, key_file: Option<&std::path::Path>) -> Result<ExitCode> {
    let key = match key_file {
        Some(path) => files::text(path)?.trim().to_owned(),
        None => std::env::var("WEIR_KEY").context("whose appeal? give --key-file, or the account's key in WEIR_KEY")?,
    };
    let against = if against.starts_with("dec-") { json!({"decision": against}) } else { json!({"measure": against}) };
    let mut body = against;
    body["text"] = json!(text);
    let answer = Client::with_key(remote, key)?.post("/access/v1/appeals", &body)?;
    print(true, &answer, String::new)
}

fn account_path(account: &str) -> Result<String> {
    let (party, name) = account.split_once('/').with_context(|| format!("`{account}` is not PARTY/NAME"))?;
    Ok(format!("{}/{}", segment(party), segment(name)))
}

/// One segment of a path, whatever the text holds.
fn segment(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Prints a document: as JSON on one line, or as people read it.
fn print(as_json: bool, answer: &Value, text: impl FnOnce() -> String) -> Result<ExitCode> {
    let shown = if as_json { format!("{answer}\n") } else { text() };
    print_text(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn print_list(as_json: bool, list: &Value, fields: &[&str]) -> Result<ExitCode> {
    if as_json {
        let lines: String = list.as_array().into_iter().flatten().map(|row| format!("{row}\n")).collect();
        print_text(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<String> = fields.iter().map(|field| field.to_ascii_uppercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    print_text(&output::table(&names, &output::rows(list, fields)))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to standard output; a reader that has seen enough is no error.
pub(crate) fn print_text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Says something beside the output.
pub(crate) fn complain(text: &str) {
    // Nobody is left to be told when this fails.
    let _written = writeln!(std::io::stderr().lock(), "{text}");
}
