//! The smallest distinct ones of many keyed hashes: a sample that is the same in
//! whatever order they come.

/// Takes samples; its room is used again for the next one, and never cleared.
#[derive(Debug, Default)]
pub(super) struct Smallest {
    room: Vec<u64>,
}

impl Smallest {
    /// The `most` smallest distinct values, sorted.
    pub(super) fn of(&mut self, values: &[u64], most: usize) -> &[u64] {
        let count = values.len();
        if self.room.len() < count {
            self.room.resize(count, 0);
        }
        let room = &mut self.room[..count];
        if count > 2 * most && most > 0 {
            // Hashes lie evenly, so half as many again as are wanted lie below here; where
            // many are the same there may be too few others.
            let below = (u64::MAX / count as u64).saturating_mul(most as u64 + most as u64 / 2);
            for below in [below, below.saturating_mul(2)] {
                let kept = gather(values, below, room);
                if kept >= most {
                    let distinct = sort_distinct(&mut room[..kept]);
                    if distinct >= most {
                        return &self.room[..most];
                    }
                }
            }
        }
        room.copy_from_slice(values);
        let distinct = sort_distinct(room);
        &self.room[..distinct.min(most)]
    }
}

/// Puts the values below a bound at the beginning of `room`; gives how many there are.
fn gather(values: &[u64], below: u64, room: &mut [u64]) -> usize {
    let room = &mut room[..values.len()];
    let mut kept = 0_usize;
    for &value in values {
        // Without a branch: which ones lie below follows no pattern.
        room[kept] = value;
        kept = kept.wrapping_add(usize::from(value < below));
    }
    kept
}

/// Sorts values, each once; gives how many those are.
fn sort_distinct(values: &mut [u64]) -> usize {
    sort(values);
    let Some(&(mut before)) = values.first() else { return 0 };
    let mut distinct = 1;
    for at in 1..values.len() {
        let value = values[at];
        values[distinct] = value;
        distinct += usize::from(value != before);
        before = value;
    }
    distinct
}

/// The library sorts small slices by two networks of 9 or of 13, which take no branch, and
/// a merge; what a slice has beyond is sorted by insertion, where each comparison of
/// hashes is the toss of a coin.
const NETWORKS: [usize; 2] = [18, 26];

fn sort(values: &mut [u64]) {
    match values.len() {
        0..6 | 27.. => values.sort_unstable(),
        6..=18 => sort_as::<{ NETWORKS[0] }>(values),
        19..=26 => sort_as::<{ NETWORKS[1] }>(values),
    }
}

fn sort_as<const COUNT: usize>(values: &mut [u64]) {
    let mut more = [u64::MAX; COUNT];
    let count = values.len().min(COUNT);
    more[..count].copy_from_slice(&values[..count]);
    more.sort_unstable();
    values.copy_from_slice(&more[..count]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_sorting_all_of_them_gives(
            seeds in prop::collection::vec(any::<u64>(), 0..300),
            kinds in 1..300_usize,
            shift in 0..64_u32,
            most in 1..20_usize,
        ) {
            // Some the same, and some all small.
            let values: Vec<u64> = (0..seeds.len()).map(|place| seeds[place % kinds] >> shift).collect();
            let mut expected = values.clone();
            expected.sort_unstable();
            expected.dedup();
            expected.truncate(most);
            let mut smallest = Smallest { room: vec![7; 50] };
            prop_assert_eq!(smallest.of(&values, most), &expected);
            prop_assert_eq!(smallest.of(&values, most), &expected);
        }
    }
}
