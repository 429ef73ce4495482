//! What the detector did is held against the rules like anybody's acts.

use weir_acts::act::{Act, Parts, private, public};
use weir_acts::entry::BY_DETECTOR;
use weir_acts::id::MeasureId;
use weir_acts::words::MeasureKind;
use weir_rules::base_rules;

use super::log::{ACME, Log, OFFICER, parts};

const MEASURE: MeasureId = MeasureId::from_bytes([21; 10]);

/// A log in which `taken_by` throttles a customer and the detector lifts it.
fn lifted(taken_by: &str) -> (Log, usize) {
    let mut log = Log::populated(base_rules());
    let until = Some(log.now.plus_millis(3_600_000));
    let public = public::MeasureTake { measure: MEASURE, kind: MeasureKind::Throttle, until };
    let act = Act::MeasureTake(parts(public, private::MeasureTake { reason: "it acts as one with others".into() }));
    let mut entry = log.entry(&ACME, act);
    entry.by = taken_by.into();
    log.append(&entry);
    let act = Act::MeasureLift(Parts { public: public::MeasureLift { measure: MEASURE }, private: None });
    let mut entry = log.entry(&ACME, act);
    entry.by = BY_DETECTOR.into();
    let at = log.entries.len();
    log.append(&entry);
    (log, at)
}

#[test]
fn it_lifts_what_it_took_itself_and_what_a_person_took_is_a_persons() {
    let (log, _) = lifted(BY_DETECTOR);
    let report = log.verified();
    assert!(report.good, "{report:?}");
    let (log, at) = lifted(&OFFICER.to_string());
    let report = log.verified();
    let problem = report.problem.unwrap();
    assert!(problem.act == at as u64 && problem.why.contains("measure.lift"), "{problem:?}");
}
