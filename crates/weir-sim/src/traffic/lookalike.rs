//! Groups that look like a campaign and are none.

use std::sync::Arc;

use super::group::{Birth, Fills, Group, Identity, Mail, Payment, Prompting, Rhythm};
use super::kind::Kind;
use super::network::{Caller, Network};
use super::template::{Elicitation, Template, framework_prompt};
use crate::random::SeededRandom;

/// How many accounts a group of the kind has, at least and at most.
pub(super) fn usual_size(kind: Kind) -> (u32, u32) {
    match kind {
        Kind::B1 => (100, 500),
        Kind::B2 => (200, 10_000),
        Kind::B3 => (50, 200),
        Kind::B4 => (300, 300),
        Kind::B5 => (20, 20),
        Kind::B6 => (200, 1_000),
        Kind::B7 => (150, 400),
        Kind::B8 => (100, 400),
        Kind::B9 => (50, 200),
        Kind::B10 => (2, 5),
        Kind::SmallFirm => (5, 150),
        Kind::OpenLaboratory => (10, 60),
        Kind::FreeTier => (20, 120),
        Kind::DocumentTool => (100, 800),
        _ => (1, 1),
    }
}

/// A group of `count` accounts in a run of `days` days.
pub(super) fn group(kind: Kind, seed: u64, count: u32, days: f64) -> Group {
    let mut random = SeededRandom::for_member(seed, 0x6c6f_6f6b);
    let topic = u8::try_from(random.below(16)).unwrap_or(0);
    let mut group = Group::ordinary(kind, seed, count);
    let ordinary = Identity::ORDINARY;
    let site = |addresses| Network::Site { seed, addresses };
    let system = || Prompting::System(Arc::from(framework_prompt(seed)));
    match kind {
        Kind::B1 => {
            group.network = site(1);
            group.caller = Caller::Program(seed);
            group.per_day = 4.0;
            group.identity = Identity {
                declared: true,
                payment: Payment::Group,
                mail: Mail::Group,
                plan: Some("enterprise"),
                ..ordinary
            };
        }
        Kind::B2 => {
            group.prompting = system();
            group.caller = Caller::Program(seed);
            group.per_day = 3.0;
        }
        Kind::B3 => {
            // Each runs the list to its end, from a place of their own, once or more.
            let first = random.below(4_000);
            group.prompting = Prompting::Wrapped(Arc::new(Template::harvest(Elicitation::Reasoning, seed, 0, 0.0)));
            group.fills = Fills::Public { first, count: random.between(40, 150), in_turn: true, verbatim: 1.0 };
            (group.rhythm, group.caller) = (Rhythm::Program, Caller::Program(seed));
            (group.per_day, group.spread, group.network) = (9.0, 0.6, Network::Cloud);
        }
        Kind::B4 => {
            let deadline = days * (0.4 + 0.5 * random.unit());
            group.fills = Fills::Public {
                first: random.below(8_000),
                count: random.between(8, 20),
                in_turn: false,
                verbatim: 0.7,
            };
            group.rhythm = Rhythm::Deadline { day: deadline, spread: 1.5 };
            (group.per_day, group.spread, group.network) = (2.0, 0.5, Network::Site { seed, addresses: 200 });
            group.identity = Identity {
                mail: Mail::Group,
                plan: Some("free"),
                signup_path: Some("education"),
                birth: Birth::Cohort { day: -20.0, spread: 12.0 },
                ..ordinary
            };
        }
        Kind::B5 => {
            group.prompting = Prompting::Wrapped(Arc::new(Template::harvest(Elicitation::Judging, seed, 0, 0.0)));
            (group.fills, group.topic, group.rhythm) = (Fills::Batch, Some(topic), Rhythm::Service);
            (group.caller, group.network, group.per_day) = (Caller::Library, site(2), 60.0);
            group.identity = Identity {
                declared: true,
                payment: Payment::Group,
                mail: Mail::Group,
                plan: Some("tier-4"),
                ..ordinary
            };
        }
        Kind::B6 => {
            group.prompting = Prompting::Private;
            (group.fills, group.caller, group.network) = (Fills::Batch, Caller::Library, Network::Cloud);
            group.rhythm = Rhythm::Cron { minutes: [30, 60, 180, 360, 1440][random.position(5)] };
        }
        Kind::B7 => {
            group.network = Network::Carrier { seed: seed ^ 7 };
            let day = days * random.unit() - 2.0;
            group.identity =
                Identity { birth: Birth::Cohort { day, spread: 0.3 }, signup_path: Some("event"), ..ordinary };
            (group.caller, group.per_day) = (Caller::Library, 3.0);
        }
        Kind::B9 => {
            group.prompting = system();
            (group.network, group.caller, group.per_day) = (site(4), Caller::Program(seed), 4.0);
            group.identity = Identity { declared: true, payment: Payment::Group, plan: Some("enterprise"), ..ordinary };
        }
        Kind::B10 => {
            group.network = site(1);
            group.identity.payment = Payment::Group;
        }
        Kind::SmallFirm => {
            group.prompting = if random.chance(50) { system() } else { Prompting::Private };
            (group.topic, group.network, group.caller) = (Some(topic), site(2), Caller::Library);
            (group.rhythm, group.per_day) = (Rhythm::Program, 6.0);
            let day = -300.0 * random.unit();
            let payment = if random.chance(60) { Payment::Group } else { Payment::Cards(6) };
            group.identity = Identity {
                payment,
                mail: Mail::Group,
                birth: Birth::Cohort { day, spread: 200.0 },
                plan: Some("tier-1"),
                ..ordinary
            };
        }
        Kind::OpenLaboratory => {
            group.prompting = Prompting::Wrapped(Arc::new(Template::harvest(Elicitation::Reasoning, seed, 0, 0.0)));
            (group.fills, group.network, group.caller) = (Fills::Batch, site(3), Caller::Program(seed));
            (group.rhythm, group.per_day, group.spread) = (Rhythm::Program, 25.0, 0.5);
            group.identity = Identity {
                declared: true,
                payment: Payment::Group,
                mail: Mail::Group,
                plan: Some("tier-4"),
                signup_path: Some("research"),
                ..ordinary
            };
        }
        Kind::FreeTier => {
            // One person makes many free accounts and uses them in turn.
            group.per_day = 0.4;
            group.network = Network::Proxies { seed, exits: 3 + count / 8 };
            group.identity = Identity {
                mail: Mail::Disposable(2),
                plan: Some("free"),
                birth: Birth::Cohort { day: days * 0.3, spread: days },
                ..ordinary
            };
        }
        Kind::DocumentTool => {
            group.prompting = system();
            (group.fills, group.caller, group.per_day) =
                (Fills::Documents { length: 2_500.0 }, Caller::Program(seed), 3.0);
        }
        _ => {}
    }
    group
}
