//! The ledger against plain arithmetic over a list of what happened: any
//! interleaving, any limits, and many threads at once.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use proptest::prelude::*;
use weir_acts::limits::{Rate, Rates, Window};

use super::*;

const START: Time = Time::from_millis(1_700_000_000_000);

fn account(number: u8) -> AccountId {
    AccountId::from_bytes([number; 10])
}

fn rates(rates: &[(u64, Window)]) -> Rates {
    rates.iter().map(|(amount, window)| Rate { amount: *amount, window: *window }).collect()
}

fn need(tokens: u64) -> Need {
    Need { tokens, is_bounded: true, weight: 2 }
}

fn meters_idle(ledger: &Ledger) {
    for entry in &ledger.meters {
        let meter = lock(entry.value());
        assert_eq!((meter.concurrent, meter.tokens.held, meter.spend.held), (0, 0, 0), "{}", entry.key());
    }
}

/// One step of a history over two accounts of one party.
#[derive(Debug, Clone)]
enum Step {
    /// A request of an account for so many tokens.
    Ask(u8, u64),
    /// One of those under way ends, having used a share of what it held.
    End(usize, u64),
    /// One of those under way is dropped without a word.
    Forget(usize),
    /// Time passes.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u8..2, 0u64..40).prop_map(|(who, tokens)| Step::Ask(who, tokens)),
        3 => (any::<usize>(), 0u64..=100).prop_map(|(which, share)| Step::End(which, share)),
        1 => any::<usize>().prop_map(Step::Forget),
        2 => prop_oneof![0i64..200, 0i64..4_000, 0i64..100_000].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

fn limits() -> impl Strategy<Value = Limits> {
    let some = |most: u64| {
        prop::collection::vec((1..most, prop::sample::select(vec![Window::Second, Window::Minute])), 0..3)
            .prop_map(|list| rates(&list))
    };
    (some(8), some(120), prop::option::of(1u64..5), some(300))
        .prop_map(|(requests, tokens, concurrent, spend)| Limits { requests, tokens, concurrent, spend })
}

/// What happened under one scope, as a list.
#[derive(Default)]
struct Plain {
    admitted: Vec<Time>,
    used: Vec<(Time, u64)>,
    held: Vec<u64>,
}

impl Plain {
    fn used_since(&self, from: Time) -> u64 {
        self.used.iter().filter(|(at, _)| *at > from).map(|(_, tokens)| tokens).sum()
    }

    /// No span of a window that ends now saw more than its limit.
    fn is_within(&self, limits: &Limits, now: Time) -> bool {
        let since = |window: Window| now.plus_millis(-window.millis());
        let held: u64 = self.held.iter().sum();
        let requests = limits
            .requests
            .iter()
            .all(|rate| self.admitted.iter().filter(|at| **at > since(rate.window)).count() as u64 <= rate.amount);
        let tokens = limits.tokens.iter().all(|rate| self.used_since(since(rate.window)) + held <= rate.amount);
        let spend = limits.spend.iter().all(|rate| 2 * (self.used_since(since(rate.window)) + held) <= rate.amount);
        requests && tokens && spend && limits.concurrent.is_none_or(|most| self.held.len() as u64 <= most)
    }
}

proptest! {
    /// Whatever is asked, ended and forgotten in whatever order: what is used
    /// and held never exceeds any limit of any scope, nothing is ever
    /// negative, and in the end all of it is given back.
    #[test]
    fn no_interleaving_exceeds_a_limit_or_keeps_what_was_held(
        steps in steps(), own in limits(), of_party in limits(),
    ) {
        let ledger = Ledger::default();
        let party = Scope::Party(PartyId::from_bytes([9; 10]));
        let accounts = [Scope::Account(account(0)), Scope::Account(account(1))];
        let mut now = START;
        let mut plain = [Plain::default(), Plain::default(), Plain::default()];
        let mut running: Vec<(usize, u64, Hold)> = Vec::new();
        for step in steps {
            match step {
                Step::Ask(who, tokens) => {
                    let who = usize::from(who);
                    let bounds = [(&accounts[who], &own), (&party, &of_party)];
                    let before = [plain[who].held.len(), plain[2].held.len()];
                    if let Ok(hold) = ledger.reserve(bounds.into_iter(), &need(tokens), now) {
                        for place in [who, 2] {
                            plain[place].admitted.push(now);
                            plain[place].held.push(tokens);
                        }
                        running.push((who, tokens, hold));
                    } else {
                        // All or nothing: neither scope holds more than before.
                        for (scope, (place, held)) in [&accounts[who], &party].into_iter().zip([who, 2].into_iter().zip(before)) {
                            prop_assert_eq!(plain[place].held.len(), held);
                            prop_assert_eq!(lock(&ledger.meter(scope)).concurrent, held as u64);
                        }
                    }
                }
                Step::End(which, share) if !running.is_empty() => {
                    let (who, tokens, mut hold) = running.swap_remove(which % running.len());
                    let used = tokens * share / 100;
                    hold.charge(used, 2, now);
                    hold.charge(1_000_000, 2, now);
                    end(&mut plain, who, tokens, Some((now, used)));
                }
                Step::Forget(which) if !running.is_empty() => {
                    let (who, tokens, mut hold) = running.swap_remove(which % running.len());
                    hold.forfeit(now);
                    drop(hold);
                    // All that was held counts, now.
                    end(&mut plain, who, tokens, Some((now, tokens)));
                }
                Step::End(..) | Step::Forget(_) => {}
                Step::Wait(millis) => now = now.plus_millis(millis),
            }
            prop_assert!(plain[0].is_within(&own, now) && plain[1].is_within(&own, now));
            prop_assert!(plain[2].is_within(&of_party, now));
        }
        for (who, tokens, mut hold) in running {
            hold.charge(0, 2, now);
            end(&mut plain, who, tokens, None);
        }
        meters_idle(&ledger);
        // Long after, everything fits again that ever could.
        let later = now.plus_millis(2 * Window::Minute.millis());
        let bounds = [(&accounts[0], &own), (&party, &of_party)];
        prop_assert!(ledger.reserve(bounds.into_iter(), &need(0), later).is_ok());
        ledger.take_changed();
        ledger.forget_idle(later.plus_millis(Window::Day.millis()));
        prop_assert_eq!(ledger.len(), 0);
    }

    /// A wait that is told is long enough where nothing else happens, and not
    /// a window longer.
    #[test]
    fn after_the_wait_told_it_fits(taken in prop::collection::vec((1u64..30, 0i64..70_000), 1..8), asked in 1u64..60) {
        let ledger = Ledger::default();
        let scope = Scope::Stage(Stage::General);
        let limits = Limits { tokens: rates(&[(60, Window::Minute)]), ..Limits::default() };
        let mut now = START;
        for (tokens, wait) in taken {
            if let Ok(mut hold) = ledger.reserve([(&scope, &limits)].into_iter(), &need(tokens), now) {
                hold.charge(tokens, 2, now);
            }
            now = now.plus_millis(wait);
        }
        if let Err((_, exceeded)) = ledger.reserve([(&scope, &limits)].into_iter(), &need(asked), now) {
            let wait = exceeded.wait.unwrap();
            prop_assert!(wait.as_millis() <= 63_000, "{wait:?}");
            let then = now.plus_millis(i64::try_from(wait.as_millis()).unwrap());
            prop_assert!(ledger.reserve([(&scope, &limits)].into_iter(), &need(asked), then).is_ok(), "{wait:?}");
        }
    }
}

fn end(plain: &mut [Plain; 3], who: usize, tokens: u64, used: Option<(Time, u64)>) {
    for place in [who, 2] {
        let at = plain[place].held.iter().position(|held| *held == tokens).unwrap();
        plain[place].held.swap_remove(at);
        plain[place].used.extend(used);
    }
}

/// 64 threads that ask as fast as they can: a limit is reached exactly and
/// never passed.
#[test]
fn many_at_once_reach_each_limit_and_never_pass_it() {
    const THREADS: u64 = 64;
    let ledger = Ledger::default();
    let (own, shared) = (Scope::Account(account(1)), Scope::Party(PartyId::from_bytes([2; 10])));
    let limits = Limits {
        requests: rates(&[(1_000, Window::Day)]),
        tokens: rates(&[(5_000, Window::Day)]),
        concurrent: Some(10),
        ..Limits::default()
    };
    let wide = Limits { concurrent: Some(12), ..Limits::default() };
    let (running, most, admitted, tokens) =
        (AtomicI64::new(0), AtomicI64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ledger, own, shared, limits, wide) = (&ledger, &own, &shared, &limits, &wide);
            let (running, most, admitted, tokens) = (&running, &most, &admitted, &tokens);
            scope.spawn(move || {
                for turn in 0..200 {
                    let asked = (thread + turn) % 13;
                    let bounds = [(own, limits), (shared, wide)];
                    let Ok(mut hold) = ledger.reserve(bounds.into_iter(), &need(asked), START) else {
                        std::thread::yield_now();
                        continue;
                    };
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    admitted.fetch_add(1, Ordering::SeqCst);
                    tokens.fetch_add(asked, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    hold.charge(asked, 2, START);
                }
            });
        }
    });
    assert!(most.into_inner() <= 10);
    assert!(admitted.into_inner() <= 1_000);
    assert!(tokens.into_inner() <= 5_000);
    meters_idle(&ledger);
}

#[test]
fn what_can_never_fit_says_so_and_what_nobody_bounded_takes_the_whole() {
    let ledger = Ledger::default();
    let scope = Scope::Account(account(1));
    let limits = Limits { tokens: rates(&[(100, Window::Minute)]), ..Limits::default() };
    let reserve = |need: &Need| ledger.reserve([(&scope, &limits)].into_iter(), need, START);
    let (_, exceeded) = reserve(&need(101)).unwrap_err();
    assert_eq!((exceeded.wait, exceeded.needed), (None, 101));
    let mut whole = reserve(&Need { tokens: 9_999, is_bounded: false, weight: 1 }).unwrap();
    assert!(reserve(&need(1)).is_err(), "nothing is left beside it");
    whole.charge(30, 1, START);
    assert!(reserve(&need(70)).is_ok());
}

#[test]
fn what_was_counted_over_an_hour_or_more_outlives_a_restart() {
    let limits = Limits {
        requests: rates(&[(3, Window::Minute), (5, Window::Hour)]),
        tokens: rates(&[(100, Window::Day)]),
        ..Limits::default()
    };
    let scope = Scope::Rule(account(3), "own/rule:with-colon".into());
    let ask = |ledger: &Ledger, tokens, now| ledger.reserve([(&scope, &limits)].into_iter(), &need(tokens), now);
    let before = Ledger::default();
    ask(&before, 40, START).unwrap().charge(25, 2, START);
    let under_way = ask(&before, 30, START).unwrap();
    let kept = before.take_changed();
    assert!(before.take_changed().is_empty(), "nothing changed since");
    before.keep_again();
    assert_eq!(before.take_changed(), kept);
    drop(under_way);

    // The process ended there; what was under way counts in full.
    let after = Ledger::default();
    let later = START.plus_millis(2_000);
    after.restore(&kept, later);
    assert!(ask(&after, 46, later).is_err(), "25 and 30 of 100 are used");
    ask(&after, 45, later).unwrap().charge(0, 2, later);
    ask(&after, 0, later).unwrap().charge(0, 2, later);
    ask(&after, 0, later).unwrap().charge(0, 2, later);
    assert!(ask(&after, 0, later).is_err(), "two of five in the hour were before, three in the minute after");
    let next_day = START.plus_millis(Window::Day.millis() * 2);
    let stale = Ledger::default();
    stale.restore(&[Kept { held: 0, ..kept[1].clone() }], next_day);
    assert!(ask(&stale, 100, next_day).is_ok(), "what is older than its window is not put back");
}
