//! Condition text as tokens with their places.

use std::ops::Range;

use super::error::ConditionError;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    /// The magnitude of a whole number; its sign is a token of its own.
    Number(u64),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

/// A token and the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

const SIGNS: &[&str] = &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-"];

/// Every token of `text`, [`Token::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ConditionError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (token, length) = token(text, at, rest)?;
        if let Some(token) = token {
            found.push(Placed { token, span: at..at + length });
        }
        at += length;
    }
    found.push(Placed { token: Token::End, span: text.len()..text.len() });
    Ok(found)
}

/// The token at the start of `rest` (none for white space) and its length.
fn token(text: &str, at: usize, rest: &str) -> Result<(Option<Token>, usize), ConditionError> {
    let first = rest.chars().next().unwrap_or_default();
    if first.is_whitespace() {
        return Ok((None, first.len_utf8()));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Some(Token::Sign(sign)), sign.len()));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = prefix(rest, |character| character.is_ascii_alphanumeric() || character == '_');
        return Ok((Some(Token::Word(rest.get(..length).unwrap_or_default().to_owned())), length));
    }
    if first.is_ascii_digit() {
        let length = prefix(rest, |character| character.is_ascii_alphanumeric() || character == '_');
        let digits = rest.get(..length).unwrap_or_default();
        let number = digits.parse().map_err(|_| {
            ConditionError::new(text, at..at + length, format!("`{digits}` is not a 64-bit whole number"))
        })?;
        return Ok((Some(Token::Number(number)), length));
    }
    if first == '"' {
        return string(text, at, rest).map(|(value, length)| (Some(Token::Text(value)), length));
    }
    let hint = match first {
        '=' => "a single `=` compares nothing; write `==`".to_owned(),
        '&' => "write `&&` for and".to_owned(),
        '|' => "write `||` for or".to_owned(),
        '\'' => "write text in double quotes".to_owned(),
        other => format!("`{}` has no meaning in a condition", other.escape_debug()),
    };
    Err(ConditionError::new(text, at..at + first.len_utf8(), hint))
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character)).unwrap_or(text.len())
}

/// A double-quoted text with the escapes `\" \\ \n \t \r \u{...}`.
fn string(text: &str, at: usize, rest: &str) -> Result<(String, usize), ConditionError> {
    let mut value = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((offset, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, offset + 1)),
            '\\' => {
                let escaped = letters.next().map(|(_, letter)| letter);
                let decoded = match escaped {
                    Some(letter @ ('"' | '\\')) => Some(letter),
                    Some('n') => Some('\n'),
                    Some('t') => Some('\t'),
                    Some('r') => Some('\r'),
                    Some('u') => unicode(&mut letters),
                    _ => None,
                };
                let Some(decoded) = decoded else {
                    let problem = "an escape is one of \\\" \\\\ \\n \\t \\r \\u{...}";
                    return Err(ConditionError::new(text, at + offset..at + offset + 2, problem));
                };
                value.push(decoded);
            }
            '\n' => {
                return Err(ConditionError::new(text, at..at + offset, "the text is not closed before the line ends"));
            }
            other => value.push(other),
        }
    }
    Err(ConditionError::new(text, at..at + rest.len(), "the text is not closed: a double quote is missing"))
}

/// The character of `{HEX}` after `\u`.
fn unicode(letters: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let opened = letters.next().is_some_and(|(_, letter)| letter == '{');
    let mut code: u32 = 0;
    let mut digits = 0;
    for (_, letter) in letters {
        if letter == '}' {
            return char::from_u32(code).filter(|_| opened && digits > 0);
        }
        digits += 1;
        if digits > 6 {
            return None;
        }
        code = code * 16 + letter.to_digit(16)?;
    }
    None
}
