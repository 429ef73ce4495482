//! Inside an epoch, any order and any split give the same profile; across
//! epochs, a detector that was written down and read back goes on as if it had
//! not been.

#![allow(clippy::unwrap_used, reason = "a test says what it met and stops")]

use proptest::prelude::*;
use weir_acts::Time;
use weir_detect::{Detector, EpochProfile, Intake, Recorder, Settings, Sketcher, Texts};
use weir_exchange::{LoggedExchange, LoggedMessage};

const HOUR: i64 = 3_600_000;

fn settings() -> Settings {
    Settings { memory: 16 << 20, ..Settings::default() }
}

fn exchange(account: u32, millis: i64, text: &str) -> LoggedExchange {
    let mut exchange = LoggedExchange {
        id: Some(format!("x-{account}-{millis}")),
        time: Time::from_millis(millis),
        account: format!("a-{account}"),
        messages: vec![LoggedMessage { role: "user".to_owned(), content: text.to_owned() }],
        ..LoggedExchange::default()
    };
    exchange.client.ip = Some(format!("198.51.{}.{}", account % 7, millis % 50));
    exchange
}

/// A few hundred exchanges over two days: forty accounts with one template and
/// tasks dealt out, sixty people with interests of their own.
fn log() -> Vec<LoggedExchange> {
    let nouns = ["harbour", "lantern", "orchard", "glacier", "compass", "violin", "granite", "meadow", "turbine", "saffron"];
    let mut log = Vec::new();
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for at in 0..48 * 40 {
        let millis = at * HOUR / 40 + 1;
        let account = next(100) as u32;
        let topic = if account < 40 { next(10) } else { u64::from(account % 10) } as usize;
        let (noun, other) = (nouns[topic], nouns[(topic + next(3) as usize) % 10]);
        let text = if account < 40 {
            format!("Reason about this step by step and show every step of it. Task: explain the {noun} beside the {other} number {at}")
        } else {
            format!("please tell me something of the {noun} and the {other} for my collection")
        };
        let mut exchange = exchange(account, millis, &text);
        // From the second day on there is a new model, which the forty take to.
        let is_new = at > 30 * 40 && (account < 40 || account.is_multiple_of(9));
        exchange.model = Some(if is_new { "atlas-6" } else { "atlas-5" }.to_owned());
        log.push(exchange);
    }
    log
}

fn folded(sketcher: &Sketcher, detector: &mut Detector, log: &[LoggedExchange], mut each: impl FnMut(&mut Detector)) {
    let mut intake = Intake::default();
    for exchange in log {
        assert!(intake.take(sketcher.sketch(exchange)));
        while let Some((epoch, profile)) = intake.next_over() {
            detector.fold(epoch, &profile).unwrap();
            each(detector);
        }
    }
    for (epoch, profile) in intake.rest().collect::<Vec<_>>() {
        detector.fold(epoch, &profile).unwrap();
    }
}

/// What verdicts rest on, without the starts of the texts, which are shown only.
fn without_texts(detector: &Detector) -> (serde_json::Value, serde_json::Value, String) {
    let findings = detector.findings();
    let mut dossiers = serde_json::to_value(&findings.dossiers).unwrap();
    for dossier in dossiers.as_array_mut().unwrap() {
        dossier.as_object_mut().unwrap().remove("families");
    }
    (dossiers, serde_json::to_value(&findings.members).unwrap(), format!("{:?}", detector.under_test()))
}

#[test]
fn texts_that_were_sketched_when_recorded_give_what_the_texts_give() {
    let log = log();
    let recorder = Recorder::new(settings().key);
    let sketched: Vec<LoggedExchange> = log
        .iter()
        .map(|exchange| {
            let sketch = recorder.sketch(&Texts::of(&exchange.messages));
            let bare = LoggedExchange { messages: Vec::new(), sketch, ..exchange.clone() };
            serde_json::from_str(&serde_json::to_string(&bare).unwrap()).unwrap()
        })
        .collect();
    let (mut of_texts, mut of_sketches) = (Detector::new(settings(), &[]), Detector::new(settings(), &[]));
    folded(&of_texts.sketcher(), &mut of_texts, &log, |_| {});
    folded(&of_sketches.sketcher(), &mut of_sketches, &sketched, |_| {});
    assert!(of_texts.born() > 0 && !of_texts.under_test().is_empty());
    assert_eq!(without_texts(&of_sketches), without_texts(&of_texts));
    // Under another key they are unknown, and that is told.
    let other = Detector::new(Settings { key: [9; 16], ..settings() }, &[]);
    let mut intake = Intake::default();
    sketched.iter().for_each(|exchange| assert!(intake.take(other.sketcher().sketch(exchange))));
    assert_eq!(intake.foreign(), sketched.len() as u64);
}

#[test]
fn a_restart_at_every_epoch_changes_nothing() {
    let log = log();
    let mut whole = Detector::new(settings(), &[]);
    folded(&whole.sketcher(), &mut whole, &log, |_| {});
    let mut restarted = Detector::new(settings(), &[]);
    let mut restarts = 0;
    folded(&restarted.sketcher(), &mut restarted, &log, |detector| {
        let saved = detector.save().unwrap();
        *detector = Detector::restore(settings(), &[], &saved).unwrap();
        assert_eq!(detector.save().unwrap(), saved);
        restarts += 1;
    });
    assert!(restarts > 40);
    assert!(whole.born() > 0, "a log in which nothing is proposed tests nothing");
    assert_eq!(restarted.save().unwrap(), whole.save().unwrap());
    assert_eq!(restarted.findings(), whole.findings());
}

#[test]
fn a_state_is_not_gone_on_with_under_other_settings_or_when_damaged() {
    let mut detector = Detector::new(settings(), &[]);
    folded(&detector.sketcher(), &mut detector, &log()[..200], |_| {});
    let saved = detector.save().unwrap();
    let other = Settings { alpha: 0.5, ..settings() };
    assert!(Detector::restore(other, &[], &saved).is_err());
    let other = Settings { key: [9; 16], ..settings() };
    assert!(Detector::restore(other, &[], &saved).is_err());
    assert!(Detector::restore(settings(), &[], &saved[..saved.len() / 2]).is_err());
}

#[test]
fn an_epoch_is_folded_once_and_in_order() {
    let mut detector = Detector::new(settings(), &[]);
    detector.fold(10, &EpochProfile::default()).unwrap();
    assert!(detector.fold(10, &EpochProfile::default()).is_err());
    assert!(detector.fold(9, &EpochProfile::default()).is_err());
    detector.fold(11, &EpochProfile::default()).unwrap();
}

#[test]
fn what_comes_after_its_epoch_is_over_is_counted_and_left_out() {
    let detector = Detector::new(settings(), &[]);
    let sketcher = detector.sketcher();
    let mut intake = Intake::default();
    assert!(intake.take(sketcher.sketch(&exchange(1, 10 * HOUR, "now"))));
    assert!(intake.take(sketcher.sketch(&exchange(1, 9 * HOUR, "a little late"))));
    assert!(!intake.take(sketcher.sketch(&exchange(1, 8 * HOUR, "too late"))));
    assert_eq!((intake.taken(), intake.late()), (2, 1));
}

/// Ninety thousand accounts call once each, with a phrase that a few of them
/// share; forty work from one template all the while. Neither the crowd nor its
/// phrases take more than the memory given, and the forty are still proposed.
#[test]
fn a_crowd_that_calls_once_takes_no_more_memory_than_was_given_and_hides_nobody() {
    let settings = Settings { memory: 4 << 20, ..Settings::default() };
    let mut detector = Detector::new(settings.clone(), &[]);
    let sketcher = detector.sketcher();
    let mut log = Vec::new();
    for at in 0..90_000_u32 {
        let millis = i64::from(at) * 48 * HOUR / 90_000;
        let phrase = at / 3;
        log.push(exchange(100 + at, millis, &format!("{} and {} said {} of it all together", word(phrase), word(phrase + 1), word(phrase + 2))));
        if at % 45 == 0 {
            // Dealt out: the account says nothing of the task.
            let turn = at / 45;
            let task = turn.wrapping_mul(2_654_435_761) >> 16;
            let text = format!("Reason about this step by step and show every step of it. Task: explain the {}", word(task % 900));
            log.push(exchange(turn % 40, millis, &text));
        }
    }
    let (mut most, mut customers, mut folds) = (0, 0, 0);
    folded(&sketcher, &mut detector, &log, |detector| {
        let footprint = detector.footprint();
        most = most.max(footprint.bytes());
        customers = customers.max(footprint.customers);
        folds += 1;
    });
    assert!(folds > 40 && customers > 500, "{customers}");
    assert!(most <= settings.memory, "{most}");
    let under_test = detector.under_test();
    let of_template = |members: &[String]| members.iter().filter(|name| name[2..].parse::<u32>().unwrap() < 40).count();
    assert!(under_test.iter().any(|candidate| of_template(&candidate.members) >= 30), "{under_test:?}");
}

/// A word for each number, of letters.
fn word(mut number: u32) -> String {
    let mut word = String::from("q");
    for _ in 0..6 {
        word.push(char::from(b'a' + (number % 17) as u8));
        number /= 17;
    }
    word
}

#[test]
fn what_is_empty_or_strange_is_folded_too() {
    let mut detector = Detector::new(settings(), &[]);
    let sketcher = detector.sketcher();
    let strange = ["", "\u{0}", "…", "```", "\"", "a\u{301}", "漢字。漢字", "x".repeat(100_000).as_str()].map(str::to_owned);
    let mut log = vec![LoggedExchange::default()];
    for (at, text) in strange.iter().cycle().take(4000).enumerate() {
        log.push(exchange(at as u32 % 50, at as i64 * 60_000, text));
    }
    // One time far in the future, and one before 1970.
    log.push(exchange(1, i64::MAX / 2, "late"));
    log.insert(0, exchange(1, -5, "early"));
    folded(&sketcher, &mut detector, &log, |_| {});
    assert!(detector.findings().dossiers.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_order_and_any_split_give_the_same_profile(
        order in Just((0..300_usize).collect::<Vec<_>>()).prop_shuffle(),
        split in prop::collection::vec(0..4_usize, 300),
    ) {
        let log = log();
        let detector = Detector::new(settings(), &[]);
        let sketcher = detector.sketcher();
        let mut straight = EpochProfile::default();
        log[..300].iter().for_each(|exchange| sketcher.sketch(exchange).add_to(&mut straight));
        let mut parts: Vec<EpochProfile> = vec![EpochProfile::default(); 4];
        for &at in &order {
            sketcher.sketch(&log[at]).add_to(&mut parts[split[at]]);
        }
        let mut merged = EpochProfile::default();
        for part in parts.into_iter().rev() {
            merged.merge(part);
        }
        prop_assert_eq!(merged, straight);
    }
}
