//! Names close to a mistyped one, so that an error can say what was perhaps
//! meant.

/// Up to three of `names` nearest to `given`, closest first; those too far
/// to be a slip are left out.
pub fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    const MOST: usize = 64;
    let given: Vec<char> = given.chars().take(MOST).collect();
    let mut ranked: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let letters: Vec<char> = name.chars().take(MOST).collect();
            let distance = distance(&given, &letters);
            let tolerated = (given.len().max(letters.len()) / 2).max(2);
            (distance <= tolerated).then_some((distance, name))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Levenshtein's distance: insertions, removals and replacements.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.iter().enumerate() {
        let mut diagonal = above;
        let mut before = above + 1;
        for (to, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let kinds = ["us_person", "nationalities", "kyb_level", "sector"];
        assert_eq!(nearest("us_persn", kinds.into_iter()), ["us_person"]);
        assert_eq!(nearest("kyc_level", kinds.into_iter()), ["kyb_level"]);
        assert!(nearest("quite_another_thing", kinds.into_iter()).is_empty());
        assert_eq!(distance(&['a', 'b', 'c'], &['b', 'c', 'd']), 2);
        assert_eq!(distance(&[], &['b']), 1);
    }
}
