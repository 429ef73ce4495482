//! The accounts file: what sign-up and billing know of an account, and how
//! long it lives.

use weir_acts::Time;
use weir_exchange::{ClosedBy, LoggedAccount};

use super::group::{Birth, Group, Mail, Payment};
use super::kind::Kind;
use super::rhythm::DAY;
use super::world::World;
use crate::random::{SeededRandom, millis, mix};

/// From when to when an account exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) created: i64,
    pub(super) closed: Option<(i64, ClosedBy)>,
    /// The first and the last moment at which it may call.
    pub(super) from: i64,
    pub(super) until: i64,
}

/// Of ordinary accounts, one in so many is closed within the time.
const CUSTOMER_CLOSES: u64 = 150;
const PROVIDER_CLOSES: u64 = 400;

/// The public mail providers, by how common they are.
const MAIL: &[&str] = &[
    "post.example",
    "mailbird.example",
    "lettera.example",
    "inbox.example",
    "quickmail.example",
    "tern.example",
    "postbox.example",
    "nordmail.example",
    "sunmail.example",
    "correo.example",
];

impl World {
    pub(super) fn account_seed(&self, index: u32) -> u64 {
        mix(self.seed ^ mix(u64::from(index) + 0x6163_6374))
    }

    pub(super) fn life(&self, group: &Group, index: u32) -> Life {
        let mut random = SeededRandom::for_member(self.account_seed(index), 0x6c69_6665);
        let days = |days: f64| millis(days * 86_400.0);
        let created = match group.identity.birth {
            // Two years of growth; one in twenty comes during the run.
            Birth::Ordinary if random.chance(95) => self.start - days(730.0 * random.unit().powi(2)) - 1,
            Birth::Ordinary => self.start + days(self.days * random.unit()),
            Birth::Cohort { day, spread } => self.start + days(day + spread * (random.unit() - 0.5)),
        };
        let from = created.max(self.start).max(self.start.saturating_add(days(group.active.0)));
        let mut until = self.end.min(self.start.saturating_add(days(group.active.1)));
        let mut closed = None;
        if let Some((day, over)) = group.closed {
            let at = self.start + days(day + over * random.unit());
            closed = Some((at, ClosedBy::Provider));
        } else if !group.kind.is_adversary() {
            let at = from + days(self.days * (0.1 + random.unit()));
            let provider = if group.kind == Kind::FreeTier { 3 } else { PROVIDER_CLOSES };
            if random.below(provider) == 0 {
                closed = Some((at, ClosedBy::Provider));
            } else if random.below(CUSTOMER_CLOSES) == 0 {
                closed = Some((at, ClosedBy::Customer));
            }
        }
        closed = closed.filter(|(at, _)| *at < self.end);
        if let Some((at, _)) = closed {
            until = until.min(at);
        }
        Life { created, closed, from, until }
    }

    /// An account's line in the accounts file.
    pub(super) fn identity(&self, group: &Group, index: u32) -> LoggedAccount {
        let seed = self.account_seed(index);
        let mut random = SeededRandom::for_member(seed, 0x6964_6e74);
        let life = self.life(group, index);
        let identity = &group.identity;
        let plan = identity
            .plan
            .map_or_else(|| plan(&mut random, f64::from(self.persona(group, index).per_day)), str::to_owned);
        let number = index - group.first;
        let payment = match identity.payment {
            Payment::Own if plan == "free" => None,
            // One card in fifty is somebody else's too.
            Payment::Own if random.below(50) == 0 => {
                Some(fingerprint(mix(self.seed ^ mix(random.below(1 + u64::from(self.accounts) / 100)))))
            }
            Payment::Own => Some(fingerprint(seed)),
            Payment::Group => Some(fingerprint(group.seed)),
            Payment::Cards(per_card) => Some(fingerprint(mix(group.seed ^ u64::from(number / per_card.max(1))))),
        };
        let email_domain = match identity.mail {
            Mail::Public => MAIL[random.rank(MAIL.len())].to_owned(),
            Mail::Group => format!("{}.example", name_of(group.seed)),
            Mail::Disposable(count) => {
                format!("{}.example", name_of(mix(group.seed ^ random.below(u64::from(count.max(1))))))
            }
        };
        let signup_path =
            identity.signup_path.unwrap_or(["web", "web", "web", "app", "api", "partner"][random.position(6)]);
        let known = group.closed_known;
        LoggedAccount {
            account: self.account_name(index),
            party: identity.declared.then(|| name_of(group.seed)),
            created: Some(Time::from_millis(life.created)),
            closed: life.closed.filter(|_| known).map(|(at, _)| Time::from_millis(at)),
            closed_by: life.closed.filter(|_| known).map(|(_, by)| by),
            plan: Some(plan),
            payment,
            email_domain: Some(email_domain),
            signup_path: Some(signup_path.to_owned()),
            cleared: None,
            verified: Some(["email", "email", "email", "phone", "none"][random.position(5)].to_owned()),
        }
    }

    /// The whole number of a day of the run.
    pub(super) fn day_of(&self, at: i64) -> i64 {
        (at - self.start).div_euclid(DAY)
    }
}

/// The plan goes with how much an account does, not strictly.
fn plan(random: &mut SeededRandom, per_day: f64) -> String {
    let wants = per_day * random.around(1.0, 0.8);
    match wants {
        ..1.2 => "free",
        ..4.0 => "plus",
        ..10.0 => "tier-1",
        ..40.0 => "tier-2",
        ..150.0 => "tier-3",
        _ => "tier-4",
    }
    .to_owned()
}

fn fingerprint(seed: u64) -> String {
    format!("fp_{:012x}", mix(seed ^ 0x6361_7264) >> 16)
}

pub(super) fn name_of(seed: u64) -> String {
    let mut random = SeededRandom::for_member(seed, 0x6e61_6d65);
    let mut name = String::new();
    for _ in 0..3 {
        name.push_str(
            [
                "bel", "cor", "dan", "fer", "gal", "hol", "ist", "kel", "lor", "mar", "nor", "pel", "ros", "sal",
                "tor", "ver",
            ][random.position(16)],
        );
    }
    super::corpus::push_number(&mut name, random.below(1_000));
    name
}
