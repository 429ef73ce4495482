//! Texts from the log: templates with their slots marked, and exchanges to read
//! beside those of ordinary accounts.

use std::fmt::Write;

use crate::numbers::{bits, count, counted, moment, percent};
use crate::text::Escaped;
use crate::{Dossier, Family, Picture, Piece, Shown, TemplateTexts};

/// Real texts shown of one template.
const TEXTS: usize = 8;

/// The templates, each with texts that show it.
pub(super) fn families(dossier: &Dossier, picture: Option<&Picture>) -> String {
    let mut html = String::new();
    for (place, family) in dossier.families.iter().enumerate() {
        let texts = picture.and_then(|picture| picture.templates.get(place));
        html.push_str(&one_family(family, texts));
    }
    if html.is_empty() {
        html.push_str("<p>No common text: the finding rests on other evidence.</p>");
    }
    html
}

fn one_family(family: &Family, texts: Option<&TemplateTexts>) -> String {
    let mut html = format!("<div class=\"family\"><p class=\"note\">{} of the joint exchanges", percent(family.share));
    if let Some(texts) = texts {
        let _ = write!(
            html,
            "; shown by {} of the finding and {} outside; {}, {} seen more than once",
            counted(texts.inside, "account"),
            count(texts.outside),
            counted(texts.fills, "distinct fill"),
            count(texts.repeats)
        );
        if let Some(expected) = texts.repeats_expected {
            let _ = write!(html, " where comparable innocent texts would have had {}", count(whole(expected)));
        }
    }
    html.push_str("</p><pre class=\"template\">");
    match texts.filter(|texts| !texts.pieces.is_empty()) {
        Some(texts) => html.push_str(&pieces(&texts.pieces)),
        None => html.push_str(&marked(&family.template)),
    }
    html.push_str("</pre>");
    if let Some(texts) = texts.filter(|texts| !texts.texts.is_empty()) {
        let _ = write!(
            html,
            "<details><summary>{} with what stood in the slots</summary>",
            counted(texts.texts.len().min(TEXTS) as u64, "text")
        );
        for text in texts.texts.iter().take(TEXTS) {
            let _ = write!(
                html,
                "<p class=\"note\">{} <code>{}</code></p><pre>{}</pre>",
                Escaped(&text.account),
                Escaped(text.exchange.as_deref().unwrap_or("")),
                pieces(&text.pieces)
            );
        }
        html.push_str("</details>");
    }
    html.push_str("</div>");
    html
}

/// An expected number as a count.
fn whole(expected: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and this is shown only"
    )]
    let whole = expected.round() as u64;
    whole
}

fn pieces(pieces: &[Piece]) -> String {
    let mut html = String::new();
    for piece in pieces {
        match piece {
            Piece::Fixed(text) => {
                let _ = write!(html, "{}", Escaped(text));
            }
            Piece::Slot(text) => html.push_str(&slot(text)),
        }
    }
    html
}

fn slot(text: &str) -> String {
    let text = if text.is_empty() { "…" } else { text };
    format!("<mark>{}</mark>", Escaped(text))
}

/// A template whose slots stand between angle brackets.
fn marked(template: &str) -> String {
    let mut html = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('⟨') {
        let Some((inside, behind)) = after.split_once('⟩') else { break };
        let _ = write!(html, "{}{}", Escaped(before), slot(inside));
        rest = behind;
    }
    let _ = write!(html, "{}", Escaped(rest));
    html
}

/// Exchanges of members, each beside a matched ordinary account's.
pub(super) fn compared(picture: &Picture) -> String {
    let mut html = String::new();
    for (place, pair) in picture.compared.iter().enumerate() {
        let open = if place == 0 { " open" } else { "" };
        let _ = write!(
            html,
            "<details{open}><summary>{} beside {}</summary><p class=\"note\">Matched by {}.</p><div class=\"pair\">",
            Escaped(&pair.member.account),
            pair.ordinary.as_ref().map_or_else(
                || "no account: none could be matched".to_owned(),
                |shown| Escaped(&shown.account).to_string()
            ),
            Escaped(&pair.matched_by)
        );
        html.push_str(&shown("Listed account", &pair.member));
        if let Some(ordinary) = &pair.ordinary {
            html.push_str(&shown("Ordinary account", ordinary));
        }
        html.push_str("</div></details>");
    }
    html
}

fn shown(title: &str, exchange: &Shown) -> String {
    let mut html = format!(
        "<div class=\"shown\"><h4>{title} {}</h4><p class=\"note\"><code>{}</code> {}{}{}{}</p>",
        Escaped(&exchange.account),
        Escaped(exchange.exchange.as_deref().unwrap_or("no id")),
        moment(exchange.time),
        exchange.model.as_ref().map_or_else(String::new, |model| format!(", {}", Escaped(model))),
        exchange.output_tokens.map_or_else(String::new, |tokens| format!(", {}", counted(tokens, "output token"))),
        if exchange.joint { ", joint work" } else { "" }
    );
    for message in &exchange.messages {
        let _ = write!(html, "<p class=\"role\">{}</p><pre>{}", Escaped(&message.role), Escaped(&message.text));
        if message.cut > 0 {
            let _ = write!(html, "<span class=\"cut\">… {} more</span>", counted(message.cut, "byte"));
        }
        html.push_str("</pre>");
    }
    if exchange.messages.is_empty() {
        html.push_str("<p class=\"note\">The log has no text of it.</p>");
    }
    html.push_str("</div>");
    html
}

/// Weights in a few words.
pub(super) fn weighed(weighed: &crate::Weighed) -> String {
    format!("{} {}", bits(weighed.bits), weighed.what)
}
