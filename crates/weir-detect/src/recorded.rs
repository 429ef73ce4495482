//! What is kept of an exchange's texts where the texts are not: written when it
//! is recorded, read when it is judged, and worth the same then as the texts
//! were. It holds keyed hashes only. Without the key they tell nothing but which
//! exchanges had a text in common; with it, a text that is guessed can be
//! confirmed, so the key is kept like the texts would be.

use std::cell::RefCell;

use weir_exchange::{LoggedMessage, Sketch};

use crate::constants::{ANCHORS_AN_EXCHANGE, PART_BYTES, TOPIC_WORDS};
use crate::hash::{Domain, Keyed, join};
use crate::text::{Part, Reader, TextSketch, Topic, cut};

/// Changes with what is written and with every constant that [`crate::text`]
/// reads texts by.
const VERSION: u8 = 3;

/// Bytes before the anchors: the key's mark, the fill, four small values, the
/// count, and of a later turn what came before it.
const HEAD: usize = 4 + 8 + 4 + 1 + 8;

thread_local! {
    /// The rooms of the last texts sketched on this thread, for the next ones.
    static READER: RefCell<Reader> = RefCell::default();
}

/// The texts that are sketched apart. The first user text counts only where
/// another follows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Texts<'m> {
    /// The first text of the system or the developer.
    pub system: Option<&'m str>,
    /// The first text of the user, where another follows it.
    pub first: Option<&'m str>,
    /// The user's text right before the last one, where it is not the first.
    pub before: Option<&'m str>,
    /// How many messages the user has.
    pub turns: u32,
    /// The last text of the user.
    pub last: Option<&'m str>,
}

impl Texts<'_> {
    /// Those of a conversation; empty ones do not count.
    pub fn of(messages: &[LoggedMessage]) -> Texts<'_> {
        let says = |message: &LoggedMessage, role: &str| message.role == role && !message.content.is_empty();
        let is_system = |message: &&LoggedMessage| says(message, "system") || says(message, "developer");
        let first = messages.iter().position(|message| says(message, "user"));
        let last = messages.iter().rposition(|message| says(message, "user"));
        let before = messages[..last.unwrap_or(0)].iter().rposition(|message| says(message, "user"));
        let turns = messages.iter().filter(|message| message.role == "user").count();
        let content = |place: Option<usize>| place.and_then(|place| messages.get(place)).map(|m| m.content.as_str());
        Texts {
            system: messages.iter().find(is_system).map(|message| message.content.as_str()),
            first: content(first.filter(|_| first != last)),
            before: content(before.filter(|_| before != first)),
            turns: u32::try_from(turns).unwrap_or(u32::MAX),
            last: content(last),
        }
    }

    pub(crate) fn are_unknown(&self) -> bool {
        self.system.is_none() && self.first.is_none() && self.last.is_none()
    }

    /// What the user said before the last text, as one value; 0 where nothing. Of a
    /// conversation that goes on it is another at each turn. Of examples, or of a task that
    /// is set before what it is to be done with, it is the same each time.
    /// Of the first text its words tell.
    fn before_last(&self, first_words: u64, key: &Keyed) -> u64 {
        if self.first.is_none() {
            return 0;
        }
        let before = self.before.map_or(0, |text| key.of(Domain::Before, cut(text, PART_BYTES).as_bytes()));
        join(join(first_words, before), u64::from(self.turns)).max(1)
    }
}

/// Sketches texts for the record, under the key that judges them later.
#[derive(Debug, Clone)]
pub struct Recorder {
    key: Keyed,
}

impl Recorder {
    /// Sketches under this key.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Recorder {
        Recorder { key: Keyed::new(key) }
    }

    /// What is kept of the texts; none where there are none.
    #[must_use]
    pub fn sketch(&self, texts: &Texts<'_>) -> Option<Sketch> {
        (!texts.are_unknown()).then(|| Gist::of(texts, &self.key).written(&self.key))
    }
}

/// The sketch is of another key or version, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign;

/// What is known of an exchange's texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gist {
    pub(crate) text: TextSketch,
    /// The length of the last user text in words, as a power of two.
    pub(crate) length: u8,
    pub(crate) asks: u8,
    /// What the user said before the last text, as one value; 0 where nothing.
    pub(crate) before: u64,
    /// Whether there was a system text or a last user text.
    pub(crate) has_text: bool,
}

impl Gist {
    pub(crate) fn of(texts: &Texts<'_>, key: &Keyed) -> Gist {
        let parts = [(Part::System, texts.system), (Part::FirstUser, texts.first), (Part::LastUser, texts.last)];
        let mut text = READER.with_borrow_mut(|reader| {
            for (part, text) in parts.into_iter().filter_map(|(part, text)| Some((part, text?))) {
                reader.part(key, part, text);
            }
            reader.finish()
        });
        let length = (32 - text.words.leading_zeros()).min(15) as u8;
        text.words = 0;
        let before = texts.before_last(std::mem::take(&mut text.first_words), key);
        Gist {
            length,
            asks: std::mem::take(&mut text.asks),
            text,
            before,
            has_text: texts.system.is_some() || texts.last.is_some(),
        }
    }

    fn written(&self, key: &Keyed) -> Sketch {
        let text = &self.text;
        let mut bytes = Vec::with_capacity(HEAD + 8 * text.anchors.len() + text.topic.len());
        bytes.extend(mark_of(key));
        bytes.extend(text.fill.to_le_bytes());
        let flags = u8::from(self.before != 0) | u8::from(self.has_text) << 1;
        bytes.extend([self.length, text.script, self.asks, flags]);
        bytes.push(u8::try_from(text.anchors.len()).unwrap_or(u8::MAX));
        if self.before != 0 {
            bytes.extend(self.before.to_le_bytes());
        }
        bytes.extend(text.anchors.iter().take(usize::from(u8::MAX)).flat_map(|anchor| anchor.to_le_bytes()));
        bytes.extend_from_slice(&text.topic);
        Sketch::new(VERSION, &bytes)
    }

    /// Reads what [`Gist::written`] wrote. Whatever is in it, the gist is one
    /// that some texts could have.
    pub(crate) fn read(sketch: &Sketch, key: &Keyed) -> Result<Gist, Foreign> {
        let bytes = sketch.bytes_of(VERSION).ok_or(Foreign)?;
        let rest = bytes.strip_prefix(&mark_of(key)).ok_or(Foreign)?;
        let (fill, rest) = rest.split_first_chunk::<8>().ok_or(Foreign)?;
        let ([length, script, asks, flags, anchors], rest) = rest.split_first_chunk::<5>().ok_or(Foreign)?;
        let (before, rest) = match flags & 1 {
            0 => ([0; 8], rest),
            _ => rest.split_first_chunk::<8>().map(|(before, rest)| (*before, rest)).ok_or(Foreign)?,
        };
        let before = u64::from_le_bytes(before);
        let (anchors, topic) = rest.split_at_checked(8 * usize::from(*anchors)).ok_or(Foreign)?;
        let anchors: Vec<u64> = anchors.as_chunks::<8>().0.iter().map(|anchor| u64::from_le_bytes(*anchor)).collect();
        let is_sorted = anchors.is_sorted_by(|a, b| a < b) && topic.is_sorted_by(|a, b| a < b);
        if !is_sorted || anchors.len() > ANCHORS_AN_EXCHANGE || topic.len() > TOPIC_WORDS || *length > 15 {
            return Err(Foreign);
        }
        let text = TextSketch {
            anchors: anchors.into(),
            fill: u64::from_le_bytes(*fill),
            topic: Topic::of(topic),
            script: *script & 7,
            ..TextSketch::default()
        };
        Ok(Gist { text, length: *length, asks: *asks, before, has_text: flags & 2 != 0 })
    }
}

/// By which a sketch of another key is known as such.
fn mark_of(key: &Keyed) -> [u8; 4] {
    let [a, b, c, d, ..] = key.of(Domain::Key, b"").to_le_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_back_is_what_the_texts_give(
            system: Option<String>,
            earlier: Option<(String, String)>,
            turns: u32,
            last: String,
        ) {
            let (first, before) = earlier.as_ref().map(|(first, before)| (first.as_str(), before.as_str())).unzip();
            let texts = Texts { system: system.as_deref(), first, before, turns, last: Some(&last) };
            let key = Keyed::new([7; 16]);
            let gist = Gist::of(&texts, &key);
            prop_assert_eq!(Gist::read(&gist.written(&key), &key), Ok(gist.clone()));
            prop_assert_eq!(Gist::read(&gist.written(&key), &Keyed::new([8; 16])), Err(Foreign));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let key = Keyed::new([7; 16]);
            let mut marked = mark_of(&key).to_vec();
            marked.extend(bytes);
            let _gist = Gist::read(&Sketch::new(VERSION, &marked), &key);
        }
    }

    #[test]
    fn what_came_before_is_another_at_each_turn_of_a_conversation() {
        let says = |role: &str, content: &str| LoggedMessage { role: role.to_owned(), content: content.to_owned() };
        let before = |said: &[&str]| {
            let turns = said.iter().flat_map(|text| [says("user", text), says("assistant", "ok")]);
            let messages: Vec<LoggedMessage> = turns.take(said.len() * 2 - 1).collect();
            Gist::of(&Texts::of(&messages), &Keyed::new([7; 16])).before
        };
        assert_eq!(before(&["do this"]), 0);
        let said = ["do this", "go on", "go on", "go on"];
        let turns = [2, 3, 4].map(|count| before(&said[..count]));
        assert!(turns[0] != turns[1] && turns[1] != turns[2] && turns[2] != turns[0] && !turns.contains(&0));
        // One prompt, and two tasks after it.
        assert_eq!(before(&["an example", "and another", "task"]), before(&["an example", "and another", "next"]));
        assert_ne!(before(&["an example", "and another", "task"]), before(&["an example", "one more", "task"]));
    }

    #[test]
    fn a_long_text_with_all_its_anchors_is_read_back() {
        let text: String = (0..900).map(|n| format!("word{} number alpha bravo{}. ", "x".repeat(n % 7), "y".repeat(n % 9))).collect();
        let texts = Texts { system: Some(&text), first: Some(&text), before: Some(&text), turns: 2, last: Some(&text) };
        let key = Keyed::new([1; 16]);
        let gist = Gist::of(&texts, &key);
        assert_eq!(gist.text.anchors.len(), ANCHORS_AN_EXCHANGE);
        assert!(gist.written(&key).as_str().len() < 300);
        assert_eq!(Gist::read(&gist.written(&key), &key), Ok(gist));
    }
}
