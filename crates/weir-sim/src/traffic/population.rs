//! The ordinary accounts: who they are and how many of each.

use std::sync::Arc;

use super::group::{Fills, Group, Payment, Prompting, Rhythm};
use super::kind::Kind;
use super::network::{Caller, Network};
use super::template::framework_prompt;
use crate::random::mix;

/// Popular frameworks, by Zipf's law.
const FRAMEWORKS: u32 = 40;
/// Document tools, likewise.
const TOOLS: u32 = 8;

/// The groups of `accounts` ordinary accounts.
pub(super) fn ordinary(accounts: u32, per_day: f64, seed: u64, source: u16) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut left = accounts;
    let mut add = |per_mille: u32, with: &dyn Fn(&mut Group)| {
        let wanted = u32::try_from(u64::from(accounts) * u64::from(per_mille) / 1000).unwrap_or(0);
        let count = wanted.min(left);
        left -= count;
        let mut group = Group::ordinary(Kind::Benign, mix(seed ^ u64::from(per_mille) ^ u64::from(left)), count);
        group.per_day = per_day;
        group.source = source;
        with(&mut group);
        groups.push(group);
    };
    // Whoever chats with instructions of their own.
    add(80, &|group| group.prompting = Prompting::Private);
    // Developers who try things; applications; services; batches.
    add(140, &|group| {
        (group.prompting, group.rhythm, group.caller) = (Prompting::Private, Rhythm::Program, Caller::Library);
        (group.per_day, group.spread) = (2.5 * per_day, 1.2);
    });
    add(60, &|group| {
        (group.rhythm, group.caller) = (Rhythm::Program, Caller::Library);
        (group.per_day, group.spread) = (1.5 * per_day, 1.2);
    });
    add(12, &|group| {
        (group.prompting, group.rhythm, group.caller) = (Prompting::Private, Rhythm::Service, Caller::Library);
        (group.network, group.per_day, group.spread) = (Network::Cloud, 15.0 * per_day, 1.2);
        group.identity.payment = Payment::Own;
    });
    add(25, &|group| {
        (group.prompting, group.rhythm, group.caller) = (Prompting::Private, Rhythm::Program, Caller::Library);
        (group.fills, group.per_day, group.spread) = (Fills::Batch, 6.0 * per_day, 1.3);
    });
    let shares = zipf_shares(FRAMEWORKS, 150);
    for (rank, share) in (0_u64..).zip(shares) {
        let framework = mix(seed ^ (0x6600 + rank));
        add(share, &|group| {
            group.prompting = Prompting::System(Arc::from(framework_prompt(framework)));
            group.caller = Caller::Program(framework);
            (group.per_day, group.spread) = (2.0 * per_day, 1.1);
        });
    }
    let shares = zipf_shares(TOOLS, 40);
    for (rank, share) in (0_u64..).zip(shares) {
        let tool = mix(seed ^ (0x7700 + rank));
        add(share, &|group| {
            group.prompting = Prompting::System(Arc::from(framework_prompt(tool)));
            group.caller = Caller::Program(tool);
            group.fills = Fills::Documents { length: 1_500.0 };
        });
    }
    let mut rest = Group::ordinary(Kind::Benign, mix(seed ^ 0x7265_7374), left);
    rest.per_day = per_day;
    rest.source = source;
    groups.push(rest);
    groups
}

/// Parts of `total` that fall off by rank.
fn zipf_shares(count: u32, total: u32) -> Vec<u32> {
    let harmonic: f64 = (1..=count).map(|rank| 1.0 / f64::from(rank)).sum();
    (1..=count).map(|rank| crate::random::whole(f64::from(total) / (f64::from(rank) * harmonic)).max(1)).collect()
}
