//! What is kept of a text: anchors, by which a template is found again, and
//! cheap features of what was filled into it.
//!
//! A template is a text with slots. Numbers, quoted spans, code and very long
//! words are slots nearly always, so they are masked. What stays is cut into
//! sentences; the hash of a sentence's masked words, of the first and last
//! words of a part, and of a keyed sample of its word shingles are its
//! anchors. A template of any use keeps some anchor whatever is filled in.

mod asks;
mod lane;
mod scan;
mod smallest;
#[cfg(test)]
mod tests;
mod token;
mod topic;
mod window;

use crate::constants::{
    ANCHORS_AN_EXCHANGE, ASKED_BYTES, EDGE_SENTENCES, PART_BYTES, SENTENCE_WORDS, SHINGLE_SAMPLE, SHINGLE_WORDS,
    SHINGLES_A_PART, TOPIC_WORDS, WINDOW_WORDS,
};
use crate::hash::{Domain, Keyed, join};
pub(crate) use asks::CLASSES;
use asks::asks_in;
use scan::Scan;
use smallest::Smallest;
pub(crate) use topic::Topic;

/// The hash that stands for whatever was masked.
const SLOT: u64 = 0x5107;

/// What is kept of one exchange's texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextSketch {
    pub(crate) anchors: Box<[u64]>,
    /// Hash of the words of the last user text.
    pub(crate) fill: u64,
    /// The same of the first, where another follows it.
    pub(crate) first_words: u64,
    /// Buckets of the sampled long words of the last user text, sorted.
    pub(crate) topic: Topic,
    pub(crate) words: u32,
    pub(crate) script: u8,
    /// Elicitation classes shown by a part's head and tail.
    pub(crate) asks: u8,
}

/// Which part of an exchange a text is: the same sentence as a system message
/// and in a user's text is two anchors, and only the last user text has a
/// fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    System = 1,
    FirstUser,
    LastUser,
}

/// A script, coarsely: what a text's letters mostly are.
fn script_of(letter: char) -> u8 {
    match letter as u32 {
        0..=0x7f => 1,
        0x80..=0x24f => 2,
        0x250..=0x3ff => 7,
        0x400..=0x52f => 3,
        0x530..=0x77f => 5,
        0x900..=0xdff => 6,
        0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff => 4,
        _ => 7,
    }
}

/// Reads parts one after the other into a sketch. Its rooms are used again for
/// the next exchange, so that reading allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    sketch: TextSketch,
    scan: Scan,
    edges: Vec<u64>,
    inner: Vec<u64>,
    sentences: Vec<u64>,
    /// Shingles of the part, of which the first `sampled` are there.
    shingles: Vec<u64>,
    sampled: usize,
    smallest: Smallest,
}

impl Reader {
    /// Takes in one part, of which at most [`PART_BYTES`] are read.
    pub(crate) fn part(&mut self, key: &Keyed, part: Part, whole: &str) {
        let text = cut(whole, PART_BYTES);
        self.scan.read(key, part, text);
        self.sketch.asks |= self.scan.asks;
        if part != Part::FirstUser && whole.len() > text.len() {
            self.sketch.asks |= asks_in(&whole.as_bytes()[whole.len() - ASKED_BYTES.min(whole.len())..]);
        }
        self.chains_of(part);
        self.anchors_of(part);
        if part == Part::FirstUser {
            self.sketch.first_words = self.scan.fill;
        }
        if part == Part::LastUser {
            self.sketch.fill = join(self.scan.fill, Domain::Text as u64);
            self.sketch.words = u32::try_from(self.scan.words().len()).unwrap_or(u32::MAX);
            let scripts = self.scan.scripts();
            self.sketch.script = (1..8_u8).max_by_key(|&class| (scripts[usize::from(class)], 8 - class)).unwrap_or(0);
            self.sketch.topic = Topic::of_hashes(self.smallest.of(self.scan.topic(), TOPIC_WORDS));
        }
    }

    /// Notes the sentences, and the word shingles that are in the sample. A sentence is
    /// a chain of mixes; a shingle is a polynomial of the words' keyed hashes, mixed: the
    /// sum goes from one window to the next, where a chain would begin anew. Beside each
    /// other they take the time of one.
    fn chains_of(&mut self, part: Part) {
        let salt = Domain::Sentence as u64 + ((part as u64) << 8);
        let (words, before) = (self.scan.words(), self.scan.words_before());
        self.sentences.clear();
        // What lies there already need not be cleared.
        if self.shingles.len() <= words.len() {
            self.shingles.resize(words.len() + 1, 0);
        }
        let shingles = &mut self.shingles[..=words.len()];
        let (mut begun, mut sum, mut kept) = (0, 0_u64, 0);
        for end in self.scan.stops.iter().copied().chain([words.len()]) {
            let (mut hash, mut plain) = (0, 0);
            for (&word, &gone) in words[begun..end].iter().zip(&before[begun..end]) {
                hash = join(hash, word);
                plain += usize::from(word != SLOT);
                sum = sum.wrapping_mul(ROLL).wrapping_add(word).wrapping_sub(gone.wrapping_mul(ROLLED_OUT));
                let shingle = join(sum, 3);
                // Without a branch: which ones are sampled follows no pattern.
                shingles[kept] = shingle;
                kept += usize::from(shingle.is_multiple_of(SHINGLE_SAMPLE));
                begun += 1;
                // The first ones are not whole.
                if begun < SHINGLE_WORDS {
                    kept = 0;
                }
            }
            if plain >= SENTENCE_WORDS {
                self.sentences.push(join(hash, salt));
            }
        }
        self.sampled = kept;
    }

    fn anchors_of(&mut self, part: Part) {
        let salt = |domain: Domain| domain as u64 + ((part as u64) << 8);
        let count = self.sentences.len();
        for (place, &sentence) in self.sentences.iter().enumerate() {
            let is_edge = place < EDGE_SENTENCES || place + EDGE_SENTENCES >= count;
            if is_edge { self.edges.push(sentence) } else { self.inner.push(sentence) }
        }
        let words = self.scan.words();
        if words.len() >= 2 * WINDOW_WORDS {
            let first = words[..WINDOW_WORDS].iter().fold(1, |hash, &word| join(hash, word));
            let last = words[words.len() - WINDOW_WORDS..].iter().fold(2, |hash, &word| join(hash, word));
            self.edges.extend([join(first, salt(Domain::Window)), join(last, salt(Domain::Window))]);
            // The frame: phrases are common to many templates, the whole of
            // their edges to one. So a hub of phrases has groups within it.
            let head = self.sentences.iter().take(EDGE_SENTENCES).fold(first, |hash, &sentence| join(hash, sentence));
            self.edges.extend([join(first, last), join(head, last)].map(|frame| join(frame, salt(Domain::Frame))));
        }
        let sampled = self.smallest.of(&self.shingles[..self.sampled], SHINGLES_A_PART);
        self.inner.extend(sampled.iter().map(|&hash| join(hash, salt(Domain::Shingle))));
    }

    /// The sketch of all parts read; the reader is ready for the next exchange.
    pub(crate) fn finish(&mut self) -> TextSketch {
        let edges = self.smallest.of(&self.edges, ANCHORS_AN_EXCHANGE);
        self.edges.splice(.., edges.iter().copied());
        let inner = self.smallest.of(&self.inner, ANCHORS_AN_EXCHANGE - self.edges.len());
        self.edges.extend_from_slice(inner);
        self.inner.clear();
        let anchors = self.smallest.of(&self.edges, ANCHORS_AN_EXCHANGE).into();
        let sketch = TextSketch { anchors, ..std::mem::take(&mut self.sketch) };
        self.edges.clear();
        sketch
    }
}

/// The multiplier of a shingle's polynomial, odd and without pattern.
const ROLL: u64 = 0xd6e8_feb8_6659_fd93;

/// What the first word of a window is multiplied by when the window has gone on.
const ROLLED_OUT: u64 = ROLL.wrapping_pow(SHINGLE_WORDS as u32);

/// The first `most` bytes of a text, less what would split a character.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
