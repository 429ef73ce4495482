//! Cosignatures (c2sp.org/tlog-cosignature v1.0.1, Ed25519, type `0x04`): a
//! witness's statement that, at a time, a checkpoint was the largest it had
//! seen of that log and contained all that it had seen before.
//!
//! The message is not the note's text but two lines before it, so no log's
//! signature can be mistaken for a witness's; the signature carries the time.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::signer::{SEED_BYTES, fresh_seed, parse_secret, secret_text};
use super::verifier_key::{ed25519_key_id, malformed, parse_typed, typed_text};
use super::{NoteError, NoteSignature, SignedNote, is_key_name};

/// Signature type `0x04`: Ed25519 over a `cosignature/v1` message.
const COSIGNATURE_TYPE: u8 = 4;
/// Bytes of the time before the signature.
const TIME_BYTES: usize = 8;
/// Largest time a cosignature may carry.
const MAX_TIME: u64 = i64::MAX as u64;

/// Why a note is not taken as cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CosignatureError {
    /// There is no signature line of this key.
    #[error("no cosignature of {name}+{key_id:08x}")]
    None {
        /// Name of the witness's key.
        name: String,
        /// Its key ID.
        key_id: u32,
    },
    /// There is one, and it does not verify.
    #[error("the cosignature of {name}+{key_id:08x} does not verify: {reason}")]
    Bad {
        /// Name of the witness's key.
        name: String,
        /// Its key ID.
        key_id: u32,
        /// What is wrong.
        reason: &'static str,
    },
}

/// The public half of a witness's key: `name+hash+base64(0x04 || public key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    key_id: u32,
    key: VerifyingKey,
}

/// A cosignature that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The signature line.
    pub line: NoteSignature,
    /// When it was made, in seconds since 1970.
    pub time: u64,
}

impl CosignerKey {
    /// Reads a witness's key. A log's own key (type `0x01`) is refused: the two
    /// kinds sign different messages.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, key, hash) = parse_typed(text, COSIGNATURE_TYPE)?;
        let parsed = Self::new(&name, key)?;
        if hash != parsed.key_id {
            return Err(malformed("the hash does not belong to this name and key"));
        }
        Ok(parsed)
    }

    fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if key.is_weak() {
            return Err(malformed("the Ed25519 key is weak (small order)"));
        }
        Ok(Self { name: name.to_owned(), key_id: ed25519_key_id(name, COSIGNATURE_TYPE, &key), key })
    }

    /// Name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short identifier that signature lines carry. Not a strong hash.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// This witness's cosignature on a note. Where there are several, all must
    /// verify, and the latest counts.
    pub fn verify(&self, note: &SignedNote) -> Result<Cosigned, CosignatureError> {
        let own = |line: &&NoteSignature| line.name == self.name && line.key_id == self.key_id;
        let mut latest: Option<Cosigned> = None;
        for line in note.signatures().iter().filter(own) {
            let time = self.verify_line(note.text(), line)?;
            if latest.as_ref().is_none_or(|latest| latest.time < time) {
                latest = Some(Cosigned { line: line.clone(), time });
            }
        }
        latest.ok_or_else(|| CosignatureError::None { name: self.name.clone(), key_id: self.key_id })
    }

    fn verify_line(&self, text: &str, line: &NoteSignature) -> Result<u64, CosignatureError> {
        let bad = |reason| CosignatureError::Bad { name: self.name.clone(), key_id: self.key_id, reason };
        let (time, signature) = line
            .signature
            .split_first_chunk::<TIME_BYTES>()
            .ok_or_else(|| bad("it is shorter than its time and signature"))?;
        let time = u64::from_be_bytes(*time);
        if time > MAX_TIME {
            return Err(bad("its time is beyond what the format allows"));
        }
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(&message(text, time), &signature))
            .map_err(|_| bad("the signature is not over this checkpoint and time"))?;
        Ok(time)
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&typed_text(&self.name, self.key_id, COSIGNATURE_TYPE, &self.key))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CosignerKey({self})")
    }
}

impl FromStr for CosignerKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A witness's key in memory. The secret is wiped on drop and appears neither
/// in `Debug` nor in errors.
pub struct Cosigner {
    secret: SigningKey,
    public: CosignerKey,
}

impl Cosigner {
    /// A fresh key from the operating system's randomness.
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let seed = fresh_seed(name)?;
        Self::from_seed(name, &seed)
    }

    /// The key of a known seed: for tests and for keys kept elsewhere.
    pub fn from_seed(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::KeyName { name: name.to_owned() });
        }
        let secret = SigningKey::from_bytes(seed);
        let public = CosignerKey::new(name, secret.verifying_key())?;
        Ok(Self { secret, public })
    }

    /// Reads `PRIVATE+KEY+name+hash+base64(0x04 || seed)`.
    pub fn from_secret_file_text(text: &str) -> Result<Self, NoteError> {
        let (name, hash, seed) = parse_secret(text, COSIGNATURE_TYPE)?;
        let signer = Self::from_seed(&name, &seed)?;
        if hash != signer.public.key_id {
            return Err(malformed("the hash does not belong to this name and key"));
        }
        Ok(signer)
    }

    /// The text of the secret file, with a final newline. Write it with mode
    /// 0600; it is wiped when dropped.
    pub fn to_secret_file_text(&self) -> Zeroizing<String> {
        secret_text(&self.public.name, self.public.key_id, COSIGNATURE_TYPE, &self.secret)
    }

    /// The public half.
    pub fn vkey(&self) -> CosignerKey {
        self.public.clone()
    }

    /// Cosigns the text of a checkpoint at `time`, in seconds since 1970. The
    /// caller has checked the checkpoint and made that durable.
    pub fn cosign(&self, checkpoint_text: &str, time: u64) -> NoteSignature {
        let time = time.min(MAX_TIME);
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.secret.sign(&message(checkpoint_text, time)).to_bytes());
        NoteSignature { name: self.public.name.clone(), key_id: self.public.key_id, signature }
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cosigner").field("vkey", &self.public).field("secret", &"redacted").finish()
    }
}

fn message(checkpoint_text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{checkpoint_text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_log::{key, signed};
    use crate::{Ed25519Signer, VerifierKey};

    fn witness() -> Cosigner {
        Cosigner::from_seed("witness.acme.example/w1", &[9; 32]).unwrap()
    }

    fn cosigned(size: u64, time: u64) -> SignedNote {
        let note = SignedNote::parse(signed(size).as_bytes()).unwrap();
        let line = witness().cosign(note.text(), time);
        note.with_signatures([line]).unwrap()
    }

    #[test]
    fn a_cosigned_checkpoint_reads_back_and_the_log_still_opens_it() {
        let text = cosigned(7, 1_679_315_147).to_string();
        let note = SignedNote::parse(text.as_bytes()).unwrap();
        let found = witness().vkey().verify(&note).unwrap();
        assert_eq!(found.time, 1_679_315_147);
        assert_eq!(crate::Checkpoint::open(text.as_bytes(), &key()).unwrap().size, 7);
        let again = note.clone().with_signatures([found.line]).unwrap();
        assert_eq!(again, note);
    }

    #[test]
    fn the_time_is_part_of_what_is_signed_and_the_latest_counts() {
        let note = cosigned(7, 20);
        let mut moved = note.signatures()[1].clone();
        moved.signature[7] += 1;
        let forged = SignedNote::parse(signed(7).as_bytes()).unwrap().with_signatures([moved]).unwrap();
        assert!(matches!(witness().vkey().verify(&forged), Err(CosignatureError::Bad { .. })));
        let later = witness().cosign(note.text(), 30);
        let both = note.with_signatures([later]).unwrap();
        assert_eq!(witness().vkey().verify(&both).unwrap().time, 30);
    }

    #[test]
    fn another_checkpoint_a_short_line_and_no_line_are_told_apart() {
        let witness = witness();
        let line = witness.cosign(SignedNote::parse(signed(7).as_bytes()).unwrap().text(), 20);
        let other = SignedNote::parse(signed(8).as_bytes()).unwrap();
        let moved = other.clone().with_signatures([line.clone()]).unwrap();
        assert!(matches!(witness.vkey().verify(&moved), Err(CosignatureError::Bad { .. })));
        let short = NoteSignature { signature: vec![0; 7], ..line };
        let short = other.clone().with_signatures([short]).unwrap();
        assert!(matches!(witness.vkey().verify(&short), Err(CosignatureError::Bad { .. })));
        assert!(matches!(witness.vkey().verify(&other), Err(CosignatureError::None { .. })));
    }

    #[test]
    fn keys_read_back_and_are_never_taken_for_a_logs() {
        let witness = witness();
        let vkey = witness.vkey().to_string();
        assert_eq!(CosignerKey::parse(&vkey).unwrap(), witness.vkey());
        assert!(VerifierKey::parse(&vkey).is_err());
        assert!(CosignerKey::parse(&key().to_string()).is_err());
        let secret = witness.to_secret_file_text();
        assert_eq!(Cosigner::from_secret_file_text(&secret).unwrap().vkey(), witness.vkey());
        assert!(Ed25519Signer::from_secret_file_text(&secret).is_err());
        assert!(!format!("{witness:?}").contains("PRIVATE"));
    }
}
