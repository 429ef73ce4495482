//! The small parts of a finding: axes, evidence, what was taken.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::numbers::{bits, count, counted, percent, short};
use crate::svg::bar;
use crate::svg::network::block_class;
use crate::text::Escaped;
use crate::{Dossier, Role};

/// The three questions with their answers.
pub(super) fn axes(dossier: &Dossier) -> String {
    let axes = &dossier.axes;
    let questions = [
        ("Linkage", "one operator", Some(axes.linkage)),
        ("Harvest", "the joint work builds a training set", Some(axes.harvest)),
        ("Concealment", "the operator is hidden", axes.concealment),
    ];
    let most = questions.iter().filter_map(|(_, _, bits)| *bits).fold(1.0, f64::max);
    let mut html = String::from("<div class=\"axes\">");
    for (name, question, value) in questions {
        let (shown, share) =
            value.map_or(("not assessable".to_owned(), 0.0), |value| (format!("{} bits", bits(value)), value / most));
        let _ = write!(
            html,
            "<div><b>{name}</b> <span>{question}</span><strong>{shown}</strong>{}</div>",
            bar("for", share)
        );
    }
    html.push_str("</div>");
    html
}

/// What speaks for and against, as bars from a common middle.
pub(super) fn evidence(dossier: &Dossier) -> String {
    let largest = dossier.evidence.iter().map(|evidence| evidence.bits.abs());
    let largest =
        largest.chain(dossier.against.iter().map(|against| against.bits.abs())).filter(|bits| bits.is_finite());
    let most = largest.fold(1.0, f64::max);
    let mut html = String::from(
        "<table class=\"evidence\"><thead><tr><th>Block<th>What<th class=\"n\">Accounts<th class=\"n\">Bits<th class=\"w\">against | for</tr></thead><tbody>",
    );
    for evidence in &dossier.evidence {
        let _ = write!(
            html,
            "<tr><td><i class=\"{}\"></i>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"w\">{}</tr>",
            block_class(&evidence.block),
            Escaped(&evidence.block),
            Escaped(&evidence.what),
            count(evidence.accounts),
            bits(evidence.bits),
            from_middle(evidence.bits / most)
        );
    }
    for against in &dossier.against {
        let _ = write!(
            html,
            "<tr class=\"against\"><td>against<td>{}<td><td class=\"n\">{}<td class=\"w\">{}</tr>",
            Escaped(&against.what),
            bits(against.bits),
            from_middle(against.bits / most)
        );
    }
    if dossier.against.is_empty() {
        html.push_str("<tr class=\"against\"><td>against<td colspan=\"4\">nothing that was looked at</tr>");
    }
    html.push_str("</tbody></table>");
    html
}

fn from_middle(share: f64) -> String {
    let share = if share.is_finite() { share.clamp(-1.0, 1.0) } else { 0.0 };
    let width = crate::svg::place(share.abs() * 50.0);
    let (class, x) =
        if share < 0.0 { ("against", crate::svg::place(50.0 + share * 50.0)) } else { ("for", "50".to_owned()) };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"{class}\" x=\"{x}\" width=\"{width}\" height=\"10\"/><path class=\"middle\" d=\"M50 0V10\"/></svg>"
    )
}

/// What was taken so far.
pub(super) fn taken(dossier: &Dossier) -> String {
    let taken = &dossier.taken;
    let mut html = format!(
        "<p>Taken so far: <b>{}</b>, <b>{} output tokens</b>.</p>",
        counted(taken.exchanges, "exchange"),
        short(taken.output_tokens)
    );
    html.push_str(&shares("By model", &taken.by_model));
    html.push_str(&shares("By kind of request", &taken.by_class));
    html
}

fn shares(title: &str, shares: &BTreeMap<String, f64>) -> String {
    if shares.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<(&String, f64)> = shares.iter().map(|(name, share)| (name, *share)).collect();
    sorted.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    let mut html = format!("<table class=\"shares\"><caption>{title}</caption><tbody>");
    for (name, share) in sorted.iter().take(8) {
        let name = crate::text::cut(name, 60);
        let _ = write!(
            html,
            "<tr><td>{}<td class=\"n\">{}<td class=\"w\">{}</tr>",
            Escaped(&name),
            percent(*share),
            bar("share", *share)
        );
    }
    html.push_str("</tbody></table>");
    html
}

/// A role in a word.
pub(super) fn role(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Member) => "member",
        Some(Role::Associated) => "associated",
        None => "ordinary",
    }
}
