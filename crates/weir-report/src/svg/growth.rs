//! How a finding grew: small pictures of one quantity each, on one time axis.

use std::fmt::Write;

use weir_acts::Time;

use super::{place, real};
use crate::Growth;
use crate::numbers::{day, short};

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 64.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 50.0;

/// Pictures of accounts, exchanges, output tokens and the e-process.
pub(crate) fn growth(points: &[Growth], alarm: Time) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let axis = Axis { from: first.at, to: last.at, alarm };
    let mut html = String::from("<div class=\"growth\">");
    html.push_str(&axis.curve(
        "Accounts that showed it",
        points.iter().map(|point| (point.at, Some(real(point.accounts)))),
        &short(last.accounts),
    ));
    html.push_str(&axis.curve(
        "Joint exchanges",
        points.iter().map(|point| (point.at, Some(real(point.exchanges)))),
        &short(last.exchanges),
    ));
    html.push_str(&axis.curve(
        "Output tokens",
        points.iter().map(|point| (point.at, Some(real(point.output_tokens)))),
        &short(last.output_tokens),
    ));
    if let Some(now) = points.iter().rev().find_map(|point| point.log2_e) {
        let title = "Evidence of linkage, log₂ e";
        html.push_str(&axis.curve(title, points.iter().map(|point| (point.at, point.log2_e)), &format!("{now:.1}")));
    }
    html.push_str("</div>");
    html
}

struct Axis {
    from: Time,
    to: Time,
    alarm: Time,
}

impl Axis {
    fn x(&self, at: Time) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "drawn, not computed with")]
        let (done, whole) = (at.since(self.from) as f64, self.to.since(self.from).max(1) as f64);
        (done / whole).clamp(0.0, 1.0) * WIDTH
    }

    fn curve(&self, title: &str, points: impl Iterator<Item = (Time, Option<f64>)>, now: &str) -> String {
        let points: Vec<(Time, f64)> =
            points.filter_map(|(at, value)| Some((at, value.filter(|value| value.is_finite())?))).collect();
        let most = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let least = points.iter().map(|(_, value)| *value).fold(0.0, f64::min);
        let y = |value: f64| BOTTOM - (value - least) / (most - least).max(f64::MIN_POSITIVE) * (BOTTOM - TOP);
        let mut line = String::new();
        for (at, value) in &points {
            let to = if line.is_empty() { 'M' } else { 'L' };
            let _ = write!(line, "{to}{} {}", place(self.x(*at)), place(y(*value)));
        }
        let area = match (points.first(), points.last()) {
            (Some((first, _)), Some((last, _))) => {
                format!(
                    "{line}L{} {}L{} {}Z",
                    place(self.x(*last)),
                    place(y(0.0)),
                    place(self.x(*first)),
                    place(y(0.0))
                )
            }
            _ => String::new(),
        };
        let alarm = place(self.x(self.alarm));
        format!(
            "<figure><figcaption>{title} <b>{now}</b></figcaption><svg class=\"curve\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{title}, now {now}\">\
             <path class=\"area\" d=\"{area}\"/><path class=\"line\" d=\"{line}\"/><path class=\"mark\" d=\"M{alarm} {TOP}V{BOTTOM}\"><title>alarm</title></path>\
             <text x=\"0\" y=\"{}\">{}</text><text class=\"end\" x=\"{WIDTH}\" y=\"{}\">{}</text></svg></figure>",
            place(WIDTH),
            place(HEIGHT),
            place(HEIGHT - 2.0),
            day(self.from),
            place(HEIGHT - 2.0),
            day(self.to)
        )
    }
}
