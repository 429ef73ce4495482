//! The page and the table as text.

#[path = "invented/findings.rs"]
mod fixtures;

use fixtures::{HOSTILE, Run};
use weir_report::{page, table};

#[test]
fn every_hostile_text_is_escaped_wherever_it_stands() {
    let html = page(&Run::of(3, 30).report());
    assert_eq!(
        html.matches("<script").count(),
        1 + 3 * 2,
        "the page's own script, and the data of members and rasters"
    );
    assert!(!html.contains("<img") && !html.contains("<!--"));
    assert!(!html.contains(['\u{202e}', '\u{1b}']), "what hides is shown by number");
    assert!(html.contains("<span class=\"hidden\">U+202E</span>") && html.contains("&lt;U+001B&gt;"));
    assert!(!html.contains(" style=") && !html.contains(" onerror=\"") && !html.contains("javascript:"));
    assert!(html.len() > HOSTILE.len());
}

#[test]
fn the_policy_names_the_page_s_own_style_and_script_and_lets_nothing_load() {
    use base64::Engine;
    use sha2::Digest;
    let html = page(&Run::of(1, 3).report());
    let between = |from: &str, to: &str| html.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let digest = |text: &str| base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(text));
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    assert!(policy.starts_with("default-src 'none';"));
    assert!(policy.contains(&format!("style-src 'sha256-{}'", digest(&between("<style>", "</style>")))));
    let script = html.rsplit_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    assert!(policy.contains(&format!("script-src 'sha256-{}'", digest(script))));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
}

#[test]
fn all_that_is_asked_of_a_page_is_on_it() {
    let run = Run::of(3, 30);
    let html = page(&run.report());
    for part in [
        "Accounts by time",
        "Evidence",
        "against | for",
        "<mark>",
        "What they share",
        "Growth, and what was taken",
        "It looks most like: <b>evaluation harness</b>",
        "Told apart by",
        "Listed account",
        "Ordinary account",
        "What acting would cost innocents",
        "Members, the weakest first",
        "Copy as CSV",
        "weir detect logs/ --accounts accounts.jsonl",
        "sha256:9f2c1f0e5c7d41a8",
        "client.ja4 is missing",
        "not assessable",
        "none of them may be acted on",
        "could not be read",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(page(&run.report()), html, "the same findings make the same page");
    let empty = page(&Run::of(0, 0).report());
    assert!(empty.contains("Nothing was found"));
}

#[test]
fn members_stand_the_weakest_first_and_members_before_associated() {
    let html = page(&Run::of(1, 24).report());
    let data = html.split_once("id=\"m0\">").unwrap().1.split_once("</script>").unwrap().0;
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 24);
    let order: Vec<(bool, f64)> =
        rows.iter().map(|row| (row[1] == "associated", row[2].as_str().unwrap().parse().unwrap())).collect();
    assert!(order.is_sorted_by(|one, other| one.partial_cmp(other).is_some_and(|order| order.is_le())));
    assert!(rows.iter().any(|row| row[0].as_str().unwrap().contains(HOSTILE)), "data is exact");
}

#[test]
fn the_table_lines_up_and_cannot_steer_a_terminal() {
    let run = Run::of(3, 3_412);
    let text = table(&run.dossiers);
    assert!(
        !text.contains(|letter: char| letter.is_control() && letter != '\n') && !text.contains('\u{202e}'),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 3 * 2);
    let end = lines[0].find("ACCOUNTS").unwrap() + "ACCOUNTS".len();
    assert!(lines[1][..end].ends_with("3,412"), "{text}");
    assert!(lines[5].contains("suspected, quiet") && lines[5].contains("n/a"));
    assert!(lines[4].contains("<U+202E>") || lines[4].ends_with("…”"));
}
