//! What a text asks for, by phrases at the beginnings of its words.

/// Elicitation classes, by bit.
pub(crate) const CLASSES: [&str; 4] = ["reasoning", "judging", "cleaning", "rewriting"];

const REASONING: u8 = 1;
const JUDGING: u8 = 1 << 1;
const CLEANING: u8 = 1 << 2;
const REWRITING: u8 = 1 << 3;

/// The classes shown by the word that begins at `at`; the text goes on for eight
/// bytes behind every word.
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
