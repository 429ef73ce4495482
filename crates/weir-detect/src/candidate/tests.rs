use super::*;

#[test]
fn shares_of_the_budget_sum_to_less_than_one() {
    let sum: f64 = (1..2_000_000).map(budget_share).sum();
    // What is left is at most the integral of 1/(3.4 x ln² x) from two million.
    assert!(sum + 1.0 / (3.4 * 2_000_000_f64.ln()) < 1.0, "{sum}");
    assert!(sum > 0.9, "{sum}");
}

#[test]
fn merging_takes_the_mean_of_the_e_values_weighted_by_what_each_may_spend() {
    let mut left = Candidate { share: 0.3, log2_e: 2.0, ..Candidate::default() };
    left.absorb(Candidate { share: 0.1, log2_e: 4.0, ..Candidate::default() });
    assert!((left.log2_e.exp2() - (0.75 * 4.0 + 0.25 * 16.0)).abs() < 1e-9);
    assert!((left.share - 0.4).abs() < 1e-12);
}

#[test]
fn what_was_merged_was_told_when_the_first_of_both_was() {
    let told = |confirmed, alarm| Candidate { share: 0.1, confirmed, alarm, ..Candidate::default() };
    for (left, right) in [(Some(9), Some(4)), (Some(4), Some(9)), (None, Some(4)), (Some(4), None)] {
        let mut merged = told(left, left);
        merged.absorb(told(right, right));
        assert_eq!((merged.confirmed, merged.alarm), (Some(4), Some(4)));
    }
    let mut merged = told(Some(3), None);
    merged.absorb(told(None, None));
    assert_eq!((merged.confirmed, merged.alarm), (Some(3), None));
}

/// Exchanges that showed the template before anything was under test are no other
/// work of its own.
#[test]
fn what_showed_the_template_before_is_no_work_of_its_own() {
    let mut unit = Unit { sampled: 9, ..Unit::default() };
    for (anchor, uses) in [(1, 5), (2, 4), (3, 9)] {
        unit.link(anchor, uses, 0);
    }
    let joined = |anchors: &[u64]| Member::joining(7, Some(&unit), &anchors.iter().copied().collect());
    assert_eq!((joined(&[1, 2]).before, joined(&[1, 2]).own_before()), (9, 4));
    assert_eq!(joined(&[3]).own_before(), 0);
    assert_eq!(joined(&[8]).own_before(), 9);
    assert_eq!(Member::joining(7, None, &BTreeSet::new()).own_before(), 0);
    // Nor is it other work, as a second hand's is.
    let member = Member { joint: 2, ..joined(&[3]) };
    let later = Unit { sampled: 11, ..unit };
    assert!(!member.has_other_work(&later));
    assert!(Member { shown: 0, ..member }.has_other_work(&later));
}

/// One of both that was a member in passing keeps what was known of its work.
#[test]
fn of_a_member_of_both_the_better_known_record_stays() {
    let of = |joint: u64, count: u32| {
        let history = History { count, ..History::default() };
        let mut candidate = Candidate { share: 0.1, ..Candidate::default() };
        candidate.pool.add(&history);
        candidate.members.insert(7, Member { joint, history, ..Member::default() });
        candidate
    };
    for (left, right) in [(of(1, 2), of(30, 9)), (of(30, 9), of(1, 2))] {
        let mut merged = left;
        merged.absorb(right);
        assert_eq!((merged.members[&7].joint, merged.pool.count), (30, 9));
    }
}

/// Of sixty members that are known, so many whose work is dealt out; a look at the
/// latest comparisons says that they are several.
fn told(dealt: u64) -> Candidate {
    let mut candidate = Candidate { alarm: Some(9), ..Candidate::default() };
    candidate.likeness = Relative::seen(SEVERAL_SHARE + 0.1);
    candidate.members = (0..60).map(|unit| (unit, Member { own: Own::seen(unit < dealt), ..Member::default() })).collect();
    candidate
}

#[test]
fn what_was_told_is_taken_back_only_where_its_members_say_it_too() {
    let working: Vec<u64> = (0..60).collect();
    assert!(told(60).is_several() && !told(60).is_refuted(&working, false));
    assert!(!told(41).is_refuted(&working, false) && told(40).is_refuted(&working, false));
    // Nor does it hold before anything was told, of whoever does not work for it, or
    // where they work off a list.
    assert!(Candidate { alarm: None, ..told(60) }.is_refuted(&working, false));
    assert!(told(30).is_refuted(&working, false) && !told(30).is_refuted(&working[..30], false));
    assert!(told(60).is_refuted(&[], false));
    assert!(Candidate { is_parted: true, ..told(60) }.is_refuted(&working, false));
    // Told one by one it needs no alarm; whoever works off a list does so all the same.
    assert!(!Candidate { alarm: None, ..told(60) }.is_refuted(&working, true));
    assert!(Candidate { is_parted: true, ..told(60) }.is_refuted(&working, true));
}

fn given(turns: u8, listed: u8) -> Given {
    let mut given = Given::default();
    (0..turns).for_each(|turn| given.take(turn < listed));
    given
}

/// An operator may have his accounts draw what else they send from a public list.
#[test]
fn joint_work_tells_who_works_off_a_list_whatever_else_is_sent() {
    let unit = Unit { sampled: 20, given: given(20, 10), ..Unit::default() };
    let member = |joint, given| Member { joint, given, ..Member::default() };
    assert!(member(10, given(6, 0)).given(&unit).is_of_its_own());
    assert!(member(10, given(6, 6)).given(&unit).is_of_a_list());
    // Of too little joint work all that is sent tells only where it is nearly all of that.
    let unknown = member(10, given(2, 0)).given(&unit);
    assert!(!unknown.is_of_its_own() && !unknown.is_of_a_list());
    assert!(member(18, given(2, 0)).given(&unit).is_of_a_list());
}

/// Who is told apart from those who work off a list by all he sends may come in by his
/// work with the template.
#[test]
fn who_was_refused_comes_in_by_what_he_gave_with_the_template() {
    let event = |fill| Event { fill, ..crate::Sketcher::new(&crate::Settings::default()).sketch(&Default::default()).event };
    let of_a_list = given(20, 10);
    let mut candidate = Candidate { is_apart: true, ..Candidate::default() };
    assert!(!candidate.may_be_of_it(1, of_a_list) && candidate.may_be_of_it(1, given(20, 0)));
    for fill in 1..9 {
        candidate.refuse(1, &event(fill), &Listed::default());
    }
    assert!(candidate.may_be_of_it(1, of_a_list));
    candidate.before.insert(1);
    assert!(!candidate.may_be_of_it(1, of_a_list), "it had the template long before");
    let many = u64::try_from(REFUSED).unwrap() + 9;
    (2..many).for_each(|unit| candidate.refuse(unit, &event(7), &Listed::default()));
    assert_eq!(candidate.refused.len(), REFUSED);
}
