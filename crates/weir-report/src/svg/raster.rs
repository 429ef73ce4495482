//! A raster of accounts by time: a row an account, a column a span of time.
//! Accounts that act as one show as upright lines.

use std::fmt::Write;

use super::place;
use crate::numbers::moment;
use crate::text::Attribute;
use crate::{Cell, Raster, RasterRow, Role};

const CELL_WIDTH: f64 = 3.0;
const CELL_HEIGHT: f64 = 4.0;
/// Between groups of rows.
const GAP: f64 = 6.0;
/// For the marks.
const ABOVE: f64 = 6.0;
/// The tallest picture, in pixels.
const TALLEST: f64 = 640.0;

/// Levels of a cell's strength.
const LEVELS: usize = 3;

/// The raster as SVG.
pub(crate) fn raster(raster: &Raster) -> String {
    let rows = Rows::of(raster);
    let width = f64::from(raster.steps.max(1)) * CELL_WIDTH;
    let height = ABOVE + rows.height + 2.0;
    let mut svg = format!(
        "<svg class=\"raster\" viewBox=\"0 0 {} {}\" width=\"100%\" height=\"{}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}\">",
        place(width),
        place(height),
        place((height * 1.4).min(TALLEST)),
        Attribute(&describe(raster))
    );
    for (label, top, bottom) in &rows.bands {
        let _ = write!(
            svg,
            "<rect class=\"band {label}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            place(*top),
            place(width),
            place(bottom - top)
        );
    }
    for (kind, of) in [("other", other as fn(&Cell) -> u32), ("joint", joint)] {
        let strongest = raster.rows.iter().flat_map(|row| &row.cells).map(of).max().unwrap_or(0).max(1);
        for level in 1..=LEVELS {
            let path = cells(raster, &rows, |cell| level_of(of(cell), strongest) == level);
            if !path.is_empty() {
                let _ = write!(svg, "<path class=\"{kind} l{level}\" d=\"{path}\"/>");
            }
        }
    }
    svg.push_str(&closures(raster, &rows));
    svg.push_str(&marks(raster, width, ABOVE + rows.height));
    svg.push_str("</svg>");
    svg.push_str(&times(raster));
    svg
}

/// When the first and last column and those between are.
fn times(raster: &Raster) -> String {
    let step = i64::try_from(raster.step_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let at = |part: i64| raster.from.plus_millis(step.saturating_mul(i64::from(raster.steps)).saturating_mul(part) / 4);
    let labels: String = (0..=4).map(|part| format!("<span>{}</span>", moment(at(part)))).collect();
    format!("<p class=\"axis\">{labels}</p>")
}

fn joint(cell: &Cell) -> u32 {
    cell.joint
}

/// Drawn only where nothing joint covers it.
fn other(cell: &Cell) -> u32 {
    if cell.joint > 0 { 0 } else { cell.other }
}

/// Strength on a logarithmic scale: one exchange is to be seen beside hundreds.
fn level_of(count: u32, strongest: u32) -> usize {
    if count == 0 {
        return 0;
    }
    let share = f64::from(count).ln_1p() / f64::from(strongest).ln_1p();
    if share > 0.8 {
        3
    } else if share > 0.45 {
        2
    } else {
        1
    }
}

/// Where each row is drawn: members, associated, ordinary, with gaps between.
struct Rows {
    tops: Vec<f64>,
    height: f64,
    bands: Vec<(&'static str, f64, f64)>,
}

impl Rows {
    fn of(raster: &Raster) -> Rows {
        let mut rows = Rows { tops: Vec::with_capacity(raster.rows.len()), height: 0.0, bands: Vec::new() };
        for row in &raster.rows {
            let label = band(row);
            if rows.bands.last().is_none_or(|(last, _, _)| *last != label) {
                rows.height += if rows.bands.is_empty() { 0.0 } else { GAP };
                rows.bands.push((label, ABOVE + rows.height, ABOVE + rows.height));
            }
            rows.tops.push(ABOVE + rows.height);
            rows.height += CELL_HEIGHT;
            if let Some((_, _, bottom)) = rows.bands.last_mut() {
                *bottom = ABOVE + rows.height;
            }
        }
        rows
    }
}

fn band(row: &RasterRow) -> &'static str {
    match row.role {
        Some(Role::Member) => "member",
        Some(Role::Associated) => "associated",
        None => "ordinary",
    }
}

fn cells(raster: &Raster, rows: &Rows, wanted: impl Fn(&Cell) -> bool) -> String {
    let mut path = String::new();
    for (row, top) in raster.rows.iter().zip(&rows.tops) {
        for cell in row.cells.iter().filter(|cell| cell.step < raster.steps && wanted(cell)) {
            let x = f64::from(cell.step) * CELL_WIDTH;
            let _ = write!(path, "M{} {}h{}", place(x), place(top + CELL_HEIGHT / 2.0), place(CELL_WIDTH - 0.4));
        }
    }
    path
}

fn closures(raster: &Raster, rows: &Rows) -> String {
    let mut path = String::new();
    for (row, top) in raster.rows.iter().zip(&rows.tops) {
        if let Some(step) = row.closed.filter(|step| *step < raster.steps) {
            let _ = write!(path, "M{} {}v{}", place(f64::from(step) * CELL_WIDTH), place(*top), place(CELL_HEIGHT));
        }
    }
    if path.is_empty() { path } else { format!("<path class=\"closed\" d=\"{path}\"/>") }
}

fn marks(raster: &Raster, width: f64, bottom: f64) -> String {
    let mut svg = String::new();
    let whole = f64::from(raster.steps.max(1)) * super::real(raster.step_seconds.max(1)) * 1_000.0;
    for mark in &raster.marks {
        #[expect(clippy::cast_precision_loss, reason = "drawn, not computed with")]
        let share = mark.at.since(raster.from) as f64 / whole;
        if (0.0..=1.0).contains(&share) {
            let x = place(share * width);
            let _ = write!(
                svg,
                "<path class=\"mark\" d=\"M{x} 2V{}\"><title>{} UTC: {}</title></path>",
                place(bottom),
                moment(mark.at),
                Attribute(&mark.what)
            );
        }
    }
    svg
}

/// What the picture says, for those who do not see it.
fn describe(raster: &Raster) -> String {
    let of = |label: &str| raster.rows.iter().filter(|row| band(row) == label).count();
    format!(
        "Raster of {} member, {} associated and {} ordinary accounts over {} columns of time",
        of("member"),
        of("associated"),
        of("ordinary"),
        raster.steps
    )
}
