//! A deployment's key orders and samples everything: the crowd's campaign is found
//! whole whichever key was drawn, and as ids are hashed with it, whichever ids.

use weir::demo::crowd::Known;
use weir_detect::{Detector, Intake, Role, Settings};

/// Whether the campaign is found whole in the crowd's first hours, and nobody else.
fn is_found(known: &Known, key: [u8; 16]) -> bool {
    let accounts: Vec<_> = known.world().accounts().collect();
    let mut detector = Detector::new(Settings { key, memory: 16 << 20, ..Settings::default() }, &accounts);
    let sketcher = detector.sketcher();
    let mut intake = Intake::default();
    for exchange in known.exchanges(22) {
        intake.take(sketcher.sketch(&exchange));
        while let Some((epoch, profile)) = intake.next_over() {
            detector.fold(epoch, &profile).unwrap();
        }
    }
    let findings = detector.findings();
    let members: Vec<_> = findings.members.iter().filter(|line| line.role == Role::Member).collect();
    members.len() * 10 >= known.campaign.len() * 9 && members.iter().all(|line| known.holds(&line.account))
}

#[test]
fn the_campaign_is_found_by_every_key() {
    let known = Known::new().unwrap();
    let missed: Vec<u8> = (0..24).filter(|&seed| !is_found(&known, [seed; 16])).collect();
    assert!(missed.is_empty(), "not by the keys {missed:?}");
}
