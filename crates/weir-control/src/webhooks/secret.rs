//! What a webhook is signed with: `whsec_` and base64, held by reference.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Shortest and longest secret, in bytes, as the scheme has them.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// Longest file that is read for one.
const LONGEST_FILE: u64 = 4 << 10;

/// Why a webhook's secret cannot be had. Says the reference, never the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No reference.
    #[error("secret `{0}`: write env:NAME or file:PATH")]
    Reference(String),
    /// It cannot be read.
    #[error("secret `{0}`: {1}")]
    Unread(String, String),
    /// It is no secret of the scheme.
    #[error("a webhook's secret is `whsec_` and 24 to 64 bytes in base64")]
    Form,
}

/// A webhook's secret.
#[derive(Clone)]
pub struct WebhookSecret(Arc<Zeroizing<Vec<u8>>>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    /// The secret that `env:NAME` or `file:PATH` names; a file of mode 0600.
    ///
    /// # Errors
    /// When there is none, or others may read it.
    pub fn resolve(reference: &str) -> Result<WebhookSecret, SecretError> {
        let unread = |why: String| SecretError::Unread(reference.to_owned(), why);
        let text = match reference.split_once(':') {
            Some(("env", name)) if !name.is_empty() => {
                std::env::var(name).map_err(|_| unread("the variable is not set in weir's environment".into()))?
            }
            Some(("file", path)) if !path.is_empty() => {
                let file = File::open(path).map_err(|error| unread(error.to_string()))?;
                // Of the open file, so that it cannot be exchanged in between.
                let mode = file.metadata().map_err(|error| unread(error.to_string()))?.mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(unread(format!("others may read the file (mode {mode:03o}); run chmod 600 on it")));
                }
                let mut text = String::new();
                file.take(LONGEST_FILE).read_to_string(&mut text).map_err(|error| unread(error.to_string()))?;
                text
            }
            _ => return Err(SecretError::Reference(reference.to_owned())),
        };
        WebhookSecret::parse(&text)
    }

    /// `whsec_` and base64.
    ///
    /// # Errors
    /// When it is not.
    pub fn parse(text: &str) -> Result<WebhookSecret, SecretError> {
        let bytes = text.trim().strip_prefix("whsec_").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| LENGTHS.contains(&bytes.len())).ok_or(SecretError::Form)?;
        Ok(WebhookSecret(Arc::new(Zeroizing::new(bytes))))
    }

    /// The signature over a message: `v1,` and base64.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_scheme() {
        // The example of the scheme's own libraries.
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_@@@@"] {
            assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
        for reference in ["x", "env:", "file:/nowhere/at/all", "env:WEIR_TEST_NOT_SET"] {
            let error = WebhookSecret::resolve(reference).unwrap_err().to_string();
            assert!(error.contains(reference), "{error}");
        }
    }
}
