use super::*;

struct Fixed(Vec<Vec<u32>>);

impl Baseline for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }
    fn see(&mut self, _: u32, _: &LoggedExchange) {}
    fn settings(&self) -> Vec<f64> {
        (0..self.0.len()).map(|at| at as f64).collect()
    }
    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        vec![self.0[setting as usize].clone()]
    }
}

#[test]
fn the_setting_that_finds_most_within_the_budget_is_scored() {
    let truth: Truth = vec![Some(0), Some(0), Some(0), Some(0), None, None];
    let fixed = Fixed(vec![vec![0, 1], vec![0, 1, 2, 4], vec![0, 1, 2, 3, 4, 5]]);
    let none = score(&fixed, &truth, 0);
    assert_eq!((none.setting, none.found, none.benign), (Some(0.0), 1, 0));
    let one = score(&fixed, &truth, 1);
    assert_eq!((one.setting, one.benign), (Some(1.0), 1));
    assert!((one.recall - 0.75).abs() < 1e-12 && (one.precision - 0.75).abs() < 1e-12);
    assert_eq!(score(&fixed, &truth, 2).setting, Some(2.0));
    assert_eq!(score(&Fixed(vec![vec![4, 5]]), &truth, 1).setting, None);
}

#[test]
fn what_is_joined_through_others_is_one_group() {
    let mut joined = Joined::default();
    for (left, right) in [(1, 2), (2, 5), (7, 8)] {
        joined.join(left, right);
    }
    assert_eq!(joined.groups(3), [vec![1, 2, 5]]);
}
