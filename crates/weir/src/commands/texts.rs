//! Kept texts at the terminal. They are strangers' words, so nothing of them
//! may steer it.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};
use weir_report::plain;

use super::print;
use crate::cli::Remote;
use crate::client::{Client, Who};
use crate::output;

pub(super) fn read(remote: &Remote, exchange: &str, reason: &str) -> Result<ExitCode> {
    let body = json!({ "exchange": exchange, "reason": reason });
    let answer = Client::new(remote, Who::Operator)?.post("/admin/v1/exchange/text", &body)?;
    if answer["text"].is_null() {
        // It was written down, for others to approve.
        return super::tell(remote, answer);
    }
    print(remote.json, &answer, || shown(&answer))
}

fn shown(answer: &Value) -> String {
    let cell = |name: &str| plain(&output::cell(&answer[name]));
    let mut text = format!(
        "{} of {} at {}, model {}; its key is destroyed after {}; reading it is act {}\n",
        cell("exchange"),
        cell("account"),
        cell("time"),
        cell("model"),
        cell("key"),
        cell("act"),
    );
    for (name, called) in [("system", "System"), ("first_user", "First of the user"), ("last_user", "Last of the user")] {
        if let Some(said) = answer["text"][name].as_str() {
            text.push_str(&format!("\n{called}\n"));
            said.lines().for_each(|line| text.push_str(&format!("  {}\n", plain(line))));
        }
    }
    if answer["text"]["cut"] == true {
        text.push_str("\nIt was longer than what is kept of a request, and is cut.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines_and_nothing_steers_the_terminal() {
        let answer = json!({"exchange": "x-1", "act": 7, "text": {"last_user": "one\n\u{1b}[2Jtwo", "cut": true}});
        let text = shown(&answer);
        assert!(text.contains("\n  one\n  <U+001B>[2Jtwo\n") && text.contains("is cut"), "{text}");
    }
}
