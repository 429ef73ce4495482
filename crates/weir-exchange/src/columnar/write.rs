//! Writes exchanges as Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, StringBuilder, TimestampMillisecondBuilder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, Fields, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::schema::{client, message, message_fields, outcome, params, schema, usage};
use crate::LoggedExchange;

/// Rows of a row group: enough to pack well, few enough that a file of some
/// size keeps several reading threads busy.
const GROUP_ROWS: usize = 1 << 16;

/// A row group ends early when its pages take this much memory.
const GROUP_BYTES: usize = 64 << 20;

/// Why exchanges could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Arrow would not have the columns.
    #[error("the exchanges do not fit Arrow's columns: {0}")]
    Columns(#[from] ArrowError),
    /// The file could not be written.
    #[error("the Parquet file cannot be written: {0}")]
    File(#[from] ParquetError),
}

/// Writes exchanges to one Parquet file, packed with zstd. Memory is bounded by
/// one row group. Nothing is a file before [`ParquetWriter::close`].
pub struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When its first bytes cannot be written.
    pub fn new(file: W) -> Result<Self, WriteError> {
        let schema = Arc::new(schema());
        let level = ZstdLevel::try_new(1)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        Ok(Self { writer, schema })
    }

    /// Adds exchanges.
    ///
    /// # Errors
    /// When they cannot be written; the file is then worth nothing.
    pub fn write(&mut self, exchanges: &[LoggedExchange]) -> Result<(), WriteError> {
        for some in exchanges.chunks(1_024) {
            let columns = columns(some)?;
            self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
            if self.writer.in_progress_size() > GROUP_BYTES {
                self.writer.flush()?;
            }
        }
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// When its last bytes cannot be written.
    pub fn close(self) -> Result<W, WriteError> {
        Ok(self.writer.into_inner()?)
    }
}

fn texts<'log>(exchanges: &'log [LoggedExchange], of: impl Fn(&'log LoggedExchange) -> Option<&'log str>) -> ArrayRef {
    let mut column = StringBuilder::new();
    exchanges.iter().for_each(|exchange| column.append_option(of(exchange)));
    Arc::new(column.finish())
}

/// A column of numbers or truths.
macro_rules! column {
    ($builder:ty, $exchanges:expr, $of:expr) => {{
        let mut column = <$builder>::new();
        let of: fn(&LoggedExchange) -> _ = $of;
        $exchanges.iter().for_each(|exchange| column.append_option(of(exchange)));
        Arc::new(column.finish()) as ArrayRef
    }};
}

/// In the order of the schema.
fn columns(exchanges: &[LoggedExchange]) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut time = TimestampMillisecondBuilder::new().with_timezone("UTC");
    exchanges.iter().for_each(|exchange| time.append_value(exchange.time.millis()));
    let of = exchanges;
    Ok(vec![
        texts(of, |exchange| exchange.id.as_deref()),
        Arc::new(time.finish()),
        texts(of, |exchange| Some(exchange.account.as_str())),
        texts(of, |exchange| exchange.party.as_deref()),
        texts(of, |exchange| exchange.api.as_deref()),
        texts(of, |exchange| exchange.model.as_deref()),
        texts(of, |exchange| exchange.served_model.as_deref()),
        texts(of, |exchange| exchange.conversation.as_deref()),
        messages(of)?,
        texts(of, |exchange| exchange.sketch.as_ref().map(crate::Sketch::as_str)),
        group(
            client(),
            vec![
                texts(of, |exchange| exchange.client.ip.as_deref()),
                column!(UInt32Builder, of, |exchange| exchange.client.asn),
                texts(of, |exchange| exchange.client.ja4.as_deref()),
                texts(of, |exchange| exchange.client.user_agent.as_deref()),
            ],
        )?,
        group(
            params(),
            vec![
                column!(UInt64Builder, of, |exchange| exchange.params.max_tokens),
                column!(Float64Builder, of, |exchange| exchange.params.temperature),
                column!(UInt64Builder, of, |exchange| exchange.params.n),
                column!(BooleanBuilder, of, |exchange| exchange.params.stream),
                column!(BooleanBuilder, of, |exchange| exchange.params.logprobs),
            ],
        )?,
        group(
            usage(),
            vec![
                column!(UInt64Builder, of, |exchange| exchange.usage.input_tokens),
                column!(UInt64Builder, of, |exchange| exchange.usage.output_tokens),
            ],
        )?,
        group(
            outcome(),
            vec![
                column!(UInt16Builder, of, |exchange| exchange.outcome.status),
                column!(BooleanBuilder, of, |exchange| exchange.outcome.refusal),
            ],
        )?,
        texts(of, |exchange| exchange.decision.as_deref()),
        column!(UInt64Builder, of, |exchange| exchange.tree_size),
        texts(of, |exchange| exchange.person.as_deref()),
        column!(UInt64Builder, of, |exchange| exchange.seq),
        column!(BooleanBuilder, of, |exchange| exchange.truncated),
    ])
}

fn group(fields: Fields, columns: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

fn messages(exchanges: &[LoggedExchange]) -> Result<ArrayRef, ArrowError> {
    let (mut role, mut content) = (StringBuilder::new(), StringBuilder::new());
    for message in exchanges.iter().flat_map(|exchange| &exchange.messages) {
        role.append_value(&message.role);
        content.append_value(&message.content);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(role.finish()), Arc::new(content.finish())];
    let messages = StructArray::try_new(message_fields(), columns, None)?;
    let offsets = OffsetBuffer::<i32>::from_lengths(exchanges.iter().map(|exchange| exchange.messages.len()));
    Ok(Arc::new(ListArray::try_new(message(), offsets, Arc::new(messages) as Arc<dyn Array>, None)?))
}
