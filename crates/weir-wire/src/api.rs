//! Which API a request means.
//!
//! One static table holds every route of the data plane, so that a test can
//! walk all of them through all phases and find none exempt. A path that is not
//! in the table is not served.

/// One of the LLM APIs that Weir speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `POST /v1/chat/completions`.
    OpenAiChat,
    /// `POST /v1/completions`.
    OpenAiCompletions,
    /// `POST /v1/responses`.
    OpenAiResponses,
    /// `POST /v1/embeddings`.
    OpenAiEmbeddings,
    /// `GET /v1/models` and `GET /v1/models/{id}`, answered by Weir itself. Both
    /// families share the path; an `anthropic-version` request header chooses
    /// Anthropic's shape.
    OpenAiModels,
    /// `POST /v1/messages`.
    AnthropicMessages,
    /// `POST /v1/messages/count_tokens`.
    AnthropicCountTokens,
}

/// Whose conventions an API follows: error shape, key header, stream framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI and the many servers compatible with it.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
}

impl Api {
    /// Every route: method, path, API. A trailing `{id}` stands for the rest of
    /// the path, which may hold slashes because model names do.
    pub const ROUTES: &'static [(&'static str, &'static str, Api)] = &[
        ("POST", "/v1/chat/completions", Api::OpenAiChat),
        ("POST", "/v1/completions", Api::OpenAiCompletions),
        ("POST", "/v1/responses", Api::OpenAiResponses),
        ("POST", "/v1/embeddings", Api::OpenAiEmbeddings),
        ("GET", "/v1/models", Api::OpenAiModels),
        ("GET", "/v1/models/{id}", Api::OpenAiModels),
        ("POST", "/v1/messages", Api::AnthropicMessages),
        ("POST", "/v1/messages/count_tokens", Api::AnthropicCountTokens),
    ];

    /// Whose conventions this API follows.
    pub fn family(self) -> Family {
        match self {
            Api::OpenAiChat
            | Api::OpenAiCompletions
            | Api::OpenAiResponses
            | Api::OpenAiEmbeddings
            | Api::OpenAiModels => Family::OpenAi,
            Api::AnthropicMessages | Api::AnthropicCountTokens => Family::Anthropic,
        }
    }

    /// The value of `gen_ai.operation.name` (OpenTelemetry GenAI semantic
    /// conventions). The last two are Weir's own: the conventions name no
    /// operation for listing models or counting tokens.
    pub fn operation_name(self) -> &'static str {
        match self {
            Api::OpenAiChat | Api::OpenAiResponses | Api::AnthropicMessages => "chat",
            Api::OpenAiCompletions => "text_completion",
            Api::OpenAiEmbeddings => "embeddings",
            Api::OpenAiModels => "list_models",
            Api::AnthropicCountTokens => "count_tokens",
        }
    }

    /// The API's name in exchange records (contracts, section 5) and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Api::OpenAiChat => "openai.chat",
            Api::OpenAiCompletions => "openai.completions",
            Api::OpenAiResponses => "openai.responses",
            Api::OpenAiEmbeddings => "openai.embeddings",
            Api::OpenAiModels => "openai.models",
            Api::AnthropicMessages => "anthropic.messages",
            Api::AnthropicCountTokens => "anthropic.count_tokens",
        }
    }
}

/// Finds the API of a request line. `path` is the path alone, without a query.
///
/// Paths are compared byte for byte: no decoding, no `..`, no trailing slash,
/// so that Weir and the upstream cannot read one path in two ways.
pub fn route(method: &str, path: &str) -> Option<Api> {
    Api::ROUTES
        .iter()
        .find(|(route_method, pattern, _)| *route_method == method && path_matches(pattern, path))
        .map(|(_, _, api)| *api)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix("{id}") {
        None => pattern == path,
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|id| !id.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_found_by_its_own_path() {
        for (method, pattern, api) in Api::ROUTES {
            let path = pattern.replace("{id}", "acme/mythos-5");
            assert_eq!(route(method, &path), Some(*api), "{method} {path}");
        }
    }

    #[test]
    fn near_misses_are_not_served() {
        for (method, path) in [
            ("GET", "/v1/chat/completions"),
            ("post", "/v1/messages"),
            ("POST", "/v1/messages/"),
            ("POST", "/v1//messages"),
            ("POST", "/v1/messages/../chat/completions"),
            ("POST", "/v1/Messages"),
            ("GET", "/v1/models/"),
            ("DELETE", "/v1/models/atlas-5"),
            ("POST", "/v1/files"),
            ("GET", "/v1/responses/resp_1"),
        ] {
            assert_eq!(route(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn families_and_operation_names_are_fixed() {
        assert_eq!(Api::AnthropicCountTokens.family(), Family::Anthropic);
        assert_eq!(Api::OpenAiResponses.family(), Family::OpenAi);
        assert_eq!(Api::OpenAiCompletions.operation_name(), "text_completion");
        assert_eq!(Api::AnthropicMessages.operation_name(), "chat");
        assert_eq!(Api::OpenAiChat.name(), "openai.chat");
    }
}
