//! One key of a log taking over from another: a note that both have signed,
//! so that whoever trusts the old key learns of the new one from the old one,
//! and the new one shows that somebody holds it.
//!
//! ```text
//! weir-log-key/v1
//! <name of both keys, the log's origin>
//! <the old verifier key>
//! <the new verifier key>
//! ```
//!
//! The first line is no origin of a log's checkpoints but of a log so named, so
//! neither kind of note is taken for the other.

use thiserror::Error;

use super::{Ed25519Signer, NoteError, NoteSigner as _, SignedNote, VerifierKey};

const FIRST_LINE: &str = "weir-log-key/v1";

/// Why a statement is not taken as one key's word for another.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyChangeError {
    /// It is not a note, or a key in it is none, or one has not signed.
    #[error("the statement of a change of keys: {0}")]
    Note(#[from] NoteError),
    /// The lines are not as prescribed.
    #[error("the statement of a change of keys: {0}")]
    Form(&'static str),
}

/// A change of keys that both keys signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The key before.
    pub old: VerifierKey,
    /// The key from then on.
    pub new: VerifierKey,
}

impl KeyChange {
    /// The statement that `new` takes over from `old`, signed by both.
    ///
    /// # Errors
    /// When the keys have two names or are one, or cannot sign.
    pub fn sign(old: &Ed25519Signer, new: &Ed25519Signer) -> Result<String, KeyChangeError> {
        let text = format!("{FIRST_LINE}\n{}\n{}\n{}\n", old.name(), old.vkey(), new.vkey());
        let by_new = SignedNote::sign(&text, new)?;
        let note = SignedNote::sign(&text, old)?.with_signatures(by_new.signatures().iter().cloned())?;
        let statement = note.to_string();
        KeyChange::open(&statement).map(|_| statement)
    }

    /// Reads a statement and checks both signatures. Whether the old key is to
    /// be trusted is the caller's to know.
    ///
    /// # Errors
    /// [`KeyChangeError`].
    pub fn open(statement: &str) -> Result<KeyChange, KeyChangeError> {
        let note = SignedNote::parse(statement.as_bytes())?;
        let lines: Vec<&str> = note.text().lines().collect();
        let &[FIRST_LINE, origin, old, new] = lines.as_slice() else {
            return Err(KeyChangeError::Form("it has other than four lines, or begins otherwise"));
        };
        let (old, new) = (VerifierKey::parse(old)?, VerifierKey::parse(new)?);
        if old.name() != origin || new.name() != origin {
            return Err(KeyChangeError::Form("its keys are of another log than it says"));
        }
        if old.key_id() == new.key_id() {
            return Err(KeyChangeError::Form("its two keys are one, or look like one"));
        }
        for key in [&old, &new] {
            note.verify(std::slice::from_ref(key))?;
        }
        Ok(KeyChange { old, new })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_log::{ORIGIN, signer};

    #[test]
    fn both_keys_sign_and_neither_alone_will_do() {
        let (old, new) = (signer(), Ed25519Signer::from_seed(ORIGIN, &[43; 32]).unwrap());
        let statement = KeyChange::sign(&old, &new).unwrap();
        assert_eq!(KeyChange::open(&statement).unwrap(), KeyChange { old: old.vkey(), new: new.vkey() });
        let note = SignedNote::parse(statement.as_bytes()).unwrap();
        for line in note.signatures() {
            let alone = SignedNote::unsigned(note.text()).unwrap().with_signatures([line.clone()]).unwrap();
            assert!(matches!(KeyChange::open(&alone.to_string()), Err(KeyChangeError::Note(_))));
        }
        let third = Ed25519Signer::from_seed(ORIGIN, &[44; 32]).unwrap().vkey().to_string();
        assert!(KeyChange::open(&statement.replace(&new.vkey().to_string(), &third)).is_err());
    }

    #[test]
    fn keys_of_two_logs_one_key_and_a_checkpoint_are_refused() {
        let other = Ed25519Signer::from_seed("log.other.example", &[43; 32]).unwrap();
        assert!(KeyChange::sign(&signer(), &other).is_err());
        assert!(KeyChange::sign(&signer(), &signer()).is_err());
        assert!(KeyChange::open(&crate::test_log::signed(3)).is_err());
    }
}
