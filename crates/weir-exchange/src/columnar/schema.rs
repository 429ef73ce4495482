//! The record's Arrow schema, and what other types its columns may have in
//! files that others wrote.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};

use crate::read::{Column, Columns};

/// The Arrow schema of an exchange. Only `time` and `account` may not be null.
#[must_use]
pub fn schema() -> Schema {
    Schema::new(vec![
        text("id"),
        Field::new("time", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        Field::new("account", DataType::Utf8, false),
        text("party"),
        text("api"),
        text("model"),
        text("served_model"),
        text("conversation"),
        Field::new("messages", DataType::List(message()), true),
        text("sketch"),
        Field::new("client", DataType::Struct(client()), true),
        Field::new("params", DataType::Struct(params()), true),
        Field::new("usage", DataType::Struct(usage()), true),
        Field::new("outcome", DataType::Struct(outcome()), true),
        text("decision"),
        whole("tree_size"),
        text("person"),
        whole("seq"),
        truth("truncated"),
    ])
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn whole(name: &str) -> Field {
    Field::new(name, DataType::UInt64, true)
}

fn truth(name: &str) -> Field {
    Field::new(name, DataType::Boolean, true)
}

pub(super) fn message_fields() -> Fields {
    vec![Field::new("role", DataType::Utf8, false), Field::new("content", DataType::Utf8, false)].into()
}

/// The element of the list of messages, named as the Parquet format does.
pub(super) fn message() -> FieldRef {
    Arc::new(Field::new("element", DataType::Struct(message_fields()), false))
}

pub(super) fn client() -> Fields {
    vec![text("ip"), Field::new("asn", DataType::UInt32, true), text("ja4"), text("user_agent")].into()
}

pub(super) fn params() -> Fields {
    let temperature = Field::new("temperature", DataType::Float64, true);
    vec![whole("max_tokens"), temperature, whole("n"), truth("stream"), truth("logprobs")].into()
}

pub(super) fn usage() -> Fields {
    vec![whole("input_tokens"), whole("output_tokens")].into()
}

pub(super) fn outcome() -> Fields {
    vec![Field::new("status", DataType::UInt16, true), truth("refusal")].into()
}

/// The record's column that a column of a file is, if it is one: `org` is read
/// as `party`.
pub(super) fn column_of(name: &str) -> Option<Column> {
    Column::named(if name == "org" { "party" } else { name })
}

/// The schema in which a file is to be read: text as views into the file's
/// pages, so that a dictionary with one long text does not grow by the number
/// of its uses. And what is wrong with the file's own schema, in words.
pub(super) fn reading_schema(found: &Schema, columns: Columns) -> Result<Schema, String> {
    for (name, wanted) in [("time", "a timestamp or text"), ("account", "text")] {
        if found.field_with_name(name).is_err() {
            let names: Vec<&str> = found.fields().iter().take(20).map(|field| field.name().as_str()).collect();
            return Err(format!("it has no column `{name}` ({wanted}); its columns are {}", names.join(", ")));
        }
    }
    let mut fields = Vec::with_capacity(found.fields().len());
    for field in found.fields() {
        let wanted = column_of(field.name()).filter(|column| columns.holds(*column));
        if let Some(column) = wanted {
            check(field.name(), field.data_type(), kind_of(column))?;
        }
        fields.push(viewed(field, wanted.is_some()));
    }
    Ok(Schema::new_with_metadata(fields, found.metadata().clone()))
}

/// What a column must hold.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Time,
    Whole,
    Real,
    Truth,
    Messages,
    Struct(&'static [(&'static str, Kind)]),
}

fn kind_of(column: Column) -> Kind {
    match column {
        Column::Time => Kind::Time,
        Column::Messages => Kind::Messages,
        Column::TreeSize | Column::Seq => Kind::Whole,
        Column::Truncated => Kind::Truth,
        Column::Client => {
            Kind::Struct(&[("ip", Kind::Text), ("asn", Kind::Whole), ("ja4", Kind::Text), ("user_agent", Kind::Text)])
        }
        Column::Params => Kind::Struct(&[
            ("max_tokens", Kind::Whole),
            ("temperature", Kind::Real),
            ("n", Kind::Whole),
            ("stream", Kind::Truth),
            ("logprobs", Kind::Truth),
        ]),
        Column::Usage => Kind::Struct(&[("input_tokens", Kind::Whole), ("output_tokens", Kind::Whole)]),
        Column::Outcome => Kind::Struct(&[("status", Kind::Whole), ("refusal", Kind::Truth)]),
        _ => Kind::Text,
    }
}

const MESSAGE: Kind = Kind::Struct(&[("role", Kind::Text), ("content", Kind::Text)]);

fn check(name: &str, found: &DataType, kind: Kind) -> Result<(), String> {
    let (fits, wanted) = match kind {
        Kind::Text => (is_text(found), "text"),
        Kind::Time => (is_text(found) || matches!(found, DataType::Timestamp(_, _)), "a timestamp or text in RFC 3339"),
        Kind::Whole => (found.is_integer() || found.is_floating(), "a whole number"),
        Kind::Real => (found.is_integer() || found.is_floating(), "a number"),
        Kind::Truth => (matches!(found, DataType::Boolean), "true or false"),
        Kind::Messages => match found {
            DataType::List(element) => return check(name, element.data_type(), MESSAGE),
            _ => (is_text(found), "a list of structs of `role` and `content`, or text that is JSON"),
        },
        Kind::Struct(wanted) => match found {
            DataType::Struct(fields) => {
                for (inner, kind) in wanted {
                    if let Some((_, field)) = fields.find(inner) {
                        check(&format!("{name}.{inner}"), field.data_type(), *kind)?;
                    }
                }
                return Ok(());
            }
            // A column of nothing but nulls, as some writers make it.
            DataType::Null => (true, ""),
            _ => (false, "a struct"),
        },
    };
    if fits || matches!(found, DataType::Null) {
        return Ok(());
    }
    Err(format!("column `{name}` is {}, where {wanted} is wanted", in_words(found)))
}

/// A type in few words: what a nested one holds may be long.
fn in_words(found: &DataType) -> String {
    match found {
        DataType::Struct(_) => "a struct".to_owned(),
        DataType::List(_) | DataType::LargeList(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}

fn is_text(found: &DataType) -> bool {
    matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Binary)
}

fn viewed(field: &FieldRef, ours: bool) -> FieldRef {
    let of = |inner: &FieldRef| viewed(inner, ours);
    let kind = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        // Some old writers leave text unmarked; it is checked to be UTF-8.
        DataType::Binary if ours => DataType::Utf8View,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(of).collect()),
        DataType::List(element) => DataType::List(of(element)),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}
