//! Lists that may be long, a page at a time.
//!
//! Labels order a list, because they are what people know and because they
//! stay while rows come and go: whoever asks for what comes after a label sees
//! each row that was there from the first page to the last exactly once. An
//! offset would skip one for every row removed before it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// The most rows one answer lists.
const MOST_ROWS: usize = 10_000;

/// Which part of a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Rows whose label sorts after this one.
    pub(super) after: Option<String>,
    /// How many rows at most; 10,000 where it is not said, and never more.
    pub(super) limit: Option<usize>,
}

/// What `rows` with their labels hold of the page, as `{NAME: [...], "of": N,
/// "next": LABEL}`: `of` counts the whole list, `next` is what to ask `after`
/// for the following page, null on the last.
///
/// Memory is of the page, not of the list.
pub(super) fn listed<T>(
    name: &str,
    rows: impl Iterator<Item = (String, T)>,
    page: &Page,
    shown: impl Fn(&str, T) -> Value,
) -> Value {
    let limit = page.limit.unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
    let mut of = 0_usize;
    let mut kept: BTreeMap<String, T> = BTreeMap::new();
    let mut more = false;
    for (label, row) in rows {
        of += 1;
        if page.after.as_ref().is_some_and(|after| label <= *after) {
            continue;
        }
        kept.insert(label, row);
        if kept.len() > limit {
            kept.pop_last();
            more = true;
        }
    }
    let next = kept.last_key_value().map(|(label, _)| label.clone()).filter(|_| more);
    let rows: Vec<Value> = kept.into_iter().map(|(label, row)| shown(&label, row)).collect();
    json!({ name: rows, "of": of, "next": next })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(labels: &[String], page: &Page) -> (Vec<String>, Option<String>) {
        let answer = listed("rows", labels.iter().map(|label| (label.clone(), ())), page, |label, ()| json!(label));
        assert_eq!(answer["of"], labels.len());
        let rows = answer["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect();
        (rows, answer["next"].as_str().map(str::to_owned))
    }

    proptest! {
        #[test]
        fn the_pages_together_are_the_list(labels in proptest::collection::hash_set("[a-z]{1,3}", 0..60), limit in 1_usize..20) {
            let labels: Vec<String> = labels.into_iter().collect();
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let (rows, next) = page(&labels, &Page { after, limit: Some(limit) });
                prop_assert!(rows.len() <= limit);
                seen.extend(rows);
                if next.is_none() {
                    break;
                }
                after = next;
            }
            let mut sorted = labels;
            sorted.sort();
            prop_assert_eq!(seen, sorted);
        }
    }

    #[test]
    fn a_page_of_nothing_is_a_page_of_one() {
        let labels = ["b".to_owned(), "a".to_owned()];
        let asked = Page { after: None, limit: Some(0) };
        assert_eq!(page(&labels, &asked), (vec!["a".to_owned()], Some("a".to_owned())));
    }
}
