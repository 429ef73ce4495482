//! What texts are made of: sentences by topic and language, with places that
//! are filled anew each time.
//!
//! With a folder of real prompts the English sentences are theirs, cut apart,
//! spliced across prompts of one topic and with other names and numbers;
//! without one they are invented. Either way benign texts and harvested ones
//! are recombined from the same sentences by the same rules, so that no text
//! tells by itself which of the two it is.

mod languages;
mod load;
mod piece;
mod words;

use std::path::Path;

pub use load::DataError;
pub(in crate::traffic) use load::{files, for_each_line};
pub(in crate::traffic) use piece::push_number;
use piece::{Filling, Piece};

use crate::random::SeededRandom;

/// A topic with fewer sentences is filled up from elsewhere.
const FEWEST: usize = 12;

/// Sentences about one matter.
#[derive(Debug, Default, Clone)]
struct Topic {
    requests: Vec<Piece>,
    contexts: Vec<Piece>,
    words: Vec<Box<str>>,
    adjectives: Vec<Box<str>>,
}

/// Everything that texts are made of. Made once, then only read.
#[derive(Debug)]
pub struct Corpus {
    /// By source, then language, then topic; source 0 is all of them together.
    sources: Vec<(String, Vec<Vec<Topic>>)>,
    /// Whole real prompts that a benchmark or a book would hold, by their list.
    items: Vec<Box<str>>,
    /// Turns a real conversation has, one entry a conversation seen.
    turns: Vec<u8>,
    /// Where it came from, for `scenario.json`.
    origin: String,
    real: Real,
}

/// What the real prompts are like, to be held beside what is made of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::traffic) struct Real {
    /// Lengths of messages in bytes, sorted.
    pub(in crate::traffic) lengths: Vec<u32>,
    /// The share of conversations that begin, word for word, like another.
    pub(in crate::traffic) repeated: Option<f64>,
}

/// How somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) struct Manner {
    pub(in crate::traffic) lower_case: bool,
    pub(in crate::traffic) greets: bool,
    pub(in crate::traffic) polite: bool,
    pub(in crate::traffic) context_first: bool,
}

/// What a text shall be about, in which language, from which source.
#[derive(Debug, Clone, Copy)]
pub(in crate::traffic) struct About {
    pub(in crate::traffic) source: u16,
    pub(in crate::traffic) topic: u8,
    pub(in crate::traffic) language: u8,
}

impl Corpus {
    /// The invented sentences alone.
    #[must_use]
    pub fn built_in() -> Self {
        let english = words::TOPICS.iter().map(|(_, words)| built_in_topic(words)).collect();
        Self::assemble(vec![("built-in".to_owned(), english)], Vec::new(), Vec::new(), "built-in")
    }

    /// The sentences of a folder of real prompts (`*.jsonl.gz`), read in place,
    /// but for files of the names `without`, told without their ending.
    ///
    /// # Errors
    /// [`DataError`] when the folder cannot be read or holds no prompts.
    pub fn from_prompts(folder: &Path, without: &[String]) -> Result<Self, DataError> {
        let read = load::prompts(folder, without)?;
        let mut corpus = Self::assemble(read.sources, read.items, read.turns, "prompts");
        corpus.origin = format!("{} prompts of {}", read.prompts, read.files.join(", "));
        corpus.real = read.real;
        Ok(corpus)
    }

    fn assemble(named: Vec<(String, Vec<Topic>)>, items: Vec<Box<str>>, turns: Vec<u8>, origin: &str) -> Self {
        let others: Vec<Vec<Topic>> = languages::TONGUES.iter().map(foreign_topics).collect();
        let mut all: Vec<Topic> = words::TOPICS.iter().map(|(_, words)| bare_topic(words)).collect();
        for (_, topics) in &named {
            for (into, from) in all.iter_mut().zip(topics) {
                into.requests.extend(from.requests.iter().cloned());
                into.contexts.extend(from.contexts.iter().cloned());
            }
        }
        for (topic, (_, words)) in all.iter_mut().zip(words::TOPICS) {
            if topic.requests.len() < FEWEST || topic.contexts.len() < FEWEST {
                let spare = built_in_topic(words);
                topic.requests.extend(spare.requests);
                topic.contexts.extend(spare.contexts);
            }
        }
        let with_others =
            |english: Vec<Topic>| std::iter::once(english).chain(others.iter().cloned()).collect::<Vec<_>>();
        let mut sources = vec![("all".to_owned(), with_others(all))];
        sources.extend(named.into_iter().map(|(name, topics)| (name, with_others(topics))));
        let items = if items.is_empty() { invented_items(&sources[0].1) } else { items };
        let turns = if turns.is_empty() { vec![1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8] } else { turns };
        Self { sources, items, turns, origin: origin.to_owned(), real: Real::default() }
    }

    /// Where the sentences come from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(in crate::traffic) fn real(&self) -> &Real {
        &self.real
    }

    /// The names of the sources, `all` first.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|(name, _)| name.as_str())
    }

    pub(in crate::traffic) fn source(&self, name: &str) -> Option<u16> {
        self.sources.iter().position(|(known, _)| known == name).and_then(|at| u16::try_from(at).ok())
    }

    pub(in crate::traffic) fn topics(&self) -> u8 {
        u8::try_from(words::TOPICS.len()).unwrap_or(u8::MAX)
    }

    pub(in crate::traffic) fn languages(&self) -> u8 {
        u8::try_from(languages::TONGUES.len()).map_or(u8::MAX, |others| others + 1)
    }

    /// A whole real prompt of a public list, such as a benchmark's question.
    pub(in crate::traffic) fn item(&self, number: u64) -> &str {
        let at = usize::try_from(number).unwrap_or(0) % self.items.len().max(1);
        self.items.get(at).map_or("", |item| item)
    }

    /// How many user turns a conversation has.
    pub(in crate::traffic) fn turns(&self, random: &mut SeededRandom) -> u8 {
        random.pick(&self.turns).copied().unwrap_or(1)
    }

    /// Something that many people type alike, by Zipf's law.
    pub(in crate::traffic) fn common(&self, random: &mut SeededRandom) -> &'static str {
        words::COMMON.get(random.rank(words::COMMON.len())).copied().unwrap_or("hi")
    }

    /// Appends a text of about `length` bytes that nobody wrote before.
    pub(in crate::traffic) fn text(
        &self,
        out: &mut String,
        about: About,
        length: usize,
        manner: Manner,
        random: &mut SeededRandom,
    ) {
        let from = out.len();
        let topic = self.topic(about);
        let filling = Filling { words: &topic.words, adjectives: &topic.adjectives };
        if manner.greets && random.chance(50) {
            out.push_str(random.pick(&["Hi, ", "Hello! ", "Hey, ", "Good day. "]).copied().unwrap_or_default());
        }
        let request = random.pick(&topic.requests);
        let ask = |out: &mut String, random: &mut SeededRandom| {
            if let Some(piece) = request {
                piece.write(out, &filling, random);
            }
        };
        if !manner.context_first {
            ask(out, random);
        }
        let own = request.map_or(0, Piece::length);
        let mut left = length.saturating_sub(if manner.context_first { own } else { out.len() - from });
        let must_vary = request.is_none_or(Piece::is_fixed);
        let mut added = 0;
        while (left > 25 || (must_vary && added == 0)) && added < 60 {
            let Some(piece) = random.pick(&topic.contexts) else { break };
            let before = out.len();
            separate(out, from, random);
            piece.write(out, &filling, random);
            if must_vary && added == 0 && piece.is_fixed() {
                write_aside(out, &filling, random);
            }
            left = left.saturating_sub(out.len() - before);
            added += 1;
        }
        if manner.context_first {
            separate(out, from, random);
            ask(out, random);
        }
        if manner.polite && random.chance(40) {
            out.push_str(
                random.pick(&[" Thanks!", " Please be brief.", " Thank you.", " Please."]).copied().unwrap_or_default(),
            );
        }
        if manner.lower_case {
            lower_from(out, from);
        }
    }

    /// Appends a word of a topic.
    pub(in crate::traffic) fn word(&self, out: &mut String, about: About, random: &mut SeededRandom) {
        out.push_str(random.pick(&self.topic(about).words).map_or("thing", |word| word));
    }

    fn topic(&self, about: About) -> &Topic {
        let source = self.sources.get(usize::from(about.source)).unwrap_or(&self.sources[0]);
        let language = source.1.get(usize::from(about.language)).unwrap_or(&source.1[0]);
        let topic = language.get(usize::from(about.topic)).unwrap_or(&language[0]);
        if topic.requests.is_empty() {
            self.sources[0].1[0].get(usize::from(about.topic)).unwrap_or(topic)
        } else {
            topic
        }
    }
}

/// A clause that makes a sentence without places somebody's own.
fn write_aside(out: &mut String, filling: &Filling<'_>, random: &mut SeededRandom) {
    out.push_str(random.pick(&[" (as for ", " (it is about ", " (mine: ", " (compare "]).copied().unwrap_or_default());
    out.push_str(random.pick(filling.words).map_or("it", |word| word));
    out.push_str(random.pick(&[" of ", ", says ", " with ", ", not "]).copied().unwrap_or_default());
    piece::write_person(out, random);
    out.push_str(", ");
    piece::write_number(out, 300, random);
    out.push(')');
}

fn separate(out: &mut String, from: usize, random: &mut SeededRandom) {
    if out.len() > from && !out.ends_with([' ', '\n']) {
        out.push(if random.chance(15) { '\n' } else { ' ' });
    }
}

/// ASCII capitals of what follows `from`, made small in place.
fn lower_from(out: &mut str, from: usize) {
    if let Some(tail) = out.get_mut(from..) {
        tail.make_ascii_lowercase();
    }
}

fn bare_topic(words: &[&str]) -> Topic {
    Topic { words: boxed(words), adjectives: boxed(words::ADJECTIVES), ..Topic::default() }
}

fn built_in_topic(words: &[&str]) -> Topic {
    let frames = |frames: &[&str]| frames.iter().map(|frame| Piece::from_frame(frame)).collect();
    Topic { requests: frames(words::REQUESTS), contexts: frames(words::CONTEXTS), ..bare_topic(words) }
}

fn foreign_topics(tongue: &languages::Tongue) -> Vec<Topic> {
    let frames = |frames: &[&str]| frames.iter().map(|frame| Piece::from_frame(frame)).collect::<Vec<_>>();
    let (requests, contexts) = (frames(tongue.requests), frames(tongue.contexts));
    let coined = |seed: u64, count: usize| -> Vec<Box<str>> {
        let mut random = SeededRandom::for_member(crate::random::fingerprint(tongue.code.as_bytes()), seed);
        (0..count).map(|_| coin(tongue.syllables, &mut random)).collect()
    };
    (0_u64..)
        .zip(words::TOPICS)
        .map(|(topic, _)| Topic {
            requests: requests.clone(),
            contexts: contexts.clone(),
            words: coined(topic, 16),
            adjectives: coined(1_000, 24),
        })
        .collect()
}

fn coin(syllables: &[&str], random: &mut SeededRandom) -> Box<str> {
    let mut word = String::new();
    for _ in 0..random.between(2, 3) {
        word.push_str(random.pick(syllables).copied().unwrap_or_default());
    }
    word.into()
}

/// A public list of questions for want of a real one; each is always the same.
fn invented_items(languages: &[Vec<Topic>]) -> Vec<Box<str>> {
    let Some(english) = languages.first() else { return Vec::new() };
    (0_u64..4_000)
        .filter_map(|number| {
            let mut random = SeededRandom::for_member(0x6974_656d, number);
            let topic = random.pick(english)?;
            let filling = Filling { words: &topic.words, adjectives: &topic.adjectives };
            let mut text = String::new();
            for _ in 0..2 {
                random.pick(&topic.contexts)?.write(&mut text, &filling, &mut random);
                text.push(' ');
            }
            random.pick(&topic.requests)?.write(&mut text, &filling, &mut random);
            Some(text.into())
        })
        .collect()
}

fn boxed(words: &[&str]) -> Vec<Box<str>> {
    words.iter().map(|word| Box::from(*word)).collect()
}
