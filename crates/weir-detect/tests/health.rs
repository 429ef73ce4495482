//! The detector's watch over itself, and customers found innocent.

#![allow(clippy::unwrap_used, reason = "a test says what it met and stops")]

use weir_acts::Time;
use weir_detect::{Detector, Intake, Settings};
use weir_exchange::{LoggedAccount, LoggedExchange, LoggedMessage};

const HOUR: i64 = 3_600_000;

/// Customers of four kinds of client software, 120 each.
const CUSTOMERS: u64 = 480;

struct Random(u64);

impl Random {
    fn below(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % below.unsigned_abs()) as i64
    }
}

fn settings() -> Settings {
    Settings { memory: 16 << 20, ..Settings::default() }
}

/// Folds so many hours in which every customer calls twice; those of the first
/// client at `moment` of the hour, where that is any.
fn after(hours: i64, moment: impl Fn(i64) -> Option<i64>) -> Vec<(i64, bool)> {
    after_with(hours, moment, |detector| detector)
}

/// The same; between epochs the detector goes through `between`.
fn after_with(
    hours: i64,
    moment: impl Fn(i64) -> Option<i64>,
    between: impl Fn(Detector) -> Detector,
) -> Vec<(i64, bool)> {
    let mut detector = Detector::new(settings(), &[]);
    let sketcher = detector.sketcher();
    let mut intake = Intake::default();
    let mut random = Random(11);
    let mut health = Vec::new();
    for hour in 0..hours {
        let mut calls: Vec<(i64, u64)> = Vec::new();
        for customer in 0..CUSTOMERS {
            for _ in 0..2 {
                let at = match moment(hour).filter(|_| customer % 4 == 0) {
                    Some(minute) => minute * 60_000 + random.below(30_000),
                    None => random.below(HOUR),
                };
                calls.push((hour * HOUR + at, customer));
            }
        }
        calls.sort_unstable();
        for (millis, customer) in calls {
            let mut exchange = LoggedExchange {
                id: Some(format!("x-{customer}-{millis}")),
                time: Time::from_millis(millis),
                account: format!("a-{customer}"),
                ..LoggedExchange::default()
            };
            exchange.client.user_agent = Some(format!("client-{}/1", customer % 4));
            intake.take(sketcher.sketch(&exchange));
        }
        while let Some((epoch, profile)) = intake.next_over() {
            detector.fold(epoch, &profile).unwrap();
            detector = between(detector);
            health.push((epoch, detector.health().drifted));
        }
    }
    assert_eq!(detector.born(), 0);
    health
}

#[test]
fn ordinary_traffic_is_no_drift() {
    assert!(after(240, |_| None).iter().all(|(_, drifted)| !drifted));
}

#[test]
fn customers_in_step_without_an_operator_are_a_drift_until_a_round_without_it_is_over() {
    // From the third day to the fourth a program that a quarter of them use calls
    // when its maker says, another minute every hour.
    let health = after(240, |hour| (48..96).contains(&hour).then_some((hour * 17) % 60));
    let drifted: Vec<i64> = health.iter().filter(|(_, drifted)| *drifted).map(|(epoch, _)| *epoch).collect();
    let (first, last) = (*drifted.first().expect("it was not noticed"), *drifted.last().unwrap());
    assert!((48..96).contains(&first), "{first}");
    assert!((96..=96 + 48).contains(&last), "{last}");
}

#[test]
fn a_drift_is_remembered_by_a_detector_that_is_started_anew_after_every_epoch() {
    let moment = |hour| (48..96).contains(&hour).then_some((hour * 17) % 60);
    let started_anew = |detector: Detector| Detector::restore(settings(), &[], &detector.save().unwrap()).unwrap();
    let health = after_with(200, moment, started_anew);
    assert!(health.iter().any(|(_, drifted)| *drifted));
    assert_eq!(health, after(200, moment));
}

const NOUNS: [&str; 10] =
    ["harbour", "lantern", "orchard", "glacier", "compass", "violin", "granite", "meadow", "turbine", "saffron"];

/// Forty customers with one template and tasks dealt out, sixty people with
/// interests of their own.
fn log(hours: i64) -> Vec<LoggedExchange> {
    let mut random = Random(7);
    let mut log = Vec::new();
    for at in 0..hours * 60 {
        let millis = at * HOUR / 60 + 1;
        let account = random.below(100);
        let topic = if account < 40 { random.below(10) } else { account % 10 } as usize;
        let (noun, other) = (NOUNS[topic], NOUNS[(topic + random.below(3) as usize) % 10]);
        let text = if account < 40 {
            format!("Reason about this step by step and show every step of it. Task: explain the {noun} beside the {other} number {at}")
        } else {
            format!("please tell me something of the {noun} and the {other} for my collection")
        };
        log.push(LoggedExchange {
            id: Some(format!("x-{at}")),
            time: Time::from_millis(millis),
            account: format!("a-{account}"),
            messages: vec![LoggedMessage { role: "user".to_owned(), content: text }],
            ..LoggedExchange::default()
        });
    }
    log
}

fn fold(detector: &mut Detector, log: &[LoggedExchange]) {
    let sketcher = detector.sketcher();
    let mut intake = Intake::after(detector.folded());
    for exchange in log {
        // What comes too late is left out.
        intake.take(sketcher.sketch(exchange));
    }
    let rest: Vec<_> = intake.rest().collect();
    for (epoch, profile) in rest {
        detector.fold(epoch, &profile).unwrap();
    }
}

fn with(detector: &Detector, account: &str) -> bool {
    detector.under_test().iter().any(|candidate| candidate.members.iter().any(|member| member == account))
}

#[test]
fn who_was_found_innocent_is_evidence_no_more() {
    let log = log(48);
    let (before, after) = log.split_at(30 * 60);
    let account = |number: i64, cleared: Option<i64>| LoggedAccount {
        account: format!("a-{number}"),
        cleared: cleared.map(|hour| Time::from_millis(hour * HOUR)),
        ..LoggedAccount::default()
    };
    let all = |cleared: Option<i64>| (0..100).map(|number| account(number, cleared.filter(|_| number == 3))).collect::<Vec<_>>();
    let mut detector = Detector::new(settings(), &all(None));
    fold(&mut detector, before);
    assert!(with(&detector, "a-3"), "{:?}", detector.under_test());
    let strength = |detector: &Detector| detector.under_test().iter().map(|it| it.log2_e).fold(f64::MIN, f64::max);
    let held = strength(&detector);
    detector.know(all(Some(30)));
    // Nothing is taken back before the epoch in which it was decided.
    assert!(with(&detector, "a-3"));
    fold(&mut detector, after);
    assert!(!with(&detector, "a-3"));
    assert!(held.is_finite());
    // Whoever reads the log from the start with what is known at its end comes to
    // the same.
    let mut whole = Detector::new(settings(), &all(Some(30)));
    fold(&mut whole, &log);
    assert_eq!(whole.under_test(), detector.under_test());
    assert_eq!(whole.findings(), detector.findings());
}

#[test]
fn an_intake_that_goes_on_takes_no_epoch_twice() {
    let log = log(6);
    let sketcher = Detector::new(settings(), &[]).sketcher();
    let mut intake = Intake::after(Some(2));
    let taken: Vec<bool> = log.iter().map(|exchange| intake.take(sketcher.sketch(exchange))).collect();
    let hours: Vec<i64> = log.iter().map(|exchange| exchange.time.millis() / HOUR).collect();
    assert!(taken.iter().zip(&hours).all(|(taken, hour)| *taken == (*hour > 2)));
    intake.reach(100);
    let over: Vec<i64> = std::iter::from_fn(|| intake.next_over()).map(|(epoch, _)| epoch).collect();
    assert_eq!(over, [3, 4, 5]);
}
