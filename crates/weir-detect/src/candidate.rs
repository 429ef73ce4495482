//! A candidate: anchors proposed by earlier epochs, the customers that showed
//! them, and the e-process of their linkage.

mod repeats;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::bet::{Block, COMPONENTS, Component, Moments};
use crate::constants::{EXEMPLARS, JOINT_OF_MEMBER, JOINT_OF_STRANGER, LISTED_SHARE, RASTER_CELLS, REFUSED, SEVERAL_SHARE};
use crate::fills::{Given, Listed};
use crate::likeness::{Gain, Own, Relative};
use crate::profile::Event;
use crate::settings::Trial;
use crate::state::Habits;
use crate::unit::{History, Pool, Recent, Unit};
use repeats::Sampled;
pub(crate) use values::Values;

/// A customer among a candidate's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The epochs of its first and last joint exchange.
    pub(crate) since: i64,
    pub(crate) last: i64,
    /// Its sampled exchanges before `since`.
    pub(crate) before: u64,
    /// Of them, those at least that showed the template: nobody's joint work yet,
    /// and yet no other work.
    pub(crate) shown: u64,
    /// Bits of its own factors, by component.
    pub(crate) bits: [f64; COMPONENTS],
    /// Joint exchanges seen, of the sampled ones.
    pub(crate) joint: u64,
    /// What its joint opening turns were like.
    pub(crate) history: History,
    /// How they compared with its own earlier ones.
    pub(crate) own: Own,
    /// The same, its wrapper left out.
    pub(crate) own_bare: Own,
    /// How many of its latest joint opening turns several others had given before.
    pub(crate) given: Given,
    /// Clients its joint exchanges came from.
    pub(crate) clients: Recent,
}

/// An exchange shown to an analyst.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exemplar {
    pub(crate) id: Box<str>,
    pub(crate) unit: u64,
    pub(crate) epoch: i64,
    pub(crate) model: Box<str>,
    pub(crate) output_tokens: u32,
    pub(crate) text: Box<str>,
}

/// How far it had come at an epoch's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) epoch: i64,
    pub(crate) members: u64,
    pub(crate) exchanges: u64,
    pub(crate) output_tokens: u64,
    pub(crate) log2_e: f64,
}

/// A group under test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// The how-many-eth ever born, from 1.
    pub(crate) ordinal: u64,
    /// The share of the error budget it holds: its own, and of those merged
    /// into it.
    pub(crate) share: f64,
    pub(crate) born: i64,
    /// The anchor it was born for; its id for strangers.
    pub(crate) pivot: u64,
    pub(crate) anchors: BTreeSet<u64>,
    pub(crate) members: BTreeMap<u64, Member>,
    /// What joint opening turns were like, all members together.
    pub(crate) pool: Pool,
    pub(crate) log2_e: f64,
    /// The epoch at whose end the e-process first reached the threshold.
    pub(crate) confirmed: Option<i64>,
    /// The epoch at whose end every axis was first shown.
    pub(crate) alarm: Option<i64>,
    pub(crate) payoffs: [Moments; COMPONENTS],
    /// What bets on topics brought.
    pub(crate) gain: Gain,
    /// How much its members resemble themselves in the joint work.
    pub(crate) likeness: Relative,
    /// The same, where each member's wrapper is left out.
    pub(crate) bare: Relative,
    pub(crate) bits: [f64; COMPONENTS],
    /// Customers that each component was bet on.
    pub(crate) bettors: [u64; COMPONENTS],
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) exchanges: u64,
    pub(crate) habits: Habits,
    pub(crate) by_model: BTreeMap<Box<str>, u64>,
    pub(crate) fills: Sampled,
    pub(crate) addresses: Values,
    pub(crate) clients: Values,
    pub(crate) exemplars: Vec<Exemplar>,
    pub(crate) steps: Vec<Step>,
    /// Sampled joint and other exchanges of some members, epoch by epoch.
    pub(crate) cells: Vec<(u64, i64, u32, u32)>,
    /// Joint exchanges when it last looked for more anchors, and when it was
    /// last judged: both are repeated when enough has come.
    pub(crate) grown_at: u64,
    pub(crate) judged_at: u64,
    /// Joint exchanges when it was last looked through for groups within it.
    pub(crate) split_at: u64,
    /// The same for members who work off a list.
    pub(crate) parted_at: u64,
    /// Whether some of its members were told apart from others who work off a
    /// list: as a whole it is two groups.
    pub(crate) is_parted: bool,
    /// Whether who works off a list is none of it.
    pub(crate) is_apart: bool,
    /// Who worked with the template long before its members, and is none of it.
    pub(crate) before: BTreeSet<u64>,
    /// Where those who work off a list are none of it: what they gave with its template
    /// who seem to do so by all they send.
    pub(crate) refused: BTreeMap<u64, Given>,
}

impl Member {
    /// A customer that joins at an epoch, as it was before.
    pub(crate) fn joining(epoch: i64, known: Option<&Unit>, anchors: &BTreeSet<u64>) -> Member {
        let Some(unit) = known else { return Member { since: epoch, ..Member::default() } };
        let (before, shown) = (u64::from(unit.sampled), unit.shows(anchors));
        Member { since: epoch, before, shown, ..Member::default() }
    }

    /// All its sampled exchanges since it joined.
    pub(crate) fn sampled(&self, unit: &Unit) -> u64 {
        u64::from(unit.sampled).saturating_sub(self.before).max(self.joint)
    }

    /// Its sampled exchanges before it joined that were other work.
    pub(crate) fn own_before(&self) -> u64 {
        self.before.saturating_sub(self.shown)
    }

    /// Bits that the share of joint work in its own traffic brings, uncapped.
    pub(crate) fn traffic_bits(&self, unit: &Unit, trial: Trial) -> f64 {
        let other = self.sampled(unit).saturating_sub(self.joint) as f64;
        let of_member = trial.chance(JOINT_OF_MEMBER);
        let stranger = JOINT_OF_STRANGER;
        self.joint as f64 * (of_member / stranger).log2() + other * ((1.0 - of_member) / (1.0 - stranger)).log2()
    }

    /// Whether it gives a good part of its own traffic to the joint work. Only
    /// such members are bet on: whoever shows the template in passing is a
    /// stranger in all else, and a few of them would speak for the whole group.
    /// Volumes tell it, never what a bet is about, and earlier epochs alone.
    pub(crate) fn is_core(&self, unit: &Unit, trial: Trial) -> bool {
        self.traffic_bits(unit, trial) > 0.0
    }

    /// What it gives, as of a common list or of its own: its joint work tells it, and until
    /// there is enough of that all it sends, where the rest is too little to make a list of
    /// it. An operator may draw what else his accounts send from one.
    pub(crate) fn given(&self, unit: &Unit) -> Given {
        let is_nearly_all = (self.shown + self.joint) as f64 > (1.0 - LISTED_SHARE) * f64::from(unit.sampled);
        match self.given.is_known() {
            true => self.given,
            false if is_nearly_all => unit.given,
            false => Given::default(),
        }
    }

    /// How its joint turns compared with its own, without the wording that it keeps or
    /// with it.
    pub(crate) fn own_by(&self, wording: bool) -> &Own {
        if wording { &self.own_bare } else { &self.own }
    }

    /// Whether it sends anything besides the joint work, or did before.
    pub(crate) fn has_other_work(&self, unit: &Unit) -> bool {
        self.own_before() > 0 || self.sampled(unit) > self.joint
    }
}

impl Candidate {
    /// The `ordinal`-th candidate ever born, of which nothing else is known yet.
    pub(crate) fn born(ordinal: u64, epoch: i64) -> Candidate {
        Candidate { ordinal, share: budget_share(ordinal), born: epoch, first: epoch, last: epoch, ..Candidate::default() }
    }

    /// Whether a customer that shows its template may be of it, of whom it is known what
    /// it gives in all.
    pub(crate) fn may_be_of_it(&self, unit: u64, known: Given) -> bool {
        if !self.is_apart {
            return true;
        }
        let joint = [self.members.get(&unit).map(|member| member.given), self.refused.get(&unit).copied()];
        let given = joint.into_iter().flatten().find(|given| given.is_known()).unwrap_or(known);
        given.is_of_its_own() && !self.before.contains(&unit)
    }

    /// Notes an exchange with its template of one who may not be of it by all that is known:
    /// its work with the template may tell otherwise.
    pub(crate) fn refuse(&mut self, unit: u64, event: &Event, listed: &Listed) {
        let Some(fill) = event.given().filter(|_| !self.before.contains(&unit)) else { return };
        self.refused.entry(unit).or_default().take(listed.holds(unit, fill));
        if self.refused.len() > REFUSED {
            self.refused.pop_last();
        }
    }

    /// Takes in what an epoch saw of a customer with joint exchanges.
    pub(crate) fn take(&mut self, epoch: i64, (unit, known): (u64, Option<&Unit>), (joint, listed): (&[&Event], &Listed), sampled: usize) {
        for event in joint {
            self.count(epoch, unit, event);
        }
        let fresh = || Member::joining(epoch, known, &self.anchors);
        let member = self.members.entry(unit).or_insert_with(fresh);
        member.last = epoch;
        member.joint += joint.len() as u64;
        self.pool.remove(&member.history);
        for event in joint {
            member.clients.take(event.client);
            if !event.follows_up() {
                member.history.take(event);
            }
            if let Some(fill) = event.given() {
                member.given.take(listed.holds(unit, fill));
            }
        }
        self.pool.add(&member.history);
        if self.cells.len() < RASTER_CELLS {
            let other = sampled.saturating_sub(joint.len());
            self.cells.push((unit, epoch, joint.len() as u32, other as u32));
        }
        if self.exchanges == joint.len() as u64 {
            self.first = epoch;
        }
        self.last = epoch;
    }

    /// Counts one joint exchange.
    fn count(&mut self, epoch: i64, unit: u64, event: &Event) {
        self.exchanges += 1;
        self.habits.take(event);
        if !event.model_name.is_empty() && (self.by_model.len() < 16 || self.by_model.contains_key(&event.model_name)) {
            *self.by_model.entry(event.model_name.clone()).or_default() += 1;
        }
        if !event.follows_up() {
            self.fills.take(unit, event.fill);
        }
        self.addresses.take(event.address, unit);
        self.clients.take(event.client, unit);
        let is_new = self.exemplars.iter().all(|exemplar| exemplar.unit != unit);
        if self.exemplars.len() < EXEMPLARS && is_new && event.has_text {
            self.exemplars.push(Exemplar {
                id: event.id.clone(),
                unit,
                epoch,
                model: event.model_name.clone(),
                output_tokens: event.output_tokens,
                text: event.excerpt.clone(),
            });
        }
    }

    /// The starts of the exemplars' texts, of those whose texts were kept.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.exemplars.iter().map(|exemplar| exemplar.text.as_ref()).filter(|text| !text.is_empty())
    }

    /// Bits that bets on one dependence block brought.
    pub(crate) fn block_bits(&self, block: Block) -> f64 {
        Component::ALL.iter().filter(|c| c.block() == block).map(|&c| self.bits[c as usize]).sum()
    }

    /// Whether it has shown itself not to be one operator's work: its members
    /// resemble themselves more than dealt-out work does, or work from a common
    /// list. A phrase of several templates joins their users, who then
    /// differ by template; from then on a group within it may found its own.
    pub(crate) fn is_several(&self) -> bool {
        self.resemble_themselves() || self.is_parted || self.works_off_a_list()
    }

    /// Whether its members' latest joint turns resemble their own earlier ones.
    pub(crate) fn resemble_themselves(&self) -> bool {
        self.likeness.share().is_some_and(|share| share > SEVERAL_SHARE)
    }

    /// Whether its members resemble themselves by nothing but the wording that each puts
    /// around its tasks, beyond two standard errors. Its work is dealt out, though no bet can
    /// tell that takes the wording for a topic. One operator's it is only where more tells it
    /// (see `judge/wordings.rs`), and it is still several groups as far as births and merging
    /// go: the accounts of one wording may be told as well, and of two campaigns that share
    /// a phrase each.
    pub(crate) fn resemble_themselves_by_wording(&self) -> bool {
        self.resemble_themselves() && self.bare.high().is_some_and(|high| high <= SEVERAL_SHARE)
    }

    /// Whether they do as much as people at large or more: an operator may give each account a
    /// wording of its own. A mixture of those whose work is dealt out and others resembles
    /// itself less.
    pub(crate) fn keeps_a_wording_each(&self) -> bool {
        self.resemble_themselves_by_wording() && self.likeness.share().is_some_and(|share| share >= 1.0)
    }

    /// What each of those who work with it shows of its own work, in bits for work that is
    /// dealt out, without the wording that each keeps or with it; of those alone of whom it
    /// can be told.
    pub(crate) fn told_one_by_one(&self, working: &[u64], without_wording: bool) -> impl Iterator<Item = f64> {
        working.iter().filter_map(move |unit| self.members.get(unit)?.own_by(without_wording).told_bits())
    }

    /// Whether what was told of it is told no more. Once it was told, the latest
    /// comparisons are not enough: when a campaign stops or is shut out, those who
    /// copied its template go on, and would speak for everybody. So its working
    /// members must say it, too, each as much as the other. Nor are they enough where something
    /// else tells that its work is dealt out: the wording that each account keeps, or each
    /// account by itself.
    pub(crate) fn is_refuted(&self, working: &[u64], is_told_otherwise: bool) -> bool {
        let count = |(dealt, known), bits| (dealt + u64::from(bits > 0.0), known + 1);
        let (dealt, known) = self.told_one_by_one(working, false).fold((0_u64, 0_u64), count);
        let lasts = self.alarm.is_some() && known > 0 && dealt as f64 >= (1.0 - SEVERAL_SHARE) * known as f64;
        let resemble = self.resemble_themselves() && !is_told_otherwise;
        resemble && !lasts || self.is_parted || self.works_off_a_list()
    }

    /// Whether a group within it may found its own: it is several, or it was
    /// bet on for long and nothing came of it. A campaign that takes over a phrase
    /// of many is diluted by them, and they by it, until neither shows.
    pub(crate) fn may_hold_others(&self) -> bool {
        // What is cheaper to tell is told first.
        (self.log2_e <= 0.0 && self.likeness.share().is_some()) || self.is_several()
    }

    /// Takes another candidate's place in itself: anchors, members, budget, and
    /// the mean of both e-values weighted by what each may spend. Both are
    /// e-processes with mean at most one, so the mean is one too.
    pub(crate) fn absorb(&mut self, other: Candidate) {
        let all = self.share + other.share;
        let top = self.log2_e.max(other.log2_e);
        let mean = self.share / all * (self.log2_e - top).exp2() + other.share / all * (other.log2_e - top).exp2();
        self.log2_e = top + mean.log2();
        self.share = all;
        self.ordinal = self.ordinal.min(other.ordinal);
        self.anchors.extend(other.anchors);
        for (unit, member) in other.members {
            // Of one that is a member of both, what is known best.
            let known = self.members.entry(unit).or_default();
            if member.joint >= known.joint {
                self.pool.remove(&known.history);
                self.pool.add(&member.history);
                *known = member;
            }
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        if other.exchanges > self.exchanges {
            (self.exchanges, self.habits, self.by_model) = (other.exchanges, other.habits, other.by_model);
            (self.fills, self.steps, self.cells) = (other.fills, other.steps, other.cells);
        }
        self.addresses.extend(other.addresses);
        self.clients.extend(other.clients);
        self.is_parted |= other.is_parted;
        self.before.retain(|unit| other.before.contains(unit));
        // It was told when the first of both was.
        let first_of = |left: Option<i64>, right: Option<i64>| left.into_iter().chain(right).min();
        self.confirmed = first_of(self.confirmed, other.confirmed);
        self.alarm = first_of(self.alarm, other.alarm);
        if other.log2_e >= top {
            (self.bits, self.bettors) = (other.bits, other.bettors);
            (self.likeness, self.bare) = (other.likeness, other.bare);
        }
    }
}

/// The share of the error budget of the `ordinal`-th candidate ever born:
/// proportional to `1/(j log²(j+1))`, whose sum over all j is below 3.4 (the
/// first three terms are 2.08 + 0.41 + 0.17; the rest is under the integral of
/// `1/(x ln² x)` from 4, 1/ln 4 = 0.72).
fn budget_share(ordinal: u64) -> f64 {
    let j = ordinal.max(1) as f64;
    1.0 / (3.4 * j * (j + 1.0).ln().powi(2))
}

#[cfg(test)]
mod tests;
