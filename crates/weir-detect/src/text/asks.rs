//! What a text asks for, by phrases at the beginnings of its words.

/// Elicitation classes, by bit.
pub(crate) const CLASSES: [&str; 4] = ["reasoning", "judging", "cleaning", "rewriting"];

const REASONING: u8 = 1;
const JUDGING: u8 = 1 << 1;
const CLEANING: u8 = 1 << 2;
const REWRITING: u8 = 1 << 3;

/// The first four letters of every phrase, in lower case, each in the place that its
/// own bits give it: hardly any word begins so, and one comparison tells.
const STARTS: [u32; 256] = {
    const PHRASES: [&[u8; 4]; 17] = [
        b"step", b"scor", b"stri", b"reas", b"rubr", b"rate", b"rewr", b"reph", b"chai", b"clea", b"thin", b"tidy",
        b"grad", b"judg", b"norm", b"para", b"in o",
    ];
    let mut starts = [0; 256];
    let mut at = 0;
    while at < PHRASES.len() {
        let start = u32::from_le_bytes(*PHRASES[at]);
        assert!(starts[place_of(start)] == 0, "two phrases in one place: another multiplier is needed");
        starts[place_of(start)] = start;
        at += 1;
    }
    starts
};

const fn place_of(start: u32) -> usize {
    (start.wrapping_mul(0x9e37_79b1) >> 24) as usize
}

/// Whether a word that begins with these letters, in lower case, may show anything.
#[inline]
pub(super) fn may_ask(start: u32) -> bool {
    STARTS[place_of(start)] == start
}

/// The classes shown by the word that begins at `at`.
pub(super) fn asks_at(text: &[u8], at: usize) -> u8 {
    let marks: &[(&[u8], u8)] = match text[at] | 0x20 {
        b's' => &[(b"step by step", REASONING), (b"score", JUDGING), (b"strip the", CLEANING)],
        b'r' => &[
            (b"reasoning", REASONING),
            (b"rubric", JUDGING),
            (b"rate the", JUDGING),
            (b"rewrite", REWRITING),
            (b"rephrase", REWRITING),
        ],
        b'c' => &[(b"chain of thought", REASONING), (b"clean up", CLEANING)],
        b't' if at > 0 && text[at - 1] == b'<' => &[(b"think", REASONING), (b"tidy", CLEANING)],
        b't' => &[(b"think aloud", REASONING), (b"thinking", REASONING), (b"tidy", CLEANING)],
        b'g' => &[(b"grade the", JUDGING)],
        b'j' => &[(b"judge", JUDGING)],
        b'n' => &[(b"normalise", CLEANING), (b"normalize", CLEANING)],
        b'p' => &[(b"paraphrase", REWRITING)],
        b'i' => &[(b"in other words", REWRITING)],
        _ => return 0,
    };
    let rest = &text[at..];
    let shows = |mark: &[u8]| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    marks.iter().filter(|(mark, _)| shows(mark)).fold(0, |found, (_, class)| found | class)
}

/// The classes shown by all words of a piece.
pub(super) fn asks_in(piece: &[u8]) -> u8 {
    let mut found = 0;
    let mut inside = false;
    for (at, byte) in piece.iter().enumerate() {
        let is_letter = byte.is_ascii_alphanumeric();
        if is_letter && !inside {
            found |= asks_at(piece, at);
        }
        inside = is_letter;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phrase_is_passed_over_by_its_first_letters() {
        for word in [
            "step by step", "score", "strip the", "reasoning", "rubric", "rate the", "rewrite", "rephrase", "chain of thought",
            "clean up", "think", "tidy", "think aloud", "thinking", "grade the", "judge", "normalise", "normalize", "paraphrase",
            "in other words",
        ] {
            let text = format!("<{word}");
            assert_ne!(asks_at(text.as_bytes(), 1), 0, "{word}");
            let start = u32::from_le_bytes(word.as_bytes()[..4].try_into().unwrap());
            assert!(may_ask(start), "{word}");
        }
        assert!(!may_ask(u32::from_le_bytes(*b"harb")));
    }

    #[test]
    fn phrases_at_the_beginnings_of_words_tell_what_is_asked_for() {
        assert_eq!(asks_in(b"Reason about it STEP by step."), REASONING);
        assert_eq!(asks_in(b"put it into <think> tags"), REASONING);
        assert_eq!(asks_in(b"I think so"), 0);
        assert_eq!(asks_in(b"Grade the answer, then rewrite it"), JUDGING | REWRITING);
        assert_eq!(asks_in(b"Normalise and tidy"), CLEANING);
        assert_eq!(asks_in(b"an underscore; the prejudged"), 0);
        assert_eq!(asks_in(b"step by ste"), 0);
    }
}
