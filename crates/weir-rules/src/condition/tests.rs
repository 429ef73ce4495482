//! What the language accepts, what it refuses and where it points, and that
//! nothing makes the parser fail other than by an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use weir_acts::claims::{Claims, Standing};
use weir_acts::governed::ClaimKind;
use weir_acts::{Time, Value, ValueType};

use super::{Condition, MAX_ATOMS, MAX_DEPTH, MAX_LENGTH, Three};
use crate::scene::KINDS;

pub(crate) fn kinds() -> BTreeMap<Arc<str>, ClaimKind> {
    let kind = |(name, value_type, describes): &(&str, ValueType, _)| {
        (Arc::from(*name), ClaimKind { value_type: *value_type, describes: *describes, since: Time::EPOCH })
    };
    KINDS.iter().map(kind).collect()
}

fn parsed(text: &str) -> Condition {
    Condition::parse(text, &kinds()).unwrap_or_else(|error| panic!("{}", error.pointed()))
}

fn word(text: &str) -> Value {
    Value::String(text.into())
}

fn words(members: &[&str]) -> Value {
    Value::Set(members.iter().map(|member| (*member).into()).collect())
}

fn claims(known: &[(&str, u8, Value)]) -> Claims {
    known
        .iter()
        .map(|(kind, level, value)| (Arc::from(*kind), Standing { level: *level, value: Some(value.clone()) }))
        .collect()
}

#[test]
fn the_language_of_the_contract() {
    let someone = claims(&[
        ("us_person", 1, Value::Bool(false)),
        ("nationalities", 2, words(&["XA", "XB"])),
        ("kyb_level", 1, Value::Long(2)),
        ("sector", 1, word("research")),
    ]);
    for (text, expected) in [
        ("principal.us_person == false", Three::True),
        ("!principal.us_person", Three::True),
        ("(principal.us_person)", Three::False),
        ("false != principal.us_person", Three::False),
        (r#"principal.nationalities contains "XA""#, Three::True),
        (r#"principal.nationalities.contains("XC")"#, Three::False),
        (r#"principal.nationalities == ["XB", "XA"]"#, Three::True),
        ("principal.nationalities != []", Three::True),
        (r#"["XA", "XC"].contains(principal.sector)"#, Three::False),
        (r#"principal.sector in ["research", "health",]"#, Three::True),
        ("principal.sector in []", Three::False),
        ("principal.kyb_level >= 2 && principal.kyb_level < 3", Three::True),
        ("principal.kyb_level in [-1, 2]", Three::True),
        ("2 > principal.kyb_level || principal.kyb_level <= -9223372036854775808", Three::False),
        ("principal.age > 17", Three::Unknown),
        ("principal.age > 17 && false", Three::False),
        ("principal.age > 17 || !principal.us_person", Three::True),
        ("!(principal.age > 17)", Three::Unknown),
        ("true || principal.age > 17", Three::True),
        (r#"principal.sector == "\u{72}esearch""#, Three::True),
    ] {
        assert_eq!(parsed(text).eval(&someone, 1), expected, "{text}");
    }
}

#[test]
fn a_claim_under_the_level_asked_for_is_absent() {
    let weak = claims(&[("us_person", 1, Value::Bool(false))]);
    assert_eq!(parsed("principal.us_person == false").eval(&weak, 1), Three::True);
    assert_eq!(parsed("principal.us_person == false").eval(&weak, 2), Three::Unknown);
}

/// Every refusal points at the place and says what to do.
#[test]
fn refusals_point_at_the_place() {
    for (text, marked, says) in [
        ("principal.us_persn == false", "us_persn", "nearest: us_person"),
        ("principal.us_person = false", "=", "write `==`"),
        ("principal.us_person == 3", "principal.us_person == 3", "a bool never equals a long"),
        ("principal.us_person < true", "principal.us_person < true", "only whole numbers have an order"),
        ("principal.kyb_level", "principal.kyb_level", "not a condition"),
        (r#"principal.nationalities in ["XA"]"#, r#"principal.nationalities in ["XA"]"#, "holds no set"),
        (r#"principal.sector contains "XA""#, r#"principal.sector contains "XA""#, "`contains` one on its left"),
        ("principal.nationalities contains 3", "principal.nationalities contains 3", "set of string holds no long"),
        ("us_person == false", "us_person", "written `principal.us_person`"),
        ("principal.us_person == false &&", "", "the condition ends here"),
        ("principal.us_person & true", "&", "write `&&`"),
        ("principal.sector == 'x'", "'", "double quotes"),
        ("principal.sector == \"x", "\"x", "not closed"),
        (r#"principal.sector == "\q""#, "\\q", "an escape is one of"),
        (r#"principal.sector in ["a", 1]"#, "1", "of one type"),
        ("(principal.us_person == true) == true", "(principal.us_person == true)", "cannot be compared"),
        ("principal.kyb_level == 9223372036854775808", "9223372036854775808", "64-bit"),
        ("principal.kyb_level == 99999999999999999999999", "99999999999999999999999", "64-bit"),
        ("principal.kyb_level == 3x", "3x", "64-bit"),
        ("principal.kyb_level == 2 principal", "principal", "expected `&&`"),
        ("principal", "", "after `principal`"),
        ("", "", "expected `principal.KIND`"),
    ] {
        let error = Condition::parse(text, &kinds()).unwrap_err();
        assert_eq!(&text[error.span.clone()], marked, "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[test]
fn the_place_is_pointed_at_on_its_own_line() {
    let text = "principal.us_person == false\n  && principal.sectr == \"ü\"";
    let error = Condition::parse(text, &kinds()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 16));
    assert_eq!(
        error.pointed(),
        "  && principal.sectr == \"ü\"\n               ^^^^^ `sectr` is not a declared claim kind; nearest: sector"
    );
    // Far along a long line the place stays in sight.
    let long = format!("{}principal.sectr == \"x\"", "principal.us_person == false && ".repeat(30));
    let pointed = Condition::parse(&long, &kinds()).unwrap_err().pointed();
    let (shown, carets) = pointed.split_once('\n').unwrap();
    let at = carets.find('^').unwrap();
    assert_eq!(&shown[at..at + 5], "sectr");
}

#[test]
fn length_depth_and_size_are_bounded() {
    let deep = format!("{}true{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
    parsed(&deep);
    let deeper = Condition::parse(&format!("({deep})"), &kinds()).unwrap_err();
    assert!(deeper.to_string().contains("deep"), "{deeper}");
    let many = vec!["principal.us_person"; MAX_ATOMS].join("||");
    parsed(&many);
    let more = Condition::parse(&format!("{many}||principal.us_person"), &kinds()).unwrap_err();
    assert!(more.to_string().contains("comparisons"), "{more}");
    let long = Condition::parse(&" ".repeat(MAX_LENGTH + 1), &kinds()).unwrap_err();
    assert!(long.to_string().contains("bytes"), "{long}");
    for bracket in ["(", "!", "[", "principal.sector.contains("] {
        assert!(Condition::parse(&bracket.repeat(2000), &kinds()).is_err());
    }
}

#[test]
fn kinds_used_and_what_could_settle() {
    let condition = parsed(r#"principal.us_person == false && principal.sector == "health""#);
    let used: Vec<&str> = condition.kinds_used().map(|kind| &**kind).collect();
    assert_eq!(used, ["sector", "us_person"]);
    let nobody = Claims::default();
    assert!(condition.could_be_settled_by("us_person", &nobody, 1));
    assert!(condition.could_be_settled_by("sector", &nobody, 1));
    assert!(!condition.could_be_settled_by("age", &nobody, 1));
    let either = parsed("principal.us_person == principal.us_person && principal.age > 17 || principal.kyb_level > 1");
    // Neither alone settles this: one disjunct stays open... unless it is true.
    assert!(either.could_be_settled_by("kyb_level", &nobody, 1));
    let both =
        parsed("(principal.age > 17 || principal.kyb_level > 1) && (principal.age < 18 || principal.kyb_level < 2)");
    assert!(!both.could_be_settled_by("age", &nobody, 1));
}

/// Texts of the language, over the kinds of a scene.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["XA", "XB", "research", "a\\\"b", "\\u{1}\\\\", "é", ""]);
    let quoted = word.prop_map(|word| format!("\"{word}\"")).boxed();
    let long = prop::sample::select(vec!["-1", "0", "1", "2", "9223372036854775807", "-9223372036854775808"]);
    let set =
        prop::collection::vec(quoted.clone(), 0..3).prop_map(|members| format!("[{}]", members.join(","))).boxed();
    let order = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let equal = prop::sample::select(vec!["==", "!="]);
    let long_kind = prop::sample::select(vec!["principal.age", "principal.kyb_level"]);
    let word_kind = prop::sample::select(vec!["principal.sector", "principal.jurisdiction"]);
    let atom = prop_oneof![
        Just("principal.us_person".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        (equal.clone(), any::<bool>()).prop_map(|(op, value)| format!("principal.us_person {op} {value}")),
        (long_kind.clone(), order.clone(), long.clone()).prop_map(|(kind, op, value)| format!("{kind} {op} {value}")),
        (long.clone(), order, long_kind.clone()).prop_map(|(value, op, kind)| format!("{value} {op} {kind}")),
        (long_kind, prop::collection::vec(long, 0..3))
            .prop_map(|(kind, values)| format!("{kind} in [{}]", values.join(", "))),
        (word_kind.clone(), equal.clone(), quoted.clone()).prop_map(|(kind, op, value)| format!("{kind} {op} {value}")),
        (equal.clone()).prop_map(|op| format!("principal.sector {op} principal.jurisdiction")),
        (word_kind.clone(), set.clone()).prop_map(|(kind, set)| format!("{kind} in {set}")),
        (quoted.clone()).prop_map(|value| format!("principal.nationalities contains {value}")),
        (word_kind).prop_map(|kind| format!("principal.nationalities.contains({kind})")),
        (equal, set, any::<bool>()).prop_map(|(op, set, turned)| match turned {
            true => format!("{set} {op} principal.nationalities"),
            false => format!("principal.nationalities {op} {set}"),
        }),
    ];
    atom.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("!({inner})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts
                .iter()
                .map(|part| format!("({part})"))
                .collect::<Vec<_>>()
                .join(" && ")),
            prop::collection::vec(inner, 2..4).prop_map(|parts| parts
                .iter()
                .map(|part| format!("({part})"))
                .collect::<Vec<_>>()
                .join(" || ")),
        ]
    })
}

/// Statements about the kinds of a scene: absences, low levels, and
/// disagreement among them.
pub(crate) fn statements() -> impl Strategy<Value = Vec<(Arc<str>, Standing)>> {
    let word = prop::sample::select(vec!["XA", "XB", "research", "a\"b", "\u{1}\\", "é"]).prop_map(Box::<str>::from);
    let long = prop::sample::select(vec![-1, 0, 1, 2, i64::MAX, i64::MIN]).prop_map(Value::Long).boxed();
    let text = word.clone().prop_map(Value::String).boxed();
    let set = prop::collection::btree_set(word, 0..3).prop_map(Value::Set);
    let said = prop_oneof![
        (Just("us_person"), any::<bool>().prop_map(Value::Bool)),
        (prop::sample::select(vec!["age", "kyb_level"]), long),
        (prop::sample::select(vec!["sector", "jurisdiction"]), text),
        (Just("nationalities"), set),
    ];
    let statement = (said, 0u8..4, prop::bool::weighted(0.9)).prop_map(|((kind, value), level, known)| {
        (Arc::from(kind), Standing { level, value: Some(value).filter(|_| known) })
    });
    prop::collection::vec(statement, 0..8)
}

proptest! {
    #[test]
    fn every_text_of_the_language_is_read(text in texts()) {
        let error = Condition::parse(&text, &kinds()).err();
        prop_assert!(error.is_none(), "{}", error.unwrap().pointed());
    }

    #[test]
    fn no_text_makes_the_parser_fail_without_an_error(text in ".{0,80}") {
        if let Err(error) = Condition::parse(&text, &kinds()) {
            prop_assert!(text.get(error.span.clone()).is_some());
            prop_assert!(error.pointed().contains('^'));
        }
    }

    /// As above, from pieces that get further into the grammar.
    #[test]
    fn no_sequence_of_tokens_makes_the_parser_fail(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "principal", ".", "us_person", "nationalities", "contains", "in", "(", ")", "[", "]", ",", "==", "<",
                "&&", "||", "!", "\"", "\"x\"", "\\u{", "3", "-", "true", "\n", "ü", "99999999999999999999",
            ]),
            0..24,
        ),
        spaced: bool,
    ) {
        let text = pieces.join(if spaced { " " } else { "" });
        if let Err(error) = Condition::parse(&text, &kinds()) {
            prop_assert!(text.get(error.span.clone()).is_some());
            prop_assert!(error.pointed().contains('^') && error.line >= 1);
        }
    }

    /// What is definite stays so whatever else becomes known.
    #[test]
    fn learning_never_overturns_what_is_definite(text in texts(), few in statements(), more in statements()) {
        let condition = parsed(&text);
        let before = Claims::from_iter(few);
        // Only kinds of which nothing was said can become known.
        let learnt = more.into_iter().filter(|(kind, _)| before.iter().all(|(said, _)| said != kind));
        let after = before.clone().merge(&Claims::from_iter(learnt));
        let said = condition.eval(&before, 1);
        prop_assert!(said == Three::Unknown || said == condition.eval(&after, 1));
    }

    /// A kind that settles the condition is one it uses and nothing is known of.
    #[test]
    fn what_could_settle_is_absent_and_used(text in texts(), known in statements()) {
        let condition = parsed(&text);
        let known = Claims::from_iter(known);
        let unknown = condition.eval(&known, 1) == Three::Unknown;
        for (kind, _, _) in KINDS {
            if unknown && condition.could_be_settled_by(kind, &known, 1) {
                prop_assert!(known.known(kind, 1).is_none());
                prop_assert!(condition.kinds_used().any(|used| &**used == *kind));
            }
        }
    }
}
