use super::*;

#[test]
fn shares_of_the_budget_sum_to_less_than_one() {
    let sum: f64 = (1..2_000_000).map(budget_share).sum();
    // What is left is at most the integral of 1/(3.4 x ln² x) from two million.
    assert!(sum + 1.0 / (3.4 * 2_000_000_f64.ln()) < 1.0, "{sum}");
    assert!(sum > 0.9, "{sum}");
}

fn group(counts: &[u32], members: u64) -> Repeats {
    let fills = counts.iter().enumerate().map(|(fill, &units)| (fill as u64, Fill { unit: 0, units })).collect();
    let members = (0..members).map(|unit| (unit, Member::default())).collect();
    Candidate { fills, members, ..Candidate::default() }.repeats()
}

#[test]
fn a_class_repeats_as_from_a_common_list_and_fixed_resampling_does_not() {
    assert!(group(&[31, 28, 33, 30, 29, 30, 27, 32, 30, 12], 40).speak_of_a_common_list());
    assert!(group(&[1, 1, 1, 9, 1, 2, 14, 1, 1, 3], 500).speak_of_a_common_list());
    assert!(!group(&[4; 40], 500).speak_of_a_common_list());
    assert!(!group(&[1; 40], 500).speak_of_a_common_list());
}

#[test]
fn merging_takes_the_mean_of_the_e_values_weighted_by_what_each_may_spend() {
    let mut left = Candidate { share: 0.3, log2_e: 2.0, ..Candidate::default() };
    left.absorb(Candidate { share: 0.1, log2_e: 4.0, ..Candidate::default() });
    assert!((left.log2_e.exp2() - (0.75 * 4.0 + 0.25 * 16.0)).abs() < 1e-9);
    assert!((left.share - 0.4).abs() < 1e-12);
}
