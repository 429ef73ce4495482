//! Files that come with a command.

use serde::{Deserialize, Serialize};

/// A file the client read and uploads; the server never opens a path that a
/// request names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadedFile {
    /// The name by which the command or directive speaks of it.
    pub name: String,
    /// Its text.
    pub text: String,
}
