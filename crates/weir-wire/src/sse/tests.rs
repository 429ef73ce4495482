use super::*;
use proptest::prelude::*;

type Owned = (Option<String>, String);
type RawEvent = (Option<Vec<u8>>, Vec<u8>);

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn push_all(scanner: &mut SseScanner, chunks: &[&[u8]]) -> Vec<Owned> {
    let mut events = Vec::new();
    for chunk in chunks {
        scanner.push(chunk, &mut |event| events.push((event.event.map(text), text(event.data))));
    }
    events
}

fn events_of(stream: &str) -> Vec<Owned> {
    push_all(&mut SseScanner::default(), &[stream.as_bytes()])
}

fn event(name: &str, data: &str) -> Owned {
    ((!name.is_empty()).then(|| name.to_owned()), data.to_owned())
}

/// The standard's algorithm, line by line on the whole stream, as an oracle.
fn by_the_book(stream: &[u8], limit: usize) -> (Vec<RawEvent>, u64) {
    let stream = stream.strip_prefix(BYTE_ORDER_MARK).unwrap_or(stream);
    let (mut events, mut skipped) = (Vec::new(), 0);
    let (mut name, mut data, mut size) = (Vec::new(), None::<Vec<u8>>, 0);
    let mut rest = stream;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &rest[..end];
        rest = rest[end..].strip_prefix(b"\r\n").unwrap_or(&rest[end + 1..]);
        if line.is_empty() {
            if size > limit {
                skipped += 1;
            } else if !name.is_empty() || data.is_some() {
                events.push(((!name.is_empty()).then(|| name.clone()), data.unwrap_or_default()));
            }
            (name, data, size) = (Vec::new(), None, 0);
            continue;
        }
        size += line.len();
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value.to_vec(),
            b"data" => match &mut data {
                None => data = Some(value.to_vec()),
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }
    (events, skipped)
}

#[test]
fn the_examples_of_the_standard() {
    assert_eq!(events_of("data: YHOO\ndata: +2\ndata: 10\n\n"), [event("", "YHOO\n+2\n10")]);
    assert_eq!(
        events_of(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
        [event("", "first event"), event("", "second event"), event("", " third event")]
    );
    assert_eq!(events_of("data\n\ndata\ndata\n\ndata:"), [event("", ""), event("", "\n")]);
    assert_eq!(events_of("data:test\n\ndata: test\n\n"), [event("", "test"), event("", "test")]);
}

#[test]
fn every_line_end_counts_and_a_mark_at_the_start_does_not() {
    let expected = [event("ping", "a"), event("", "b")];
    for end in ["\n", "\r\n", "\r"] {
        let stream = format!("\u{FEFF}event: ping{end}data: a{end}{end}data: b{end}{end}");
        assert_eq!(events_of(&stream), expected, "{}", end.escape_debug());
    }
    // Elsewhere the mark is part of a field's name.
    assert_eq!(events_of("data: a\n\n\u{FEFF}data: b\n\n"), [event("", "a")]);
}

#[test]
fn a_name_without_data_is_reported_and_nothing_is_not() {
    assert_eq!(events_of("event: error\n\n\n\n: hi\n\nid: 4\n\nevent:\n\n"), [event("error", "")]);
}

#[test]
fn the_last_name_counts_even_across_chunks() {
    let mut scanner = SseScanner::default();
    let chunks: [&[u8]; 3] = [b"event: one\n", b"event: two\nda", b"ta: x\n\n"];
    assert_eq!(push_all(&mut scanner, &chunks), [event("two", "x")]);
    let chunks: [&[u8]; 2] = [b"event: one\n", b"event:\ndata: x\n\n"];
    assert_eq!(push_all(&mut scanner, &chunks), [event("", "x")]);
}

#[test]
fn an_event_over_the_limit_is_skipped_and_the_next_one_is_not() {
    let mut scanner = SseScanner::new(20);
    let long = format!("data: {}\ndata: tail\n\ndata: ok\n\n", "x".repeat(100));
    assert_eq!(push_all(&mut scanner, &[long.as_bytes()]), [event("", "ok")]);
    assert_eq!(scanner.skipped_events(), 1);
    let bytes: Vec<&[u8]> = long.as_bytes().chunks(1).collect();
    assert_eq!(push_all(&mut scanner, &bytes), [event("", "ok")]);
    assert_eq!(scanner.skipped_events(), 2);
    assert!(scanner.line.capacity() <= 64, "an oversized line is not kept");
}

#[test]
fn the_unfinished_tail_is_measured_to_the_byte() {
    let mut scanner = SseScanner::default();
    let mut steps = Vec::new();
    for chunk in ["data: a\n", "\ndata", ": b\n\n", "", "data: c\r\n\r", "\n", ": x"] {
        scanner.push(chunk.as_bytes(), &mut |_| {});
        steps.push(scanner.unfinished());
    }
    assert_eq!(steps, [8, 4, 0, 0, 0, 0, 3]);
}

proptest! {
    #[test]
    fn any_cutting_of_any_stream_gives_what_the_standard_gives(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "data", "event", "id", ":", ": ", " ", "\n", "\n", "\r", "\r\n", "\n\n", "é", "🌊", "\u{FEFF}", "x", "{\"a\":1}", "a rather long value",
        ]), 0..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in prop_oneof![Just(1 << 20), 0..40usize],
    ) {
        let stream = pieces.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut scanner = SseScanner::new(limit);
        let mut events = Vec::new();
        for pair in cuts.windows(2) {
            scanner.push(&stream[pair[0]..pair[1]], &mut |event| {
                events.push((event.event.map(<[u8]>::to_vec), event.data.to_vec()));
            });
        }
        let (expected, skipped) = by_the_book(&stream, limit);
        prop_assert_eq!(events, expected);
        prop_assert_eq!(scanner.skipped_events(), skipped);
        prop_assert!(scanner.unfinished() <= stream.len());
    }

    #[test]
    fn what_is_not_held_back_ends_between_two_events(
        stream in "(data: [a-z]{0,3}(\n|\r|\r\n){1,2}){0,6}",
        cuts in any::<[prop::sample::Index; 2]>(),
    ) {
        let stream = stream.as_bytes();
        let mut cuts = cuts.map(|cut| cut.index(stream.len() + 1));
        cuts.sort_unstable();
        let [middle, end] = cuts;
        let mut scanner = SseScanner::default();
        let mut events = push_all(&mut scanner, &[&stream[..middle], &stream[middle..end]]);
        let mut relayed = stream[..end - scanner.unfinished()].to_vec();
        relayed.extend_from_slice(b"data: own\n\n");
        events.push(event("", "own"));
        prop_assert_eq!(push_all(&mut SseScanner::default(), &[&relayed]), events);
    }
}
