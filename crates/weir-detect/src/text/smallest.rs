//! The smallest distinct ones of many keyed hashes: a sample that is the same in
//! whatever order they come.

/// Leaves the `most` smallest distinct values, sorted. `room` is worked in.
pub(super) fn keep_smallest(values: &mut Vec<u64>, most: usize, room: &mut Vec<u64>) {
    let count = values.len();
    if count > 2 * most && most > 0 {
        // Hashes lie evenly, so twice as many as are wanted lie below here.
        let below = u64::MAX / count as u64 * 2 * most as u64;
        room.clear();
        room.resize(count, 0);
        let mut kept = 0;
        for &value in values.iter() {
            // Without a branch: which ones lie below follows no pattern.
            room[kept] = value;
            kept += usize::from(value < below);
        }
        room.truncate(kept);
        // Where many are the same there may be too few others.
        if kept >= most {
            sort(room);
            room.dedup();
            if room.len() >= most {
                room.truncate(most);
                std::mem::swap(values, room);
                return;
            }
        }
    }
    sort(values);
    values.dedup();
    values.truncate(most);
}

/// From here on the library sorts small slices by networks, which take no branch; a
/// shorter slice is sorted by insertion, where each comparison of hashes is the toss
/// of a coin.
const NETWORK: usize = 21;

fn sort(values: &mut [u64]) {
    let count = values.len();
    if !(6..NETWORK).contains(&count) {
        values.sort_unstable();
        return;
    }
    let mut more = [u64::MAX; NETWORK];
    more[..count].copy_from_slice(values);
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
            let mut values: Vec<u64> = (0..seeds.len()).map(|place| seeds[place % kinds] >> shift).collect();
            let mut expected = values.clone();
            expected.sort_unstable();
            expected.dedup();
            expected.truncate(most);
            keep_smallest(&mut values, most, &mut Vec::new());
            prop_assert_eq!(values, expected);
        }
    }
}
