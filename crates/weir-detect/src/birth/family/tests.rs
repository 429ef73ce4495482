use crate::candidate::Candidate;
use crate::epoch::fold;
use crate::hash::join;
use crate::profile::{EpochProfile, Event};
use crate::settings::Settings;
use crate::sketch::Sketcher;
use crate::state::State;
use weir_exchange::LoggedExchange;

const ACCOUNTS: u64 = 40;

/// An exchange that shows these anchors.
fn event(blank: &Event, fill: u64, anchors: &[u64]) -> Event {
    let mut anchors = anchors.to_vec();
    anchors.sort_unstable();
    Event { fill, anchors: anchors.into(), ..blank.clone() }
}

/// Forty accounts over thirty epochs: in each, an exchange whose anchors are given, and
/// as many others of their own as said.
fn after(others: u64, shown: impl Fn(u64, u64) -> Vec<u64>) -> State {
    after_giving(others, shown, None)
}

/// The same, where the exchange is one of so many that everybody gives.
fn after_giving(others: u64, shown: impl Fn(u64, u64) -> Vec<u64>, of: Option<u64>) -> State {
    let settings = Settings { memory: 16 << 20, ..Settings::default() };
    let blank = Sketcher::new(&settings).sketch(&LoggedExchange::default()).event;
    let mut state = State::new(&settings);
    for epoch in 0..30 {
        let mut profile = EpochProfile::default();
        for account in 0..ACCOUNTS {
            // Keyed hashes are spread over all numbers.
            let unit = (account + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let seen = profile.units.entry(unit).or_default();
            seen.name = format!("a-{account}").into();
            for other in 0..=others {
                let key = epoch << 20 | account << 8 | other;
                let anchors = if other == 0 { shown(account, epoch) } else { vec![join(key, 2)] };
                seen.exchanges += 1;
                let fill = of.filter(|_| other == 0).map_or(join(key, 5), |of| join(join(account, epoch) % of, 4));
                seen.keep(key, event(&blank, fill, &anchors));
            }
        }
        fold(&mut state, &settings, epoch as i64, &profile, &mut |_| ());
    }
    state
}

/// One of ten parts, dealt out, each with three anchors.
fn dealt(account: u64, epoch: u64) -> Vec<u64> {
    (0..3).map(|anchor| of_part(join(account, epoch) % 10, anchor)).collect()
}

fn of_part(part: u64, anchor: u64) -> u64 {
    join(part << 8 | anchor, 1)
}

fn of_the_template(candidate: &Candidate) -> usize {
    let all = (0..10).flat_map(|part| (0..3).map(move |anchor| of_part(part, anchor)));
    all.filter(|anchor| candidate.anchors.contains(anchor)).count()
}

#[test]
fn ten_parts_of_one_template_found_one_candidate() {
    // A half of what they send, so that each part is a twentieth.
    let state = after(1, dealt);
    let largest = state.candidates.iter().max_by_key(|candidate| of_the_template(candidate));
    let candidate = largest.expect("a candidate was born");
    assert!(of_the_template(candidate) >= 27, "{:?}", candidate.anchors);
    assert_eq!(candidate.members.len() as u64, ACCOUNTS);
    assert!(state.born <= 3, "{} were born for one template", state.born);
}

#[test]
fn in_passing_it_is_no_work() {
    // One exchange in nine.
    assert_eq!(after(8, dealt).born, 0);
}

#[test]
fn who_works_off_a_list_has_the_same_users_and_founds_nothing() {
    let listed = |account: u64, epoch: u64| vec![of_part((account * 11 + epoch) % 30, 0)];
    assert_eq!(after(1, listed).born, 0);
}

/// A class does its exercises again and again.
#[test]
fn nor_where_they_give_its_items_again_and_again() {
    assert!(after_giving(1, dealt, Some(10_000)).born > 0);
    assert_eq!(after_giving(1, dealt, Some(10)).born, 0);
}

#[test]
fn parts_of_different_users_are_no_family() {
    // Five groups of eight, each with a phrase of its own in every ninth exchange.
    let apart = |account: u64, epoch: u64| {
        if (account + epoch).is_multiple_of(3) { vec![of_part(account / 8, 0)] } else { vec![join(account << 20 | epoch, 3)] }
    };
    assert_eq!(after(2, apart).born, 0);
}
