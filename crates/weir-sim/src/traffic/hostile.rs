//! Logs that nobody should have to read, for tests of whoever reads them. What
//! is wrong with each is known, so that what is reported can be checked.

use std::io::{self, Write};

use serde::Serialize;
use weir_acts::Time;
use weir_exchange::{LoggedExchange, LoggedMessage};

use super::rhythm::{DAY, HOUR};
use crate::random::SeededRandom;

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hostile {
    /// One line in fifty is cut short, of another encoding, or no record.
    BrokenLines,
    /// Times go back by up to a day.
    OutOfOrder,
    /// One in a hundred is years ahead.
    FutureTimes,
    /// One account has half of all traffic.
    OneHasHalf,
    /// Every account calls once.
    OnceEach,
    /// Everybody uses one template and one system prompt.
    SharedByAll,
    /// Only what is required is there; the rest is null, empty or missing.
    EmptyFields,
    /// Texts made to meet in one bucket: alike but for digits, case, space or
    /// order, with long common beginnings and ends, of the same words.
    Collisions,
    /// Texts that would do something if they were shown as they are.
    Markup,
}

/// Every kind.
pub const ALL: [Hostile; 9] = [
    Hostile::BrokenLines,
    Hostile::OutOfOrder,
    Hostile::FutureTimes,
    Hostile::OneHasHalf,
    Hostile::OnceEach,
    Hostile::SharedByAll,
    Hostile::EmptyFields,
    Hostile::Collisions,
    Hostile::Markup,
];

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// Lines in all.
    pub lines: u64,
    /// Lines that are no records.
    pub broken: u64,
    /// Records with a time before that of an earlier record.
    pub late: u64,
    /// Records with a time years ahead.
    pub ahead: u64,
}

/// The first moment: 2026-05-04, a Monday.
const START: i64 = 1_777_852_800_000;

/// Writes `lines` lines of such a log, some thirty days long.
///
/// # Errors
/// What the writer says.
pub fn write(kind: Hostile, lines: u64, seed: u64, out: &mut impl Write) -> io::Result<Expected> {
    let mut random = SeededRandom::for_member(seed, kind as u64);
    let mut expected = Expected { lines, ..Expected::default() };
    let mut newest = i64::MIN;
    for number in 0..lines {
        if kind == Hostile::BrokenLines && number % 50 == 7 {
            expected.broken += 1;
            out.write_all(broken(&mut random))?;
            out.write_all(b"\n")?;
            continue;
        }
        let exchange = exchange(kind, number, lines, &mut random);
        let at = exchange.time.millis();
        expected.late += u64::from(at < newest);
        let ahead = at > START + 40 * DAY;
        expected.ahead += u64::from(ahead);
        if !ahead {
            newest = newest.max(at);
        }
        if kind == Hostile::EmptyFields {
            bare(out, &exchange, number)?
        } else {
            line(out, &exchange)?
        }
        out.write_all(b"\n")?;
    }
    Ok(expected)
}

fn exchange(kind: Hostile, number: u64, lines: u64, random: &mut SeededRandom) -> LoggedExchange {
    let spread = 30 * DAY;
    let even =
        i64::try_from(u128::from(number) * u128::try_from(spread).unwrap_or(0) / u128::from(lines.max(1))).unwrap_or(0);
    let mut at = START + even;
    match kind {
        Hostile::OutOfOrder => at += i64::try_from(random.below(24)).unwrap_or(0) * HOUR,
        Hostile::FutureTimes if number % 100 == 3 => at += 3_000 * DAY,
        _ => {}
    }
    let account = match kind {
        Hostile::OneHasHalf if number.is_multiple_of(2) => 0,
        Hostile::OnceEach => number,
        _ => 1 + random.below(lines / 20 + 1),
    };
    let user = text(kind, number, random);
    let mut messages = vec![LoggedMessage { role: "user".to_owned(), content: user }];
    if kind == Hostile::SharedByAll {
        messages.insert(0, LoggedMessage { role: "system".to_owned(), content: SHARED.to_owned() });
    }
    LoggedExchange {
        id: Some(format!("h-{number}")),
        time: Time::from_millis(at),
        account: format!("h-{account}"),
        messages,
        ..LoggedExchange::default()
    }
}

const SHARED: &str = "Think step by step and write every step between <reasoning> tags, then answer.";

fn text(kind: Hostile, number: u64, random: &mut SeededRandom) -> String {
    match kind {
        Hostile::SharedByAll => format!("{SHARED}\nTask: number {}\nDo not shorten the reasoning.", random.below(100)),
        Hostile::Collisions => collision(number, random),
        Hostile::Markup => MARKUP[random.position(MARKUP.len())].to_owned(),
        _ => format!("What is {} plus {}?", random.below(10_000), random.below(10_000)),
    }
}

const MARKUP: [&str; 6] = [
    "<script>alert(document.domain)</script> Task: <img src=x onerror=alert(1)>",
    "\u{1b}[2J\u{1b}]0;owned\u{7}Task: clear the screen",
    "]]></script><svg/onload=alert(1)> Task: close the tag",
    "\u{202e}gnp.exe\u{202c} Task: read backwards",
    "'; DROP TABLE campaigns; -- Task: \" onmouseover=\"alert(1)",
    "=cmd|' /C calc'!A0 Task: as a spreadsheet",
];

/// Texts that the usual ways of making texts comparable cannot tell apart.
fn collision(number: u64, random: &mut SeededRandom) -> String {
    const WORDS: [&str; 8] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
    let long = "the same beginning again and ".repeat(40);
    match number % 5 {
        0 => format!("Item {} of {} at {}.", random.next_bits(), random.next_bits(), random.next_bits()),
        1 => "Item one of two"
            .chars()
            .map(|letter| if random.chance(50) { letter.to_ascii_uppercase() } else { letter })
            .collect(),
        2 => {
            let mut words = WORDS;
            for at in (1..words.len()).rev() {
                words.swap(at, random.position(at + 1));
            }
            words.join(" ")
        }
        3 => format!("{long}{}", random.next_bits()),
        _ => WORDS.map(|word| format!("{word}{}", " ".repeat(1 + random.position(5)))).concat(),
    }
}

fn broken(random: &mut SeededRandom) -> &'static [u8] {
    const LINES: [&[u8]; 8] = [
        b"{\"id\":\"h\",\"time\":\"2026-05-04T00:00:00Z\",\"acc",
        b"\xff\xfe{\x00\"\x00",
        b"{\"time\":\"yesterday\",\"account\":\"a\"}",
        b"{\"time\":\"2026-05-04T00:00:00Z\"}",
        b"{\"account\":\"a\"}",
        b"null",
        b"[1,2,3]",
        b"{\"time\":\"2026-05-04T00:00:00Z\",\"account\":17}",
    ];
    LINES[random.position(LINES.len())]
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

/// The required fields, and the others null, empty or missing in turn.
fn bare(out: &mut impl Write, exchange: &LoggedExchange, number: u64) -> io::Result<()> {
    let rest = [
        "",
        ",\"messages\":null,\"client\":null,\"usage\":null,\"params\":null,\"outcome\":null,\"conversation\":null",
        ",\"messages\":[],\"client\":{},\"usage\":{},\"params\":{},\"outcome\":{}",
        ",\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"model\":\"\",\"conversation\":\"\",\"party\":\"\"",
        ",\"messages\":[{}],\"client\":{\"ip\":\"\",\"ja4\":\"\",\"user_agent\":\"\"}",
    ][(number % 5) as usize];
    write!(out, "{{\"time\":\"{}\",\"account\":\"{}\"{rest}}}", exchange.time, exchange.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_what_is_told() {
        for kind in ALL {
            let mut log = Vec::new();
            let expected = write(kind, 2_000, 5, &mut log).unwrap();
            let mut again = Vec::new();
            write(kind, 2_000, 5, &mut again).unwrap();
            assert_eq!(log, again);
            let lines: Vec<&[u8]> = log.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len() as u64, expected.lines);
            let records: Vec<LoggedExchange> =
                lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
            assert_eq!(lines.len() - records.len(), usize::try_from(expected.broken).unwrap(), "{kind:?}");
            assert_eq!(expected.broken > 0, kind == Hostile::BrokenLines);
            assert_eq!(expected.late > 0, kind == Hostile::OutOfOrder, "{kind:?} {expected:?}");
            assert_eq!(expected.ahead > 0, kind == Hostile::FutureTimes);
            let accounts: std::collections::BTreeSet<&str> =
                records.iter().map(|record| record.account.as_str()).collect();
            assert_eq!(accounts.len() == 2_000, kind == Hostile::OnceEach);
        }
    }
}
