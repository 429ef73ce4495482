//! From a part's text to the hashes of its words, the ends of its sentences, and what
//! else is told while each word is at hand.

use super::asks::{asks_at, may_ask};
use super::lane::{Kind, kind_of};
use super::token::{Token, next_token};
use super::window::{WINDOW, Window, low};
use super::{Part, SLOT, script_of};
use crate::constants::{ASKED_BYTES, LONGEST_WORD, SHINGLE_WORDS, TOPIC_WORD};
use crate::hash::{Keyed, eight, join};

/// Bytes before a window, so that the eight bytes which end with a word can be read
/// everywhere.
const FRONT: usize = 8;

/// A window with eight bytes on each side.
const VIEW: usize = FRONT + WINDOW + 8;

/// A part that was read. Its rooms are used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// [`SHINGLE_WORDS`] times nothing, and then the hashes of words, of which `count`
    /// are there: room is made for all that the text can have, and then they are
    /// written without asking for any.
    words: Vec<u64>,
    count: usize,
    /// All words, with what stands in slots.
    pub(super) fill: u64,
    /// How many words came before each end of a sentence.
    pub(super) stops: Vec<usize>,
    /// Hashes of long words, of which the first `topics` are there.
    topic: Vec<u64>,
    topics: usize,
    pub(super) asks: u8,
    slots: u32,
    /// Words outside ASCII, by script.
    scripts: [u32; 8],
}

/// What does not change within a part.
#[derive(Clone, Copy)]
struct About<'t> {
    key: &'t Keyed,
    text: &'t str,
    is_asked: bool,
}

impl About<'_> {
    /// The bytes of a window that are looked at for what they ask for.
    fn asked(self, at: usize) -> u64 {
        if !self.is_asked {
            return 0;
        }
        let tail = self.text.len().saturating_sub(ASKED_BYTES);
        low(ASKED_BYTES.saturating_sub(at)) | !low(tail.saturating_sub(at))
    }
}

impl Scan {
    /// Hashes of the words read.
    pub(super) fn words(&self) -> &[u64] {
        &self.words[SHINGLE_WORDS..SHINGLE_WORDS + self.count]
    }

    /// For each word the one that was [`SHINGLE_WORDS`] before it, or 0.
    pub(super) fn words_before(&self) -> &[u64] {
        &self.words[..self.count]
    }

    /// Hashes of long words.
    pub(super) fn topic(&self) -> &[u64] {
        &self.topic[..self.topics]
    }

    /// Words by script.
    pub(super) fn scripts(&self) -> [u32; 8] {
        let others = self.slots + self.scripts.iter().sum::<u32>();
        let mut scripts = self.scripts;
        scripts[1] = u32::try_from(self.count).unwrap_or(u32::MAX).saturating_sub(others);
        scripts
    }

    /// Reads a part; what was there of the part before is gone.
    pub(super) fn read(&mut self, key: &Keyed, part: Part, text: &str) {
        let about = About { key, text, is_asked: part != Part::FirstUser };
        self.begin(text);
        // All of it on its way from memory at once, not each window when its turn comes.
        std::hint::black_box(text.as_bytes().iter().step_by(WINDOW).fold(0, |all, byte| all ^ byte));
        let mut at = 0;
        while at < text.len() {
            let mut edge = [0; VIEW];
            let view = view(text.as_bytes(), at, &mut edge);
            let window = Window::of(view[FRONT..].first_chunk().unwrap_or(&[0; WINDOW]));
            let seen = window.before_odd();
            let mut run = window.words() & low(seen);
            let mut length = seen;
            if run >> (WINDOW - 1) == 1 {
                // A word that may go on is the next window's.
                length = WINDOW - run.leading_ones() as usize;
                run &= low(length);
            }
            if length == 0 && seen > 0 {
                at = self.long_run(about, at);
                continue;
            }
            let ends = !run & run << 1;
            self.stops_of(window.stops & low(length), ends);
            self.words_of(about, at, view, run, ends, window.digits);
            at = self.others(about, at + length);
        }
    }

    fn begin(&mut self, text: &str) {
        // Each word is a byte long at least.
        let most = SHINGLE_WORDS + text.len() + 1;
        if self.words.len() < most {
            self.words.resize(most, 0);
            self.topic.resize(most, 0);
        }
        self.stops.clear();
        (self.count, self.fill, self.topics, self.asks, self.slots, self.scripts) = (0, 0, 0, 0, 0, [0; 8]);
    }

    /// Notes ends of sentences in a window that has these words' ends.
    fn stops_of(&mut self, mut stops: u64, ends: u64) {
        while stops != 0 {
            let at = stops.trailing_zeros() as usize;
            stops &= stops - 1;
            self.stops.push(self.count + (ends & low(at + 1)).count_ones() as usize);
        }
    }

    /// Takes the words of a window, whose ends are given beside them.
    fn words_of(&mut self, about: About<'_>, at: usize, view: &[u8; VIEW], run: u64, mut ends: u64, digits: u64) {
        let asked = about.asked(at);
        // In most windows no word is a slot.
        let may_slot = digits | longer_than_half(run);
        let mut starts = run & !(run << 1);
        let (words, topic) = (&mut self.words[SHINGLE_WORDS..], &mut self.topic[..]);
        let (mut count, mut topics, mut fill) = (self.count, self.topics, self.fill);
        while starts != 0 {
            let (start, end) = (starts.trailing_zeros() as usize & 63, ends.trailing_zeros() as usize & 63);
            starts &= starts - 1;
            ends &= ends.wrapping_sub(1);
            let length = end.wrapping_sub(start);
            if may_slot != 0 && (length > LONGEST_WORD || digits & low(end) & !low(start) != 0) {
                fill = join(fill, about.key.span(&view[FRONT + start..FRONT + end]));
                words[count] = SLOT;
                self.slots += 1;
            } else {
                let hash = about.key.word(view, FRONT + start, FRONT + end);
                fill = join(fill, hash);
                words[count] = hash;
                // Without a branch: lengths follow no pattern.
                topic[topics] = hash;
                topics += usize::from(length >= TOPIC_WORD);
                if asked >> start & 1 == 1 && may_ask(eight(view, FRONT + start) as u32) {
                    self.asks |= asks_at(about.text.as_bytes(), at + start);
                }
            }
            count += 1;
        }
        (self.count, self.topics, self.fill) = (count, topics, fill);
    }

    /// A run of letters and digits longer than a window.
    fn long_run(&mut self, about: About<'_>, at: usize) -> usize {
        let rest = &about.text.as_bytes()[at..];
        let length = run_of(rest);
        self.slot(about, at, at + length);
        at + length
    }

    /// Takes what is odd, and what lies between, until a word of ASCII may begin or the
    /// next window would see more.
    fn others(&mut self, about: About<'_>, mut at: usize) -> usize {
        let text = about.text;
        while at < text.len() {
            match kind_of(text.as_bytes()[at]) {
                Kind::Run => return at,
                Kind::Gap => at += 1,
                Kind::Stop => {
                    self.stops.push(self.count);
                    at += 1;
                }
                Kind::Odd => at = self.odd(about, at),
            }
        }
        at
    }

    fn odd(&mut self, about: About<'_>, at: usize) -> usize {
        let (token, end) = next_token(about.text, at);
        match token {
            Token::Word => {
                let hash = about.key.span(&about.text.as_bytes()[at..end]);
                let script = script_of(about.text[at..].chars().next().unwrap_or('a'));
                self.scripts[usize::from(script & 7)] += 1;
                self.topic[self.topics] = hash;
                self.topics += 1;
                self.word(hash, hash);
            }
            Token::Slot => self.slot(about, at, end),
            Token::Stop => self.stops.push(self.count),
            Token::Gap => {}
        }
        end
    }

    fn slot(&mut self, about: About<'_>, at: usize, end: usize) {
        self.slots += 1;
        self.word(SLOT, about.key.span(&about.text.as_bytes()[at..end]));
    }

    fn word(&mut self, hash: u64, fill: u64) {
        self.fill = join(self.fill, fill);
        self.words[SHINGLE_WORDS + self.count] = hash;
        self.count += 1;
    }
}

/// How many bytes a run of letters, digits and apostrophes goes on for. Many at a
/// time, without a branch a byte: what is longer than a window is often very long.
fn run_of(bytes: &[u8]) -> usize {
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'\'');
    let (blocks, _) = bytes.as_chunks::<32>();
    let whole = blocks.iter().take_while(|block| block.iter().fold(true, |all, byte| all & goes_on(*byte))).count() * 32;
    whole + bytes[whole..].iter().take_while(|byte| goes_on(**byte)).count()
}

/// Bits where a run of more than half a window begins, or goes on.
const fn longer_than_half(run: u64) -> u64 {
    let mut run = run & run >> 1;
    let mut length = 1;
    while length < WINDOW / 2 {
        run &= run >> length;
        length *= 2;
    }
    run
}

/// So that they are slots.
const _: () = assert!(LONGEST_WORD == WINDOW / 2);

/// A window with what is around it: the text's own bytes but at its ends, where nothing is
/// around it.
fn view<'v>(text: &'v [u8], at: usize, edge: &'v mut [u8; VIEW]) -> &'v [u8; VIEW] {
    let whole = at.checked_sub(FRONT).and_then(|from| text.get(from..)?.first_chunk());
    whole.unwrap_or_else(|| {
        let (from, to) = (at.saturating_sub(FRONT), text.len().min(at + WINDOW + 8));
        let there = text.get(from..to).unwrap_or_default();
        let front = FRONT.saturating_sub(at);
        if let Some(place) = edge.get_mut(front..front + there.len()) {
            place.copy_from_slice(there);
        }
        edge
    })
}
