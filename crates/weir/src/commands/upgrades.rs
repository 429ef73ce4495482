//! `weir rules upgrade`: what the server's base rules are to its log.

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use weir_acts::act::PolicyText;
use weir_control::command::RulesUpgrade;

use super::{carry_out, complain, print};
use crate::cli::Remote;
use crate::client::{Client, Who};
use crate::output::cell;

/// Shows what the log lacks and what it has otherwise, and brings in the former
/// where that is asked for.
pub(super) fn upgrade(remote: &Remote, enact: bool, ids: &[String]) -> Result<ExitCode> {
    let mut answer = Client::new(remote, Who::Operator)?.get("/admin/v1/rules/lacking", &[])?;
    let mut lacking: Vec<PolicyText> = serde_json::from_value(answer["lacking"].take())?;
    if let Some(unknown) = ids.iter().find(|id| !lacking.iter().any(|rule| rule.id == **id)) {
        bail!("the log does not lack a base rule `{unknown}`: `weir rules upgrade` shows those that it lacks");
    }
    if !ids.is_empty() {
        lacking.retain(|rule| ids.contains(&rule.id));
    }
    answer["lacking"] = json!(lacking);
    if !enact {
        return print(remote.json, &answer, || shown(&answer));
    }
    if lacking.is_empty() {
        bail!("the log has every base rule of this version already");
    }
    if !remote.json {
        for line in shown(&answer).lines() {
            complain(line);
        }
    }
    carry_out(remote, &RulesUpgrade { rules: lacking }.into())
}

fn shown(answer: &Value) -> String {
    let rules = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let (lacking, otherwise) = (rules("lacking"), rules("otherwise"));
    let mut text = match lacking.len() {
        0 => "the log has every base rule of this version\n".to_owned(),
        count => format!("{count} base rules of this version are not in the log; --enact brings them in:\n"),
    };
    for rule in &lacking {
        text.push_str(&format!("\n{}\n", marked('+', &cell(&rule["cedar"]))));
    }
    if !otherwise.is_empty() {
        text.push_str(&format!("\n{} base rules are otherwise in the log, and stay as they are:\n", otherwise.len()));
    }
    for rule in &otherwise {
        let (in_log, here) = (cell(&rule["in_log"]), cell(&rule["here"]));
        let state = if rule["in_force"] == true { "" } else { " (no longer in force)" };
        text.push_str(&format!("\n  {}{state}\n{}", cell(&rule["id"]), difference(&in_log, &here)));
    }
    text
}

fn marked(mark: char, text: &str) -> String {
    text.trim().lines().map(|line| format!("{mark} {line}\n")).collect()
}

/// The lines of one that are not in the other, as they follow each other: `-` in the
/// log, `+` in this version.
fn difference(in_log: &str, here: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (in_log.trim().lines().collect(), here.trim().lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old == new).count();
    let only = |mark: char, lines: &[&str]| -> String {
        lines[head..lines.len() - tail].iter().map(|line| format!("{mark} {line}\n")).collect()
    };
    format!("{}{}", only('-', &old), only('+', &new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_lies_between_the_lines_they_share() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc"), "- b\n+ x\n+ y\n");
        assert_eq!(difference("a\na", "a\na\na"), "+ a\n");
        assert_eq!(difference("a", "a"), "");
    }

    #[test]
    fn what_is_lacking_is_shown_whole_and_what_is_otherwise_by_its_difference() {
        let answer = json!({
            "lacking": [{"id": "measure/x", "cedar": "@id(\"measure/x\")\nforbid;"}],
            "otherwise": [{"id": "measure/y", "in_force": false, "in_log": "old;", "here": "new;"}],
        });
        let text = shown(&answer);
        assert!(text.starts_with("1 base rules of this version are not in the log") && text.contains("+ forbid;\n"), "{text}");
        assert!(text.ends_with("  measure/y (no longer in force)\n- old;\n+ new;\n"), "{text}");
        let text = shown(&json!({"lacking": [], "otherwise": []}));
        assert_eq!(text, "the log has every base rule of this version\n");
    }
}
