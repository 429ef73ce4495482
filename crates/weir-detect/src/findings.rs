//! What a detector tells: dossiers, member lines, and what a page draws.

use weir_acts::Time;

use crate::bet::Block;
use crate::candidate::Candidate;
use crate::constants;
use crate::dossier::{
    Axes, Dossier, Evidence, Family, InnocentUse, Lookalike, MemberLine, Provenance, Related, Role, Sample,
    State as Growing, Status, Taken, Weighed,
};
use crate::judge::{self, Piece, Verdict, sum};
use crate::member;
use crate::picture::Picture;
use crate::sketch::CLASSES;
use crate::standing::Kind;
use crate::state::State;

mod draw;
mod twice;

/// What stands after the epochs folded so far, strongest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// One dossier each.
    pub dossiers: Vec<Dossier>,
    /// Lines of `members.jsonl`: in the order of the dossiers, the strongest
    /// account first.
    pub members: Vec<MemberLine>,
    /// What a page draws, in the order of the dossiers.
    pub pictures: Vec<Picture>,
}

const GUARANTEE: &str = "Of linkage alone: if within each epoch, given each account's volume, the rhythm of the \
    population and what it showed before, unrelated accounts' turns and moments are independent, and each account's \
    opening turns resemble its own earlier ones at least half as much as those of customers at large whose turns have as \
    many words and whose history is as long, and as much as those of most families, then the chance that \
    this deployment ever confirms any false candidate is at most alpha. Harvest and concealment are stated thresholds.";

pub(crate) fn of(state: &State) -> Findings {
    let mut found: Vec<(&Candidate, Verdict, Status)> = state
        .candidates
        .iter()
        .filter(|candidate| candidate.alarm.is_some())
        .filter_map(|candidate| {
            let verdict = judge::verdict(candidate, state);
            verdict.status.map(|status| (candidate, verdict, status))
        })
        .collect();
    found.sort_by(|left, right| right.0.log2_e.total_cmp(&left.0.log2_e).then(left.0.ordinal.cmp(&right.0.ordinal)));
    twice::keep_what_stands(&mut found);
    let mut findings = Findings::default();
    for (candidate, verdict, status) in &found {
        let id = id_of(candidate, state);
        let group = member::Group::of(candidate, verdict, state);
        let mut lines: Vec<MemberLine> = candidate
            .members
            .keys()
            .filter_map(|&unit| {
                let line = member::line(candidate, (verdict, &group), state, &id, unit)?;
                is_told(&line, verdict.core.binary_search(&unit).is_ok()).then_some(line)
            })
            .collect();
        lines.sort_by(|left, right| right.bits.total_cmp(&left.bits).then(left.account.cmp(&right.account)));
        let related = related(candidate, &found, state);
        findings.dossiers.push(dossier(candidate, verdict, *status, &id, &lines, related, state));
        findings.pictures.push(draw::picture(candidate, verdict, &id, &lines, state));
        findings.members.extend(lines);
    }
    findings
}

/// Whether an account is told with a finding: it works with the template, as the owner
/// of a stolen key does without knowing it, or more speaks for its being of the group than
/// against. Who showed a phrase of a template once, in other work, is none of its business.
fn is_told(line: &MemberLine, works_with_it: bool) -> bool {
    works_with_it || line.bits >= 0.0
}

/// From the anchor it was born for and the day it was born.
fn id_of(candidate: &Candidate, state: &State) -> String {
    let born = Time::from_millis(candidate.born * state.epoch_millis).to_string();
    let day: String = born.chars().take(10).filter(char::is_ascii_digit).collect();
    let letters = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut rest = candidate.pivot;
    let name: String = (0..6)
        .map(|_| {
            let letter = letters[(rest % letters.len() as u64) as usize];
            rest /= letters.len() as u64;
            char::from(letter)
        })
        .collect();
    format!("{name}-{day}")
}

fn end_of(epoch: i64, state: &State) -> Time {
    Time::from_millis((epoch + 1) * state.epoch_millis)
}

fn dossier(
    candidate: &Candidate,
    verdict: &Verdict,
    status: Status,
    id: &str,
    lines: &[MemberLine],
    related: Vec<Related>,
    state: &State,
) -> Dossier {
    let now = state.epoch.unwrap_or(candidate.last);
    let day = 86_400_000 / state.epoch_millis.max(1);
    let pieces = verdict.linkage.iter().chain(&verdict.harvest).chain(verdict.concealment.iter().flatten());
    let (speaks_for, speaks_against): (Vec<&Piece>, Vec<&Piece>) =
        pieces.filter(|piece| piece.bits != 0.0).partition(|piece| piece.bits > 0.0);
    let evidence = |piece: &Piece| Evidence {
        block: piece.block.to_owned(),
        what: piece.what.clone(),
        bits: piece.bits,
        accounts: piece.accounts,
    };
    Dossier {
        id: id.to_owned(),
        status,
        log2_e: candidate.log2_e,
        alarm: end_of(candidate.alarm.unwrap_or(now), state),
        state: if candidate.last + day >= now { Growing::Growing } else { Growing::Quiet },
        accounts: lines.len() as u64,
        exchanges: candidate.exchanges,
        first: Time::from_millis(candidate.first * state.epoch_millis),
        last: end_of(candidate.last, state),
        axes: Axes {
            linkage: sum(&verdict.linkage),
            harvest: sum(&verdict.harvest),
            concealment: verdict.concealment.as_deref().map(sum),
        },
        evidence: speaks_for.into_iter().map(evidence).collect(),
        against: speaks_against.into_iter().map(|p| Weighed { what: p.what.clone(), bits: p.bits }).collect(),
        families: families(candidate),
        taken: taken(candidate),
        nearest_lookalike: lookalike(candidate, verdict),
        samples: samples(candidate),
        related,
        innocent_use: innocent_use(candidate, lines, state),
        not_used: not_used(verdict, candidate),
        guarantee: GUARANTEE.to_owned(),
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            constants: constants::digest(),
            ..Provenance::default()
        },
    }
}

fn families(candidate: &Candidate) -> Vec<Family> {
    let texts: Vec<&str> = candidate.texts().collect();
    draw::template_of(&texts)
        .map(|pieces| Family {
            template: pieces
                .iter()
                .map(|piece| match piece {
                    crate::picture::Piece::Fixed(text) => text.as_str(),
                    crate::picture::Piece::Slot(_) => "⟨…⟩",
                })
                .collect(),
            share: 1.0,
        })
        .into_iter()
        .collect()
}

fn taken(candidate: &Candidate) -> Taken {
    let events = candidate.habits.events.max(1) as f64;
    let models: u64 = candidate.by_model.values().sum();
    Taken {
        exchanges: candidate.exchanges,
        output_tokens: candidate.habits.output_tokens,
        by_model: candidate
            .by_model
            .iter()
            .map(|(model, &count)| (model.to_string(), count as f64 / models.max(1) as f64))
            .collect(),
        by_class: CLASSES
            .iter()
            .zip(candidate.habits.asks)
            .filter(|(_, count)| *count > 0)
            .map(|(class, count)| ((*class).to_owned(), count as f64 / events))
            .collect(),
    }
}

fn lookalike(candidate: &Candidate, verdict: &Verdict) -> Lookalike {
    let repeats = candidate.repeats();
    let open = verdict.concealment.as_deref().map_or(0.0, sum);
    let (kind, told_apart_by) = if repeats.share > 0.05 {
        (
            "evaluation harness or class",
            format!(
                "{} of {} sampled fills repeat across accounts, too few and too evenly for a common list",
                repeats.repeated, repeats.fills
            ),
        )
    } else if open < 2.0 * crate::constants::CONCEALMENT_BITS && verdict.concealment.is_some() {
        ("firm with undeclared keys", "no shared payer, e-mail domain or office, and the signs of hiding listed above".to_owned())
    } else {
        let told = match verdict.one_by_one {
            Some(told) => format!("of {} of these, of whom it can be told, {} do not", told.known, told.dealt),
            None => format!("these do not ({:.1} bits)", candidate.block_bits(Block::Text)),
        };
        ("unrelated users of one tool", format!("users of a tool resemble their own earlier work; {told}"))
    };
    Lookalike { kind: kind.to_owned(), told_apart_by }
}

fn samples(candidate: &Candidate) -> Vec<Sample> {
    let with_id = candidate.exemplars.iter().filter(|exemplar| !exemplar.id.is_empty());
    with_id.map(|exemplar| Sample { exchange: exemplar.id.to_string(), role: "joint work".to_owned() }).collect()
}

fn related(candidate: &Candidate, found: &[(&Candidate, Verdict, Status)], state: &State) -> Vec<Related> {
    found
        .iter()
        .filter(|(other, ..)| other.ordinal != candidate.ordinal)
        .filter_map(|(other, ..)| {
            let shared = candidate.addresses.shared(&other.addresses);
            let accounts = candidate.members.keys().filter(|unit| other.members.contains_key(unit)).count();
            let shared = match (shared, accounts) {
                (0, 0) => return None,
                (0, accounts) => format!("{accounts} accounts"),
                (addresses, 0) => format!("{addresses} addresses"),
                (addresses, accounts) => format!("{addresses} addresses and {accounts} accounts"),
            };
            Some(Related { campaign: id_of(other, state), shared })
        })
        .collect()
}

fn innocent_use(candidate: &Candidate, lines: &[MemberLine], state: &State) -> InnocentUse {
    let members: std::collections::BTreeSet<&str> =
        lines.iter().filter(|line| line.role == Role::Member).map(|line| line.account.as_str()).collect();
    let acted_on = candidate.members.iter().filter(|(unit, _)| {
        state.units.get(unit).is_some_and(|known| members.contains(known.name.as_ref()))
    });
    let mut exchanges_outside = 0;
    let mut oldest: Option<i64> = None;
    for (unit, member) in acted_on {
        let sampled = state.units.get(unit).map_or(member.joint, |known| member.sampled(known));
        exchanges_outside += sampled.saturating_sub(member.joint) + member.before;
        if let Some(created) = state.facts.get(unit).and_then(|facts| facts.created) {
            oldest = Some(oldest.map_or(created, |oldest| oldest.min(created)));
        }
    }
    InnocentUse { exchanges_outside, oldest_account: oldest.map(Time::from_millis) }
}

fn not_used(verdict: &Verdict, candidate: &Candidate) -> Vec<String> {
    let mut not_used: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| verdict.standing.kind(*kind).is_none())
        .map(|kind| format!("{}: {} is missing for most accounts", kind.name(), kind.field()))
        .collect();
    let unbet = crate::bet::Component::ALL.into_iter().filter(|&c| candidate.bettors[c as usize] == 0);
    not_used.extend(unbet.map(|component| format!("not bet on: {}", component.what())));
    if verdict.concealment.is_none() {
        not_used.push("concealment: no facts on the accounts; give --accounts".to_owned());
    }
    not_used
}
