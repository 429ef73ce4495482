//! CSV (RFC 4180) with a header that names the columns, in any order.

use std::borrow::Cow;

use csv_core::ReadRecordResult;

use super::super::LONGEST_RECORD;
use super::super::fault::Fault;
use super::super::record::{COLUMNS, Record, column, no_column};
use super::{BYTE_ORDER_MARK, Found, Sink};

/// The most fields of a line that are told apart.
const MOST_FIELDS: usize = 256;

pub(in super::super) struct CsvReader {
    core: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    text_used: usize,
    ends_used: usize,
    /// Which column each field is, once the header was read.
    header: Option<Vec<usize>>,
    /// The first bytes, until it is known whether they are a mark.
    start: Option<Vec<u8>>,
    newlines: u64,
    /// The line on which the record under way begins.
    begins: Option<u64>,
    stopped: bool,
}

impl Default for CsvReader {
    fn default() -> CsvReader {
        CsvReader {
            core: csv_core::Reader::new(),
            text: vec![0; LONGEST_RECORD],
            ends: vec![0; MOST_FIELDS],
            text_used: 0,
            ends_used: 0,
            header: None,
            start: Some(Vec::new()),
            newlines: 0,
            begins: None,
            stopped: false,
        }
    }
}

impl CsvReader {
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        let Some(mut start) = self.start.take() else { return self.read(bytes, sink) };
        start.extend_from_slice(bytes);
        if start.len() < BYTE_ORDER_MARK.len() {
            self.start = Some(start);
            return;
        }
        self.read(start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start), sink);
    }

    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        if let Some(start) = self.start.take() {
            self.read(&start, sink);
        }
        if !self.stopped {
            self.step(&[], sink);
        }
        if self.header.is_none() && !self.stopped {
            sink(Found::Stop(Fault::of_line(1, "the file is empty; its first line names the columns")));
        }
    }

    fn read(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) {
        while !bytes.is_empty() && !self.stopped {
            let taken = self.step(bytes, sink);
            bytes = &bytes[taken..];
        }
    }

    /// One step of the machine below; how many bytes it took.
    fn step(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> usize {
        let (result, taken, text, ends) =
            self.core.read_record(bytes, &mut self.text[self.text_used..], &mut self.ends[self.ends_used..]);
        self.text_used += text;
        self.ends_used += ends;
        self.count_lines(&bytes[..taken]);
        let line = self.begins.unwrap_or(self.newlines + 1);
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            ReadRecordResult::OutputFull => {
                let why = format!(
                    "the record is longer than {LONGEST_RECORD} bytes; is a quotation mark that opens in it never closed?"
                );
                self.stop(sink, Fault::of_line(line, why));
            }
            ReadRecordResult::OutputEndsFull => {
                self.stop(sink, Fault::of_line(line, format!("the line has more than {MOST_FIELDS} fields")));
            }
            ReadRecordResult::Record => {
                let goes_on = match &self.header {
                    None => self.read_header(line, sink),
                    Some(header) => {
                        let ends = &self.ends[..self.ends_used];
                        sink(record(line, &self.text, ends, header))
                    }
                };
                self.stopped |= !goes_on;
                (self.text_used, self.ends_used, self.begins) = (0, 0, None);
            }
        }
        taken
    }

    fn stop(&mut self, sink: &mut Sink<'_>, fault: Fault) {
        self.stopped = true;
        sink(Found::Stop(fault));
    }

    /// Knows the line of a record by the first byte that belongs to it.
    fn count_lines(&mut self, bytes: &[u8]) {
        if self.begins.is_none()
            && let Some(first) = bytes.iter().position(|byte| !matches!(byte, b'\n' | b'\r'))
        {
            let before = bytes[..first].iter().filter(|byte| **byte == b'\n').count();
            self.begins = Some(self.newlines + before as u64 + 1);
        }
        self.newlines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    fn read_header(&mut self, line: u64, sink: &mut Sink<'_>) -> bool {
        let mut header = Vec::with_capacity(self.ends_used);
        let mut start = 0;
        for end in &self.ends[..self.ends_used] {
            // What is not UTF-8 names no column, and is shown as it is.
            let name = &self.text[start..*end];
            let name = std::str::from_utf8(name).map_or_else(|_| name.escape_ascii().to_string(), ToOwned::to_owned);
            start = *end;
            let name = name.trim();
            let fault = match column(name) {
                None => no_column(name),
                Some(place) if header.contains(&place) => format!("the column `{name}` stands here twice"),
                Some(place) => {
                    header.push(place);
                    continue;
                }
            };
            sink(Found::Stop(Fault::of_line(line, fault)));
            return false;
        }
        for needed in ["record", "party"] {
            if !header.iter().any(|place| COLUMNS[*place] == needed) {
                let why = format!("the first line names the columns, and `{needed}` is not among them");
                sink(Found::Stop(Fault::of_line(line, why)));
                return false;
            }
        }
        self.header = Some(header);
        true
    }
}

fn record<'a>(line: u64, text: &'a [u8], ends: &[usize], header: &[usize]) -> Found<'a> {
    if ends.len() != header.len() {
        let why = format!("the line has {} fields, the header {}", ends.len(), header.len());
        return Found::Fault(Fault::of_line(line, why));
    }
    let mut fields = [const { Cow::Borrowed("") }; COLUMNS.len()];
    let mut start = 0;
    for (end, place) in ends.iter().zip(header) {
        match std::str::from_utf8(&text[start..*end]) {
            Ok(field) => fields[*place] = Cow::Borrowed(field.trim()),
            Err(_) => return Found::Fault(Fault::at(line, COLUMNS[*place], "it is not UTF-8: save the file as UTF-8")),
        }
        start = *end;
    }
    Found::Record(Record { line, fields })
}
