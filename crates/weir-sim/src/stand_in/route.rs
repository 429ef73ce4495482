//! Which of the stand-in's answers a request asks for.

use http::{HeaderMap, Method, StatusCode};

use super::errors::ApiError;

/// Whose shapes an answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    OpenAi,
    Anthropic,
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Route {
    Chat,
    Completions,
    Responses,
    Embeddings,
    Messages,
    CountTokens,
    Models(Family),
}

impl Route {
    /// Finds the route; `/v1/models` is shared, and told apart as the real
    /// clients do it, by the `anthropic-version` header.
    pub(super) fn find(method: &Method, path: &str, headers: &HeaderMap) -> Result<Self, ApiError> {
        let (route, expected) = match path {
            "/v1/chat/completions" => (Self::Chat, Method::POST),
            "/v1/completions" => (Self::Completions, Method::POST),
            "/v1/responses" => (Self::Responses, Method::POST),
            "/v1/embeddings" => (Self::Embeddings, Method::POST),
            "/v1/messages" => (Self::Messages, Method::POST),
            "/v1/messages/count_tokens" => (Self::CountTokens, Method::POST),
            "/v1/models" => (Self::Models(family_of(path, headers)), Method::GET),
            _ => {
                let message = format!("stand-in: no such route {method} {path}");
                return Err(ApiError::new(StatusCode::NOT_FOUND, message));
            }
        };
        if method != expected {
            let message = format!("stand-in: {path} takes {expected}, not {method}");
            return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        Ok(route)
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Messages | Self::CountTokens => Family::Anthropic,
            Self::Models(family) => family,
            _ => Family::OpenAi,
        }
    }
}

/// Whose shape an answer to this path takes, when there may be no route.
pub(super) fn family_of(path: &str, headers: &HeaderMap) -> Family {
    if path.starts_with("/v1/messages") || headers.contains_key("anthropic-version") {
        return Family::Anthropic;
    }
    Family::OpenAi
}
