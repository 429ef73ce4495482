//! What people read at a terminal: tables, previews, explanations. With
//! `--json` none of this is used.

use serde_json::Value;

/// Rows in columns, aligned, under a line of names.
pub(crate) fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = names.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let head: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A value in a cell: text without quotes, nothing for null, lists with commas.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The fields of each row as cells.
pub(crate) fn rows(list: &Value, fields: &[&str]) -> Vec<Vec<String>> {
    let empty = Vec::new();
    let list = list.as_array().unwrap_or(&empty);
    list.iter().map(|row| fields.iter().map(|field| cell(&row[*field])).collect()).collect()
}

/// A preview: the counts, then by model, by party, and what would clear the
/// unknown.
pub(crate) fn preview(preview: &Value) -> String {
    const PARTIES: usize = 20;
    let mut text = format!(
        "{} at tree size {}: of {} accounts, {} had no access\n  keep {}   lose {}   unknown {} (answered {})\n\n",
        cell(&preview["directive"]),
        cell(&preview["tree_size"]),
        cell(&preview["accounts"]),
        cell(&preview["without_access"]),
        cell(&preview["keep"]),
        cell(&preview["lose"]),
        cell(&preview["unknown"]),
        cell(&preview["unknown_answer"]),
    );
    let counts = ["keep", "lose", "unknown"];
    if let Some(models) = preview["by_model"].as_object() {
        let rows: Vec<Vec<String>> = models
            .iter()
            .map(|(model, tally)| {
                std::iter::once(model.clone()).chain(counts.iter().map(|count| cell(&tally[*count]))).collect()
            })
            .collect();
        text.push_str(&table(&["MODEL", "KEEP", "LOSE", "UNKNOWN"], &rows));
    }
    let parties = rows(&preview["by_party"], &["party", "keep", "lose", "unknown"]);
    if !parties.is_empty() {
        text.push('\n');
        text.push_str(&table(&["PARTY", "KEEP", "LOSE", "UNKNOWN"], &parties[..parties.len().min(PARTIES)]));
        if parties.len() > PARTIES {
            text.push_str(&format!("and {} more parties; --json lists all\n", parties.len() - PARTIES));
        }
    }
    for cleared in preview["clears_unknown"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "\nclaim {} could clear {} accounts",
            cell(&cleared["claim"]),
            cell(&cleared["accounts"])
        ));
    }
    text.trim_end().to_owned() + "\n"
}

/// Milliseconds as rules write them.
fn length_of_time(millis: i64) -> String {
    let units = [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes")];
    let (unit, name) = units.into_iter().find(|(unit, _)| millis % unit == 0).unwrap_or((1_000, "seconds"));
    format!("{} {name}", millis / unit)
}

/// An explanation: the verdict, then every rule and claim behind it.
pub(crate) fn explanation(explanation: &Value) -> String {
    let verdict = &explanation["verdict"];
    let mut text = format!(
        "{} for {} (stage {}) at tree size {}, {}\n",
        cell(&verdict["effect"]),
        cell(&explanation["model"]),
        cell(&explanation["stage"]),
        cell(&explanation["tree_size"]),
        cell(&explanation["at"]),
    );
    if !verdict["denial"].is_null() {
        let denial = &verdict["denial"];
        text.push_str(&format!("  {}: {}\n", cell(&denial["rule"]), cell(&denial["reason"])));
    }
    if verdict["fallback"] == true {
        text.push_str("  the previous model answers instead, where that is permitted\n");
    }
    if let Some(keep) = verdict["keep_text"].as_i64() {
        text.push_str(&format!("  what is asked is kept, sealed, for {}\n", length_of_time(keep)));
    }
    for withheld in verdict["withhold"].as_array().into_iter().flatten() {
        let (parts, rule) = (cell(&withheld["parts"]), cell(&withheld["rule"]));
        text.push_str(&format!("  withheld from answers: {parts} ({rule})\n"));
    }
    let rules = rows(&explanation["rules"], &["id", "effect", "said", "reason"]);
    if !rules.is_empty() {
        text.push('\n');
        text.push_str(&table(&["RULE", "EFFECT", "SAID", "REASON"], &rules));
    }
    let claims = rows(&explanation["claims"], &["claim", "value", "level"]);
    if !claims.is_empty() {
        text.push('\n');
        text.push_str(&table(&["CLAIM READ", "VALUE", "LEVEL"], &claims));
    }
    let limits: Vec<Vec<String>> = explanation["limits"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|limit| {
            let held = &limit["limits"];
            let fields = ["requests", "tokens", "concurrent", "spend"].map(|field| cell(&held[field]));
            [cell(&limit["of"]), cell(&limit["rule"])].into_iter().chain(fields).collect()
        })
        .collect();
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&table(&["LIMIT OF", "BY", "REQUESTS", "TOKENS", "AT ONCE", "SPEND"], &limits));
    }
    let grants = rows(&explanation["grants"], &["purpose", "population", "counts"]);
    if !grants.is_empty() {
        text.push('\n');
        text.push_str(&table(&["GRANT", "POPULATION", "COUNTS"], &grants));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_and_trail_no_blanks() {
        let text = table(&["A", "LONG"], &[vec!["wide".into(), "x".into()], vec!["b".into(), String::new()]]);
        assert_eq!(text, "A     LONG\nwide  x\nb\n");
    }

    #[test]
    fn cells_show_lists_and_hide_nulls() {
        assert_eq!(cell(&json!(["a", 1])), "a,1");
        assert_eq!(cell(&json!(null)), "");
    }
}
