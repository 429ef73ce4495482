//! A Parquet file that is open, and the reading of its row groups.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use weir_acts::Time;

use super::batch::Rows;
use super::pages::Pages;
use super::schema::{column_of, reading_schema};
use crate::LoggedExchange;
use crate::read::{Column, Columns, HAND_ON, ReadLimits, UnitReport};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 1_024;

/// Bytes of text after which exchanges are handed on before there are [`HAND_ON`], so that rows which share
/// one long text in the file do not fill the memory with copies.
const HAND_ON_BYTES: usize = 4 << 20;

/// Why a Parquet file cannot be read.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Its bytes are not what Parquet's are.
    Damaged(String),
    /// It is Parquet, but not of exchanges.
    Shape(String),
}

/// A Parquet file of exchanges.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    pages: Pages,
    metadata: ArrowReaderMetadata,
    columns: ProjectionMask,
}

impl ParquetFile {
    /// Reads the metadata and looks whether the columns are an exchange's.
    pub(crate) fn open(file: File, columns: Columns) -> Result<Self, OpenError> {
        let length = file.metadata().map_err(|error| OpenError::Damaged(error.to_string()))?.len();
        let pages = Pages::new(file, length);
        unpanicked(|| Self::of_pages(pages, columns)).map_err(OpenError::Damaged)?
    }

    fn of_pages(mut pages: Pages, columns: Columns) -> Result<Self, OpenError> {
        let damaged = |error: parquet::errors::ParquetError| OpenError::Damaged(error.to_string());
        // The writer's own Arrow types say nothing that is wanted here, and
        // would bring more kinds of arrays than there are reasons for.
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let found = ArrowReaderMetadata::load(&pages, options()).map_err(damaged)?;
        let schema = reading_schema(found.schema(), columns).map_err(OpenError::Shape)?;
        let parquet = found.metadata().clone();
        let mut codecs =
            parquet.row_groups().iter().flat_map(|group| group.columns()).map(|column| column.compression());
        pages.gzip = codecs.any(|codec| matches!(codec, Compression::GZIP(_)));
        pages.at_pages = true;
        let wanted = |name: &str| column_of(name).is_some_and(|column| columns.holds(column));
        let roots: Vec<usize> = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| wanted(field.name()))
            .map(|(place, _)| place)
            .collect();
        let metadata = ArrowReaderMetadata::try_new(parquet, options().with_schema(schema.into())).map_err(damaged)?;
        let columns = ProjectionMask::roots(metadata.parquet_schema(), roots);
        Ok(Self { pages, metadata, columns })
    }

    /// The time in the first row, where it can be read.
    pub(crate) fn first_time(file: File) -> Option<Time> {
        let opened = Self::open(file, Columns::of(&[Column::Time, Column::Account])).ok()?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened.pages.clone(), opened.metadata.clone())
            .with_batch_size(1)
            .with_limit(1)
            .with_projection(opened.columns.clone());
        let batch = unpanicked(|| builder.build().ok()?.next()?.ok()).ok()??;
        let mut first = LoggedExchange::default();
        Rows::of(&batch, HAND_ON_BYTES).read(0, &mut first).ok().map(|_| first.time)
    }

    pub(crate) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The part of the file's bytes that a row group stands for in a progress
    /// bar; those of all row groups add up to the file.
    pub(crate) fn share_of_bytes(&self, group: usize) -> u64 {
        let length = parquet::file::reader::Length::len(&self.pages);
        let up_to = |group: usize| (u128::from(length) * group as u128 / self.row_groups().max(1) as u128) as u64;
        up_to(group + 1) - up_to(group)
    }

    pub(crate) fn read_at(&self, buffer: &mut [u8], place: u64) -> io::Result<usize> {
        self.pages.read_at(buffer, place)
    }

    fn rows_before(&self, group: usize) -> u64 {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().take(group).map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).fold(0, u64::saturating_add)
    }

    /// Reads a row group, handing its exchanges to `take` and noting its bad
    /// rows in `report`. An error is about the file; rows handed on before it
    /// stand. What `exchanges` holds is room for more: their texts are written where
    /// others' were.
    pub(crate) fn read(
        &self,
        group: usize,
        limits: &ReadLimits,
        exchanges: &mut Vec<LoggedExchange>,
        report: &mut UnitReport,
        mut take: impl FnMut(&[LoggedExchange]),
    ) -> Result<(), String> {
        let mut number = self.rows_before(group);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.pages.clone(), self.metadata.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(vec![group])
            .with_projection(self.columns.clone());
        let mut batches = unpanicked(|| builder.build())?.map_err(|error| error.to_string())?;
        while let Some(batch) = unpanicked(|| batches.next())? {
            let batch: RecordBatch = batch.map_err(|error| error.to_string())?;
            let rows = Rows::of(&batch, limits.line_bytes);
            let (mut held, mut count) = (0, 0);
            for row in 0..batch.num_rows() {
                number = number.saturating_add(1);
                report.last_line = number;
                if exchanges.len() == count {
                    exchanges.push(LoggedExchange::default());
                }
                let exchange = &mut exchanges[count];
                let read = rows.read(row, exchange).and_then(|bytes| limits.ahead(exchange).map_or(Ok(bytes), Err));
                match read {
                    Ok(bytes) => {
                        count += 1;
                        report.lines += 1;
                        report.records += 1;
                        held += bytes;
                    }
                    Err(reason) => report.note_bad(number, reason),
                }
                if held > HAND_ON_BYTES || count == HAND_ON {
                    take(&exchanges[..count]);
                    (held, count) = (0, 0);
                }
            }
            if count > 0 {
                take(&exchanges[..count]);
            }
        }
        Ok(())
    }
}

/// The decoder is careful, but it is large, and its input comes from outside:
/// a panic in it is the file's fault and is reported as such.
fn unpanicked<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("its bytes make no sense to the decoder ({})", text.unwrap_or("it gave up"))
    })
}
