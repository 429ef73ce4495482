//! A line through measurements, and how well it fits them.

/// A line by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    base: f64,
    slope: f64,
    /// The share of the variance that it explains.
    pub r2: f64,
}

impl Line {
    /// The line through points; none through fewer than two.
    pub fn through(points: &[(f64, f64)]) -> Option<Line> {
        if points.len() < 2 {
            return None;
        }
        let count = points.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
        let slope = mean(&|point| (point.0 - x) * (point.1 - y)) / mean(&|point| (point.0 - x).powi(2));
        let base = y - slope * x;
        let left = mean(&|point| (point.1 - base - slope * point.0).powi(2));
        let spread = mean(&|point| (point.1 - y).powi(2)).max(f64::MIN_POSITIVE);
        Some(Line { base, slope, r2: 1.0 - left / spread })
    }

    /// Where it leads.
    pub fn at(&self, x: f64) -> f64 {
        self.base + self.slope * x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again_and_leads_where_it_leads() {
        let points: Vec<(f64, f64)> = [1e6, 2e6, 5e6, 1e7].map(|size| (size, 3.0 + 7e-6 * size)).to_vec();
        let line = Line::through(&points).unwrap();
        assert!((line.at(151e6) - 1060.0).abs() < 1e-3 && line.r2 > 0.999_999, "{line:?}");
        assert!(Line::through(&points[..1]).is_none());
    }
}
