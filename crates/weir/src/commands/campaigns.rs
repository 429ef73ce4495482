//! Campaigns at the terminal: a list that fits it, and everything about one.
//! What a log says is hostile, so nothing of it may steer the terminal.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;
use weir_report::plain;

use super::{print, segment};
use crate::cli::Remote;
use crate::client::{Client, Who};
use crate::output;

/// The widest line.
const WIDTH: usize = 80;

/// Members that are shown; `--json` has all.
const MOST_MEMBERS: usize = 40;

pub(super) fn list(remote: &Remote) -> Result<ExitCode> {
    let answer = Client::new(remote, Who::Operator)?.get("/admin/v1/campaign", &[])?;
    if remote.json {
        return super::print_list(true, &answer["campaigns"], &[]);
    }
    super::print_text(&listed(&answer))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show(remote: &Remote, id: &str) -> Result<ExitCode> {
    let answer = Client::new(remote, Who::Operator)?.get(&format!("/admin/v1/campaign/{}", segment(id)), &[])?;
    print(remote.json, &answer, || shown(&answer))
}

fn cell(value: &Value) -> String {
    plain(&output::cell(value))
}

/// `2026-05-03 07:00`.
fn moment(value: &Value) -> String {
    let text = cell(value);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => text,
    }
}

fn bits(value: &Value) -> String {
    value.as_f64().map_or_else(|| "n/a".to_owned(), |bits| format!("{bits:+.1}"))
}

/// Like [`cell`], at most so many characters.
fn short(value: &Value, most: usize) -> String {
    let text = cell(value);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn listed(answer: &Value) -> String {
    let mut text = fares(&answer["detection"]);
    let rows: Vec<Vec<String>> = answer["campaigns"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            vec![
                short(&row["id"], 17),
                short(&row["status"], 9),
                short(&row["state"], 7),
                short(&row["accounts"], 6),
                match row["members"] {
                    Value::Null => "erased".to_owned(),
                    _ => short(&row["members"], 7),
                },
                row["log2_e"].as_f64().map(|bits| format!("{bits:.1}")).unwrap_or_default(),
                moment(&row["alarm"]),
            ]
        })
        .collect();
    if rows.is_empty() {
        text.push_str("no campaigns\n");
    } else {
        text.push_str(&output::table(&["CAMPAIGN", "STATUS", "STATE", "SEEN", "MEMBERS", "LOG2 E", "ALARM (UTC)"], &rows));
    }
    text
}

/// How the detector fares, on a line or two.
fn fares(detection: &Value) -> String {
    if detection["on"] != true {
        let why = detection["problem"].as_str().map_or_else(|| "[detect] on = false".to_owned(), plain);
        return wrapped(&format!("detection is off: {why}"), "");
    }
    let folded = match &detection["folded"] {
        Value::Null => "no epoch is over yet".to_owned(),
        folded => format!("folded up to {}", moment(folded)),
    };
    let lag = detection["lag_ms"].as_i64().unwrap_or(0) / 1000;
    let mut text = wrapped(
        &format!("detection is on: {folded}, {lag} s behind, {} candidates ever born", cell(&detection["born"])),
        "",
    );
    if detection["proposes"] != true {
        let why = detection["problem"].as_str().map_or_else(String::new, plain);
        text.push_str(&wrapped(&format!("IT PROPOSES NO MEASURES: {why}"), ""));
    } else if let Some(problem) = detection["problem"].as_str() {
        text.push_str(&wrapped(&format!("warning: {}", plain(problem)), ""));
    }
    text
}

/// Breaks a text at blanks so that it fits; further lines are indented.
fn wrapped(text: &str, indent: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        let width = line.chars().count();
        if width > indent.len() && width + 1 + word.chars().count() > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = format!("{indent}  ");
        } else if !line.is_empty() {
            line.push(' ');
        } else {
            line.push_str(indent);
        }
        line.push_str(word);
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

fn weighed(list: &Value, indent: &str) -> String {
    let rows = list.as_array().into_iter().flatten();
    rows.map(|row| {
        let of = row["accounts"].as_u64().map(|accounts| format!(" ({accounts} accounts)")).unwrap_or_default();
        let block = row["block"].as_str().map(|block| format!("{}: ", plain(block))).unwrap_or_default();
        wrapped(&format!("{:>7}  {block}{}{of}", bits(&row["bits"]), cell(&row["what"])), indent)
    })
    .collect()
}

fn shown(answer: &Value) -> String {
    let dossier = &answer["dossier"];
    let axes = &dossier["axes"];
    let mut text = format!(
        "{}  {}, {}\n{} accounts, {} joint exchanges, log2 e {:.1}; alarm {}, found by {}\n",
        cell(&answer["id"]),
        cell(&answer["status"]),
        cell(&answer["state"]),
        cell(&answer["accounts"]),
        cell(&answer["exchanges"]),
        answer["log2_e"].as_f64().unwrap_or(0.0),
        moment(&answer["alarm"]),
        cell(&answer["by"]),
    );
    if !answer["ended"].is_null() {
        let by = cell(&answer["ended"]["by"]);
        let reason = answer["ended"]["reason"].as_str().map_or_else(|| "its reason was erased".to_owned(), plain);
        text.push_str(&wrapped(&format!("ended {} by {by}: {reason}", moment(&answer["ended"]["at"])), ""));
    }
    text.push_str(&unfound(answer));
    text.push_str(&erased(&answer["erased"]));
    if answer["erased"]["dossier"] == true {
        text.push_str("evidence erased: its dossier is gone\n");
    } else if dossier.is_null() {
        text.push_str("its dossier is not at hand\n");
    } else {
        text.push_str(&format!(
            "linkage {}, harvest {}, concealment {}\n",
            bits(&axes["linkage"]),
            bits(&axes["harvest"]),
            bits(&axes["concealment"]),
        ));
    }
    if let Some(cut) = dossier["cut"].as_str() {
        text.push_str(&wrapped(&format!("the dossier is cut ({}), the whole is missing", plain(cut)), ""));
    }
    text.push_str("\nEvidence\n");
    text.push_str(&weighed(&dossier["evidence"], ""));
    text.push_str("\nAgainst\n");
    text.push_str(&weighed(&dossier["against"], ""));
    let lookalike = &dossier["nearest_lookalike"];
    if let Some(kind) = lookalike["kind"].as_str() {
        let apart = cell(&lookalike["told_apart_by"]);
        text.push_str(&wrapped(&format!("nearest innocent explanation: {}; told apart by: {apart}", plain(kind)), ""));
    }
    for family in dossier["families"].as_array().into_iter().flatten() {
        text.push_str(&wrapped(&format!("template: {}", short(&family["template"], 300)), ""));
    }
    text.push_str(&members(&answer["members"], &answer["erased"]));
    text.push_str(&measures(answer));
    text.push_str(&provenance(answer));
    text
}

/// Since when it is no longer found, and what follows.
fn unfound(answer: &Value) -> String {
    if answer["unfound"].is_null() {
        return String::new();
    }
    let others: Vec<String> = answer["goes_on_as"].as_array().into_iter().flatten().map(cell).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(" Members of it are members of {}.", others.join(", ")),
    };
    let since = moment(&answer["unfound"]);
    wrapped(
        &format!(
            "NO LONGER FOUND since {since}. What is below is as last told. What the detector took by itself is lifted after \
             a day of epochs, from whoever is a member of nothing else.{others}"
        ),
        "",
    )
}

/// What of it was erased, on a line.
fn erased(erased: &Value) -> String {
    let acts: Vec<String> = erased["acts"].as_array().into_iter().flatten().map(cell).collect();
    match acts.is_empty() {
        true => String::new(),
        false => wrapped(&format!("the private parts of acts {} were erased", acts.join(", ")), ""),
    }
}

fn members(members: &Value, erased: &Value) -> String {
    let all: Vec<&Value> = members.as_array().into_iter().flatten().collect();
    let mut text = format!("\nAccounts, weakest first ({})\n", all.len());
    if let Some(gone) = erased["accounts"].as_u64().filter(|gone| *gone > 0) {
        text.push_str(&format!("evidence erased: what was told of accounts {gone} times is gone\n"));
    }
    for member in all.iter().take(MOST_MEMBERS) {
        let share = member["share_of_own_traffic"].as_f64().map(|share| format!(", {:.0} % of its traffic", share * 100.0));
        let mut notes = output::cell(&member["measures"]);
        if !member["cleared"].is_null() {
            notes = format!("cleared on appeal {}", moment(&member["cleared"]));
        }
        let notes = if notes.is_empty() { notes } else { format!("; {}", plain(&notes)) };
        text.push_str(&wrapped(
            &format!(
                "{:>7}  {} {}, since {}{}{notes}",
                bits(&member["bits"]),
                cell(&member["role"]),
                cell(&member["account"]),
                moment(&member["since"]),
                share.unwrap_or_default(),
            ),
            "",
        ));
        text.push_str(&weighed(&member["top"], "         "));
        text.push_str(&weighed(&member["against"], "         "));
    }
    if all.len() > MOST_MEMBERS {
        text.push_str(&format!("and {} more; --json has all\n", all.len() - MOST_MEMBERS));
    }
    text
}

fn measures(answer: &Value) -> String {
    let mut text = String::from("\nMeasures and appeals\n");
    for measure in answer["measures"].as_array().into_iter().flatten() {
        let life = &measure["life"];
        let until = match (&life["holds"], &life["to"]) {
            (Value::Bool(true), Value::Null) => "without an end".to_owned(),
            (Value::Bool(true), to) => format!("until {}", moment(to)),
            (_, to) => format!("ended {}", moment(to)),
        };
        text.push_str(&wrapped(
            &format!(
                "{}  {} on {}, {until}, by {}, on {} bits{}",
                cell(&measure["id"]),
                cell(&measure["kind"]),
                cell(&measure["subject"]),
                cell(&measure["by"]),
                bits(&measure["bits"]),
                if measure["evidence_erased"] == true { " (evidence erased)" } else { "" },
            ),
            "",
        ));
    }
    for appeal in answer["appeals"].as_array().into_iter().flatten() {
        let stands = match appeal["ruling"]["ruling"].as_str() {
            Some("overturn") => format!("overturned {}", moment(&appeal["ruling"]["at"])),
            Some(ruling) => format!("{ruling} {}", moment(&appeal["ruling"]["at"])),
            None => format!("open, answered by {}", moment(&appeal["due"])),
        };
        let id = cell(&appeal["id"]);
        text.push_str(&wrapped(&format!("{id}  appeal of {}: {stands}: {}", cell(&appeal["account"]), cell(&appeal["text"])), ""));
    }
    for draft in answer["drafts"].as_array().into_iter().flatten() {
        let (id, kind, by) = (cell(&draft["id"]), cell(&draft["kind"]), cell(&draft["by"]));
        text.push_str(&wrapped(&format!("{id}  `{kind}` proposed by {by} waits: weir approve {id}"), ""));
    }
    text
}

fn provenance(answer: &Value) -> String {
    let (dossier, acts) = (&answer["dossier"], &answer["acts"]);
    let mut text = String::from("\nProvenance\n");
    text.push_str(&wrapped(&format!("act {} found it, act {} told of it last", cell(&acts["found"]), cell(&acts["told"])), ""));
    text.push_str(&format!("receipt: {}\n", cell(&acts["receipt"])));
    let provenance = &dossier["provenance"];
    text.push_str(&format!("weir {}, constants {}\n", cell(&provenance["version"]), short(&provenance["constants"], 60)));
    if let Some(command) = provenance["command"].as_str().filter(|command| !command.is_empty()) {
        text.push_str(&wrapped(&format!("again: {}", plain(command)), ""));
    }
    for unused in dossier["not_used"].as_array().into_iter().flatten() {
        text.push_str(&wrapped(&format!("not used: {}", cell(unused)), ""));
    }
    if let Some(guarantee) = dossier["guarantee"].as_str() {
        text.push_str(&wrapped(&plain(guarantee), ""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn detection() -> Value {
        json!({"on": true, "folded": "2026-05-03T07:00:00.000Z", "lag_ms": 1200, "born": 3, "proposes": true, "problem": null})
    }

    #[test]
    fn the_list_fits_a_terminal_whatever_it_holds() {
        let row = json!({
            "id": "abcdef-20260503-and-much-more", "status": "suspected", "state": "growing", "accounts": 1_000_000,
            "members": 999_999, "log2_e": 1234.56, "alarm": "2026-05-03T07:00:00.000Z",
        });
        let mut answer = json!({"campaigns": [row], "detection": detection()});
        answer["detection"]["proposes"] = json!(false);
        answer["detection"]["problem"] = json!("the e-value of ordinary traffic is 2^9.3, where it may be 2^6.6 at most; look at what changed");
        let text = listed(&answer);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("PROPOSES NO MEASURES") && text.contains("1234.6"), "{text}");
    }

    #[test]
    fn a_campaign_that_is_no_longer_found_says_since_when_and_what_it_became() {
        let mut answer = json!({"id": "x-1", "unfound": null, "goes_on_as": []});
        assert_eq!(unfound(&answer), "");
        answer["unfound"] = json!("2026-05-03T07:00:00.000Z");
        assert!(unfound(&answer).starts_with("NO LONGER FOUND since 2026-05-03 07:00."));
        assert!(!unfound(&answer).contains("members of"));
        answer["goes_on_as"] = json!(["y-1", "z-1"]);
        let text = unfound(&answer).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.ends_with("Members of it are members of y-1, z-1."), "{text}");
    }

    #[test]
    fn nothing_of_a_dossier_steers_the_terminal() {
        let hostile = "\u{1b}[2Jgone\u{202e}";
        let answer = json!({
            "id": "x-1", "status": "campaign", "state": "growing", "accounts": 3, "exchanges": 9, "log2_e": 20.0,
            "alarm": "2026-05-03T07:00:00.000Z", "by": hostile,
            "dossier": {
                "axes": {"linkage": 20.0, "harvest": 9.0, "concealment": null},
                "evidence": [{"block": hostile, "what": hostile, "bits": 9.0, "accounts": 3}],
                "against": [{"what": hostile, "bits": -1.0}], "families": [{"template": hostile, "share": 1.0}],
                "nearest_lookalike": {"kind": hostile, "told_apart_by": hostile}, "not_used": [hostile],
                "guarantee": hostile, "provenance": {"version": hostile, "constants": hostile, "command": hostile},
            },
            "members": [{"account": hostile, "role": "member", "bits": 12.0, "since": hostile, "top": [{"what": hostile, "bits": 3.0}],
                "against": [], "measures": [hostile], "cleared": null}],
            "measures": [{"id": hostile, "kind": hostile, "subject": hostile, "by": hostile, "bits": 1.0, "life": {"holds": true, "to": null}}],
            "appeals": [{"id": hostile, "account": hostile, "text": hostile, "ruling": null, "due": hostile}],
            "drafts": [{"id": hostile, "kind": hostile, "by": hostile}],
            "acts": {"found": 1, "told": 2, "receipt": hostile},
        });
        let text = shown(&answer);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(text.matches("<U+001B>").count() > 15, "{text}");
    }
}
