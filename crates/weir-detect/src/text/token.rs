//! Tokens that begin with a quotation mark, with code, or outside ASCII.

use super::script_of;

/// What begins somewhere in a text.
pub(super) enum Token {
    Word,
    Slot,
    Stop,
    Gap,
}

/// The token at `at`, where no word of ASCII begins, and its end. Both are at the start
/// of a character.
pub(super) fn next_token(text: &str, at: usize) -> (Token, usize) {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'`' if bytes[at..].starts_with(b"```") => {
            (Token::Slot, text[at + 3..].find("```").map_or(text.len(), |length| at + 3 + length + 3))
        }
        b'"' => match bytes[at + 1..].iter().take(512).position(|&byte| byte == b'"' || byte == b'\n') {
            Some(length) if bytes[at + 1 + length] == b'"' && length > 0 => (Token::Slot, at + length + 2),
            _ => (Token::Gap, at + 1),
        },
        0..=0x7f => (Token::Gap, at + 1),
        _ => wide_token(text, at),
    }
}

/// A token that begins outside ASCII: a run of letters, or one character where
/// words are not parted by spaces.
fn wide_token(text: &str, at: usize) -> (Token, usize) {
    let mut end = at;
    for letter in text[at..].chars() {
        let alone = script_of(letter) == 4;
        if end == at && matches!(letter, '。' | '！' | '？' | '；' | '：') {
            return (Token::Stop, at + letter.len_utf8());
        }
        if end == at && (alone || !letter.is_alphanumeric()) {
            let token = if letter.is_alphanumeric() { Token::Word } else { Token::Gap };
            return (token, at + letter.len_utf8());
        }
        if alone || !letter.is_alphanumeric() {
            break;
        }
        end += letter.len_utf8();
    }
    (Token::Word, end)
}
