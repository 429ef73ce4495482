//! The page: one file that loads nothing, runs nothing but its own script, and
//! can be read, searched, copied from and printed.

mod finding;
mod members;
mod parts;
mod texts;

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::numbers::{bits, counted, moment};
use crate::text::{Attribute, Escaped};
use crate::{Dossier, Report, State, Status};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The page of a run's findings.
#[must_use]
pub fn page(report: &Report<'_>) -> String {
    let mut html = head();
    html.push_str("<header id=\"top\"><div class=\"wide\"><h1>Coordinated harvesting: findings</h1>");
    html.push_str(&summary(report));
    html.push_str(
        "<p class=\"search\"><input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"Search accounts, findings and texts\" aria-label=\"Search accounts, findings and texts\"> \
         <output id=\"hits\" for=\"search\"></output><span class=\"keys\"><kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and \
         previous finding</span></p></div></header><main class=\"wide\">",
    );
    html.push_str(&contents(report.dossiers));
    for (place, dossier) in report.dossiers.iter().enumerate() {
        let picture = report.pictures.iter().find(|picture| picture.campaign == dossier.id);
        html.push_str(&finding::finding(place, dossier, picture, report.members));
    }
    html.push_str(&foot(report));
    let _ = writeln!(html, "</main><script>{SCRIPT}</script></body></html>");
    html
}

/// What comes before the body's content. The policy names the very style and
/// script of this page by their digests; nothing else may run or load.
fn head() -> String {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Findings</title><style>{STYLE}</style></head><body>\
         <a class=\"skip\" href=\"#findings\">To the findings</a>"
    )
}

fn digest(source: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(source.as_bytes())))
}

fn summary(report: &Report<'_>) -> String {
    let of = |status: Status| report.dossiers.iter().filter(|dossier| dossier.status == status).count() as u64;
    let found = match (of(Status::Campaign), of(Status::Suspected)) {
        (0, 0) => "Nothing was found: no group of accounts in this log was shown to act as one.".to_owned(),
        (campaigns, 0) => format!("{} shown.", counted(campaigns, "campaign")),
        (0, suspected) => format!("No campaign shown; {} suspected.", counted(suspected, "group")),
        (campaigns, suspected) => {
            format!("{} shown, {} suspected.", counted(campaigns, "campaign"), counted(suspected, "group"))
        }
    };
    let mut html = format!("<p class=\"lead\">{found}</p>");
    if let Some(dossier) = report.dossiers.first() {
        let _ = write!(html, "<p class=\"guarantee\">{}</p>", Escaped(&dossier.guarantee));
    }
    if !report.notes.is_empty() {
        html.push_str("<ul class=\"notes\">");
        report.notes.iter().for_each(|note| {
            let _ = write!(html, "<li>{}</li>", Escaped(note));
        });
        html.push_str("</ul>");
    }
    html
}

/// The findings in a table of few words, each a link.
fn contents(dossiers: &[Dossier]) -> String {
    let mut html = String::from("<section id=\"findings\" aria-label=\"Findings\">");
    if dossiers.is_empty() {
        html.push_str("</section>");
        return html;
    }
    html.push_str(
        "<div class=\"scroll\"><table class=\"contents\"><thead><tr><th>Finding<th>Status<th class=\"n\">Accounts<th class=\"n\">Exchanges\
         <th>Alarm, UTC<th class=\"n\">Linkage<th class=\"n\">Harvest<th class=\"n\">Concealment<th>Text</tr></thead><tbody>",
    );
    for (place, dossier) in dossiers.iter().enumerate() {
        let template = dossier.families.first().map_or("", |family| family.template.as_str());
        let _ = write!(
            html,
            "<tr data-finding=\"{place}\"><td><a href=\"#f{place}\">{}</a><td>{}<td class=\"n\">{}<td class=\"n\">{}<td>{}<td class=\"n\">{}\
             <td class=\"n\">{}<td class=\"n\">{}<td class=\"text\">{}</tr>",
            Escaped(&crate::text::cut(&dossier.id, 60)),
            status(dossier),
            crate::numbers::count(dossier.accounts),
            crate::numbers::count(dossier.exchanges),
            moment(dossier.alarm),
            bits(dossier.axes.linkage),
            bits(dossier.axes.harvest),
            dossier.axes.concealment.map_or_else(|| "not assessable".to_owned(), bits),
            Escaped(&crate::text::cut(template, 90)),
        );
    }
    html.push_str("</tbody></table></div></section>");
    html
}

fn status(dossier: &Dossier) -> String {
    let (class, word) = match dossier.status {
        Status::Campaign => ("campaign", "campaign"),
        Status::Suspected => ("suspected", "suspected"),
    };
    let state = match dossier.state {
        State::Growing => "growing",
        State::Quiet => "quiet",
    };
    format!("<span class=\"pill {class}\">{word}</span> <span class=\"state\">{state}</span>")
}

/// How to run it again: the same for all findings of a run, so said once.
fn foot(report: &Report<'_>) -> String {
    let Some(provenance) = report.dossiers.first().map(|dossier| &dossier.provenance) else { return String::new() };
    let mut html = format!(
        "<footer><h2>Provenance</h2><dl><dt>Command<dd><code>{}</code> <button type=\"button\" class=\"copy\" data-copy=\"{}\">Copy</button>\
         <dt>Version<dd>{}<dt>Constants<dd><code>{}</code><dt>Inputs<dd>",
        Escaped(&provenance.command),
        Attribute(&provenance.command),
        Escaped(&provenance.version),
        Escaped(&provenance.constants),
    );
    for input in provenance.inputs.iter().take(50) {
        let _ = write!(html, "<code>{}</code><br>", Escaped(input));
    }
    if provenance.inputs.len() > 50 {
        let _ = write!(html, "and {} more, all in campaigns.json", provenance.inputs.len() - 50);
    }
    html.push_str(
        "</dl><p>The same inputs, version, constants and command give the same findings. All times are UTC. Texts are quoted from the \
         log; characters that cannot be seen are shown by their number.</p></footer>",
    );
    html
}
