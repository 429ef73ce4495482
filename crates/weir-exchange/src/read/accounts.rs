//! Reads the accounts file (contracts, section 5): JSON Lines, or
//! comma-separated values under a line that names the fields; plain or packed.

use std::io::BufRead;
use std::path::Path;

use super::lines::{Line, Lines};
use super::record::{Shape, csv_line};
use super::{ReadError, ReadLimits, Records, compressed};
use crate::LoggedAccount;

/// The accounts of a file, in the file's order. Whether it holds JSON or
/// comma-separated values is told from its first character: JSON begins with a
/// brace. In the latter an empty value is unknown, columns nobody declared are
/// passed over, and `account` must be among the names.
///
/// # Errors
/// [`ReadError::Open`] when the file cannot be opened or names no `account`.
pub fn accounts(path: &Path, limits: ReadLimits) -> Result<Records<LoggedAccount>, ReadError> {
    let file = path.display().to_string();
    let failed = |source| ReadError::Open { file: file.clone(), source };
    let mut reader = compressed::open(path).map_err(failed)?;
    let start = reader.fill_buf().map_err(failed)?;
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if start.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte == b'{') {
        return Ok(Records::over(file, reader, limits));
    }
    let mut lines = Lines::new(reader, limits.line_bytes);
    let names = match lines.next_line().map_err(failed)? {
        Line::Whole(line) => csv_line(line).unwrap_or_default(),
        Line::TooLong | Line::End => csv::StringRecord::new(),
    };
    if !names.iter().any(|name| name == "account") {
        let why = "it is neither JSON Lines nor comma-separated values whose first line names `account`";
        return Err(failed(std::io::Error::other(why)));
    }
    Ok(Records { shape: Shape::Csv(names), ..Records::of_lines(file, lines, limits) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClosedBy;

    fn read(text: &str) -> (Vec<LoggedAccount>, super::super::ReadReport) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        std::fs::write(&path, text).unwrap();
        let mut records = accounts(&path, ReadLimits::default()).unwrap();
        (records.by_ref().map(Result::unwrap).collect(), records.into_report())
    }

    #[test]
    fn json_and_comma_separated_values_say_the_same() {
        let (json, _) = read(
            "{\"account\":\"a-17\",\"created\":\"2026-01-01T00:00:00Z\",\"closed_by\":\"provider\",\"plan\":\"tier, 1\",\"org\":\"acme\"}\n{\"account\":\"b\"}\n",
        );
        let (csv, report) = read(
            "\u{feff}org,account,created,closed,closed_by,plan,colour\nacme,a-17,2026-01-01T00:00:00Z,,provider,\"tier, 1\",red\n,b,,,,,\n",
        );
        assert_eq!(csv, json);
        assert_eq!(csv[0].closed_by, Some(ClosedBy::Provider));
        assert_eq!((report.lines, report.bad), (2, 0));
    }

    #[test]
    fn a_bad_row_is_named_and_the_rest_is_read() {
        let (good, report) = read("account,created\na,yesterday\nb,2026-01-01T00:00:00Z\n\"c,\nd\n,\n");
        assert_eq!(good.iter().map(|account| account.account.as_str()).collect::<Vec<_>>(), ["b"]);
        let reasons: Vec<_> = report.first_bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
        assert_eq!(reasons[0].0, 2);
        assert!(reasons[0].1.contains("`yesterday` is not a time"), "{reasons:?}");
        assert_eq!(reasons.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 6]);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        std::fs::write(&path, "name;plan\n").unwrap();
        let error = accounts(&path, ReadLimits::default()).err().unwrap();
        assert!(error.to_string().contains("first line names `account`"), "{error}");
    }
}
