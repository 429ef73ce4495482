//! The exchange record: what is kept of one request and its answer (contracts,
//! section 5), and the decision that let it through or did not.
//!
//! The types hold ids and shared names, not text, so that making one on the
//! request path costs a few copies; writing them as JSON lines happens in the
//! writer's thread. Nothing here holds a prompt in the clear, or an answer.

#[cfg(feature = "parquet")]
pub mod columnar;
mod decision;
mod exchange;
mod id;
mod kept_text;
mod line;
mod logged;
#[cfg(feature = "readers")]
pub mod read;
mod sketch;

pub use decision::{DecisionRecord, Ruling, UsedAssertion};
pub use exchange::{Client, ExchangeRecord, Outcome, Params, Usage};
pub use id::{DecisionId, DecisionIdError, ExchangeIdError};
pub use kept_text::{KeptText, MOST_TEXT, Unsealable, Words};
pub use logged::{
    ClosedBy, LoggedAccount, LoggedClient, LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage,
};
pub use sketch::Sketch;

use serde::Serialize;

/// One line of the records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// What was decided, written when it was decided.
    Decision(DecisionRecord),
    /// What came of it, written when the answer ended.
    Exchange(ExchangeRecord),
}

impl Record {
    /// Appends the record to `lines` as one line of JSON with its line feed.
    ///
    /// # Errors
    /// When it cannot be written as JSON; `lines` is then as it was.
    pub fn write_line(&self, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let before = lines.len();
        match line::write(lines, self) {
            Ok(()) => {
                lines.push(b'\n');
                Ok(())
            }
            Err(error) => {
                lines.truncate(before);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
