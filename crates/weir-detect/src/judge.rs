//! The verdict over one candidate: three axes in bits, each piece in words. The
//! e-process alone carries the guarantee; harvest and concealment are stated
//! thresholds whose errors the benchmark measures.

mod concealment;
mod dealt;
pub(crate) mod exits;
mod firms;
pub(crate) mod hands;
mod harvest;
mod pivot;
mod quota;
mod usual;
mod wordings;

use crate::bet::{Block, Component};
use crate::candidate::Candidate;
use crate::constants::{BLOCK_COUNTS, CONCEALMENT_BITS, HARVEST_BITS, NEW_BITS, TENURE_LEAST};
use crate::dossier::Status;
use crate::settings::Without;
use crate::standing::{Kind, Standing};
use crate::state::State;
use dealt::OneByOne;
use firms::Firms;
pub(crate) use pivot::Pivot;
use usual::Usual;

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) block: &'static str,
    pub(crate) what: String,
    pub(crate) bits: f64,
    pub(crate) accounts: u64,
}

/// The verdict over one candidate.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// None where an axis is missing.
    pub(crate) status: Option<Status>,
    /// Those who give a good part of their own traffic to the joint work.
    pub(crate) core: Vec<u64>,
    /// When each of them began, sorted.
    pub(crate) begun: Vec<i64>,
    pub(crate) standing: Standing,
    /// Those of them who are firms'.
    pub(crate) firms: Firms,
    /// How many of them have two hands on them, and of how many another's is rather in use
    /// than not.
    pub(crate) hands: Usual,
    pub(crate) hands_in_use: Usual,
    /// How many of them did work of their own before the joint one.
    pub(crate) tenure: Usual,
    /// Whether its work is dealt out under a wording that each account keeps, one or several, by
    /// one operator.
    pub(crate) by_wording: bool,
    /// That it is dealt out, where its members tell it one by one and the group as a whole,
    /// with those who copied it, does not.
    pub(crate) one_by_one: Option<OneByOne>,
    /// None where the group did not go over to a new model as nobody else did.
    pub(crate) pivot: Option<Pivot>,
    pub(crate) linkage: Vec<Piece>,
    pub(crate) harvest: Vec<Piece>,
    /// None where it cannot be assessed.
    pub(crate) concealment: Option<Vec<Piece>>,
}

impl Verdict {
    /// Whether what an account shows of work of its own is asked without the wording it keeps.
    pub(crate) fn is_without_wording(&self) -> bool {
        self.by_wording || self.one_by_one.is_some_and(|told| told.without_wording)
    }
}

pub(crate) fn sum(pieces: &[Piece]) -> f64 {
    pieces.iter().map(|piece| piece.bits).sum()
}

/// Bits of a pivot and of use out of line with the plan, of a candidate whatever its
/// e-process says: for measurements.
pub(crate) fn beside(candidate: &Candidate, state: &State) -> (f64, f64) {
    let core = state.core_of(candidate);
    let pivot = Pivot::of(candidate, &core, state).and_then(|pivot| pivot.piece());
    let bits = |piece: Option<Piece>| piece.map_or(0.0, |piece| piece.bits);
    (bits(pivot), bits(quota::piece(candidate, &core, state)))
}

pub(crate) fn verdict(candidate: &Candidate, state: &State) -> Verdict {
    let core = state.core_of(candidate);
    let mut begun: Vec<i64> = core.iter().filter_map(|unit| Some(candidate.members.get(unit)?.since)).collect();
    begun.sort_unstable();
    let standing = Standing::of(candidate, &core, state);
    let known = |unit: &u64| candidate.members.get(unit).zip(state.units.get(unit));
    let uses_of_another =
        |unit| known(unit).map_or(0, |(member, unit)| hands::uses_of_another(member, unit, &standing));
    let uses: Vec<u64> = core.iter().map(uses_of_another).collect();
    let hands = Usual::of(&uses, |uses| *uses > 0);
    let hands_in_use = Usual::of(&uses, |uses| hands::is_in_use(*uses));
    let tenure = Usual::of(&core, |unit| known(unit).is_some_and(|(member, _)| member.own_before() >= TENURE_LEAST));
    let by_wording = wordings::are_of_one(candidate, &core, &standing, state);
    let linkage = linkage(candidate, &standing);
    let trial = state.trial;
    let unasked = trial.leaves_out(Without::Text) || trial.leaves_out(Without::Interchangeability);
    let is_told_together = by_wording || !candidate.resemble_themselves() && is_told_by(candidate, false, Block::Text);
    let one_by_one = if unasked || is_told_together { None } else { one_by_one(candidate, &core) };
    let counted = |mut pieces: Vec<Piece>| {
        if trial.leaves_out(Without::Negative) {
            pieces.retain(|piece| piece.bits > 0.0);
        }
        pieces
    };
    let pivot = Pivot::of(candidate, &core, state);
    let mut harvest = harvest::pieces(candidate, core.len() as u64, (by_wording, one_by_one), state);
    harvest.extend(pivot.as_ref().and_then(Pivot::piece));
    let harvest = counted(harvest);
    let firms = Firms::of(candidate, &core, state);
    let concealment = concealment::pieces(candidate, &core, (&standing, &firms), state).map(counted);
    let is_told_otherwise = by_wording || one_by_one.is_some();
    let is_told_by = |block: Block| is_told_by(candidate, is_told_otherwise, block);
    let two_blocks = two_blocks(&standing, is_told_by);
    // Users of a tool may share a network and ask alike; work that is dealt out
    // is interchangeable.
    let several = candidate.is_refuted(&core, is_told_otherwise);
    let dealt = unasked || (!several && is_told_by(Block::Text));
    let shown = candidate.confirmed.is_some() && two_blocks && dealt && core.len() >= 3 && sum(&harvest) >= trial.needs(HARVEST_BITS);
    let hides_but_for_a_domain = |pieces: &[Piece]| {
        concealment::open::but_for_a_domain(pieces, &standing).is_some_and(|bits| bits >= trial.needs(CONCEALMENT_BITS))
    };
    let status = match &concealment {
        _ if !shown => None,
        None => Some(Status::Suspected),
        Some(pieces) if sum(pieces) >= trial.needs(CONCEALMENT_BITS) => Some(Status::Campaign),
        // Who pays is not known, and so not whether that is hidden.
        Some(pieces) if standing.kind(Kind::Payment).is_none() && sum(pieces) >= trial.needs(NEW_BITS) => Some(Status::Suspected),
        // Nor whether a firm's domain is one.
        Some(pieces) if hides_but_for_a_domain(pieces) => Some(Status::Suspected),
        Some(_) => None,
    };
    Verdict { status, core, begun, standing, firms, hands, hands_in_use, tenure, by_wording, one_by_one, pivot, linkage, harvest, concealment }
}

/// What its members tell one by one, with their wording or, where they keep one, without.
fn one_by_one(candidate: &Candidate, core: &[u64]) -> Option<OneByOne> {
    let without_wording = || OneByOne::of(candidate, core, true).filter(|_| wordings::are_the_same(candidate, core));
    OneByOne::of(candidate, core, false).or_else(without_wording)
}

/// Whether what its members did tells of it by a block: bets do, and of work that is
/// dealt out under a wording each, or to most of them, the text does, though no bet can tell.
fn is_told_by(candidate: &Candidate, is_dealt: bool, block: Block) -> bool {
    candidate.block_bits(block) >= 2.0 * BLOCK_COUNTS || (block == Block::Text && is_dealt)
}

/// At least two dependence blocks, one of them text or time.
fn two_blocks(standing: &Standing, is_told_by: impl Fn(Block) -> bool) -> bool {
    let counts = |block: Block| {
        // When accounts were put to work speaks for a member beside all else; strangers
        // who come by one event begin together, too.
        let stands = block != Block::Time && standing.block(block).is_some_and(|values| values.mean >= BLOCK_COUNTS);
        is_told_by(block) || stands
    };
    let by_text_or_time = [Block::Text, Block::Time].into_iter().any(&is_told_by);
    by_text_or_time && Block::ALL.into_iter().filter(|&block| counts(block)).count() >= 2
}

fn linkage(candidate: &Candidate, standing: &Standing) -> Vec<Piece> {
    let bets = Component::ALL.into_iter().filter(|&c| candidate.bettors[c as usize] > 0).map(|component| Piece {
        block: component.block().name(),
        what: component.what().to_owned(),
        bits: candidate.bits[component as usize],
        accounts: candidate.members.values().filter(|member| member.bits[component as usize] != 0.0).count() as u64,
    });
    let stands = Block::ALL.into_iter().filter_map(|block| standing.block(block)).map(|values| {
        let shared = values.inside.values().filter(|&&count| count > 1).sum::<u64>();
        Piece {
            block: values.kind.block().name(),
            what: format!(
                "{}: shared by {shared} of {} known, weighed against customers outside (standing, not in the e-value; {})",
                values.kind.name(),
                values.known,
                values.sharing()
            ),
            bits: values.mean,
            accounts: shared,
        }
    });
    bets.chain(stands).collect()
}

/// How far a share inside lies above one outside, in bits over all of `count`,
/// at most `most`; 0 where it lies below.
pub(crate) fn excess(inside: f64, outside: f64, count: f64, most: f64) -> f64 {
    let (inside, outside) = (inside.clamp(0.0, 1.0), outside.clamp(1e-4, 1.0 - 1e-4));
    if inside <= outside {
        return 0.0;
    }
    let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).log2() } else { 0.0 };
    (count * (part(inside, outside) + part(1.0 - inside, 1.0 - outside))).min(most)
}
