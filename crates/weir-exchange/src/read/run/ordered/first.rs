//! When an input begins, without reading it.

use weir_acts::Time;

use super::super::super::inputs::Input;
use super::super::super::{ReadLimits, blocks, compressed};
use super::super::ReadOptions;

/// Lines looked at for the first exchange.
const LINES: usize = 64;

/// The time of an input's first exchange; none where it cannot be told cheaply,
/// and then the input is opened at once, where what is wrong with it is said.
pub(super) fn time(input: &Input, options: &ReadOptions) -> Option<Time> {
    let Input::File(path) = input else { return None };
    #[cfg(feature = "parquet")]
    if let Ok(file) = std::fs::File::open(path)
        && super::super::row_groups::is_parquet(&file)
    {
        let first = crate::columnar::file::ParquetFile::first_time(file);
        return first.filter(|first| options.limits.latest.is_none_or(|latest| *first <= latest));
    }
    let reader = compressed::open(path).ok()?;
    let ReadLimits { line_bytes, .. } = options.limits;
    let block = blocks::Blocks::with_block_bytes(reader, line_bytes, 1 << 16).next_block();
    let mut exchanges = Vec::new();
    for (_, line) in blocks::lines(&block).take(LINES) {
        if line.len() > line_bytes || options.format.parse(line, &mut exchanges).is_err() {
            continue;
        }
        exchanges.retain(|exchange| options.limits.ahead(exchange).is_none());
        if let Some(first) = exchanges.first() {
            return Some(first.time);
        }
    }
    None
}
