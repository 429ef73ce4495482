//! Shares with their uncertainty.

/// A share as text, with its Wilson interval at 95 %.
pub(super) fn share(part: usize, of: usize) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let (low, high) = interval(part, of);
    format!("{part}/{of} ({:.0}–{:.0} %)", low * 100.0, high * 100.0)
}

/// Wilson's score interval (1927), which is right for few trials too.
fn interval(part: usize, of: usize) -> (f64, f64) {
    let (n, z) = (of as f64, 1.96_f64);
    let p = part as f64 / n;
    let middle = p + z * z / (2.0 * n);
    let width = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let all = 1.0 + z * z / n;
    (((middle - width) / all).max(0.0), ((middle + width) / all).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        let (low, high) = interval(0, 30);
        assert!(low.abs() < 1e-12 && (high - 0.1135).abs() < 1e-3, "{low} {high}");
        let (low, high) = interval(8, 10);
        assert!((low - 0.490).abs() < 1e-3 && (high - 0.943).abs() < 1e-3, "{low} {high}");
        assert_eq!(share(0, 0), "–");
    }
}
