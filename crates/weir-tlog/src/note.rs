//! Signed notes (c2sp.org/signed-note v1.0.0): a text, a blank line, and one
//! signature a line. Everything Weir signs for outsiders is a note.
//!
//! A verifier ignores signatures of keys it was not given, refuses a note in
//! which a known key's signature is wrong, and trusts no text before one of
//! its own keys has verified.

pub mod cosigner;
pub mod key_change;
mod signer;
mod verifier_key;

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

pub use signer::{Ed25519Signer, NoteSigner, SignError};
pub use verifier_key::VerifierKey;

/// Longest note accepted, in bytes: the limit of Go's `sumdb/note`.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// Most signatures accepted in one note; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;

const SIGNATURE_LINE_START: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;
/// Signature type `0x01`: Ed25519 over the note text.
const ED25519_TYPE: u8 = 1;

/// Why a note or a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// The note is longer than [`MAX_NOTE_BYTES`].
    #[error("the note has {bytes} bytes, more than the {MAX_NOTE_BYTES} allowed")]
    TooLong {
        /// Length found.
        bytes: usize,
    },
    /// The bytes are not UTF-8.
    #[error("the note is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// First offending byte.
        offset: usize,
    },
    /// A control character other than newline.
    #[error("control character {character:?} at byte {offset} of the note")]
    ControlCharacter {
        /// The character.
        character: char,
        /// Where it is.
        offset: usize,
    },
    /// The text to sign does not end in a newline.
    #[error("the text of a note must end in a newline")]
    TextWithoutNewline,
    /// No blank line separates text and signatures.
    #[error("no blank line between the text of the note and its signatures")]
    NoSignatureBlock,
    /// A signature line that does not have the prescribed form.
    #[error("line {line} of the note is not a signature line: {reason}")]
    SignatureLine {
        /// Line number in the note, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More signatures than [`MAX_SIGNATURES`].
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A known key's signature does not verify.
    #[error("the signature of {name}+{key_id:08x} does not verify")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// Key ID.
        key_id: u32,
    },
    /// None of the signatures is of a key the verifier was given.
    #[error("the note carries no signature of a known key (wanted {wanted})")]
    NoKnownSignature {
        /// The keys that would have been accepted.
        wanted: String,
    },
    /// An empty key name, or one with a space, a plus or a control character.
    #[error("{name:?} is not a key name: no spaces, plus signs or control characters, not empty")]
    KeyName {
        /// The name refused.
        name: String,
    },
    /// A verifier or secret key that does not have the prescribed form. The
    /// reason never quotes the key.
    #[error("malformed {what}: {reason}")]
    Key {
        /// Which kind of key.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// First four bytes of the key's hash, big-endian.
    pub key_id: u32,
    /// The signature, without the key ID.
    pub signature: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    /// The signature line, without its newline.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        write!(formatter, "{SIGNATURE_LINE_START}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

/// A note with its signatures, verified or not: see [`SignedNote::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Reads a note. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let note = std::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 { offset: error.valid_up_to() })?;
        refuse_control_characters(note)?;
        let separator = note.rfind("\n\n").ok_or(NoteError::NoSignatureBlock)?;
        let (text, rest) = note.split_at(separator.saturating_add(1));
        let block = rest.strip_prefix('\n').unwrap_or(rest);
        let first_line = text.matches('\n').count().saturating_add(2);
        let signatures = parse_signature_block(block, first_line)?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A note that nobody has signed yet, to be given signature lines that were
    /// made elsewhere; `text` must end in a newline.
    ///
    /// # Errors
    /// [`NoteError::TextWithoutNewline`], [`NoteError::ControlCharacter`].
    pub fn unsigned(text: &str) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::TextWithoutNewline);
        }
        refuse_control_characters(text)?;
        Ok(Self { text: text.to_owned(), signatures: Vec::new() })
    }

    /// Signs `text`, which must end in a newline, with one key.
    pub fn sign(text: &str, signer: &dyn NoteSigner) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::TextWithoutNewline);
        }
        refuse_control_characters(text)?;
        if !is_key_name(signer.name()) {
            return Err(NoteError::KeyName { name: signer.name().to_owned() });
        }
        let signature = NoteSignature {
            name: signer.name().to_owned(),
            key_id: signer.key_id(),
            signature: signer.sign(text.as_bytes())?,
        };
        let note = Self { text: text.to_owned(), signatures: vec![signature] };
        let bytes = note.to_string().len();
        if bytes > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes });
        }
        Ok(note)
    }

    /// Checks the signatures of the given keys and returns the keys that
    /// signed, at least one.
    ///
    /// Signatures of other keys are ignored; one wrong signature of a given
    /// key refuses the whole note, as the specification recommends.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed_by = Vec::new();
        for signature in &self.signatures {
            let known = keys.iter().find(|key| key.name() == signature.name && key.key_id() == signature.key_id);
            let Some(key) = known else { continue };
            if !key.verifies(self.text.as_bytes(), &signature.signature) {
                return Err(NoteError::BadSignature { name: signature.name.clone(), key_id: signature.key_id });
            }
            if !signed_by.contains(&key) {
                signed_by.push(key);
            }
        }
        if signed_by.is_empty() {
            let wanted: Vec<String> = keys.iter().map(|key| format!("{}+{:08x}", key.name(), key.key_id())).collect();
            return Err(NoteError::NoKnownSignature { wanted: wanted.join(", ") });
        }
        Ok(signed_by)
    }

    /// The note with further signature lines, in the order given; one that it
    /// carries already is not repeated. They are not verified here.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`], [`NoteError::TooLong`].
    pub fn with_signatures(mut self, more: impl IntoIterator<Item = NoteSignature>) -> Result<Self, NoteError> {
        for signature in more {
            if !self.signatures.contains(&signature) {
                self.signatures.push(signature);
            }
        }
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let bytes = self.to_string().len();
        if bytes > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes });
        }
        Ok(self)
    }

    /// The signed text, with its final newline. Not to be trusted before
    /// [`SignedNote::verify`] has succeeded.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every signature line, known or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for line in &self.signatures {
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}

/// Whether `name` may name a key: not empty, no Unicode space, no plus, and no
/// control character, which no note could carry.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn refuse_control_characters(note: &str) -> Result<(), NoteError> {
    let found = note.char_indices().find(|&(_, c)| c < ' ' && c != '\n');
    match found {
        Some((offset, character)) => Err(NoteError::ControlCharacter { character, offset }),
        None => Ok(()),
    }
}

fn parse_signature_block(block: &str, first_line: usize) -> Result<Vec<NoteSignature>, NoteError> {
    let Some(lines) = block.strip_suffix('\n') else {
        return Err(NoteError::SignatureLine {
            line: first_line.saturating_add(block.matches('\n').count()),
            reason: "it does not end in a newline",
        });
    };
    let mut signatures = Vec::new();
    for (offset, line) in lines.split('\n').enumerate() {
        if signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signature = parse_signature_line(line)
            .map_err(|reason| NoteError::SignatureLine { line: first_line.saturating_add(offset), reason })?;
        signatures.push(signature);
    }
    Ok(signatures)
}

fn parse_signature_line(line: &str) -> Result<NoteSignature, &'static str> {
    let rest = line.strip_prefix(SIGNATURE_LINE_START).ok_or("it does not start with an em dash and a space")?;
    let (name, encoded) = rest.split_once(' ').ok_or("no space between the key name and the signature")?;
    if !is_key_name(name) {
        return Err("the key name is empty or has a space, a plus or a control character");
    }
    let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| "the signature is not base64")?;
    let (key_id, signature) =
        bytes.split_first_chunk::<KEY_ID_BYTES>().ok_or("the signature is shorter than a key ID")?;
    if signature.is_empty() {
        return Err("the signature has a key ID and nothing after it");
    }
    Ok(NoteSignature { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), signature: signature.to_vec() })
}

#[cfg(test)]
mod tests;
