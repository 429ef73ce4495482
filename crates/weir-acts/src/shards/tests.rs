use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

type Model = BTreeMap<u16, u32>;
type Steps = Vec<(u16, Option<u32>)>;

fn play(map: &mut Shards<u16, u32>, model: &mut Model, steps: &Steps) {
    for (key, value) in steps {
        match value {
            Some(value) => assert_eq!(map.insert(*key, *value), model.insert(*key, *value)),
            None => assert_eq!(map.remove(key), model.remove(key)),
        }
        assert_eq!(map.len(), model.len());
    }
}

fn entries(map: &Shards<u16, u32>) -> Model {
    map.iter().map(|(key, value)| (*key, *value)).collect()
}

fn steps() -> impl Strategy<Value = Steps> {
    prop::collection::vec((0u16..300, prop::option::of(0u32..9)), 0..200)
}

proptest! {
    #[test]
    fn behaves_as_a_map_and_clones_keep_what_they_saw(first in steps(), second in steps()) {
        let (mut map, mut model) = (Shards::default(), Model::new());
        play(&mut map, &mut model, &first);
        let (seen_map, seen_model) = (map.clone(), model.clone());
        play(&mut map, &mut model, &second);
        prop_assert_eq!(entries(&seen_map), seen_model);
        prop_assert_eq!(entries(&map), model.clone());
        for key in 0..300 {
            prop_assert_eq!(map.get(&key), model.get(&key));
        }
        for (key, value, beside) in seen_map.iter_beside(&map) {
            prop_assert_eq!(Some(value), seen_map.get(key));
            prop_assert_eq!(beside, model.get(key));
        }
    }

    /// Changes of one side stand; where both changed an entry, who was asked
    /// decides, and is asked about nothing else.
    #[test]
    fn a_merge_keeps_what_either_side_did(first in steps(), ours in steps(), theirs in steps()) {
        let (mut base, mut model) = (Shards::default(), Model::new());
        play(&mut base, &mut model, &first);
        let (mut our_map, mut our_model) = (base.clone(), model.clone());
        let ours = ours.into_iter().filter(|(_, value)| value.is_some()).collect();
        play(&mut our_map, &mut our_model, &ours);
        let (mut their_map, mut their_model) = (base.clone(), model.clone());
        play(&mut their_map, &mut their_model, &theirs);

        let mut expected = their_model.clone();
        let mut disputed = Vec::new();
        for (key, value) in &our_model {
            let (was, is) = (model.get(key), their_model.get(key));
            if was == Some(value) {
                continue;
            }
            if was != is {
                disputed.push(*key);
            }
            if was == is || value % 3 > 0 {
                expected.insert(*key, *value);
            } else {
                expected.remove(key);
            }
        }
        let mut asked = Vec::new();
        let merge = Merge { base: &base, ours: &our_map, same: PartialEq::eq };
        let merged = merge.onto(&their_map, |key, both| {
            assert_eq!(both.base, model.get(key));
            assert_eq!(both.theirs, their_model.get(key));
            asked.push(*key);
            Ok::<_, Infallible>((both.ours % 3 > 0).then_some(*both.ours))
        });
        let merged = merged.unwrap_or_default();
        asked.sort_unstable();
        prop_assert_eq!(asked, disputed);
        prop_assert_eq!(merged.len(), expected.len());
        prop_assert_eq!(entries(&merged), expected);
    }
}
