//! JSON Lines: one object a line, its fields named as the columns are. What is
//! no text in JSON (`true`, `3`, `["XA","XB"]`) may be written as it is.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::super::LONGEST_RECORD;
use super::super::fault::Fault;
use super::super::record::{COLUMNS, Record, column, no_column};
use super::{BYTE_ORDER_MARK, Found, Sink};

#[derive(Default)]
pub(in super::super) struct LineReader {
    /// A line whose end has not come.
    held: Vec<u8>,
    /// Whether the line under way is too long and passed over.
    skips: bool,
    lines: u64,
    stopped: bool,
}

impl LineReader {
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        let mut rest = bytes;
        while !self.stopped {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return self.hold(rest, sink) };
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            match self.held.is_empty() && !self.skips {
                true => self.line(line, sink),
                false => self.held_line(line, sink),
            }
        }
    }

    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        if !self.stopped && (!self.held.is_empty() || self.skips) {
            self.held_line(&[], sink);
        }
    }

    fn hold(&mut self, part: &[u8], sink: &mut Sink<'_>) {
        if self.skips {
            return;
        }
        if self.held.len() + part.len() <= LONGEST_RECORD {
            self.held.extend_from_slice(part);
            return;
        }
        self.held.clear();
        self.skips = true;
        self.stopped |= !sink(Found::Fault(too_long(self.lines + 1)));
    }

    fn held_line(&mut self, part: &[u8], sink: &mut Sink<'_>) {
        self.hold(part, sink);
        let line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.skips) {
            self.lines += 1;
        } else {
            self.line(&line, sink);
        }
    }

    fn line(&mut self, line: &[u8], sink: &mut Sink<'_>) {
        self.lines += 1;
        let line = if self.lines == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        if line.trim_ascii().is_empty() {
            return;
        }
        if line.len() > LONGEST_RECORD {
            self.stopped |= !sink(Found::Fault(too_long(self.lines)));
            return;
        }
        let found = match std::str::from_utf8(line) {
            Ok(text) => record(self.lines, text),
            Err(_) => Found::Fault(Fault::of_line(self.lines, "the line is not UTF-8: save the file as UTF-8")),
        };
        self.stopped |= !sink(found);
    }
}

fn too_long(line: u64) -> Fault {
    Fault::of_line(line, format!("the record is longer than {LONGEST_RECORD} bytes"))
}

/// The fields of a line, in the order of the columns.
struct Fields<'a>([Cow<'a, str>; COLUMNS.len()]);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

struct Visitor<'a>(std::marker::PhantomData<&'a str>);

impl<'de: 'a, 'a> serde::de::Visitor<'de> for Visitor<'a> {
    type Value = Fields<'a>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object whose fields are the columns")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        use serde::de::Error as _;
        let mut fields = [const { Cow::Borrowed("") }; COLUMNS.len()];
        let mut seen = [false; COLUMNS.len()];
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let place = column(&name).ok_or_else(|| A::Error::custom(no_column(&name)))?;
            if std::mem::replace(&mut seen[place], true) {
                return Err(A::Error::custom(format!("the field `{name}` stands here twice")));
            }
            fields[place] = map.next_value::<Text<'a>>()?.0;
        }
        Ok(Fields(fields))
    }
}

/// A field's value as text.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let raw = <&'de serde_json::value::RawValue>::deserialize(deserializer)?.get();
        // A text without escapes is taken as it lies.
        if let Some(plain) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
            && !plain.contains('\\')
        {
            return Ok(Text(Cow::Borrowed(plain)));
        }
        match serde_json::from_str(raw).map_err(D::Error::custom)? {
            Value::Null => Ok(Text(Cow::Borrowed(""))),
            Value::Bool(value) => Ok(Text(Cow::Borrowed(if value { "true" } else { "false" }))),
            Value::Number(value) => Ok(Text(Cow::Owned(value.to_string()))),
            Value::String(value) => Ok(Text(Cow::Owned(value))),
            Value::Array(members) => {
                members_of(&members).map(Text).ok_or_else(|| D::Error::custom("a set holds words without commas"))
            }
            Value::Object(_) => Err(D::Error::custom("no column holds an object")),
        }
    }
}

fn members_of(members: &[Value]) -> Option<Cow<'static, str>> {
    let words: Option<Vec<&str>> =
        members.iter().map(|member| member.as_str().filter(|word| !word.contains(','))).collect();
    Some(Cow::Owned(words?.join(",")))
}

fn record(line: u64, text: &str) -> Found<'_> {
    match serde_json::from_str::<Fields<'_>>(text) {
        Ok(Fields(fields)) => Found::Record(Record { line, fields }),
        Err(error) => Found::Fault(Fault::of_line(line, told(&error))),
    }
}

/// The error without its line, which is always the first here.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    match error.column() {
        0 => what.to_owned(),
        column => format!("{what} (at byte {column})"),
    }
}
