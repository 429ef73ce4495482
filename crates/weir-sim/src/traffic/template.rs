//! Fixed text around what varies: the wrappers that a harvest puts around its
//! tasks, the system prompts of public frameworks and tools, and the private
//! ones of honest developers. All three are put together from overlapping
//! phrases, since asking a model to think aloud is no offence.

mod phrases;

use serde::{Deserialize, Serialize};

use self::phrases::{CLASSES, Slots, TRANSLATIONS};
use super::corpus::{About, Corpus, push_number};
use crate::random::SeededRandom;

/// What the answers are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Elicitation {
    /// Reasoning written out.
    Reasoning,
    /// Answers scored against a rubric.
    Judging,
    /// Traces rewritten to be clean training text.
    Cleaning,
    /// Texts said again in another way.
    Rewriting,
}

/// Text before and after what varies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::traffic) struct Template {
    pub(in crate::traffic) before: String,
    pub(in crate::traffic) after: String,
}

impl Template {
    /// A harvest's wrapper. Equal seeds give equal wrappers; a variant says the
    /// same in other words, `looseness` (0 to 1) of them drawn anew.
    pub(in crate::traffic) fn harvest(class: Elicitation, seed: u64, variant: u64, looseness: f64) -> Self {
        let slots = CLASSES[class as usize];
        let mut own = SeededRandom::for_member(seed, 0);
        let mut other = SeededRandom::for_member(seed, 1 + variant);
        let mut choose = |from: &'static [&'static str]| {
            let (mine, redrawn) = (own.position(from.len()), other.position(from.len()));
            let at = if variant > 0 && other.happens(looseness) { redrawn } else { mine };
            from.get(at).copied().unwrap_or_default()
        };
        Self::put_together(&slots, &mut choose)
    }

    fn put_together(slots: &Slots, choose: &mut impl FnMut(&'static [&'static str]) -> &'static str) -> Self {
        let tag = choose(phrases::TAGS);
        let mut before = String::new();
        for part in [slots.roles, slots.demands, slots.formats] {
            before.push_str(&choose(part).replace("{tag}", tag));
            before.push(' ');
        }
        before.push_str(choose(slots.lead_ins));
        before.push('\n');
        let mut after = String::from("\n");
        after.push_str(&choose(slots.closings).replace("{tag}", tag));
        Self { before, after }
    }

    /// The reasoning wrapper as fixed text in one of ten languages.
    pub(in crate::traffic) fn translated(language: u8) -> Self {
        let (before, after) = TRANSLATIONS.get(usize::from(language)).copied().unwrap_or(TRANSLATIONS[0]);
        Self { before: format!("{before}\n\n"), after: format!("\n\n{after}") }
    }

    /// One of the techniques tried in a probe phase.
    pub(in crate::traffic) fn technique(seed: u64, number: u64) -> Self {
        let class = [Elicitation::Reasoning, Elicitation::Cleaning, Elicitation::Rewriting][(number % 3) as usize];
        Self::harvest(class, seed ^ 0x7072_6f62, number + 1, 1.0)
    }
}

/// The system prompt of a public framework or tool: the same text for all its
/// users.
pub(in crate::traffic) fn framework_prompt(seed: u64) -> String {
    let mut random = SeededRandom::for_member(seed, 0x6672_616d);
    let mut text = String::from("You are ");
    text.push_str(random.pick(phrases::PRODUCTS).copied().unwrap_or_default());
    text.push('-');
    push_number(&mut text, random.between(1, 99));
    text.push_str(random.pick(phrases::PURPOSES).copied().unwrap_or_default());
    text.push_str("\nTools:\n");
    for _ in 0..random.between(3, 7) {
        text.push_str("- ");
        text.push_str(random.pick(phrases::TOOLS).copied().unwrap_or_default());
        text.push('\n');
    }
    text.push_str("Rules:\n");
    for _ in 0..random.between(3, 8) {
        text.push_str("- ");
        text.push_str(random.pick(phrases::RULES).copied().unwrap_or_default());
        text.push('\n');
    }
    text
}

/// Writes the system prompt that a developer made for an application of their
/// own.
pub(in crate::traffic) fn private_prompt(text: &mut String, corpus: &Corpus, about: About, seed: u64) {
    let mut random = SeededRandom::for_member(seed, 0x7072_6976);
    text.push_str(random.pick(phrases::OPENINGS).copied().unwrap_or_default());
    text.push_str(random.pick(phrases::PRODUCTS).copied().unwrap_or_default());
    text.push_str(
        random.pick(&[". Customers ask about ", ", made for ", ". You only speak of "]).copied().unwrap_or_default(),
    );
    corpus.word(text, about, &mut random);
    text.push_str(" and ");
    corpus.word(text, about, &mut random);
    text.push_str(". ");
    for _ in 0..random.between(1, 5) {
        text.push_str(random.pick(phrases::RULES).copied().unwrap_or_default());
        text.push(' ');
    }
    if random.chance(25) {
        text.push_str(random.pick(CLASSES[0].demands).map_or("", |demand| demand));
    }
}

/// What a model might have answered, where a later turn sends it back.
pub(in crate::traffic) fn answer(out: &mut String, corpus: &Corpus, about: About, random: &mut SeededRandom) {
    out.push_str(random.pick(phrases::ANSWERS).copied().unwrap_or_default());
    corpus.word(out, about, random);
    out.push_str(random.pick(phrases::ANSWER_ENDS).copied().unwrap_or_default());
    corpus.word(out, about, random);
    out.push('.');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_differs_as_loosely_as_asked() {
        let base = Template::harvest(Elicitation::Reasoning, 5, 0, 0.0);
        assert_eq!(Template::harvest(Elicitation::Reasoning, 5, 3, 0.0), base);
        let distinct = |looseness: f64| {
            (1..30)
                .map(|variant| Template::harvest(Elicitation::Reasoning, 5, variant, looseness).before)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        assert!(distinct(1.0) > 25);
        assert!(distinct(0.3) > 5);
        assert_ne!(Template::harvest(Elicitation::Reasoning, 6, 0, 0.0), base);
        for language in 0..10 {
            assert!(!Template::translated(language).before.contains('{'));
        }
    }
}
