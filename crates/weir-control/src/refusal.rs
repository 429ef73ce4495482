//! Why the control plane says no. A refusal changes nothing; it carries one
//! sentence for the person who asked and a kind for the program they used.

use serde::Serialize;

/// What sort of no it is; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The request itself is wrong (400).
    Invalid,
    /// No valid token (401).
    Unauthenticated,
    /// The rules do not let this operator do it (403).
    Forbidden,
    /// It names something that does not exist (404).
    NotFound,
    /// It does not fit the present state (409).
    Conflict,
    /// Too many of these (429).
    TooMany,
    /// Weir could not make it durable (503); nothing was acknowledged.
    Unavailable,
}

/// A no with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What sort of no.
    pub kind: RefusalKind,
    /// One sentence: what is wrong, where, what to do.
    pub message: String,
}

impl Refusal {
    /// The request itself is wrong.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Invalid, message: message.into() }
    }

    /// It names something that does not exist.
    pub fn not_found(message: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::NotFound, message: message.into() }
    }

    /// It does not fit the present state.
    pub fn conflict(message: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Conflict, message: message.into() }
    }

    /// The rules do not allow it.
    pub fn forbidden(message: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Forbidden, message: message.into() }
    }

    /// It could not be made durable or done at all.
    pub fn unavailable(message: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Unavailable, message: message.into() }
    }

    /// The HTTP status of this kind.
    pub const fn status(&self) -> u16 {
        match self.kind {
            RefusalKind::Invalid => 400,
            RefusalKind::Unauthenticated => 401,
            RefusalKind::Forbidden => 403,
            RefusalKind::NotFound => 404,
            RefusalKind::Conflict => 409,
            RefusalKind::TooMany => 429,
            RefusalKind::Unavailable => 503,
        }
    }
}

impl From<getrandom::Error> for Refusal {
    fn from(error: getrandom::Error) -> Refusal {
        Refusal::unavailable(format!("the operating system gave no randomness: {error}"))
    }
}
