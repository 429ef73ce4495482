//! Pictures as SVG. Colours come from the page's classes, so that a picture
//! follows the light and dark of the page and prints.

pub(crate) mod growth;
pub(crate) mod network;
pub(crate) mod raster;

/// A coordinate with one decimal and no superfluous zero: pages with many marks
/// stay small.
pub(crate) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// A count as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "drawn, not computed with")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A horizontal bar of a width from 0 to 1, drawn from the left.
pub(crate) fn bar(class: &str, share: f64) -> String {
    let width = place(share.clamp(0.0, 1.0) * 100.0);
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"{class}\" width=\"{width}\" height=\"10\"/></svg>"
    )
}
