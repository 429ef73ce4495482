//! What a sketcher kept of a request's texts, without the texts. What is in it
//! is the sketcher's own affair: here it is a version and bytes, so that records
//! can be written, moved and read by those who know nothing of sketches.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A sketch in its written form: the version in decimal, a full stop, and the
/// bytes in unpadded base64url. Not looked into before somebody asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch(Box<str>);

impl Sketch {
    /// Writes a sketch.
    #[must_use]
    pub fn new(version: u8, bytes: &[u8]) -> Sketch {
        let mut digits = itoa::Buffer::new();
        let version = digits.format(version);
        // Exactly what it takes, so that it is kept as it is.
        let mut text = String::with_capacity(version.len() + 1 + (bytes.len() * 4).div_ceil(3));
        text.push_str(version);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        Sketch(text.into())
    }

    /// A sketch as it was written, unchecked.
    #[must_use]
    pub fn written(text: String) -> Sketch {
        Sketch(text.into())
    }

    /// Its bytes, where it is well written and of this version.
    #[must_use]
    pub fn bytes_of(&self, version: u8) -> Option<Vec<u8>> {
        let (written, bytes) = self.0.split_once('.')?;
        if written.parse() != Ok(version) {
            return None;
        }
        URL_SAFE_NO_PAD.decode(bytes).ok()
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
