//! The two forms a file comes in, read as it arrives: a record is handed on as
//! soon as its last byte is there, and no more of the file is held than that.

mod csv;
mod json_lines;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::record::Record;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 4180 with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        match text {
            "csv" => Ok(Format::Csv),
            "jsonl" | "ndjson" => Ok(Format::Jsonl),
            _ => Err("an import is a .csv or a .jsonl file".to_owned()),
        }
    }
}

/// What a reader comes upon.
#[expect(clippy::large_enum_variant, reason = "nearly all are records, and none is kept")]
pub(super) enum Found<'a> {
    /// A record.
    Record(Record<'a>),
    /// A line that is none; the next may be one.
    Fault(Fault),
    /// Something after which no line can be made sense of.
    Stop(Fault),
}

/// Takes what is found; false ends the reading.
pub(super) type Sink<'s> = dyn FnMut(Found<'_>) -> bool + 's;

/// Reads one of the forms.
pub(super) enum Reader {
    Csv(Box<csv::CsvReader>),
    Jsonl(json_lines::LineReader),
}

impl Reader {
    pub(super) fn new(format: Format) -> Reader {
        match format {
            Format::Csv => Reader::Csv(Box::default()),
            Format::Jsonl => Reader::Jsonl(json_lines::LineReader::default()),
        }
    }

    /// Takes the next bytes of the file.
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        match self {
            Reader::Csv(reader) => reader.feed(bytes, sink),
            Reader::Jsonl(reader) => reader.feed(bytes, sink),
        }
    }

    /// The file has ended.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        match self {
            Reader::Csv(reader) => reader.end(sink),
            Reader::Jsonl(reader) => reader.end(sink),
        }
    }
}

/// What some programs put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
