//! What an active account takes of memory, counted by the allocator: the bytes
//! that each further account adds, so that what does not grow with them is left out.
//!
//! `cargo test -p weir-detect --test bytes -- --nocapture` prints the rows.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what it met and stops")]

use weir_acts::Time;
use weir_detect::{Detector, Footprint, Intake, Settings};
use weir_exchange::{LoggedExchange, LoggedMessage};

/// A word of letters for each number below two thousand, long enough to speak of a topic.
fn word(number: u64) -> String {
    let letter = |place: u32| char::from(b'a' + (number / 13_u64.pow(place) % 13) as u8);
    format!("w{}{}{}{}word", letter(0), letter(1), letter(2), letter(3))
}

/// So many accounts over thirty days, each with so many opening turns of twenty
/// words from its own interests, two addresses and a client. Hardly any two share a
/// phrase: accounts are counted here, not what they have in common.
fn folded(accounts: u64, turns: u64) -> Detector {
    let settings = Settings { memory: 64 << 20, ..Settings::default() };
    let mut detector = Detector::new(settings, &[]);
    let (sketcher, mut intake) = (detector.sketcher(), Intake::default());
    let mut state = 9_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let all = accounts * turns;
    for at in 0..all {
        let account = at % accounts;
        let text: Vec<String> = (0..20).map(|_| word((account % 20) * 90 + next(200))).collect();
        let mut exchange = LoggedExchange {
            id: Some(format!("x-{at}")),
            time: Time::from_millis((30 * 86_400_000 / all) as i64 * at as i64),
            account: format!("a-{account:013}"),
            messages: vec![LoggedMessage { role: "user".to_owned(), content: text.join(" ") }],
            ..LoggedExchange::default()
        };
        exchange.client.ip = Some(format!("10.{}.{}.{}", account / 65_536, account / 256 % 256, account % 256 + next(2)));
        exchange.client.user_agent = Some(format!("agent/{}", account % 10));
        intake.take(sketcher.sketch(&exchange));
        while let Some((epoch, profile)) = intake.next_over() {
            detector.fold(epoch, &profile).unwrap();
        }
    }
    for (epoch, profile) in intake.rest().collect::<Vec<_>>() {
        detector.fold(epoch, &profile).unwrap();
    }
    detector
}

/// Bytes that are still there after folding, and what the detector itself says of it.
fn counted(accounts: u64, turns: u64) -> (f64, Footprint) {
    let mut detector = None;
    let allocated = allocation_counter::measure(|| detector = Some(folded(accounts, turns)));
    let footprint = detector.unwrap().footprint();
    assert_eq!(footprint.customers, accounts);
    (allocated.bytes_current as f64, footprint)
}

#[test]
fn what_the_allocator_counts_is_what_the_detector_says_it_takes() {
    for (turns, few) in [(1, 3584), (6, 3584), (26, 1792), (180, 448)] {
        // Both fill their tables to the same share, so the line between them is the accounts'.
        let ((less, small), (more, large)) = (counted(few, turns), counted(4 * few, turns));
        let accounts = 3.0 * few as f64;
        let links = (large.link_bytes - small.link_bytes + large.anchor_bytes - small.anchor_bytes) as f64 / accounts;
        let all = (more - less) / accounts;
        let told = (large.bytes() - small.bytes()) as f64 / accounts;
        eprintln!("{turns} turns: {:.0} bytes an account, {links:.0} more of links and anchors; told {:.0}", all - links, told - links);
        assert!((all - told).abs() < 0.1 * told, "{turns} turns: the allocator counts {all:.0}, the detector says {told:.0}");
        // The bar.
        assert!(all - links < 512.0, "{turns} turns: {all:.0}");
    }
}
