//! Likeness: whether a customer's turns resemble its own earlier ones more than
//! others' do. People who share a tool resemble themselves; work that is dealt
//! out from one queue does not.
//!
//! How much even the same person's turns can show of that depends on how much
//! there is to compare: a turn of three words says next to nothing of its
//! author, and a history of two turns hardly holds what the third is about. So
//! everything here is held against customers outside every candidate *of the
//! same stratum*: as many topic words in the turn, as long a history. Without
//! that, programs that call with short records, and groups that have just met,
//! seem unlike themselves though nobody deals their work out.

use serde::{Deserialize, Serialize};

use crate::bet::Moments;
use crate::constants::{
    BET_PRIOR, BET_TOPIC, DEALT_LEAST, FAMILY_COMPARED, HISTORY_STRATA, LIKENESS_KEEP, LIKENESS_MOST, LIKENESS_SHARE, PAYOFF_KEEP,
    REFERENCE_LEAST, REFERENCE_STRATUM, STRATUM_BELOW, TOPIC_FLOOR, TOPIC_STRATA, WRAPPED_SHARE, WRAPPER_SHARE,
};
use crate::profile::Event;
use crate::unit::{History, Pool};

/// What decides how much a comparison can show: how many topic words its turns
/// have on average, and how many turns the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stratum(usize);

const HISTORIES: usize = HISTORY_STRATA.len() + 1;
const WORDS: usize = TOPIC_STRATA.len() + 1;
/// With a wrapper left out and with none.
const STRATA: usize = 2 * WORDS * HISTORIES;

/// What most of a customer's own turns show alike: the wrapper that it puts around
/// its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// It counts as any other text does. The null speaks of this.
    Counted,
    /// It is left out, so that accounts that keep a wording each are told from
    /// people who keep to a topic.
    LeftOut,
}

impl Stratum {
    fn of(words: f64, history: u32, is_wrapped: bool) -> Stratum {
        let above = |edges: &[f64], value: f64| edges.iter().filter(|edge| value >= **edge).count();
        let words = usize::from(is_wrapped) * WORDS + above(&TOPIC_STRATA, words);
        Stratum(words * HISTORIES + above(&HISTORY_STRATA, f64::from(history)))
    }
}

/// A comparison of a customer's turns with its own history and the pool of
/// others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Likeness {
    /// How much more its own history shows what the turn shows: own share less
    /// pool's share, at most [`LIKENESS_MOST`]. At most 0 on average when turns
    /// are dealt out from the pool, however short the histories.
    pub(crate) excess: f64,
    /// What the excess would be if its history showed nothing else: 1 less the
    /// pool's share. The ratio of both means is the intra-account correlation;
    /// where everybody shows the same there is no room and nothing to bet on.
    pub(crate) room: f64,
    pub(crate) stratum: Stratum,
}

/// Compares a customer's opening turns with its own history and the pool, by
/// topic. The mean over the turns, so that one busy session counts once.
pub(crate) fn likeness<'e>(
    events: impl Iterator<Item = &'e Event>,
    own: &History,
    pool: &Pool,
    own_is_in_pool: bool,
    wrapper: Wrapper,
) -> Option<Likeness> {
    let others = pool.count.saturating_sub(if own_is_in_pool { u64::from(own.count) } else { 0 });
    // Of one turn alone all would be its wrapper.
    let least = if wrapper == Wrapper::LeftOut { 2 } else { 1 };
    if own.count < least || others == 0 {
        return None;
    }
    let share = |bucket: u8| {
        let own_count = own.topics.of_bucket(bucket);
        let all = pool.topics[usize::from(bucket)];
        let rest = if own_is_in_pool { all.saturating_sub(u64::from(own_count)) } else { all };
        ((f64::from(own_count) / f64::from(own.count)).min(1.0), (rest as f64 / others as f64).min(1.0))
    };
    let most = if wrapper == Wrapper::LeftOut { WRAPPER_SHARE } else { f64::INFINITY };
    let (mut excess, mut room, mut words, mut all, mut count) = (0.0, 0.0, 0_usize, 0_usize, 0.0_f64);
    for event in events.filter(|event| !event.follows_up()) {
        let Some(turn) = topic_likeness(event, &share, most) else { continue };
        count += 1.0;
        excess += turn.excess;
        room += turn.room;
        words += turn.words;
        all += event.topic.len();
    }
    let is_wrapped = (words as f64) <= (1.0 - WRAPPED_SHARE) * all as f64;
    (count > 0.0).then(|| Likeness {
        excess: (excess / count).min(LIKENESS_MOST),
        room: room / count,
        stratum: Stratum::of(words as f64 / count, own.count, is_wrapped),
    })
}

/// What one turn shows.
struct Turn {
    excess: f64,
    room: f64,
    /// Its topic words that counted.
    words: usize,
}

/// Buckets that much of the pool shows are the template's or everybody's, so rare
/// ones weigh more; those that so many of one's own turns show count for nothing. None
/// where nothing else is there.
fn topic_likeness(event: &Event, share: &impl Fn(u8) -> (f64, f64), most: f64) -> Option<Turn> {
    let (mut turn, mut weights) = (Turn { excess: 0.0, room: 0.0, words: 0 }, 0.0);
    for &bucket in &event.topic {
        let (mine, theirs) = share(bucket);
        if mine >= most {
            continue;
        }
        let weight = 1.0 / (theirs + TOPIC_FLOOR);
        turn.excess += weight * (mine - theirs);
        turn.room += weight * (1.0 - theirs);
        turn.words += 1;
        weights += weight;
    }
    (weights > 0.0).then(|| Turn { excess: turn.excess / weights, room: turn.room / weights, ..turn })
}

/// Comparisons of one stratum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Compared {
    excess: Moments,
    room: Moments,
}

impl Compared {
    fn take(&mut self, value: Likeness) {
        self.excess.take(value.excess);
        self.room.take(value.room);
    }

    /// So many standard errors below the mean.
    fn below(&self, errors: f64) -> Option<f64> {
        let room = self.room.mean();
        (room > 0.0).then(|| self.excess.below(errors) / room)
    }
}

/// How much unrelated people of a stratum resemble themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usual {
    /// The intra-account correlation, and [`STRATUM_BELOW`] standard errors below it.
    mean: f64,
    low: f64,
    /// The variance of one comparison's excess, and its room on average.
    variance: f64,
    room: f64,
}

/// How much unrelated people resemble themselves, from earlier epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reference {
    all: Compared,
    strata: [Compared; STRATA],
}

impl Reference {
    pub(crate) fn fade(&mut self, keep: f64) {
        for compared in self.strata.iter_mut().chain([&mut self.all]) {
            compared.excess.fade(keep);
            compared.room.fade(keep);
        }
    }

    pub(crate) fn take(&mut self, value: Likeness) {
        self.all.take(value);
        self.strata[value.stratum.0].take(value);
    }

    pub(crate) fn add(&mut self, other: &Reference) {
        let others = other.strata.iter().chain([&other.all]);
        for (compared, other) in self.strata.iter_mut().chain([&mut self.all]).zip(others) {
            compared.excess.add(&other.excess);
            compared.room.add(&other.room);
        }
    }

    /// The intra-account correlation of all together, two standard errors low; none
    /// until enough was seen.
    pub(crate) fn low(&self) -> Option<f64> {
        (self.all.excess.count >= REFERENCE_LEAST).then(|| self.all.below(2.0)).flatten()
    }

    /// What is usual in a stratum; none until enough was seen, and none where people
    /// do not resemble themselves so that it could be told: there nothing can be said.
    /// While a log is young few have histories as long as those who work all day. Fewer
    /// words and a shorter history show less, so what is usual of these and less is the
    /// least of what is usual of more.
    pub(crate) fn usual(&self, stratum: Stratum) -> Option<Usual> {
        if self.all.excess.count < REFERENCE_LEAST {
            return None;
        }
        let (words, history) = (stratum.0 / HISTORIES, stratum.0 % HISTORIES);
        let fewest = words - words % WORDS;
        let of = |least_words: usize, least_history: usize| {
            let mut of = Compared::default();
            for place in (least_words..=words).flat_map(|words| (least_history..=history).map(move |h| words * HISTORIES + h)) {
                of.excess.add(&self.strata[place].excess);
                of.room.add(&self.strata[place].room);
            }
            (of.excess.count >= REFERENCE_STRATUM).then_some(of)
        };
        let compared = of(words, history).or_else(|| of(words, 0)).or_else(|| of(fewest, 0))?;
        let (room, variance) = (compared.room.mean(), compared.excess.variance());
        let usual = Usual { mean: compared.excess.mean() / room, low: compared.below(STRATUM_BELOW)?, variance, room };
        (usual.low > 0.0 && variance > 0.0).then_some(usual)
    }

    /// The share of what is usual that the null holds a family's users to keep at
    /// least. Where this epoch's other customers show less than earlier ones (a
    /// launch or an outage moves everybody), that share of what they show; no more
    /// than most families show.
    pub(crate) fn share(now: &Relative, families: Option<f64>) -> Option<f64> {
        let share = LIKENESS_SHARE * now.low().map_or(1.0, |now| now.min(1.0));
        let share = families.map_or(share, |families| families.min(share));
        (share > 0.0).then_some(share)
    }
}

/// How much some customers resembled themselves, as a share of what was usual in
/// the strata of their comparisons: 1 as people at large, 0 where work is dealt
/// out. Each comparison counts by how much it can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relative {
    excess: Moments,
    usual: Moments,
}

impl Relative {
    /// Takes a comparison in, where the reference knows its stratum.
    pub(crate) fn take(&mut self, value: Likeness, reference: &Reference) {
        if let Some(usual) = reference.usual(value.stratum) {
            let weight = usual.low * usual.room / usual.variance;
            self.excess.take(weight * value.excess);
            self.usual.take(weight * usual.low * value.room);
        }
    }

    /// The same, where the latest comparisons count.
    pub(crate) fn take_latest(&mut self, value: Likeness, reference: &Reference) {
        self.excess.fade(LIKENESS_KEEP);
        self.usual.fade(LIKENESS_KEEP);
        self.take(value, reference);
    }

    /// None until enough was seen.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.excess.count >= FAMILY_COMPARED).then(|| self.excess.mean() / self.usual.mean())
    }

    /// Two standard errors high; none until so much was seen that they say something.
    pub(crate) fn high(&self) -> Option<f64> {
        (self.excess.count >= REFERENCE_LEAST).then(|| self.excess.below(-2.0) / self.usual.mean())
    }

    /// Two standard errors low; none until enough was seen.
    fn low(&self) -> Option<f64> {
        (self.excess.count >= REFERENCE_LEAST).then(|| self.excess.below(2.0) / self.usual.mean())
    }
}

/// A bet that a member's turns resemble its own no more than the null holds them
/// to at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TopicBet {
    /// Above 0 where they resemble its own less: at most 0 on average under the null.
    pub(crate) payoff: f64,
    /// The payoff's mean where work is dealt out, and its variance: by the stratum
    /// alone, so that a stake may rest on them.
    dealt: f64,
    variance: f64,
}

impl TopicBet {
    /// None where nothing is usual.
    pub(crate) fn of(value: Likeness, reference: &Reference, share: f64) -> Option<TopicBet> {
        let usual = reference.usual(value.stratum)?;
        let least = share * usual.low;
        Some(TopicBet { payoff: least * value.room - value.excess, dealt: least * usual.room, variance: usual.variance })
    }
}

/// What bets on topics brought a candidate so far, as a share of what they would
/// have brought were its work dealt out: 1 then, at most 0 under the null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gain {
    won: f64,
    dealt: f64,
}

impl Gain {
    /// Weighted by how much each could tell; the latest count.
    pub(crate) fn take(&mut self, bet: &TopicBet) {
        let weight = bet.dealt / bet.variance;
        self.won = PAYOFF_KEEP * self.won + weight * bet.payoff;
        self.dealt = PAYOFF_KEEP * self.dealt + weight * bet.dealt;
    }

    /// The growth-optimal stake for the share seen so far (mean over variance),
    /// begun as if work were dealt out. One share for the whole group and all
    /// strata: a share for each member would seek out the few who resemble
    /// themselves less than others do.
    pub(crate) fn stake(&self, bet: &TopicBet) -> f64 {
        let prior = BET_PRIOR * bet.dealt * bet.dealt / bet.variance;
        let share = (self.won + prior) / (self.dealt + prior);
        (share * bet.dealt / bet.variance).clamp(0.0, BET_TOPIC)
    }
}

/// What a member showed of itself in a candidate: how its joint turns compared
/// with its own joint history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    count: f64,
    bits: f64,
}

impl Own {
    pub(crate) fn take(&mut self, value: Likeness, reference: &Reference) {
        if let Some(usual) = reference.usual(value.stratum) {
            let expected = usual.mean * value.room;
            self.count += 1.0;
            self.bits += expected * (expected / 2.0 - value.excess) / usual.variance * std::f64::consts::LOG2_E;
        }
    }

    /// Bits for work that is dealt out to the member (mean excess 0) against
    /// work of its own (mean excess as among unrelated people), both normal
    /// with the spread seen among the latter.
    pub(crate) fn dealt_bits(&self) -> f64 {
        self.told_bits().unwrap_or(0.0)
    }

    /// The same; none until enough was seen.
    pub(crate) fn told_bits(&self) -> Option<f64> {
        (self.count >= DEALT_LEAST).then_some(self.bits)
    }

    /// Whether they rather show that it is; none until enough was seen.
    pub(crate) fn is_dealt(&self) -> Option<bool> {
        self.told_bits().map(|bits| bits > 0.0)
    }
}

#[cfg(test)]
mod tests;
