//! The members of a finding, the weakest first: who acts on a finding should
//! begin by doubting where doubt is easiest. All of them are in the page as
//! data; the script shows them by pages and searches them. Without the script,
//! and in print, the first ones are there.

use std::fmt::Write;

use super::parts::role;
use super::texts::weighed;
use crate::numbers::{bits, counted, day, percent};
use crate::text::{Escaped, json_in_script};
use crate::{Dossier, MemberLine, Role};

/// Rows that are there without the script.
const ROWS: usize = 25;

/// A finding's lines: members before associated, each the weakest first.
pub(super) fn weakest_first<'run>(campaign: &str, members: &'run [MemberLine]) -> Vec<&'run MemberLine> {
    let mut own: Vec<&MemberLine> = members.iter().filter(|member| member.campaign == campaign).collect();
    own.sort_by(|one, other| {
        let order = one.role.cmp(&other.role).then_with(|| one.bits.total_cmp(&other.bits));
        order.then_with(|| one.account.cmp(&other.account))
    });
    own
}

/// The table of members.
pub(super) fn members(place: usize, dossier: &Dossier, own: &[&MemberLine]) -> String {
    if own.is_empty() {
        return "<p>No accounts are listed.</p>".to_owned();
    }
    let acted_on = own.iter().filter(|member| member.role == Role::Member).count() as u64;
    let mut html = format!(
        "<p class=\"note\">{}, {} associated. Only a member may be acted on. Bits are each account’s own test, with it left out of the group.</p>\
         <p class=\"tools\"><button type=\"button\" class=\"csv\" data-finding=\"{place}\">Copy as CSV</button> \
         <span class=\"pages\"></span></p>",
        counted(acted_on, "member"),
        own.len() as u64 - acted_on
    );
    html.push_str(
        "<div class=\"scroll\"><table class=\"members\"><thead><tr><th>Account<th>Role<th class=\"n\">Bits<th>Since<th class=\"n\">Of its traffic<th>For<th>Against\
         <th>Without this it would be none</tr></thead><tbody>",
    );
    own.iter().take(ROWS).for_each(|member| html.push_str(&row(member)));
    html.push_str("</tbody></table></div>");
    let rows: Vec<_> = own.iter().map(|member| data(member)).collect();
    let data = json_in_script(&serde_json::json!({ "campaign": dossier.id, "rows": rows }));
    let _ = write!(html, "<script type=\"application/json\" id=\"m{place}\">{data}</script>");
    html
}

fn row(member: &MemberLine) -> String {
    let list = |list: &[crate::Weighed]| list.iter().map(weighed).collect::<Vec<_>>().join("; ");
    format!(
        "<tr class=\"{}\"><td><code>{}</code><td>{}<td class=\"n\">{}<td>{}<td class=\"n\">{}<td>{}<td>{}<td>{}</tr>",
        role(Some(member.role)),
        Escaped(&member.account),
        role(Some(member.role)),
        bits(member.bits),
        day(member.since),
        percent(member.share_of_own_traffic),
        Escaped(&list(&member.top)),
        Escaped(&list(&member.against)),
        Escaped(&member.smallest_removal.join("; "))
    )
}

/// A member as the script wants it: the cells of its row in their order.
fn data(member: &MemberLine) -> serde_json::Value {
    let list = |list: &[crate::Weighed]| list.iter().map(weighed).collect::<Vec<_>>().join("; ");
    serde_json::json!([
        member.account,
        role(Some(member.role)),
        bits(member.bits),
        day(member.since),
        percent(member.share_of_own_traffic),
        list(&member.top),
        list(&member.against),
        member.smallest_removal.join("; "),
    ])
}
