//! Numbers by the grammar of RFC 8259 section 6, within the range of a double.

use super::{Cursor, JsonError, JsonProblem};

/// The longest run of digits that cannot exceed the largest double (1.79e308).
const ALWAYS_IN_RANGE: usize = 300;

impl<'a> Cursor<'a> {
    /// Reads a number whose first byte is next, and returns it as written.
    pub(crate) fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        match self.peek() {
            Some(b'0') => self.position += 1,
            Some(b'1'..=b'9') => self.digits(),
            None => return self.fail(JsonProblem::UnexpectedEnd),
            Some(_) => return self.fail_at(JsonProblem::InvalidNumber, start),
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.at_least_one_digit(start)?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.at_least_one_digit(start)?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            // Only a leading zero stops before a digit.
            return self.fail_at(JsonProblem::InvalidNumber, start);
        }
        let literal = self.text.get(start..self.position).unwrap_or_default();
        if (has_exponent || literal.len() > ALWAYS_IN_RANGE) && !is_finite(literal) {
            return self.fail_at(JsonProblem::NumberOutOfRange, start);
        }
        Ok(literal)
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.position += 1;
        }
    }

    fn at_least_one_digit(&mut self, start: usize) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            None => self.fail(JsonProblem::UnexpectedEnd),
            Some(_) => self.fail_at(JsonProblem::InvalidNumber, start),
        }
    }
}

fn is_finite(literal: &str) -> bool {
    literal.parse::<f64>().is_ok_and(f64::is_finite)
}
