//! Who and what is meant, without saying it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// What an identifier is of. The name is hashed with it, so that an account and a
/// payment of one name differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// An account, by the name that logs give it.
    Account,
    /// A means of payment, by the fingerprint that billing gives it.
    Payment,
    /// The text that prompts of a family have in common.
    Template,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [IdentifierKind; 3] = [IdentifierKind::Account, IdentifierKind::Payment, IdentifierKind::Template];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            IdentifierKind::Account => "account",
            IdentifierKind::Payment => "payment",
            IdentifierKind::Template => "template",
        }
    }

    /// The STIX object path that patterns compare.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            IdentifierKind::Account => "user-account:user_id",
            IdentifierKind::Payment => "x-weir-payment:hash",
            IdentifierKind::Template => "x-weir-template:hash",
        }
    }
}

/// An identifier under a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(pub [u8; 32]);

const PREFIX: &str = "hmac-sha256:";

impl fmt::Display for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Identifier {
    /// As written by [`Identifier`]'s `Display`.
    pub fn parse(text: &str) -> Option<Identifier> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 64)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let [high, low] = [pair.first(), pair.get(1)].map(|digit| char::from(*digit.unwrap_or(&b'x')).to_digit(16));
            *byte = u8::try_from(high? * 16 + low?).ok()?;
        }
        Some(Identifier(bytes))
    }
}

/// The key that sharing parties agree on.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentifierKey([u8; 32]);

impl fmt::Debug for IdentifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IdentifierKey({})", self.id())
    }
}

impl IdentifierKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> IdentifierKey {
        IdentifierKey(bytes)
    }

    /// 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<IdentifierKey> {
        Identifier::parse(&format!("{PREFIX}{}", text.trim())).map(|bytes| IdentifierKey(bytes.0))
    }

    /// By what others tell that they have the same one: half of its digest.
    pub fn id(&self) -> String {
        Sha256::digest(self.0).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its 64 hexadecimal digits: a secret.
    pub fn digits(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// An identifier under this key.
    pub fn identify(&self, kind: IdentifierKind, name: &str) -> Identifier {
        // A key of 32 bytes is within every HMAC's limits.
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => mac,
            Err(_) => return Identifier([0; 32]),
        };
        mac.update(kind.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(name.as_bytes());
        Identifier(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_hmacs_of_kind_and_name() {
        let key = IdentifierKey::new([7; 32]);
        let account = key.identify(IdentifierKind::Account, "a-1");
        assert_ne!(account, key.identify(IdentifierKind::Payment, "a-1"));
        assert_ne!(account, IdentifierKey::new([8; 32]).identify(IdentifierKind::Account, "a-1"));
        assert_eq!(Identifier::parse(&account.to_string()), Some(account));
        // python3 -c 'import hmac;print(hmac.new(bytes([7]*32),b"account\0a-1","sha256").hexdigest())'
        assert_eq!(account.to_string(), EXPECTED);
        for wrong in ["", "hmac-sha256:", "hmac-sha256:zz", "sha256:00", &account.to_string()[1..]] {
            assert_eq!(Identifier::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Identifier::parse(&format!("hmac-sha256:{}", "é".repeat(32))), None);
        assert_eq!(IdentifierKey::parse(&format!(" {}\n", "07".repeat(32))), Some(key.clone()));
        assert!(!format!("{key:?}").contains("0707"), "a key is never printed");
    }

    const EXPECTED: &str = "hmac-sha256:3871224c1b8a5d50aba74dba04e2e4f0db64825b491b1d9b63954dba67222944";
}
