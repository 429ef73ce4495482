//! What is read in windows and without branches is what the rules give that are
//! followed one character after the other.

use proptest::prelude::*;

use super::asks::{asks_at, asks_in};
use super::*;
use crate::constants::{LONGEST_WORD, TOPIC_WORD};

fn word_hash(key: &Keyed, word: &str) -> u64 {
    let lower: Vec<u8> = word.bytes().map(|byte| byte | 0x20).collect();
    key.word_by_length(&lower)
}

/// What a part's rules give, character by character.
#[derive(Default)]
struct Slow {
    words: Vec<u64>,
    sentences: Vec<u64>,
    topic: Vec<u64>,
    fill: u64,
    asks: u8,
    scripts: [u32; 8],
    /// Hash and words of the sentence that goes on.
    sentence: (u64, usize),
}

impl Slow {
    fn word(&mut self, hash: u64) {
        self.words.push(hash);
        self.sentence = (join(self.sentence.0, hash), self.sentence.1 + usize::from(hash != SLOT));
    }

    fn slot(&mut self, hash: u64) {
        self.fill = join(self.fill, hash);
        self.word(SLOT);
    }

    fn plain(&mut self, hash: u64, script: u8, long: bool) {
        self.scripts[usize::from(script & 7)] += 1;
        self.fill = join(self.fill, hash);
        if long {
            self.topic.push(hash);
        }
        self.word(hash);
    }

    fn stop(&mut self, part: Part) {
        let (hash, words) = std::mem::take(&mut self.sentence);
        if words >= SENTENCE_WORDS {
            self.sentences.push(join(hash, Domain::Sentence as u64 + ((part as u64) << 8)));
        }
    }

    fn read(key: &Keyed, part: Part, whole: &str) -> Slow {
        let text = cut(whole, PART_BYTES);
        let mut slow = Slow::default();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let at = text.len() - rest.len();
            let length = |is: &dyn Fn(char) -> bool| rest.find(|letter| !is(letter)).unwrap_or(rest.len());
            let taken = match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' => {
                    let word = &rest[..length(&|letter| letter.is_ascii_alphanumeric() || letter == '\'')];
                    if word.len() > LONGEST_WORD || word.bytes().any(|byte| byte.is_ascii_digit()) {
                        slow.slot(key.span(word.as_bytes()));
                    } else {
                        slow.plain(word_hash(key, word), 1, word.len() >= TOPIC_WORD);
                        if part != Part::FirstUser && (at < ASKED_BYTES || at + ASKED_BYTES >= text.len()) {
                            slow.asks |= asks_at(text.as_bytes(), at);
                        }
                    }
                    word.len()
                }
                '"' => {
                    let close = rest[1..].bytes().take(512).position(|byte| byte == b'"' || byte == b'\n');
                    match close.filter(|&length| length > 0 && rest.as_bytes()[length + 1] == b'"') {
                        Some(length) => {
                            slow.slot(key.span(&rest.as_bytes()[..length + 2]));
                            length + 2
                        }
                        None => 1,
                    }
                }
                '`' if rest.starts_with("```") => {
                    let length = rest[3..].find("```").map_or(rest.len(), |length| length + 6);
                    slow.slot(key.span(&rest.as_bytes()[..length]));
                    length
                }
                '.' | '!' | '?' | ':' | ';' | '\n' | '<' | '>' | '。' | '！' | '？' | '；' | '：' => {
                    slow.stop(part);
                    letter.len_utf8()
                }
                _ if letter.is_ascii() || !letter.is_alphanumeric() => letter.len_utf8(),
                _ => {
                    let length = match script_of(letter) {
                        4 => letter.len_utf8(),
                        _ => length(&|letter| letter.is_alphanumeric() && script_of(letter) != 4),
                    };
                    slow.plain(key.span(&rest.as_bytes()[..length]), script_of(letter), true);
                    length
                }
            };
            rest = &rest[taken..];
        }
        slow.stop(part);
        if part != Part::FirstUser && whole.len() > text.len() {
            slow.asks |= asks_in(&whole.as_bytes()[whole.len() - ASKED_BYTES..]);
        }
        slow
    }

    /// Edges and the others, as [`Reader::anchors_of`] parts them.
    fn anchors(&self, part: Part) -> (Vec<u64>, Vec<u64>) {
        let salt = |domain: Domain| domain as u64 + ((part as u64) << 8);
        let (mut edges, mut inner) = (Vec::new(), Vec::new());
        let count = self.sentences.len();
        for (place, &sentence) in self.sentences.iter().enumerate() {
            let is_edge = place < EDGE_SENTENCES || count - place <= EDGE_SENTENCES;
            if is_edge { edges.push(sentence) } else { inner.push(sentence) }
        }
        if self.words.len() >= 2 * WINDOW_WORDS {
            let chain = |seed: u64, hashes: &[u64]| hashes.iter().fold(seed, |hash, &word| join(hash, word));
            let first = chain(1, &self.words[..WINDOW_WORDS]);
            let last = chain(2, &self.words[self.words.len() - WINDOW_WORDS..]);
            let head = chain(first, &self.sentences[..count.min(EDGE_SENTENCES)]);
            edges.extend([first, last].map(|edge| join(edge, salt(Domain::Window))));
            edges.extend([join(first, last), join(head, last)].map(|frame| join(frame, salt(Domain::Frame))));
        }
        let rolled = |window: &[u64]| window.iter().fold(0_u64, |sum, &word| sum.wrapping_mul(ROLL).wrapping_add(word));
        let hashes = self.words.windows(SHINGLE_WORDS).map(|window| join(rolled(window), 3));
        let mut shingles: Vec<u64> = hashes.filter(|hash| hash % SHINGLE_SAMPLE == 0).collect();
        sort(&mut shingles, SHINGLES_A_PART);
        inner.extend(shingles.into_iter().map(|hash| join(hash, salt(Domain::Shingle))));
        (edges, inner)
    }
}

fn sort(hashes: &mut Vec<u64>, most: usize) {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(most);
}

/// The sketch of parts by their rules.
fn slowly(key: &Keyed, parts: &[(Part, &str)]) -> TextSketch {
    let (mut edges, mut inner, mut sketch) = (Vec::new(), Vec::new(), TextSketch::default());
    for &(part, whole) in parts {
        let mut slow = Slow::read(key, part, whole);
        let (some, others) = slow.anchors(part);
        edges.extend(some);
        inner.extend(others);
        sketch.asks |= slow.asks;
        if part == Part::FirstUser {
            sketch.first_words = slow.fill;
        }
        if part == Part::LastUser {
            sort(&mut slow.topic, TOPIC_WORDS);
            let mut buckets: Vec<u8> = slow.topic.iter().map(|hash| (hash >> 32) as u8).collect();
            buckets.sort_unstable();
            buckets.dedup();
            sketch.topic = Topic::of(&buckets);
            sketch.fill = join(slow.fill, Domain::Text as u64);
            sketch.words = slow.words.len() as u32;
            let most = slow.scripts[1..].iter().max().copied();
            sketch.script = (1..8).find(|&class| Some(slow.scripts[usize::from(class)]) == most).unwrap_or(0);
        }
    }
    sort(&mut edges, ANCHORS_AN_EXCHANGE);
    sort(&mut inner, ANCHORS_AN_EXCHANGE - edges.len());
    edges.extend(inner);
    sort(&mut edges, ANCHORS_AN_EXCHANGE);
    TextSketch { anchors: edges.into(), ..sketch }
}

/// Texts of what the rules tell apart, in any order, some of them long.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z]{1,9} ",
        2 => "[a-zA-Z']{1,40}",
        1 => "[a-z]{60,140}",
        2 => "[ .!?:;<>,\n'\"`-]{1,4}",
        1 => "[0-9]{1,5}",
        1 => Just("```".to_owned()),
        1 => "\"[a-z é]{0,30}\"",
        1 => prop::sample::select(vec!["Step by step ", "<think>", "judge ", "in other words", "rewrite", "rate the"]).prop_map(str::to_owned),
        2 => "[äöüßéñ]{1,6}",
        1 => "[а-яё]{1,8} ",
        1 => "[漢字仮名。！か]{1,4}",
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn a_sketch_is_what_the_rules_give_one_character_after_the_other(
        system in texts(),
        first in texts(),
        last in texts(),
        often in 1..12_usize,
        again in texts(),
    ) {
        let key = Keyed::new([9; 16]);
        // Some longer than is read.
        let system = system.repeat(often);
        let parts = [(Part::System, system.as_str()), (Part::FirstUser, &first), (Part::LastUser, &last)];
        let mut reader = Reader::default();
        for (part, text) in parts {
            reader.part(&key, part, text);
        }
        prop_assert_eq!(reader.finish(), slowly(&key, &parts));
        // With the rooms of another exchange, and only one part.
        reader.part(&key, Part::LastUser, &again);
        prop_assert_eq!(reader.finish(), slowly(&key, &[(Part::LastUser, &again)]));
    }
}

/// Words, stops and odd bytes at every place of a window.
#[test]
fn nothing_depends_on_where_a_window_begins() {
    let key = Keyed::new([3; 16]);
    let mut reader = Reader::default();
    for before in 0..=130 {
        for text in ["harbour lantern. orchard' violin x9 \"a b\" é'tis 'tis", "'''a", "ab", "```code``` after that", "naïve's", "漢字. and so on it goes"] {
            for filler in ["-", "x", "'", ".", "7"] {
                let text = format!("{}{text}{}", filler.repeat(before), filler.repeat(before % 7));
                reader.part(&key, Part::LastUser, &text);
                assert_eq!(reader.finish(), slowly(&key, &[(Part::LastUser, &text)]), "{text}");
            }
        }
    }
}
