//! Campaigns and the innocents beside them, put into a world.

use std::sync::Arc;

use super::{Plan, World};
use crate::random::{SeededRandom, fingerprint, millis, mix};
use crate::traffic::campaign::{Campaign, Dispatch, Exits};
use crate::traffic::group::{Birth, Fills, Group, Identity, Mail, Payment, Prompting, Rhythm};
use crate::traffic::kind::Kind;
use crate::traffic::network::{Caller, Network};
use crate::traffic::scenario::{Innocents, ScenarioError};
use crate::traffic::template::Template;

impl World {
    pub(super) fn plant(
        &mut self,
        at: usize,
        kind: Kind,
        with: &Campaign,
        random: &mut SeededRandom,
    ) -> Result<(), ScenarioError> {
        let seed = random.next_bits();
        let source = self.source(with.source.as_deref(), &format!("campaigns[{at}].source"))?;
        let end = with.days.map_or(self.days, |days| (with.start + days).min(self.days));
        let id = u16::try_from(at)
            .map_err(|_| ScenarioError::Field { at: "campaigns".to_owned(), reason: "too many".to_owned() })?;
        let waves = match self.plans.last() {
            Some(before) if with.shared_accounts => before.waves.clone(),
            _ => {
                let from = self.groups.len();
                for wave in 0..with.waves {
                    let group = self.wave(kind, with, seed, id, wave, end);
                    self.add(group);
                }
                from..self.groups.len()
            }
        };
        let template = Arc::new(Template::harvest(with.elicitation[0], seed, 0, 0.0));
        let all = self.corpus.topics();
        let topics = if with.topics == 0 {
            (0..all).collect()
        } else {
            (0..with.topics).map(|_| u8::try_from(random.below(u64::from(all))).unwrap_or(0)).collect()
        };
        self.plans.push(Plan {
            name: with.name.clone().unwrap_or_else(|| format!("{}-{}", kind.as_str().to_lowercase(), at + 1)),
            with: with.clone(),
            seed,
            source,
            waves,
            stolen: 0..0,
            template,
            topics,
            start: self.start + millis(with.start * 86_400.0),
            end: self.start + millis(end * 86_400.0),
        });
        Ok(())
    }

    /// The accounts of one wave of a campaign.
    fn wave(&self, kind: Kind, with: &Campaign, seed: u64, id: u16, wave: u32, end: f64) -> Group {
        let base = with.accounts / with.waves;
        let count = if wave == 0 { with.accounts - base * (with.waves - 1) } else { base };
        let length = (end - with.start).max(0.0) / f64::from(with.waves);
        let from = with.start + length * f64::from(wave);
        let mut group = Group::ordinary(kind, mix(seed ^ u64::from(wave)), count);
        let cover = match (with.cover_list, with.relayed) {
            (0, true) => Fills::Relayed { customers: 2_000, seed },
            (0, false) => Fills::Own,
            (count, _) => Fills::Public { first: seed % 4_000, count: count.into(), in_turn: false, verbatim: 1.0 },
        };
        let covered = with.per_day * with.cover / (1.0 - with.cover).max(0.01);
        match with.dispatch {
            Dispatch::Queue => (group.fills, group.per_day, group.spread) = (cover, covered, 0.6),
            Dispatch::Mimic => {
                let relayed = with.relayed.then_some(seed);
                group.fills = Fills::Harvest { campaign: id, cover: with.cover, relayed };
                (group.per_day, group.spread) = (with.per_day + covered, 0.35);
            }
        }
        group.rhythm = Rhythm::Person;
        group.network = exits(with, seed);
        group.caller = match (with.cover_by_hand, with.harness) {
            (true, _) => Caller::Browser,
            (false, true) => Caller::Program(seed),
            (false, false) => Caller::Library,
        };
        // The ban falls within hours; what is left runs to the end.
        group.active = (from, end);
        if wave + 1 < with.waves {
            group.closed = Some((from + length, 0.2));
        }
        group.closed_known = with.closed_known;
        let made = if wave == 0 { with.start } else { from - with.prewarm };
        group.identity = Identity {
            declared: false,
            payment: Payment::Cards(with.accounts_per_card),
            mail: if with.mail_domains == 0 { Mail::Public } else { Mail::Disposable(with.mail_domains) },
            plan: with.plan.as_deref().map(known_plan),
            signup_path: None,
            birth: Birth::Cohort { day: made - with.birth_spread / 2.0 - 0.1, spread: with.birth_spread },
        };
        group.source = self.corpus.source(with.source.as_deref().unwrap_or("all")).unwrap_or(0);
        group
    }

    /// Innocents beside the campaign planted last.
    pub(super) fn plant_innocents(&mut self, innocents: Innocents, source: u16, random: &mut SeededRandom) {
        let Some(plan) = self.plans.last() else { return };
        let (seed, template) = (plan.seed, plan.template.clone());
        let (pool, harness) = (exits(&plan.with, seed), Caller::Program(seed));
        let mut plain = |kind, count| {
            let mut group = Group::ordinary(kind, random.next_bits(), count);
            (group.per_day, group.source) = (4.0, source);
            group
        };
        let mut same_proxies = plain(Kind::SameProxies, innocents.same_proxies);
        same_proxies.network = pool;
        let mut public_harness = plain(Kind::PublicHarness, innocents.public_harness);
        public_harness.caller = harness;
        let mut forum = plain(Kind::ForumTemplate, innocents.forum_template);
        (forum.prompting, forum.caller) = (Prompting::Wrapped(template.clone()), Caller::Library);
        let mut stolen = plain(Kind::StolenKey, innocents.stolen_key);
        (stolen.prompting, stolen.caller, stolen.rhythm) = (Prompting::Private, Caller::Library, Rhythm::Program);
        let mut bystander = plain(Kind::Bystander, innocents.bystander);
        (bystander.prompting, bystander.network, bystander.caller) = (Prompting::Wrapped(template), pool, harness);
        for group in [same_proxies, public_harness, forum, bystander] {
            self.add(group);
        }
        let keys = self.add(stolen);
        if let Some(plan) = self.plans.last_mut() {
            plan.stolen = keys;
        }
    }
}

/// Where a campaign calls from.
pub(in crate::traffic) fn exits(with: &Campaign, seed: u64) -> Network {
    match with.exits {
        Exits::Proxies => {
            let seed = with.pool.as_ref().map_or(seed, |pool| fingerprint(pool.as_bytes()));
            Network::Proxies { seed, exits: with.exit_count }
        }
        Exits::Residential => Network::Household,
        Exits::Cloud => Network::Cloud,
    }
}

/// The plans there are; anything else is the ordinary paid one.
fn known_plan(name: &str) -> &'static str {
    const PLANS: [&str; 7] = ["free", "plus", "tier-1", "tier-2", "tier-3", "tier-4", "enterprise"];
    PLANS.into_iter().find(|plan| *plan == name).unwrap_or("tier-2")
}
