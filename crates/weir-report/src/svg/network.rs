//! What members share, as a picture: accounts that share the same values stand
//! together as one disc at the left, the values at the right, and a band for
//! each pair, as wide as there are accounts. Grouping keeps thousands of
//! accounts readable, and the layout is the same in every run.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{place, real};
use crate::numbers::count;
use crate::text::{Attribute, cut};
use crate::{Network, Role, SharedValue};

const WIDTH: f64 = 900.0;
const ROW: f64 = 26.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 420.0;
/// Groups drawn; the smallest are put together.
const GROUPS: usize = 16;
/// Values drawn.
const VALUES: usize = 24;

struct Group {
    values: Vec<u32>,
    members: u64,
    associated: u64,
}

impl Group {
    fn size(&self) -> u64 {
        self.members + self.associated
    }
}

/// The network as SVG.
pub(crate) fn network(network: &Network) -> String {
    let values: Vec<&SharedValue> = network.values.iter().take(VALUES).collect();
    let (groups, rest) = groups(network, values.len());
    let rows = groups.len().max(values.len()).max(1);
    let height = real(rows as u64) * ROW + 10.0;
    let largest = real(groups.iter().map(Group::size).max().unwrap_or(1).max(1));
    let mut svg = format!(
        "<svg class=\"network\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} accounts and {} shared values\">",
        place(WIDTH),
        place(height),
        network.accounts.len(),
        network.values.len()
    );
    let spread = |place: usize, many: usize| (real(place as u64) + 0.5) * height / real(many.max(1) as u64);
    for (at, group) in groups.iter().enumerate() {
        let from = spread(at, groups.len());
        for value in &group.values {
            let to = spread(*value as usize, values.len());
            let block = values.get(*value as usize).map_or("", |value| block_class(&value.block));
            let width = place((9.0 * (real(group.size()) / largest).sqrt()).max(0.8));
            let bend = (RIGHT - LEFT) / 2.0;
            let _ = write!(
                svg,
                "<path class=\"edge {block}\" stroke-width=\"{width}\" d=\"M{} {}C{} {} {} {} {} {}\"/>",
                place(LEFT),
                place(from),
                place(LEFT + bend),
                place(from),
                place(RIGHT - bend),
                place(to),
                place(RIGHT),
                place(to)
            );
        }
    }
    for (at, group) in groups.iter().enumerate() {
        svg.push_str(&disc(group, spread(at, groups.len()), largest));
    }
    for (at, value) in values.iter().enumerate() {
        svg.push_str(&label(value, spread(at, values.len())));
    }
    svg.push_str("</svg>");
    if rest > 0 {
        let _ = write!(
            svg,
            "<p class=\"note\">{} more accounts share other combinations of these values.</p>",
            count(rest)
        );
    }
    svg
}

fn disc(group: &Group, y: f64, largest: f64) -> String {
    let radius = place((11.0 * (real(group.size()) / largest).sqrt()).max(2.5));
    let class = if group.members >= group.associated { "member" } else { "associated" };
    let what = match (group.members, group.associated) {
        (members, 0) => format!("{} members", count(members)),
        (0, associated) => format!("{} associated", count(associated)),
        (members, associated) => format!("{} + {} associated", count(members), count(associated)),
    };
    format!(
        "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{radius}\"/><text class=\"group\" x=\"{}\" y=\"{}\">{what}</text>",
        place(LEFT),
        place(y),
        place(LEFT - 18.0),
        place(y + 4.0)
    )
}

fn label(value: &SharedValue, y: f64) -> String {
    format!(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"10\" height=\"10\"/><text x=\"{}\" y=\"{}\"><tspan class=\"kind\">{}</tspan> {} \
         <tspan class=\"kind\">{} in, {} outside</tspan><title>{}</title></text>",
        block_class(&value.block),
        place(RIGHT),
        place(y - 5.0),
        place(RIGHT + 18.0),
        place(y + 4.0),
        Attribute(&cut(&value.kind, 16)),
        Attribute(&cut(&value.value, 30)),
        count(value.inside),
        count(value.outside),
        Attribute(&cut(&value.value, 300)),
    )
}

/// A class of the page for a block of evidence; unknown ones share one.
pub(crate) fn block_class(block: &str) -> &'static str {
    match block {
        "network" => "b-network",
        "client" => "b-client",
        "payment" | "identity" => "b-payment",
        "text" => "b-text",
        "time" => "b-time",
        "life" => "b-life",
        _ => "b-other",
    }
}

/// Accounts by what they share, the largest groups first, and how many accounts
/// are in groups that are not drawn.
fn groups(network: &Network, values: usize) -> (Vec<Group>, u64) {
    let mut by_values: BTreeMap<Vec<u32>, Group> = BTreeMap::new();
    for account in &network.accounts {
        let shown: Vec<u32> = account.values.iter().copied().filter(|value| (*value as usize) < values).collect();
        let group = by_values.entry(shown.clone()).or_insert(Group { values: shown, members: 0, associated: 0 });
        match account.role {
            Role::Member => group.members += 1,
            Role::Associated => group.associated += 1,
        }
    }
    let mut groups: Vec<Group> = by_values.into_values().collect();
    groups.sort_by(|one, other| other.size().cmp(&one.size()).then_with(|| one.values.cmp(&other.values)));
    let rest = groups.iter().skip(GROUPS).map(Group::size).sum();
    groups.truncate(GROUPS);
    // In the order of their values, so that bands cross little.
    groups.sort_by(|one, other| one.values.cmp(&other.values));
    (groups, rest)
}
