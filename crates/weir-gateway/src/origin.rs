//! From where a request was called: the peer, or what a proxy that is trusted
//! tells of the client before it. From anyone else such headers are what any
//! client can write, and are not looked at.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};
use weir_exchange::Client as CalledFrom;

use crate::client::Client;
use crate::config::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Headers by which proxies tell a client's JA4 fingerprint.
const JA4: [HeaderName; 2] =
    [HeaderName::from_static("x-ja4"), HeaderName::from_static("cloudfront-viewer-ja4-fingerprint")];

/// Headers by which they tell the autonomous system it is in.
const ASN: [HeaderName; 2] = [HeaderName::from_static("x-asn"), HeaderName::from_static("cloudfront-viewer-asn")];

/// A fingerprint is 36 characters; more is somebody's mistake.
const LONGEST_JA4: usize = 64;

/// A user agent is cut here: some clients put whole documents into it.
const LONGEST_AGENT: usize = 512;

/// From where `client` called with these headers.
pub(crate) fn of(client: &Client, headers: &HeaderMap) -> CalledFrom {
    let trusted = &client.shared().config.trusted_peers;
    let mut from = CalledFrom::at(client.peer.ip());
    from.user_agent = text(headers, &header::USER_AGENT).map(|agent| agent[..agent.floor_char_boundary(LONGEST_AGENT)].into());
    if client.is_trusted {
        from.ip = forwarded(headers, trusted).unwrap_or(from.ip);
        from.ja4 = JA4.iter().find_map(|name| text(headers, name)).filter(|ja4| ja4.len() <= LONGEST_JA4).map(Into::into);
        from.asn = ASN.iter().find_map(|name| text(headers, name)?.trim_start_matches("AS").parse().ok());
    }
    from
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}

/// The last address that no trusted proxy has: each proxy appends whom it saw,
/// and what stands before the first untrusted one is that one's own word.
fn forwarded(headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let listed = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = listed.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut last = None;
    for hop in hops.into_iter().rev() {
        let address: IpAddr = hop.parse().ok()?;
        last = Some(address);
        if !trusted.iter().any(|network| network.contains(address)) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_s_is_the_client() {
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, http::HeaderValue::from_static(value));
            }
            forwarded(&headers, &trusted).map(|address| address.to_string())
        };
        assert_eq!(of(&["203.0.113.9, 198.51.100.7, 10.0.0.2"]).as_deref(), Some("198.51.100.7"));
        assert_eq!(of(&["203.0.113.9", "198.51.100.7,10.0.0.2", "10.0.0.3"]).as_deref(), Some("198.51.100.7"));
        assert_eq!(of(&["10.0.0.9"]).as_deref(), Some("10.0.0.9"));
        assert_eq!(of(&["2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["198.51.100.7, unknown"]), None);
    }
}
