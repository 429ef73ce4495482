//! Bundles are read from anybody.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn refused(text: &str) -> BundleError {
    Bundle::parse(text.as_bytes()).unwrap_err()
}

#[test]
fn what_is_no_line_of_a_bundle_is_refused_with_its_number() {
    let good = Opening { salt: [7; 32], bytes: b"{}".to_vec() }.line(3).to_string();
    assert!(Bundle::parse(format!("\n{good}\n\n").as_bytes()).is_ok());
    let twice = refused(&format!("{good}\n\n{good}\n"));
    assert_eq!((twice.line, twice.to_string().as_str()), (3, "line 3 of the bundle: act 3 is opened twice"));
    for (line, why) in [
        ("{}".to_owned(), "expected"),
        ("not json".to_owned(), "expected"),
        (good.replace("\"act\":3", "\"act\":-3"), "u64"),
        (good.replace("\"act\":3", "\"act\":3,\"more\":1"), "unknown field"),
        (good.replace("0707", "07"), "`salt` is not 64 hex digits"),
        (good.replace("0707", "GG07"), "`salt` is not 64 hex digits"),
        (good.replace("e30=", "e3!="), "`private`"),
        ("{\"decision\":{\"id\":\"dec-1\"}}".to_owned(), "missing field"),
        (format!("{good}{good}"), "trailing characters"),
    ] {
        let error = refused(&format!(
            "{{\"opening\":{{\"act\":1,\"salt\":\"{}\",\"private\":\"\"}}}}\n{line}\n",
            "00".repeat(32)
        ));
        assert!(error.line == 2 && error.why.contains(why), "{line}: {error}");
    }
}

#[test]
fn what_is_opened_stays_out_of_debug() {
    let opening = Opening { salt: [7; 32], bytes: b"a name".to_vec() };
    assert_eq!(format!("{opening:?}"), "Opening(hidden, 6 bytes)");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn openings_are_read_back(salt: [u8; 32], bytes: Vec<u8>, act: u64) {
        let opening = Opening { salt, bytes };
        let bundle = Bundle::parse(opening.line(act).to_string().as_bytes()).unwrap();
        prop_assert_eq!(bundle.openings, [(act, opening)].into());
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, place: prop::sample::Index, byte: u8) {
        let _answer = Bundle::parse(&bytes);
        let mut line = Opening { salt: [7; 32], bytes }.line(1).to_string().into_bytes();
        let place = place.index(line.len());
        line[place] = byte;
        let _answer = Bundle::parse(&line);
    }
}
