//! What is kept of a text: anchors, by which a template is found again, and
//! cheap features of what was filled into it.
//!
//! A template is a text with slots. Numbers, quoted spans, code and very long
//! words are slots nearly always, so they are masked. What stays is cut into
//! sentences; the hash of a sentence's masked words, of the first and last
//! words of a part, and of a keyed sample of its word shingles are its
//! anchors. A template of any use keeps some anchor whatever is filled in.

use crate::constants::{
    ANCHORS_AN_EXCHANGE, EDGE_SENTENCES, LONGEST_WORD, PART_BYTES, SENTENCE_WORDS, SHINGLES_A_PART, SHINGLE_SAMPLE,
    SHINGLE_WORDS, TOPIC_WORD, TOPIC_WORDS, WINDOW_WORDS,
};
use crate::hash::{Domain, Keyed, join};

/// The hash that stands for whatever was masked.
const SLOT: u64 = 0x5107;

/// What is kept of one exchange's texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextSketch {
    pub(crate) anchors: Vec<u64>,
    /// Hash of the words of the last user text.
    pub(crate) fill: u64,
    /// Buckets of the sampled long words of the last user text, sorted.
    pub(crate) topic: Vec<u8>,
    pub(crate) words: u32,
    pub(crate) script: u8,
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

/// Reads parts one after the other into a sketch.
pub(crate) struct Reader<'k> {
    key: &'k Keyed,
    sketch: TextSketch,
    edges: Vec<u64>,
    inner: Vec<u64>,
    words: Vec<u64>,
    sentences: Vec<u64>,
    topic: Vec<u64>,
}

impl<'k> Reader<'k> {
    pub(crate) fn new(key: &'k Keyed) -> Reader<'k> {
        Reader {
            key,
            sketch: TextSketch::default(),
            edges: Vec::with_capacity(16),
            inner: Vec::with_capacity(32),
            words: Vec::with_capacity(256),
            sentences: Vec::with_capacity(32),
            topic: Vec::with_capacity(128),
        }
    }

    /// Takes in one part, of which at most [`PART_BYTES`] are read.
    pub(crate) fn part(&mut self, part: Part, text: &str) {
        let text = cut(text, PART_BYTES);
        self.words.clear();
        self.sentences.clear();
        let mut scripts = [0_u32; 8];
        let mut sentence = Sentence::default();
        let mut fill = 0_u64;
        let mut at = 0;
        let bytes = text.as_bytes();
        while at < bytes.len() {
            let step = next_token(text, at);
            match step.token {
                Token::Word => {
                    let hash = lowered(self.key, &bytes[at..step.end]);
                    scripts[usize::from(script_of(text[at..].chars().next().unwrap_or('a')) & 7)] += 1;
                    fill = join(fill, hash);
                    if part == Part::LastUser && (step.end - at >= TOPIC_WORD || bytes[at] >= 0x80) {
                        self.topic.push(hash);
                    }
                    self.word(hash, &mut sentence);
                }
                Token::Slot => {
                    fill = join(fill, self.key.word(&bytes[at..step.end]));
                    self.word(SLOT, &mut sentence);
                }
                Token::Stop => self.end_of(&mut sentence, part),
                Token::Gap => {}
            }
            at = step.end;
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
        let mut shingles: Vec<u64> = self
            .words
            .windows(SHINGLE_WORDS)
            .map(|window| window.iter().fold(3, |hash, &word| join(hash, word)))
            .filter(|hash| hash % SHINGLE_SAMPLE == 0)
            .collect();
        shingles.sort_unstable();
        shingles.dedup();
        shingles.truncate(SHINGLES_A_PART);
        self.inner.extend(shingles.into_iter().map(|hash| join(hash, salt(Domain::Shingle))));
    }

    /// The sketch of all parts read.
    pub(crate) fn finish(mut self) -> TextSketch {
        self.edges.sort_unstable();
        self.edges.dedup();
        self.inner.sort_unstable();
        self.inner.dedup();
        let mut anchors = self.edges;
        anchors.truncate(ANCHORS_AN_EXCHANGE);
        let room = ANCHORS_AN_EXCHANGE - anchors.len();
        anchors.extend(self.inner.into_iter().take(room));
        anchors.sort_unstable();
        anchors.dedup();
        self.topic.sort_unstable();
        self.topic.dedup();
        self.topic.truncate(TOPIC_WORDS);
        let mut topic: Vec<u8> = self.topic.iter().map(|hash| (hash >> 32) as u8).collect();
        topic.sort_unstable();
        topic.dedup();
        TextSketch { anchors, topic, ..self.sketch }
    }
}

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

/// The token at `at`. `at` is at a character's start and the end is too.
fn next_token(text: &str, at: usize) -> Step {
    let bytes = text.as_bytes();
    let first = bytes[at];
    if first.is_ascii_alphanumeric() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'\'').count();
        let word = &bytes[at..at + length];
        let is_slot = length > LONGEST_WORD || word.iter().any(u8::is_ascii_digit);
        return Step { token: if is_slot { Token::Slot } else { Token::Word }, end: at + length };
    }
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

/// ASCII letters count without case; a word longer than the buffer was masked
/// before, unless it is not ASCII, and then its bytes count as they are.
fn lowered(key: &Keyed, word: &[u8]) -> u64 {
    let mut buffer = [0_u8; LONGEST_WORD];
    let Some(room) = buffer.get_mut(..word.len()) else { return key.word(word) };
    room.copy_from_slice(word);
    room.make_ascii_lowercase();
    key.word(room)
}

/// The first `most` bytes of a text, less what would split a character.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
