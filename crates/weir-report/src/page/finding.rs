//! One finding.

use std::fmt::Write;

use super::{members, parts, status, texts};
use crate::numbers::{bits, count, counted, moment, span};
use crate::svg::growth::growth;
use crate::svg::network::network;
use crate::svg::raster::raster;
use crate::text::Escaped;
use crate::{Dossier, MemberLine, Picture, Role, Status};

/// A finding's article; `place` is its number on the page.
pub(super) fn finding(place: usize, dossier: &Dossier, picture: Option<&Picture>, members: &[MemberLine]) -> String {
    let own = members::weakest_first(&dossier.id, members);
    let mut html = format!("<article id=\"f{place}\" data-finding=\"{place}\" tabindex=\"-1\">");
    html.push_str(&heading(dossier));
    if let Some(picture) = picture.filter(|picture| !picture.raster.rows.is_empty()) {
        html.push_str(&when(picture));
    }
    html.push_str("<div class=\"columns\">");
    html.push_str(&section("Evidence", &parts::evidence(dossier)));
    let mut grown = picture.map_or_else(String::new, |picture| growth(&picture.growth, dossier.alarm));
    grown.push_str(&parts::taken(dossier));
    html.push_str(&section("Growth, and what was taken", &grown));
    html.push_str("</div>");
    html.push_str(&section("Text", &texts::families(dossier, picture)));
    if let Some(picture) = picture.filter(|picture| !picture.network.values.is_empty()) {
        let mut drawn = network(&picture.network);
        if picture.network.left_out > 0 {
            let _ =
                write!(drawn, "<p class=\"note\">{} more accounts are not drawn.</p>", count(picture.network.left_out));
        }
        html.push_str(&section("What they share", &drawn));
    }
    html.push_str("<div class=\"columns\">");
    html.push_str(&section("Nearest innocent explanation", &lookalike(dossier)));
    html.push_str(&section("What acting would cost innocents", &innocents(dossier, picture, &own)));
    html.push_str("</div>");
    if let Some(picture) = picture.filter(|picture| !picture.compared.is_empty()) {
        html.push_str(&section("Read them beside an ordinary account", &texts::compared(picture)));
    }
    html.push_str(&section("Members, the weakest first", &members::members(place, dossier, &own)));
    html.push_str(&remarks(dossier));
    html.push_str("</article>");
    html
}

fn section(title: &str, content: &str) -> String {
    format!("<section><h3>{title}</h3>{content}</section>")
}

fn heading(dossier: &Dossier) -> String {
    let mut html = format!(
        "<header><h2>{} {}</h2><p>{} in {}, {} to {}. Confirmed {}.</p>",
        Escaped(&dossier.id),
        status(dossier),
        counted(dossier.exchanges, "joint exchange"),
        counted(dossier.accounts, "account"),
        moment(dossier.first),
        moment(dossier.last),
        moment(dossier.alarm)
    );
    if dossier.status == Status::Suspected {
        html.push_str(
            "<p class=\"warning\">Concealment could not be assessed, or by no more than that the accounts are new, so this is a suspicion: \
             its accounts are only associated, and none of them may be acted on.</p>",
        );
    }
    html.push_str(&parts::axes(dossier));
    html.push_str("</header>");
    html
}

fn when(picture: &Picture) -> String {
    let drawn = &picture.raster;
    let mut html = raster(drawn);
    let _ = write!(
        html,
        "<p class=\"legend\"><span><i class=\"joint\"></i>joint exchanges</span><span><i class=\"other\"></i>the account’s other exchanges</span>\
         <span><i class=\"closed\"></i>closed</span><span class=\"readout\" aria-live=\"polite\"></span>\
         <span>one row an account, one column {}; from the top: members, associated, ordinary accounts for comparison</span></p>",
        span(drawn.step_seconds)
    );
    if drawn.left_out > 0 {
        let _ = write!(html, "<p class=\"note\">{} more accounts are not drawn.</p>", count(drawn.left_out));
    }
    let rows: Vec<_> = drawn.rows.iter().map(|row| (&row.account, parts::role(row.role))).collect();
    let rows = crate::text::json_in_script(&serde_json::json!(rows));
    let _ = write!(html, "<script type=\"application/json\" class=\"rows\">{rows}</script>");
    format!("<section class=\"when\"><h3>Accounts by time</h3>{html}</section>")
}

fn lookalike(dossier: &Dossier) -> String {
    let nearest = &dossier.nearest_lookalike;
    format!(
        "<p class=\"lookalike\">It looks most like: <b>{}</b>.</p><p>Told apart by: {}</p>",
        Escaped(&nearest.kind),
        Escaped(&nearest.told_apart_by)
    )
}

fn innocents(dossier: &Dossier, picture: Option<&Picture>, members: &[&MemberLine]) -> String {
    let innocent = &dossier.innocent_use;
    let mut html = format!(
        "<ul><li>{} of the listed accounts were not part of the joint work; acting ends those too.",
        counted(innocent.exchanges_outside, "exchange")
    );
    let mostly_own =
        members.iter().filter(|member| member.role == Role::Member && member.share_of_own_traffic < 0.5).count();
    if mostly_own > 0 {
        let verb = if mostly_own == 1 { "does" } else { "do" };
        let _ = write!(
            html,
            "<li>{} {verb} mostly other things: look at those first.",
            counted(mostly_own as u64, "member")
        );
    }
    let associated = members.iter().filter(|member| member.role == Role::Associated).count();
    if associated > 0 {
        let _ = write!(
            html,
            "<li>{} listed as associated only; they are not to be acted on.",
            counted(associated as u64, "account")
        );
    }
    if let Some(oldest) = innocent.oldest_account {
        let _ = write!(html, "<li>The oldest account signed up {}.", moment(oldest));
    }
    let outside = picture.and_then(|picture| picture.network.values.iter().max_by_key(|value| value.outside));
    if let Some(value) = outside.filter(|value| value.outside > 0) {
        let _ = write!(
            html,
            "<li>{} outside it share {} <code>{}</code>: acting on that value instead of on accounts would hit them.",
            counted(value.outside, "account"),
            Escaped(&value.kind),
            Escaped(&crate::text::cut(&value.value, 60))
        );
    }
    html.push_str("</ul>");
    html
}

/// What else is to be known: relations, what could not be used, samples.
fn remarks(dossier: &Dossier) -> String {
    let mut html = String::new();
    if !dossier.related.is_empty() {
        html.push_str("<dt>Related");
        for related in &dossier.related {
            let _ = write!(html, "<dd>{}: shares {}", Escaped(&related.campaign), Escaped(&related.shared));
        }
    }
    if !dossier.not_used.is_empty() {
        html.push_str("<dt>Not used");
        dossier.not_used.iter().for_each(|not_used| {
            let _ = write!(html, "<dd>{}", Escaped(not_used));
        });
    }
    if !dossier.samples.is_empty() {
        html.push_str("<dt>Exchanges to read in the log");
        for sample in &dossier.samples {
            let _ = write!(html, "<dd><code>{}</code> {}", Escaped(&sample.exchange), Escaped(&sample.role));
        }
    }
    let _ = write!(html, "<dt>e-process<dd>log₂ e = {}: {}", bits(dossier.log2_e), Escaped(&dossier.guarantee));
    format!(
        "<details><summary>Related findings, what was not used, samples, guarantee</summary><dl>{html}</dl></details>"
    )
}
