//! Which header names never cross the gateway.
//!
//! Pure tables over lower-case names, as HTTP libraries give them. Everything
//! not named here passes in both directions, unknown headers too: a beta header
//! that is dropped silently is among the most common complaints about gateways.

/// Headers that concern one connection only (RFC 9110, section 7.6.1), together
/// with the older ones that clients still send.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Where a caller's own key or session may stand. None of them reaches an
/// upstream, whichever one Weir was given.
const CALLER_KEYS: &[&str] =
    &["authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization", "cookie"];

/// Headers by which proxies tell where a request came from.
const FORWARDING: &[&str] =
    &["forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip"];

/// Whether a header concerns one connection only. A `connection` header can
/// name more of them; see [`connection_options`].
pub fn is_hop_by_hop(name: &str) -> bool {
    HOP_BY_HOP.contains(&name)
}

/// Whether a header holds the caller's own key or session.
pub fn is_caller_key(name: &str) -> bool {
    CALLER_KEYS.contains(&name)
}

/// Whether a header tells where a request came from. From a peer that is not
/// trusted it is the peer's invention.
pub fn is_forwarding(name: &str) -> bool {
    name.starts_with("x-forwarded-") || FORWARDING.contains(&name)
}

/// Whether a header is Weir's own. A caller or upstream that sets one could pass
/// for Weir.
pub fn is_weir(name: &str) -> bool {
    name.starts_with("weir-")
}

/// Whether a request header is left out of what goes upstream.
///
/// `accept-encoding` is among them because the gateway sends `identity` instead:
/// it must be able to read usage. `host` and `content-length` are written anew
/// for the upstream, and `expect` is answered by the gateway.
pub fn drops_request_header(name: &str, peer_is_trusted: bool) -> bool {
    is_hop_by_hop(name)
        || is_caller_key(name)
        || is_weir(name)
        || (!peer_is_trusted && is_forwarding(name))
        || matches!(name, "host" | "content-length" | "expect" | "accept-encoding")
}

/// Whether a response header is left out of what goes to the caller.
///
/// `set-cookie` because the cookie would never go back; `alt-svc` because it
/// invites the client to go round the gateway. `content-length` stays: the body
/// does too.
pub fn drops_response_header(name: &str) -> bool {
    is_hop_by_hop(name) || is_weir(name) || matches!(name, "set-cookie" | "alt-svc")
}

/// Whether a response header speaks of the very bytes of the body, so that it is
/// left out where they are changed.
pub fn is_of_exact_body(name: &str) -> bool {
    matches!(
        name,
        "content-length" | "content-md5" | "digest" | "content-digest" | "repr-digest" | "etag" | "accept-ranges"
    )
}

/// The names that the value of a `connection` header adds to the hop-by-hop
/// ones, as written; compare them without regard to case.
pub fn connection_options(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(|option| option.trim_matches([' ', '\t'])).filter(|option| !option.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_cookie_or_weir_header_goes_upstream() {
        for name in [
            "authorization",
            "x-api-key",
            "api-key",
            "x-goog-api-key",
            "proxy-authorization",
            "cookie",
            "weir-decision",
            "weir-anything",
            "connection",
            "te",
            "transfer-encoding",
            "upgrade",
            "host",
            "accept-encoding",
        ] {
            assert!(drops_request_header(name, true), "{name}");
        }
    }

    #[test]
    fn forwarding_headers_pass_only_from_trusted_peers() {
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-anything", "x-real-ip", "via"] {
            assert!(drops_request_header(name, false) && !drops_request_header(name, true), "{name}");
        }
    }

    #[test]
    fn what_clients_and_servers_need_passes() {
        for name in [
            "content-type",
            "accept",
            "user-agent",
            "anthropic-version",
            "anthropic-beta",
            "openai-organization",
            "openai-beta",
            "idempotency-key",
            "x-stainless-retry-count",
            "x-request-id",
            "traceparent",
        ] {
            assert!(!drops_request_header(name, false), "{name}");
        }
        for name in [
            "content-type",
            "content-length",
            "retry-after",
            "x-request-id",
            "request-id",
            "x-ratelimit-remaining-tokens",
            "openai-processing-ms",
        ] {
            assert!(!drops_response_header(name), "{name}");
        }
        for name in ["weir-decision", "weir-served-model", "set-cookie", "alt-svc", "connection", "keep-alive"] {
            assert!(drops_response_header(name), "{name}");
        }
    }

    #[test]
    fn connection_options_are_split_as_the_standard_says() {
        let options: Vec<&str> = connection_options("close,\tX-Trace , ,keep-alive,").collect();
        assert_eq!(options, ["close", "X-Trace", "keep-alive"]);
        assert_eq!(connection_options("").count(), 0);
    }
}
