//! Where an upstream is: a base URL of scheme, host and optional prefix
//! (contracts, section 2), read once.

use http::Uri;

/// A base URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) is_tls: bool,
    /// Name or address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What goes into the `host` header: the port only where it is not the
    /// scheme's own.
    pub(crate) authority: String,
    /// Put in front of the request's path; no slash at its end.
    pub(crate) prefix: String,
}

/// Why a text is not the base URL of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("not a URL: write it as https://host/prefix")]
    Malformed,
    /// Another scheme.
    #[error("the scheme must be http or https")]
    Scheme,
    /// A name or password before the host.
    #[error("a user name or password in the URL is not allowed: name a credential instead")]
    UserInfo,
    /// Something after a question mark.
    #[error("a query is not allowed: the request's own is appended")]
    Query,
}

impl Target {
    /// Takes a base URL apart.
    pub(crate) fn parse(url: &str) -> Result<Target, TargetError> {
        let uri: Uri = url.parse().map_err(|_| TargetError::Malformed)?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(TargetError::Scheme),
            None => return Err(TargetError::Malformed),
        };
        let authority = uri.authority().ok_or(TargetError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::UserInfo);
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(TargetError::Query);
        }
        let own_port = if is_tls { 443 } else { 80 };
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().ends_with(':') => return Err(TargetError::Malformed),
            None => own_port,
        };
        let bracketed = authority.host();
        let host = bracketed.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(bracketed);
        if host.is_empty() {
            return Err(TargetError::Malformed);
        }
        let authority = if port == own_port { bracketed.to_owned() } else { format!("{bracketed}:{port}") };
        Ok(Target {
            is_tls,
            host: host.to_owned(),
            port,
            authority,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_base_url_is_taken_apart() {
        let target = Target::parse("https://models.example:8443/eu/").unwrap();
        assert_eq!((target.is_tls, target.host.as_str(), target.port), (true, "models.example", 8443));
        assert_eq!((target.authority.as_str(), target.prefix.as_str()), ("models.example:8443", "/eu"));
        let target = Target::parse("http://[::1]:80").unwrap();
        assert_eq!((target.host.as_str(), target.authority.as_str(), target.prefix.as_str()), ("::1", "[::1]", ""));
    }

    #[test]
    fn what_a_base_url_may_not_be() {
        for (url, error) in [
            ("models.example", TargetError::Malformed),
            ("/v1", TargetError::Malformed),
            ("ftp://models.example", TargetError::Scheme),
            ("http://user:pass@models.example", TargetError::UserInfo),
            ("http://models.example/?a=b", TargetError::Query),
            ("http://models.example/#a", TargetError::Query),
            ("http://", TargetError::Malformed),
        ] {
            assert_eq!(Target::parse(url), Err(error), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "(https?://)?[a-z0-9.:@/?#\\[\\]-]{0,40}") {
            let _target = Target::parse(&text);
        }
    }
}
