//! Findings made readable: one self-contained HTML page that an analyst would
//! show a colleague ([`page`]), and a table for the terminal ([`table`]).
//!
//! What a log says is hostile. On the page every text is escaped, characters
//! that are invisible or turn the direction of writing are shown by their
//! number, and a Content-Security-Policy lets nothing run but the page's own
//! script and nothing load at all. On the terminal such characters are escaped.
//!
//! Pure: no files, no clock. The same findings make the same page, byte for
//! byte.

mod numbers;
mod page;
mod svg;
mod table;
mod text;

pub use page::page;
pub use table::table;
pub use text::plain;

use weir_detect::*;

/// What a page is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report<'run> {
    /// The findings, in the order in which they are shown.
    pub dossiers: &'run [Dossier],
    /// The lines of `members.jsonl`, in any order.
    pub members: &'run [MemberLine],
    /// Pictures of the findings; a finding without one is shown without.
    pub pictures: &'run [Picture],
    /// What is to be known about the reading, a sentence each: for example how
    /// many lines could not be read.
    pub notes: &'run [String],
}
