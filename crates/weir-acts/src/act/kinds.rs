//! What the table of kinds makes of itself: types for both parts of each, and
//! how they are written and read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Parts;

macro_rules! acts {
    ($($(#[$doc:meta])* $kind:literal $variant:ident { $($public:tt)* } { $($private:tt)* })*) => {
        /// An act: one variant a kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])* $variant(Parts<public::$variant, private::$variant>),)*
        }

        /// The public part of each kind.
        pub mod public {
            use super::*;
            $($(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[allow(missing_docs)]
            pub struct $variant { $($public)* })*
        }

        /// The private part of each kind.
        pub mod private {
            use super::*;
            $($(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[allow(missing_docs)]
            pub struct $variant { $($private)* })*
        }

        impl Act {
            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($kind,)*];

            /// The kind, as the entry writes it.
            pub const fn kind(&self) -> &'static str {
                match self { $(Act::$variant(_) => $kind,)* }
            }

            /// The public part as JSON.
            pub(crate) fn public_json(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Act::$variant(parts) => serde_json::to_value(&parts.public),)* }
            }

            /// The private part as JSON bytes; none where there is none or it
            /// would hold nothing.
            pub(crate) fn private_json(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
                match self { $(Act::$variant(parts) => kinds::to_bytes(parts.private.as_ref()),)* }
            }

            /// Reads both parts; none for a kind this version does not know.
            pub(crate) fn read(
                kind: &str,
                public: &str,
                private: Option<&[u8]>,
            ) -> Option<Result<Act, serde_json::Error>> {
                match kind {
                    $($kind => Some(kinds::read_parts(public, private).map(Act::$variant)),)*
                    _ => None,
                }
            }
        }
    };
}

pub(super) fn to_bytes<S: Serialize>(private: Option<&S>) -> Result<Option<Vec<u8>>, serde_json::Error> {
    let bytes = private.map(serde_json::to_vec).transpose()?;
    Ok(bytes.filter(|bytes| bytes != b"{}"))
}

pub(super) fn read_parts<P: DeserializeOwned, S: DeserializeOwned>(
    public: &str,
    private: Option<&[u8]>,
) -> Result<Parts<P, S>, serde_json::Error> {
    Ok(Parts { public: serde_json::from_str(public)?, private: private.map(serde_json::from_slice).transpose()? })
}
