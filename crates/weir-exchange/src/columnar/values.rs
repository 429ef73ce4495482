//! One column's values, by row, whatever type the writer gave them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::{DataType, TimeUnit};
use weir_acts::Time;

pub(super) enum Texts<'batch> {
    Unknown,
    View(&'batch StringViewArray),
    Small(&'batch StringArray),
    Large(&'batch LargeStringArray),
}

impl<'batch> Texts<'batch> {
    pub(super) fn of(column: Option<&'batch ArrayRef>) -> Self {
        let Some(column) = column else { return Texts::Unknown };
        match column.data_type() {
            DataType::Utf8View => column.as_string_view_opt().map_or(Texts::Unknown, Texts::View),
            DataType::Utf8 => column.as_string_opt().map_or(Texts::Unknown, Texts::Small),
            DataType::LargeUtf8 => column.as_string_opt().map_or(Texts::Unknown, Texts::Large),
            _ => Texts::Unknown,
        }
    }

    pub(super) fn get(&self, row: usize) -> Option<&'batch str> {
        match self {
            Texts::Unknown => None,
            Texts::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Texts::Small(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Texts::Large(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }
}

/// Times, as milliseconds or as text.
pub(super) enum Times<'batch> {
    Text(Texts<'batch>),
    Millis(Vec<Option<i64>>),
}

impl<'batch> Times<'batch> {
    pub(super) fn of(column: Option<&'batch ArrayRef>) -> Self {
        /// Whole milliseconds, rounded down as the text form is.
        macro_rules! millis {
            ($column:expr, $kind:ty, $to:expr) => {
                $column
                    .as_primitive_opt::<$kind>()
                    .map(|values| values.iter().map(|value| value.and_then($to)).collect())
            };
        }
        let of_unit = |column: &'batch ArrayRef| match column.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                millis!(column, TimestampSecondType, |value: i64| value.checked_mul(1_000))
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => millis!(column, TimestampMillisecondType, Some),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                millis!(column, TimestampMicrosecondType, |value: i64| Some(value.div_euclid(1_000)))
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                millis!(column, TimestampNanosecondType, |value: i64| Some(value.div_euclid(1_000_000)))
            }
            _ => None,
        };
        column.and_then(of_unit).map_or_else(|| Times::Text(Texts::of(column)), Times::Millis)
    }

    pub(super) fn get(&self, row: usize) -> Result<Time, String> {
        let missing = || "field `time` is missing".to_owned();
        match self {
            Times::Millis(millis) => millis.get(row).copied().flatten().map(Time::from_millis).ok_or_else(missing),
            Times::Text(texts) => {
                texts.get(row).ok_or_else(missing)?.parse().map_err(|error| format!("field `time`: {error}"))
            }
        }
    }
}

/// Whole numbers of any width; also floating ones that are whole, as writers
/// without a nullable integer make them.
pub(super) struct Wholes(Vec<Option<Result<u64, f64>>>);

impl Wholes {
    pub(super) fn of(column: Option<&ArrayRef>) -> Self {
        macro_rules! wholes {
            ($column:expr, $kind:ty) => {
                $column.as_primitive_opt::<$kind>().map(|values| {
                    values
                        .iter()
                        .map(|value| value.map(|value| u64::try_from(value).map_err(|_| value as f64)))
                        .collect()
                })
            };
        }
        macro_rules! floats {
            ($column:expr, $kind:ty) => {
                $column
                    .as_primitive_opt::<$kind>()
                    .map(|values| values.iter().map(|value| whole_of(f64::from(value?))).collect())
            };
        }
        #[expect(clippy::cast_precision_loss, clippy::cast_lossless, reason = "shown in a reason only")]
        let found = column.and_then(|column| match column.data_type() {
            DataType::UInt64 => wholes!(column, UInt64Type),
            DataType::UInt32 => wholes!(column, UInt32Type),
            DataType::UInt16 => wholes!(column, UInt16Type),
            DataType::UInt8 => wholes!(column, UInt8Type),
            DataType::Int64 => wholes!(column, Int64Type),
            DataType::Int32 => wholes!(column, Int32Type),
            DataType::Int16 => wholes!(column, Int16Type),
            DataType::Int8 => wholes!(column, Int8Type),
            DataType::Float64 => floats!(column, Float64Type),
            DataType::Float32 => floats!(column, Float32Type),
            _ => None,
        });
        Self(found.unwrap_or_default())
    }

    pub(super) fn get(&self, row: usize, name: &str) -> Result<Option<u64>, String> {
        match self.0.get(row).copied().flatten() {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(value)) => Err(format!("field `{name}`: {value} is not a whole number from 0")),
        }
    }
}

/// A missing number in a floating column is not-a-number with some writers.
fn whole_of(value: f64) -> Option<Result<u64, f64>> {
    if value.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is looked at")]
    let whole = ((0.0..9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0).then_some(value as u64);
    Some(whole.ok_or(value))
}

pub(super) struct Reals(Vec<Option<f64>>);

impl Reals {
    pub(super) fn of(column: Option<&ArrayRef>) -> Self {
        let found = column.and_then(|column| match column.data_type() {
            DataType::Float64 => column.as_primitive_opt::<Float64Type>().map(|values| values.iter().collect()),
            DataType::Float32 => column
                .as_primitive_opt::<Float32Type>()
                .map(|values| values.iter().map(|value| value.map(f64::from)).collect()),
            #[expect(clippy::cast_precision_loss, reason = "as a JSON reader would read it")]
            _ => {
                let wholes = Wholes::of(Some(column));
                Some(wholes.0.into_iter().map(|value| value?.map_or_else(Some, |value| Some(value as f64))).collect())
            }
        });
        Self(found.unwrap_or_default())
    }

    pub(super) fn get(&self, row: usize) -> Option<f64> {
        self.0.get(row).copied().flatten()
    }
}

pub(super) struct Truths<'batch>(Option<&'batch BooleanArray>);

impl<'batch> Truths<'batch> {
    pub(super) fn of(column: Option<&'batch ArrayRef>) -> Self {
        Self(column.and_then(|column| column.as_boolean_opt()))
    }

    pub(super) fn get(&self, row: usize) -> Option<bool> {
        self.0.filter(|values| values.is_valid(row)).map(|values| values.value(row))
    }
}
