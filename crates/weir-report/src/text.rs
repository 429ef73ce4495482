//! Text from a log on its way to eyes. Nothing of it may act: not on the page,
//! not on a terminal, and not on the reader by hiding or reordering letters.

use std::fmt::{self, Display, Write};

/// Whether a character cannot be seen or moves others: controls, marks and
/// overrides of direction, characters of no width, tags.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// For a terminal, on one line: what is hidden is shown by its number, and
/// white space of every kind is a blank.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => shown.push(' '),
            hidden if is_hidden(hidden) => {
                // Writing to a string does not fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(hidden));
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// The content of an element.
pub(crate) struct Escaped<'text>(pub(crate) &'text str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                '\n' | '\t' => out.write_char(letter)?,
                hidden if is_hidden(hidden) => {
                    write!(out, "<span class=\"hidden\">U+{:04X}</span>", u32::from(hidden))?
                }
                letter => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// The value of an attribute in double quotes, or text where no element may
/// stand.
pub(crate) struct Attribute<'text>(pub(crate) &'text str);

impl Display for Attribute<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                hidden if is_hidden(hidden) => write!(out, "&lt;U+{:04X}&gt;", u32::from(hidden))?,
                letter => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// A value as JSON that may stand in a `script` element: nothing in it ends
/// the element or begins a comment.
pub(crate) fn json_in_script(value: &serde_json::Value) -> String {
    let mut shown = String::new();
    for letter in value.to_string().chars() {
        match letter {
            letter if matches!(letter, '<' | '>' | '&') || is_hidden(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// At most so many characters, with a sign where some are left out.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((place, _)) => format!("{}…", text.get(..place).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let text = plain("a\u{1b}[31mred\u{202e}txt\r\nb\u{7}\u{9b}2J");
        assert_eq!(text, "a<U+001B>[31mred<U+202E>txt  b<U+0007><U+009B>2J");
    }

    #[test]
    fn nothing_is_markup_and_nothing_hides() {
        let hostile = "<script>alert('x')</script>&\"\u{200b}\u{202e}";
        let content = Escaped(hostile).to_string();
        assert!(!content.contains("<script") && content.contains("U+200B") && content.contains("U+202E"));
        assert!(!content.contains('\u{202e}') && !content.contains('\''));
        assert!(!Attribute(hostile).to_string().contains(['<', '>', '"', '\'', '\u{202e}']));
        let json = json_in_script(&serde_json::json!(["</script><!--", hostile]));
        assert!(!json.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()[1], hostile);
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }
}
