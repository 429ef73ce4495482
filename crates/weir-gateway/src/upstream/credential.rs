//! The upstream's own credential, held by reference: `env:NAME` or
//! `file:PATH`. The secret is read when first needed and lives only in the
//! header that carries it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;

/// Why a credential cannot be had. Says the reference, never the secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("credential `{reference}`: write env:NAME or file:PATH")]
    Reference { reference: String },
    #[error("credential `{reference}`: the variable is not set in weir's environment")]
    Unset { reference: String },
    #[error("credential `{reference}`: {source}")]
    File { reference: String, source: io::Error },
    #[error("credential `{reference}`: others may read the file (mode {mode:03o}); run chmod 600 on it")]
    Mode { reference: String, mode: u32 },
    #[error("credential `{reference}`: empty, or not printable ASCII on one line")]
    Content { reference: String },
}

/// Longest secret read from a file, in bytes.
const LONGEST: u64 = 16 << 10;

/// Reads the secret that `reference` names.
pub(crate) fn resolve(reference: &str) -> Result<String, CredentialError> {
    let owned = || reference.to_owned();
    let secret = match reference.split_once(':') {
        Some(("env", name)) if !name.is_empty() => {
            std::env::var(name).map_err(|_| CredentialError::Unset { reference: owned() })?
        }
        Some(("file", path)) if !path.is_empty() => read_private(reference, path)?,
        _ => return Err(CredentialError::Reference { reference: owned() }),
    };
    let secret = secret.trim();
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CredentialError::Content { reference: owned() });
    }
    Ok(secret.to_owned())
}

fn read_private(reference: &str, path: &str) -> Result<String, CredentialError> {
    let error = |source| CredentialError::File { reference: reference.to_owned(), source };
    let file = File::open(path).map_err(error)?;
    // Of the open file, so that it cannot be exchanged in between.
    let mode = file.metadata().map_err(error)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(CredentialError::Mode { reference: reference.to_owned(), mode });
    }
    let mut secret = String::new();
    file.take(LONGEST).read_to_string(&mut secret).map_err(error)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_must_be_private_and_hold_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credential");
        let reference = format!("file:{}", path.display());
        assert!(matches!(resolve(&reference), Err(CredentialError::File { .. })));
        std::fs::write(&path, "sk-upstream\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let error = resolve(&reference).unwrap_err();
        assert!(error.to_string().contains("644") && !error.to_string().contains("sk-"), "{error}");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(resolve(&reference).unwrap(), "sk-upstream");
        std::fs::write(&path, "two\nlines").unwrap();
        assert!(matches!(resolve(&reference), Err(CredentialError::Content { .. })));
    }

    #[test]
    fn other_references_are_refused() {
        for reference in ["", "env:", "file:", "sk-in-the-clear", "http://a"] {
            assert!(matches!(resolve(reference), Err(CredentialError::Reference { .. })), "{reference}");
        }
        assert!(matches!(resolve("env:WEIR_NO_SUCH_NAME"), Err(CredentialError::Unset { .. })));
    }
}
