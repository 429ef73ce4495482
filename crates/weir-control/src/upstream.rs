//! Where a model's server is and how it is opened: checked when a model is
//! added, so that a gateway never meets a malformed one.

use crate::refusal::Refusal;

/// Checks a base URL: scheme, host, optional port and prefix; no userinfo, no
/// query, no fragment.
///
/// # Errors
/// When it is anything else; the message says which part.
pub fn check_base_url(text: &str) -> Result<(), Refusal> {
    let wrong = |why: &str| {
        let shown: String = text.chars().take(128).collect();
        Refusal::invalid(format!("upstream `{shown}`: {why}"))
    };
    let uri: http::Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("begins with neither http:// nor https://"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("carries a user name; give the credential with --credential"));
    }
    if authority.host().is_empty() {
        return Err(wrong("has no host"));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(wrong("has a query or fragment; only scheme, host and prefix are used"));
    }
    Ok(())
}

/// Checks a reference to a credential: `env:NAME` or `file:PATH`.
///
/// # Errors
/// When it is neither, which is how a credential itself is kept out of the log.
pub fn check_credential(text: &str) -> Result<(), Refusal> {
    let name = text.strip_prefix("env:").or_else(|| text.strip_prefix("file:"));
    match name {
        Some(name) if !name.is_empty() && !name.chars().any(char::is_control) => Ok(()),
        _ => Err(Refusal::invalid(
            "a credential is given by reference, `env:NAME` or `file:PATH`: the log is public for ever",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_prefix_pass() {
        for good in ["http://127.0.0.1:9000", "https://models.example/prefix"] {
            check_base_url(good).unwrap();
        }
        let bad = [
            ("ftp://host", "http://"),
            ("models.example", "http://"),
            ("https://user:pass@host", "user name"),
            ("https://host/?key=1", "query"),
            ("https://host/#top", "fragment"),
            ("https://", "URL"),
        ];
        for (url, why) in bad {
            let message = check_base_url(url).unwrap_err().message;
            assert!(message.contains(why), "{url}: {message}");
        }
        assert!(check_credential("sk-12345").is_err());
        check_credential("env:UPSTREAM_KEY").unwrap();
    }
}
