//! The same records however the bytes arrive, and one clear word on whatever
//! is none.

#![allow(clippy::disallowed_methods, reason = "a test says what it met and stops")]

use proptest::prelude::*;

use super::super::record::COLUMNS;
use super::*;

/// A record's line and its non-empty columns.
type Seen = (u64, Vec<(String, String)>);

/// What was found: records, and faults as told.
fn read(format: Format, pieces: &[&[u8]]) -> (Vec<Seen>, Vec<String>) {
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(format);
    let mut sink = |found: Found<'_>| match found {
        Found::Record(record) => {
            let filled = COLUMNS.iter().zip(&record.fields).filter(|(_, text)| !text.is_empty());
            records.push((record.line, filled.map(|(name, text)| ((*name).to_owned(), text.to_string())).collect()));
            true
        }
        Found::Fault(fault) => {
            faults.push(fault.to_string());
            true
        }
        Found::Stop(fault) => {
            faults.push(format!("STOP {fault}"));
            false
        }
    };
    pieces.iter().for_each(|piece| reader.feed(piece, &mut sink));
    reader.end(&mut sink);
    (records, faults)
}

fn faults(format: Format, text: &[u8]) -> Vec<String> {
    let (_, faults) = read(format, &[text]);
    assert!(!faults.is_empty(), "nothing was found wrong with {:?}", String::from_utf8_lossy(text));
    faults
}

#[test]
fn csv_is_read_by_its_header_with_the_lines_counted() {
    let text = "\u{feff}party,record,name\r\n\r\nacme,party,\"Acme, \"\"the\"\"\nfirst\"\r\nother,party,Other";
    let (records, faults) = read(Format::Csv, &[text.as_bytes()]);
    assert_eq!(faults, [] as [&str; 0]);
    let names: Vec<&str> = records.iter().map(|(_, fields)| fields[2].1.as_str()).collect();
    assert_eq!(names, ["Acme, \"the\"\nfirst", "Other"]);
    assert_eq!(records.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 5]);
}

#[test]
fn json_lines_take_values_as_json_has_them() {
    let text = concat!(
        "\u{feff}{\"record\":\"claim\",\"party\":\"acme\",\"claim\":\"nationalities\",\"value\":[\"XA\",\"XB\"],\"level\":2}\n",
        "\n",
        "{\"record\":\"party\",\"party\":\"\\u0061cme\",\"name\":null}"
    );
    let (records, faults) = read(Format::Jsonl, &[text.as_bytes()]);
    assert_eq!(faults, [] as [&str; 0]);
    assert_eq!(records[0].1[3], ("value".into(), "XA,XB".into()));
    assert_eq!(records[0].1[4], ("level".into(), "2".into()));
    assert_eq!((records[1].0, &records[1].1[1].1), (3, &"acme".to_owned()));
}

#[test]
fn what_is_wrong_with_a_csv_is_told_by_line_and_column() {
    let long = [b"record,party\nparty,\"".as_slice(), &[b'x'; 70_000]].concat();
    let cases: [(&[u8], &str); 9] = [
        (b"", "STOP 1: the file is empty"),
        (b"record,party,nmae\n", "STOP 1: there is no column `nmae`; nearest: name"),
        (b"record,party,party\n", "STOP 1: the column `party` stands here twice"),
        (b"name,kind\n", "STOP 1: the first line names the columns, and `record` is not among them"),
        (b"record,party\nparty\nparty,a,b\n", "2: the line has 1 fields, the header 2"),
        (b"record,party\nparty,\xff\xfe\n", "2: party: it is not UTF-8"),
        (&long, "STOP 2: the record is longer than 65536 bytes; is a quotation mark"),
        (b"\x00\x00\x00\x00", "STOP 1: there is no column `\0"),
        (b"PK\x03\x04\xff\xff", "STOP 1: there is no column"),
    ];
    for (text, told) in cases {
        let faults = faults(Format::Csv, text);
        assert!(faults[0].starts_with(told), "{faults:?}, expected {told:?}");
    }
    let many = format!("record,party\n{}\n", ",".repeat(300));
    assert!(faults(Format::Csv, many.as_bytes())[0].contains("more than 256 fields"));
}

#[test]
fn what_is_wrong_with_json_lines_is_told_and_the_next_line_is_read() {
    let long = format!("{{\"record\":\"{}\"}}\n", "x".repeat(70_000));
    let cases: [(&[u8], &str); 8] = [
        (b"{\"record\":\"party\"\n", "1: EOF while parsing"),
        (b"[1]\n", "1: invalid type: sequence"),
        (b"{\"rekord\":\"party\"}\n", "1: there is no column `rekord`; nearest: record"),
        (b"{\"party\":\"a\",\"party\":\"b\"}\n", "1: the field `party` stands here twice"),
        (b"{\"party\":{}}\n", "1: no column holds an object"),
        (b"{\"value\":[\"a,b\"]}\n", "1: a set holds words without commas"),
        (b"{\"party\":\"\xff\"}\n", "1: the line is not UTF-8"),
        (long.as_bytes(), "1: the record is longer than 65536 bytes"),
    ];
    for (text, told) in cases {
        let whole = [text, b"{\"record\":\"party\"}\n"].concat();
        let (records, faults) = read(Format::Jsonl, &[&whole]);
        assert!(faults.len() == 1 && faults[0].starts_with(told), "{faults:?}, expected {told:?}");
        assert_eq!(records.len(), 1, "{told}");
        assert_eq!(records[0].0, 2);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_and_cut_anywhere_answered_alike(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(record|party|\"|,|\r|\n|a|\\{|\\}|:|\\[|\u{feff}){0,60}".prop_map(String::into_bytes),
        ],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        format in prop_oneof![Just(Format::Csv), Just(Format::Jsonl)],
    ) {
        let header: &[u8] = if format == Format::Csv { b"record,party,name\n" } else { b"" };
        let whole = [header, &bytes].concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
        places.extend([0, whole.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(format, &[&whole]), read(format, &pieces));
    }
}
