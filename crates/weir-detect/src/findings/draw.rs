//! What a page draws of a finding.

use std::collections::BTreeMap;

use weir_acts::Time;

use crate::candidate::Candidate;
use crate::dossier::{MemberLine, Role};
use crate::judge::Verdict;
use crate::picture::{
    Cell, Compared, FilledText, Growth, NETWORK_ACCOUNTS, NETWORK_VALUES, Network, NetworkAccount, Picture, Piece,
    RASTER_ACCOUNTS, RASTER_STEPS, Raster, RasterRow, SharedValue, Shown, ShownMessage, TemplateTexts,
};
use crate::state::State;

pub(crate) fn picture(
    candidate: &Candidate,
    verdict: &Verdict,
    id: &str,
    lines: &[MemberLine],
    state: &State,
) -> Picture {
    let units = units_by_name(candidate, state);
    Picture {
        campaign: id.to_owned(),
        raster: raster(candidate, lines, &units, state),
        network: network(candidate, verdict, lines, &units, state),
        templates: templates(candidate, lines, state),
        compared: compared(candidate, state),
        growth: growth(candidate, state),
    }
}

fn units_by_name<'s>(candidate: &Candidate, state: &'s State) -> BTreeMap<&'s str, u64> {
    let named = candidate.members.keys().filter_map(|id| state.units.get(id).map(|unit| (unit.name.as_ref(), *id)));
    named.collect()
}

fn raster(candidate: &Candidate, lines: &[MemberLine], units: &BTreeMap<&str, u64>, state: &State) -> Raster {
    let epochs = u32::try_from(candidate.last - candidate.first + 1).unwrap_or(u32::MAX).max(1);
    let width = epochs.div_ceil(RASTER_STEPS).max(1);
    let mut cells: BTreeMap<u64, BTreeMap<u32, (u32, u32)>> = BTreeMap::new();
    for &(unit, epoch, joint, other) in &candidate.cells {
        let step = u32::try_from((epoch - candidate.first).max(0)).unwrap_or(0) / width;
        let cell = cells.entry(unit).or_default().entry(step).or_default();
        cell.0 += joint;
        cell.1 += other;
    }
    let rows = lines.iter().take(RASTER_ACCOUNTS).filter_map(|line| {
        let unit = units.get(line.account.as_str())?;
        let own = cells.get(unit).cloned().unwrap_or_default();
        let closed = state.facts.get(unit).and_then(|facts| facts.closed).map(|closed| {
            let epoch = closed.div_euclid(state.epoch_millis) - candidate.first;
            u32::try_from(epoch.max(0)).unwrap_or(0) / width
        });
        Some(RasterRow {
            account: line.account.clone(),
            role: Some(line.role),
            cells: own.into_iter().map(|(step, (joint, other))| Cell { step, joint, other }).collect(),
            closed,
        })
    });
    Raster {
        from: Time::from_millis(candidate.first * state.epoch_millis),
        step_seconds: u64::try_from(state.epoch_millis / 1000).unwrap_or(1).max(1) * u64::from(width),
        steps: epochs.div_ceil(width),
        rows: rows.collect(),
        left_out: lines.len().saturating_sub(RASTER_ACCOUNTS) as u64,
        marks: marks(candidate, state),
    }
}

fn marks(candidate: &Candidate, state: &State) -> Vec<crate::picture::Mark> {
    let end = |epoch: i64| Time::from_millis((epoch + 1) * state.epoch_millis);
    let born = std::iter::once((candidate.born, "proposed"));
    let confirmed = candidate.confirmed.into_iter().map(|epoch| (epoch, "linkage confirmed"));
    let alarm = candidate.alarm.into_iter().map(|epoch| (epoch, "alarm"));
    let all = born.chain(confirmed).chain(alarm).filter(|(epoch, _)| *epoch >= candidate.first);
    all.map(|(epoch, what)| crate::picture::Mark { at: end(epoch), what: what.to_owned() }).collect()
}

fn network(
    candidate: &Candidate,
    verdict: &Verdict,
    lines: &[MemberLine],
    units: &BTreeMap<&str, u64>,
    state: &State,
) -> Network {
    let mut shared: Vec<(f64, crate::standing::Kind, u64, u64, u64)> = Vec::new();
    for values in &verdict.standing.all {
        for (&value, &inside) in values.inside.iter().filter(|(_, count)| **count > 1) {
            let outside = (values.outside(value) * state.units.len() as f64).round() as u64;
            shared.push((inside as f64 * values.bits(value, true), values.kind, value, inside, outside));
        }
    }
    shared.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.2.cmp(&right.2)));
    shared.truncate(NETWORK_VALUES);
    let accounts = lines.iter().take(NETWORK_ACCOUNTS).filter_map(|line| {
        let unit = *units.get(line.account.as_str())?;
        let shows = shared.iter().enumerate().filter(|(_, (_, kind, value, ..))| kind.value(state, unit) == *value);
        let values = shows.map(|(place, _)| u32::try_from(place).unwrap_or(u32::MAX)).collect();
        Some(NetworkAccount { account: line.account.clone(), role: line.role, values })
    });
    let _ = candidate;
    Network {
        accounts: accounts.collect(),
        values: shared
            .iter()
            .map(|(_, kind, value, inside, outside)| SharedValue {
                block: kind.block().name().to_owned(),
                kind: kind.name().to_owned(),
                value: format!("{value:016x}"),
                inside: *inside,
                outside: *outside,
            })
            .collect(),
        left_out: lines.len().saturating_sub(NETWORK_ACCOUNTS) as u64,
    }
}

fn growth(candidate: &Candidate, state: &State) -> Vec<Growth> {
    let points = candidate.steps.iter().map(|step| Growth {
        at: Time::from_millis((step.epoch + 1) * state.epoch_millis),
        accounts: step.members,
        exchanges: step.exchanges,
        output_tokens: step.output_tokens,
        log2_e: Some(step.log2_e),
    });
    points.collect()
}

fn templates(candidate: &Candidate, lines: &[MemberLine], state: &State) -> Vec<TemplateTexts> {
    let texts: Vec<&str> = candidate.texts().collect();
    let Some(pieces) = template_of(&texts) else { return Vec::new() };
    let repeats = candidate.repeats();
    let members = lines.iter().filter(|line| line.role == Role::Member || line.share_of_own_traffic > 0.3).count();
    let filled = candidate.exemplars.iter().filter(|exemplar| !exemplar.text.is_empty()).map(|exemplar| FilledText {
        exchange: (!exemplar.id.is_empty()).then(|| exemplar.id.to_string()),
        account: state.units.get(&exemplar.unit).map_or_else(String::new, |unit| unit.name.to_string()),
        pieces: fill(&pieces, &exemplar.text),
    });
    vec![TemplateTexts {
        texts: filled.collect(),
        pieces,
        inside: members as u64,
        outside: (lines.len() - members) as u64,
        fills: repeats.fills as u64,
        repeats: repeats.repeated,
        repeats_expected: candidate.deficit(&state.candidates).map(|deficit| deficit.expected),
    }]
}

/// The words that all texts have in common, in their order, as a template. None
/// where there are none.
pub(crate) fn template_of(texts: &[&str]) -> Option<Vec<Piece>> {
    let mut common: Vec<&str> = texts.first()?.split_inclusive(char::is_whitespace).take(400).collect();
    for text in &texts[1..] {
        let words: Vec<&str> = text.split_inclusive(char::is_whitespace).take(400).collect();
        let next = common_words(&common, &words);
        // A text that shares hardly a word is another variant; it does not
        // dissolve the template.
        if next.len() >= 4 {
            common = next;
        }
    }
    let first: Vec<&str> = texts.first()?.split_inclusive(char::is_whitespace).take(400).collect();
    if common.len() < 4 || texts.len() < 2 {
        return None;
    }
    Some(pieces_of(&common, &first))
}

/// A text in the pieces of a template.
fn fill(template: &[Piece], text: &str) -> Vec<Piece> {
    let fixed: Vec<&str> = template
        .iter()
        .filter_map(|piece| if let Piece::Fixed(text) = piece { Some(text.as_str()) } else { None })
        .flat_map(|text| text.split_inclusive(char::is_whitespace))
        .collect();
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).take(400).collect();
    pieces_of(&common_words(&fixed, &words), &words)
}

/// The longest common subsequence of words.
fn common_words<'t>(left: &[&'t str], right: &[&str]) -> Vec<&'t str> {
    let width = right.len() + 1;
    let mut lengths = vec![0_u16; (left.len() + 1) * width];
    for (i, a) in left.iter().enumerate().rev() {
        for (j, b) in right.iter().enumerate().rev() {
            lengths[i * width + j] = if a.trim_end() == b.trim_end() {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = Vec::new();
    while i < left.len() && j < right.len() {
        if left[i].trim_end() == right[j].trim_end() {
            common.push(left[i]);
            i += 1;
            j += 1;
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}

/// Words with runs of what is fixed and what is not.
fn pieces_of(fixed: &[&str], words: &[&str]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = fixed.iter().peekable();
    for word in words {
        let is_fixed = rest.next_if(|fixed| fixed.trim_end() == word.trim_end()).is_some();
        match (pieces.last_mut(), is_fixed) {
            (Some(Piece::Fixed(text)), true) | (Some(Piece::Slot(text)), false) => text.push_str(word),
            (_, true) => pieces.push(Piece::Fixed((*word).to_owned())),
            (_, false) => pieces.push(Piece::Slot((*word).to_owned())),
        }
    }
    pieces
}

fn compared(candidate: &Candidate, state: &State) -> Vec<Compared> {
    let shown = |exemplar: &crate::candidate::Exemplar| Shown {
        exchange: (!exemplar.id.is_empty()).then(|| exemplar.id.to_string()),
        account: state.units.get(&exemplar.unit).map_or_else(String::new, |unit| unit.name.to_string()),
        time: Time::from_millis(exemplar.epoch * state.epoch_millis),
        model: (!exemplar.model.is_empty()).then(|| exemplar.model.to_string()),
        output_tokens: (exemplar.output_tokens > 0).then(|| u64::from(exemplar.output_tokens)),
        messages: (!exemplar.text.is_empty())
            .then(|| ShownMessage { role: "user".to_owned(), text: exemplar.text.to_string(), cut: 0 })
            .into_iter()
            .collect(),
        joint: true,
    };
    let mut ordinary = state.ordinary.iter().filter(|o| !candidate.members.contains_key(&o.unit));
    candidate
        .exemplars
        .iter()
        .take(6)
        .map(|exemplar| {
            let beside = ordinary.next();
            Compared {
                member: shown(exemplar),
                ordinary: beside.map(|beside| Shown { joint: false, ..shown(beside) }),
                matched_by: "active in the same stretch of the log".to_owned(),
            }
        })
        .collect()
}
