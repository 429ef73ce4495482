//! The tables of keys that mean something to governance.
//!
//! Keys are compared after unescaping. A key that differs from a governed one
//! only by case is refused, because Go's `encoding/json` (and servers built on
//! it) would take it for the governed one.

use crate::Api;

/// What sort of stored object an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A stored answer of the Responses API (`resp_`).
    Response,
    /// A stored conversation (`conv_`).
    Conversation,
    /// An item of a stored answer or conversation (`msg_`, `rs_`, `fc_`).
    Item,
    /// An answer of the Messages API (`msg_`), where a thread or diagnostics lean on it.
    Message,
    /// An uploaded or generated file (`file-`, `file_`).
    File,
    /// A collection of files to search (`vs_`).
    VectorStore,
    /// A sandbox for code (`cntr_`, `container_`).
    Container,
    /// A prompt template kept upstream (`pmpt_`).
    Prompt,
    /// An earlier spoken answer (`audio_`).
    Audio,
    /// A skill kept upstream.
    Skill,
}

/// A key of the top-level object that the scanner reads rather than skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    Model,
    Stream,
    OutputLimit(&'static str),
    N,
    StreamOptions,
    Background,
    Store,
    PreviousResponse,
    Conversation,
    Prompt,
    Input,
    Moderation,
    Routing(&'static str),
}

/// Every governed key of the top-level object. The position is its bit in the
/// set of keys seen, so there may be at most 64.
const TOP: &[(&str, Top)] = &[
    ("model", Top::Model),
    ("stream", Top::Stream),
    ("max_tokens", Top::OutputLimit("max_tokens")),
    ("max_completion_tokens", Top::OutputLimit("max_completion_tokens")),
    ("max_output_tokens", Top::OutputLimit("max_output_tokens")),
    ("n", Top::N),
    ("stream_options", Top::StreamOptions),
    ("background", Top::Background),
    ("store", Top::Store),
    ("previous_response_id", Top::PreviousResponse),
    ("conversation", Top::Conversation),
    ("prompt", Top::Prompt),
    ("input", Top::Input),
    ("moderation", Top::Moderation),
    // Lists of further models to try: OpenRouter, LiteLLM, and Anthropic's
    // server-side fallback. Weir's own fallback is a decision, never a wish.
    ("models", Top::Routing("models")),
    ("fallbacks", Top::Routing("fallbacks")),
    ("context_window_fallbacks", Top::Routing("context_window_fallbacks")),
    ("content_policy_fallbacks", Top::Routing("content_policy_fallbacks")),
    ("model_list", Top::Routing("model_list")),
    // OpenRouter: strategy and choice of provider, and presets that hold a model.
    ("route", Top::Routing("route")),
    ("provider", Top::Routing("provider")),
    ("preset", Top::Routing("preset")),
    // The model's name in the OpenAI API before 2022, still read by some servers.
    ("engine", Top::Routing("engine")),
    // LiteLLM: another server, another credential, or fields merged into the
    // body after Weir has read it.
    ("api_base", Top::Routing("api_base")),
    ("base_url", Top::Routing("base_url")),
    ("custom_llm_provider", Top::Routing("custom_llm_provider")),
    ("user_config", Top::Routing("user_config")),
    ("extra_body", Top::Routing("extra_body")),
];

/// What a top-level key turned out to be.
pub(super) enum TopKey {
    /// A governed key, with its bit in the set of keys seen and its name.
    Governed(Top, u64, &'static str),
    /// A governed key in another case.
    OtherCase(&'static str),
    /// Nothing to governance; passed through.
    Free,
}

pub(super) fn top_key(key: &str) -> TopKey {
    for (index, (name, top)) in TOP.iter().enumerate() {
        if *name == key {
            return TopKey::Governed(*top, 1 << index, name);
        }
    }
    if may_fold(key) {
        for (name, _) in TOP {
            if folds_to(key, name) {
                return TopKey::OtherCase(name);
            }
        }
    }
    TopKey::Free
}

/// Whether an output limit of this name is the one this API obeys. A limit the
/// upstream ignores must not shrink a reservation.
pub(super) fn obeys_limit(api: Api, name: &str) -> bool {
    match api {
        Api::OpenAiChat => name == "max_tokens" || name == "max_completion_tokens",
        Api::OpenAiCompletions | Api::AnthropicMessages => name == "max_tokens",
        Api::OpenAiResponses => name == "max_output_tokens",
        Api::OpenAiEmbeddings | Api::OpenAiModels | Api::AnthropicCountTokens => false,
    }
}

/// A key below the top level that the scanner looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// The value, or each of its elements, is an object's id.
    Id(&'static str, ObjectKind),
    /// The value is an id, or an object whose `id` is one.
    Holder(&'static str, ObjectKind),
    /// Names a model, where models are looked for.
    Model,
    /// Tells what a part is.
    Type,
    /// Tools, each of which may run a model of its own.
    Tools,
    /// The caller's own data: schemas, arguments, labels. Nothing in it is an
    /// instruction to the API.
    Opaque,
    /// Anything else.
    Free,
}

pub(super) fn inner_key(api: Api, key: &str) -> Inner {
    let known = exact_inner_key(api, key);
    if known != Inner::Free || !may_fold(key) {
        return known;
    }
    // Fail closed: an odd spelling counts as the key some servers will read.
    const FOLDABLE: &[&str] = &[
        "file_id",
        "file_ids",
        "vector_store_ids",
        "container_id",
        "previous_message_id",
        "comparison_response_id",
        "skill_id",
        "container",
        "audio",
        "model",
        "type",
        "tools",
    ];
    FOLDABLE.iter().find(|name| folds_to(key, name)).map_or(Inner::Free, |name| exact_inner_key(api, name))
}

fn exact_inner_key(api: Api, key: &str) -> Inner {
    match key {
        "file_id" => Inner::Id("file_id", ObjectKind::File),
        "file_ids" => Inner::Id("file_ids", ObjectKind::File),
        "vector_store_ids" => Inner::Id("vector_store_ids", ObjectKind::VectorStore),
        "container_id" => Inner::Id("container_id", ObjectKind::Container),
        "previous_message_id" => Inner::Id("previous_message_id", ObjectKind::Message),
        "comparison_response_id" => Inner::Id("comparison_response_id", ObjectKind::Response),
        "skill_id" => Inner::Id("skill_id", ObjectKind::Skill),
        "container" => Inner::Holder("container", ObjectKind::Container),
        "audio" => Inner::Holder("audio", ObjectKind::Audio),
        "model" => Inner::Model,
        "type" => Inner::Type,
        "tools" => Inner::Tools,
        "input_schema" | "output_schema" | "parameters" | "schema" | "metadata" | "logit_bias" => Inner::Opaque,
        // In Anthropic's API `input` holds the arguments of a tool call.
        "input" if api.family() == crate::Family::Anthropic => Inner::Opaque,
        _ => Inner::Free,
    }
}

/// Whether a part of this `type` carries media rather than text.
pub(super) fn is_media(part_type: &str) -> bool {
    matches!(
        part_type,
        "image"
            | "image_url"
            | "input_image"
            | "audio"
            | "audio_url"
            | "input_audio"
            | "video"
            | "video_url"
            | "input_video"
            | "file"
            | "input_file"
            | "document"
            | "container_upload"
    )
}

/// A cheap first look: only these bytes can make two unequal keys fold together.
fn may_fold(key: &str) -> bool {
    key.bytes().any(|byte| byte.is_ascii_uppercase() || byte >= 0x80)
}

/// Whether `key` equals the lower-case ASCII `name` under simple case folding:
/// ASCII letters, the long s (U+017F) and the Kelvin sign (U+212A).
fn folds_to(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|character| match character {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_keys_seen_has_a_bit_for_every_governed_key() {
        assert!(TOP.len() <= 64);
    }

    #[test]
    fn case_folding_knows_the_two_letters_beyond_ascii() {
        assert!(folds_to("MAX_TO\u{212A}EN\u{17F}", "max_tokens"));
        assert!(!folds_to("max_token", "max_tokens"));
        assert!(matches!(top_key("\u{17F}tream"), TopKey::OtherCase("stream")));
    }
}
