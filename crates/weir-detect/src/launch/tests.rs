use super::*;
use crate::sketch::Sketcher;
use weir_exchange::LoggedExchange;

/// An epoch in which each of these accounts asks this model once.
fn epoch_of(asked: impl Iterator<Item = (u32, String)>) -> EpochProfile {
    let sketcher = Sketcher::new(&Settings::default());
    let mut profile = EpochProfile::default();
    for (account, model) in asked {
        let mut exchange = LoggedExchange { account: format!("a-{account}"), model: Some(model), ..LoggedExchange::default() };
        exchange.id = Some(format!("x-{account}"));
        sketcher.sketch(&exchange).add_to(&mut profile);
    }
    profile
}

/// A hundred accounts with the usual model, so many of whom ask a new one instead.
fn some_ask(new: u32) -> EpochProfile {
    epoch_of((0..100).map(|account| (account, if account < new { "atlas-6" } else { "atlas-5" }.to_owned())))
}

fn taken(epochs: &[(i64, EpochProfile)]) -> Launches {
    let mut launches = Launches::default();
    epochs.iter().for_each(|(epoch, profile)| launches.take(&Settings::default(), 0, *epoch, profile));
    launches
}

#[test]
fn a_model_is_launched_when_a_part_of_the_population_takes_it_up_that_had_not_used_it() {
    let launched = |epochs: &[(i64, EpochProfile)]| taken(epochs).latest().map(|launch| launch.epoch);
    assert_eq!(launched(&[(0, some_ask(0)), (30, some_ask(5))]), Some(30));
    assert_eq!(launched(&[(0, some_ask(0)), (30, some_ask(4)), (33, some_ask(9))]), Some(33), "soon after the first");
    assert_eq!(launched(&[(0, some_ask(0)), (30, some_ask(4))]), None, "too few");
    assert_eq!(launched(&[(0, some_ask(9)), (30, some_ask(9))]), None, "it was there when the log began");
    assert_eq!(launched(&[(0, some_ask(0)), (30, some_ask(1)), (140, some_ask(9))]), None, "and this one for days");
}

#[test]
fn launches_of_one_day_count_together_and_a_later_one_waits_until_the_first_has_been_of_use() {
    let of = |model: &str| epoch_of((0..100).map(|account| (account, model.to_owned())));
    let first = [(0, of("atlas-5")), (30, of("atlas-6")), (40, of("atlas-6-small")), (90, of("atlas-7"))];
    let latest = taken(&first).latest().cloned().unwrap();
    assert_eq!((latest.epoch, latest.end, latest.models.len()), (30, 54, 2));
    let later = [&first[..], &[(30 + 24 * LAUNCH_DAYS, of("atlas-8"))]].concat();
    assert_eq!(taken(&later).latest().unwrap().epoch, 30 + 24 * LAUNCH_DAYS);
}

#[test]
fn names_that_nobody_else_uses_take_no_more_room_than_there_is_and_the_models_in_use_stay() {
    let mut launches = taken(&[(0, some_ask(0))]);
    for epoch in 24..40 {
        let made_up = (0..100).map(|account| (200 + account, format!("my-model-{epoch}-{account}")));
        let usual = (0..100).map(|account| (account, "atlas-5".to_owned()));
        launches.take(&Settings::default(), 0, epoch, &epoch_of(made_up.chain(usual)));
        assert!(launches.models.len() <= MODELS);
    }
    launches.take(&Settings::default(), 0, 40, &some_ask(0));
    assert_eq!(launches.latest(), None, "the usual model was forgotten and taken for a new one");
}

#[test]
fn counts_are_of_the_day_after_the_latest_launch_alone() {
    let launches = taken(&[(0, some_ask(0)), (30, some_ask(5))]);
    let launch = launches.latest().unwrap();
    let profile = some_ask(5);
    let of = |moved: &mut Moved, last: i64, new: bool| {
        let key = Sketcher::new(&Settings::default()).own_unit(if new { "a-1" } else { "a-50" });
        moved.take(launch, last, &profile.units[&key]);
    };
    let mut moved = Moved::of(200, 250);
    of(&mut moved, 29, true);
    assert_eq!(moved, Moved::of(1, 1), "what was counted before is of another launch");
    (0..2).for_each(|_| of(&mut moved, 30, false));
    assert_eq!(moved.stratum(launch, 33), None, "three are too few to tell");
    of(&mut moved, 33, false);
    assert_eq!((moved.stratum(launch, 34), moved.has_moved()), (Some(2), true));
    assert_eq!(moved.stratum(launch, 29), None);
    (0..300).for_each(|_| of(&mut moved, 34, false));
    assert_eq!((moved, moved.has_moved()), (Moved::of(1, 255), false));
    assert!(launch.is_counted(53) && !launch.is_counted(54));
}
