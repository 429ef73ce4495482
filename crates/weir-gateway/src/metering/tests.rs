use super::*;
use proptest::prelude::*;

const STATED: Metering = Metering { weight: 1, max_input: Some(1_000), max_output: Some(500) };
const UNSTATED: Metering = Metering { weight: 1, max_input: None, max_output: None };

fn shape(body: u64, asked: Option<u64>) -> Shape {
    Shape { body, leans_on_more: false, asked, choices: None }
}

fn told(input_tokens: u64, output_tokens: u64) -> Option<Usage> {
    Some(Usage { input_tokens, output_tokens, ..Usage::default() })
}

fn took(input: u64, output: u64, is_estimated: bool) -> Took {
    Took { input, output, is_estimated }
}

#[test]
fn a_request_takes_at_most_its_bytes_and_what_it_or_the_model_allows() {
    let of = |asked, metering: &Metering| Most::of_shape(Api::OpenAiChat, &shape(80, asked), metering);
    assert_eq!((of(Some(20), &STATED).tokens(), of(Some(20), &STATED).is_bounded), (100, true));
    assert_eq!(of(Some(9_999), &STATED).output, 500, "no more than the model writes");
    assert_eq!((of(None, &STATED).output, of(None, &STATED).is_bounded), (500, true));
    assert_eq!((of(None, &UNSTATED).output, of(None, &UNSTATED).is_bounded), (UNSTATED_OUTPUT, false));
    let choices = Shape { choices: Some(3), ..shape(80, Some(20)) };
    assert_eq!(Most::of_shape(Api::OpenAiChat, &choices, &STATED).output, 60);
}

#[test]
fn what_is_not_in_the_body_is_the_models_cap() {
    let leaning = Shape { leans_on_more: true, ..shape(80, Some(20)) };
    let of = |metering| Most::of_shape(Api::AnthropicMessages, &leaning, metering);
    assert_eq!((of(&STATED).input, of(&STATED).is_bounded), (1_000, true));
    assert_eq!((of(&UNSTATED).input, of(&UNSTATED).is_bounded), (UNSTATED_INPUT, false));
}

#[test]
fn numbers_and_counts_write_nothing() {
    let of = |api| Most::of_shape(api, &shape(80, None), &UNSTATED);
    assert_eq!((of(Api::OpenAiEmbeddings).tokens(), of(Api::OpenAiEmbeddings).is_bounded), (80, true));
    assert_eq!(of(Api::AnthropicCountTokens).tokens(), 0);
    let seen = Seen { told: told(7, 3), is_final: true, ..Seen::default() };
    assert_eq!(Took::of(&of(Api::OpenAiEmbeddings), &seen), took(7, 0, false));
    assert_eq!(Took::of(&of(Api::AnthropicCountTokens), &seen), Took::default());
}

#[test]
fn the_upstreams_word_counts_within_what_can_be() {
    let most = Most::of_shape(Api::OpenAiChat, &shape(80, Some(20)), &STATED);
    let seen = |told, estimate, events| Seen { told, is_final: true, estimate, bytes: estimate * 4, events };
    assert_eq!(Took::of(&most, &seen(told(12, 15), 16, 0)), took(12, 15, false));
    assert_eq!(Took::of(&most, &seen(told(u64::MAX, u64::MAX), 16, 0)), took(80, 20, true), "absurdly much");
    assert_eq!(Took::of(&most, &seen(told(12, 0), 16, 0)), took(12, 16, true), "nothing, or less than nothing");
    assert_eq!(Took::of(&most, &seen(told(0, 15), 16, 0)), took(20, 15, true), "no prompt");
    assert_eq!(Took::of(&most, &seen(None, 16, 0)), took(20, 16, true), "no word at all");
    assert_eq!(Took::of(&most, &seen(told(12, 1), 200, 200)), took(12, 200, true), "one token in 200 events");
}

#[test]
fn an_answer_that_stopped_counts_for_the_larger_of_word_and_guess() {
    let most = Most::of_shape(Api::OpenAiChat, &shape(80, Some(200)), &STATED);
    let seen = |told, estimate| Seen { told, is_final: false, estimate, bytes: 4_000, events: 30 };
    assert_eq!(Took::of(&most, &seen(told(12, 1), 40)), took(12, 40, true));
    assert_eq!(Took::of(&most, &seen(told(12, 90), 40)), took(12, 90, true));
    assert_eq!(Took::of(&most, &seen(None, 9_000)), took(20, 200, true), "no more than was allowed");
    assert_eq!(Took::of(&most, &Seen::default()), took(20, 1, true), "never nothing");
}

proptest! {
    /// Whatever an upstream says or leaves out, the charge is something and is
    /// bounded by what was allowed, stated or seen.
    #[test]
    fn no_upstream_can_charge_beyond_bounds(
        body in 1u64..100_000, asked in prop::option::of(0u64..100_000), input: u64, output: u64, is_told: bool,
        is_final: bool, estimate in 0u64..1_000_000, bytes in 0u64..1_000_000, events in 0u64..10_000,
        is_stated: bool,
    ) {
        let metering = if is_stated { STATED } else { UNSTATED };
        let most = Most::of_shape(Api::OpenAiChat, &shape(body, asked), &metering);
        let told = if is_told { told(input, output) } else { None };
        let took = Took::of(&most, &Seen { told, is_final, estimate, bytes, events });
        prop_assert!(took.tokens() > 0);
        let believed_input = if is_stated { 1_000 } else { MOST_BELIEVED };
        prop_assert!(took.input <= body.max(believed_input));
        if input > believed_input.max(body) && is_told {
            prop_assert_eq!(took.input, body, "what cannot be is what was reserved");
        }
        let believed = if asked.is_some() || is_stated { most.output } else { MOST_BELIEVED };
        prop_assert!(took.output <= believed.max(bytes).max(events).max(1));
        if is_told && is_final && !took.is_estimated {
            prop_assert_eq!((took.input, took.output), (input, output));
        }
    }
}
