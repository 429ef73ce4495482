//! Ids that are the same whenever the same is said: UUIDs of version 5 (RFC
//! 9562, section 5.5).

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// What STIX 2.1 (section 2.9) has ids of observables made under.
const OBSERVABLES: [u8; 16] =
    [0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7];
/// What ids of everything else are made under; chosen at random once.
const WEIR: [u8; 16] =
    [0x6e, 0x4c, 0x2d, 0x51, 0x8b, 0x0a, 0x4f, 0x3e, 0x97, 0x1d, 0x52, 0xc8, 0xe0, 0x3b, 0x94, 0x7a];

/// The id of an object of `kind` that `name` tells from all others.
pub(crate) fn object(kind: &str, name: &str) -> String {
    format!("{kind}--{}", version_5(&WEIR, &format!("{kind}\0{name}")))
}

/// The id of an account observed: by its one contributing property.
pub(crate) fn user_account(user_id: &str) -> String {
    // RFC 8785: one member, and letters that need no escape.
    format!("user-account--{}", version_5(&OBSERVABLES, &format!("{{\"user_id\":\"{user_id}\"}}")))
}

fn version_5(namespace: &[u8; 16], name: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[namespace, name.as_bytes()].concat());
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, digest)| *byte = *digest);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_others_make() {
        // RFC 9562, appendix A.4.
        let dns = [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
        assert_eq!(version_5(&dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        assert_eq!(object("campaign", "a"), object("campaign", "a"));
        assert_ne!(object("campaign", "a"), object("campaign", "b"));
    }
}
