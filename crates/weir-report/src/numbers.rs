//! Numbers and times as people read them.

use weir_acts::Time;

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun, which takes an s for any other number than one.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Large counts short: `90.2 M`.
pub(crate) fn short(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = number as f64;
    match number {
        0..10_000 => count(number),
        10_000..1_000_000 => format!("{:.0} k", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", value / 1e6),
        _ => format!("{:.1} G", value / 1e9),
    }
}

/// Bits with their sign; weights are no more exact than a tenth.
pub(crate) fn bits(bits: f64) -> String {
    if !bits.is_finite() {
        return "?".to_owned();
    }
    let rounded = format!("{:.1}", bits.abs());
    if rounded == "0.0" {
        return rounded;
    }
    format!("{}{rounded}", if bits < 0.0 { "−" } else { "+" })
}

/// A share as per cent.
pub(crate) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "< 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

/// `2026-05-03 07:00`; all times are UTC and the page says so once.
pub(crate) fn moment(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => text,
    }
}

/// `2026-05-03`.
pub(crate) fn day(time: Time) -> String {
    let text = time.to_string();
    text.get(..10).map_or_else(|| text.clone(), str::to_owned)
}

/// A length of time in the largest unit that fits twice.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!(
            (count(0), count(999), count(1_000), count(1_234_567)),
            ("0".into(), "999".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!(
            (bits(9.64), bits(-1.2), bits(-0.01), bits(f64::NAN)),
            ("+9.6".into(), "−1.2".into(), "0.0".into(), "?".into())
        );
        assert_eq!((short(90_213_455), short(9_999)), ("90.2 M".into(), "9,999".into()));
        assert_eq!((percent(0.004), percent(0.93), percent(0.0)), ("< 1 %".into(), "93 %".into(), "0 %".into()));
        assert_eq!(counted(1, "account"), "1 account");
        assert_eq!(moment("2026-05-03T07:00:59Z".parse().unwrap()), "2026-05-03 07:00");
        assert_eq!((span(3_600), span(172_800)), ("60 minutes".into(), "2 days".into()));
    }
}
