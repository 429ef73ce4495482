//! What is kept of a text: anchors, by which a template is found again, and
//! cheap features of what was filled into it.
//!
//! A template is a text with slots. Numbers, quoted spans, code and very long
//! words are slots nearly always, so they are masked. What stays is cut into
//! sentences; the hash of a sentence's masked words, of the first and last
//! words of a part, and of a keyed sample of its word shingles are its
//! anchors. A template of any use keeps some anchor whatever is filled in.

mod asks;
mod run;
mod topic;

use crate::constants::{
    ANCHORS_AN_EXCHANGE, ASKED_BYTES, EDGE_SENTENCES, LONGEST_WORD, PART_BYTES, SENTENCE_WORDS, SHINGLE_SAMPLE,
    SHINGLE_WORDS, SHINGLES_A_PART, TOPIC_WORD, WINDOW_WORDS,
};
use crate::hash::{Domain, Keyed, join};
pub(crate) use asks::CLASSES;
use asks::{asks_at, asks_in};
use run::{KINDS, Kind, run_at};
use topic::Smallest;
pub(crate) use topic::Topic;

/// The hash that stands for whatever was masked.
const SLOT: u64 = 0x5107;

/// What is kept of one exchange's texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextSketch {
    pub(crate) anchors: Box<[u64]>,
    /// Hash of the words of the last user text.
    pub(crate) fill: u64,
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
    text: Vec<u8>,
    edges: Vec<u64>,
    inner: Vec<u64>,
    words: Vec<u64>,
    sentences: Vec<u64>,
    shingles: Vec<u64>,
    topic: Smallest,
}

impl Reader {
    /// Takes in one part, of which at most [`PART_BYTES`] are read.
    pub(crate) fn part(&mut self, key: &Keyed, part: Part, whole: &str) {
        let text = cut(whole, PART_BYTES);
        self.words.clear();
        self.sentences.clear();
        // With room behind it, so that eight bytes can be read everywhere.
        let mut bytes = std::mem::take(&mut self.text);
        bytes.clear();
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(&[0; 8]);
        let asked = if part == Part::FirstUser { None } else { Some(text.len().saturating_sub(ASKED_BYTES)) };
        let mut scripts = [0_u32; 8];
        let mut sentence = Sentence::default();
        let mut fill = 0_u64;
        let mut at = 0;
        while at < text.len() {
            let token = match KINDS[usize::from(bytes[at])] {
                Kind::Word => {
                    let run = run_at(&bytes, at);
                    let end = at + run.length;
                    if run.length > LONGEST_WORD || run.has_digit {
                        Step { token: Token::Slot, end }
                    } else {
                        let hash = key.word(&bytes, at, run.length);
                        scripts[1] += 1;
                        fill = join(fill, hash);
                        if part == Part::LastUser && run.length >= TOPIC_WORD {
                            self.topic.take(hash);
                        }
                        if asked.is_some_and(|tail| at < ASKED_BYTES || at >= tail) {
                            self.sketch.asks |= asks_at(&bytes, at);
                        }
                        self.word(hash, &mut sentence);
                        at = end;
                        continue;
                    }
                }
                Kind::Gap => {
                    at += 1;
                    continue;
                }
                Kind::Other => next_token(text, at),
            };
            match token.token {
                Token::Word => {
                    let hash = key.span(&bytes[at..token.end]);
                    scripts[usize::from(script_of(text[at..].chars().next().unwrap_or('a')) & 7)] += 1;
                    fill = join(fill, hash);
                    if part == Part::LastUser {
                        self.topic.take(hash);
                    }
                    self.word(hash, &mut sentence);
                }
                Token::Slot => {
                    fill = join(fill, key.span(&bytes[at..token.end]));
                    self.word(SLOT, &mut sentence);
                }
                Token::Stop => self.end_of(&mut sentence, part),
                Token::Gap => {}
            }
            at = token.end;
        }
        self.text = bytes;
        if asked.is_some() && whole.len() > text.len() {
            self.sketch.asks |= asks_in(&whole.as_bytes()[whole.len() - ASKED_BYTES.min(whole.len())..]);
        }
        self.end_of(&mut sentence, part);
        self.anchors_of(part);
        if part == Part::LastUser {
            self.sketch.fill = join(fill, Domain::Text as u64);
            self.sketch.words = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
            self.sketch.script = (1..8_u8).max_by_key(|&class| (scripts[usize::from(class)], 8 - class)).unwrap_or(0);
        }
    }

    fn word(&mut self, hash: u64, sentence: &mut Sentence) {
        self.words.push(hash);
        sentence.hash = join(sentence.hash, hash);
        sentence.words += usize::from(hash != SLOT);
    }

    fn end_of(&mut self, sentence: &mut Sentence, part: Part) {
        let done = std::mem::take(sentence);
        if done.words >= SENTENCE_WORDS {
            self.sentences.push(join(done.hash, Domain::Sentence as u64 + ((part as u64) << 8)));
        }
    }

    fn anchors_of(&mut self, part: Part) {
        let salt = |domain: Domain| domain as u64 + ((part as u64) << 8);
        let count = self.sentences.len();
        for (place, &sentence) in self.sentences.iter().enumerate() {
            let is_edge = place < EDGE_SENTENCES || place + EDGE_SENTENCES >= count;
            if is_edge { self.edges.push(sentence) } else { self.inner.push(sentence) }
        }
        if self.words.len() >= 2 * WINDOW_WORDS {
            let first = self.words[..WINDOW_WORDS].iter().fold(1, |hash, &word| join(hash, word));
            let last = self.words[self.words.len() - WINDOW_WORDS..].iter().fold(2, |hash, &word| join(hash, word));
            self.edges.extend([join(first, salt(Domain::Window)), join(last, salt(Domain::Window))]);
            // The frame: phrases are common to many templates, the whole of
            // their edges to one. So a hub of phrases has groups within it.
            let head = self.sentences.iter().take(EDGE_SENTENCES).fold(first, |hash, &sentence| join(hash, sentence));
            self.edges.extend([join(first, last), join(head, last)].map(|frame| join(frame, salt(Domain::Frame))));
        }
        // A polynomial of the words' keyed hashes, mixed: the sum goes from one
        // window to the next, where a chain of mixes would begin anew.
        let rolled = |window: &[u64]| window.iter().fold(0_u64, |sum, &word| sum.wrapping_mul(ROLL).wrapping_add(word));
        let hashes = self.words.windows(SHINGLE_WORDS).map(|window| join(rolled(window), 3));
        self.shingles.clear();
        self.shingles.extend(hashes.filter(|hash| hash % SHINGLE_SAMPLE == 0));
        self.shingles.sort_unstable();
        self.shingles.dedup();
        self.shingles.truncate(SHINGLES_A_PART);
        self.inner.extend(self.shingles.iter().map(|&hash| join(hash, salt(Domain::Shingle))));
    }

    /// The sketch of all parts read; the reader is ready for the next exchange.
    pub(crate) fn finish(&mut self) -> TextSketch {
        self.edges.sort_unstable();
        self.edges.dedup();
        self.inner.sort_unstable();
        self.inner.dedup();
        self.edges.truncate(ANCHORS_AN_EXCHANGE);
        let room = ANCHORS_AN_EXCHANGE - self.edges.len();
        self.edges.extend(self.inner.iter().take(room));
        self.edges.sort_unstable();
        self.edges.dedup();
        let sketch = std::mem::take(&mut self.sketch);
        let sketch = TextSketch { anchors: self.edges.as_slice().into(), topic: self.topic.buckets(), ..sketch };
        self.edges.clear();
        self.inner.clear();
        self.topic.clear();
        sketch
    }
}

/// The multiplier of a shingle's polynomial, odd and without pattern.
const ROLL: u64 = 0xd6e8_feb8_6659_fd93;

#[derive(Default)]
struct Sentence {
    hash: u64,
    words: usize,
}

enum Token {
    Word,
    Slot,
    Stop,
    Gap,
}

struct Step {
    token: Token,
    end: usize,
}

/// The token at `at`, where no word of ASCII begins. `at` is at a character's
/// start and the end is too.
fn next_token(text: &str, at: usize) -> Step {
    let bytes = text.as_bytes();
    let first = bytes[at];
    match first {
        b'`' if bytes[at..].starts_with(b"```") => {
            let end = text[at + 3..].find("```").map_or(text.len(), |length| at + 3 + length + 3);
            Step { token: Token::Slot, end }
        }
        b'"' => match bytes[at + 1..].iter().take(512).position(|&byte| byte == b'"' || byte == b'\n') {
            Some(length) if bytes[at + 1 + length] == b'"' && length > 0 => {
                Step { token: Token::Slot, end: at + length + 2 }
            }
            _ => Step { token: Token::Gap, end: at + 1 },
        },
        b'.' | b'!' | b'?' | b':' | b';' | b'\n' | b'<' | b'>' => Step { token: Token::Stop, end: at + 1 },
        0..=0x7f => Step { token: Token::Gap, end: at + 1 },
        _ => wide_token(text, at),
    }
}

/// A token that begins outside ASCII: a run of letters, or one character where
/// words are not parted by spaces.
fn wide_token(text: &str, at: usize) -> Step {
    let mut end = at;
    for letter in text[at..].chars() {
        let alone = script_of(letter) == 4;
        if end == at && matches!(letter, '。' | '！' | '？' | '；' | '：') {
            return Step { token: Token::Stop, end: at + letter.len_utf8() };
        }
        if end == at && (alone || !letter.is_alphanumeric()) {
            let token = if letter.is_alphanumeric() { Token::Word } else { Token::Gap };
            return Step { token, end: at + letter.len_utf8() };
        }
        if alone || !letter.is_alphanumeric() {
            break;
        }
        end += letter.len_utf8();
    }
    Step { token: Token::Word, end }
}

/// The first `most` bytes of a text, less what would split a character.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
