//! The Traffic Light Protocol 2.0 (FIRST, August 2022), by the marking
//! definitions that OASIS publishes for it.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

/// With whom a bundle may be shared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tlp {
    /// With everybody.
    Clear,
    /// Within the community.
    Green,
    /// Within an organisation and with its clients, as they need to know.
    #[default]
    Amber,
    /// Within an organisation alone.
    AmberStrict,
    /// With those who are told, and nobody else.
    Red,
}

/// Not a word of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no TLP label: write clear, green, amber, amber+strict or red")]
pub struct UnknownTlp(String);

impl Tlp {
    const ALL: [(Tlp, &'static str, &'static str); 5] = [
        (Tlp::Clear, "clear", "94868c89-83c2-464b-929b-a1a8aa3c8487"),
        (Tlp::Green, "green", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
        (Tlp::Amber, "amber", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
        (Tlp::AmberStrict, "amber+strict", "939a9414-2ddd-4d32-a0cd-375ea402b003"),
        (Tlp::Red, "red", "e828b379-4e03-4974-9ac4-e53a884c97c1"),
    ];

    fn entry(self) -> (&'static str, &'static str) {
        Self::ALL.iter().find(|(tlp, ..)| *tlp == self).map_or(("red", Self::ALL[4].2), |(_, word, id)| (*word, *id))
    }

    /// The label.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// The id of its marking definition.
    pub(crate) fn id(self) -> String {
        format!("marking-definition--{}", self.entry().1)
    }

    pub(crate) fn of_id(id: &str) -> Option<Tlp> {
        Self::ALL.iter().map(|(tlp, ..)| *tlp).find(|tlp| tlp.id() == id)
    }

    pub(crate) fn marking(self) -> Value {
        json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": self.id(),
            "created": "2022-10-01T00:00:00.000Z",
            "name": format!("TLP:{}", self.as_str().to_ascii_uppercase()),
            "extensions": {
                "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                    "extension_type": "property-extension",
                    "tlp_2_0": self.as_str(),
                }
            }
        })
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Tlp {
    type Err = UnknownTlp;

    fn from_str(text: &str) -> Result<Tlp, UnknownTlp> {
        let word = text.trim().to_ascii_lowercase();
        let word = word.strip_prefix("tlp:").unwrap_or(&word);
        let found = Self::ALL.iter().find(|(_, known, _)| *known == word).map(|(tlp, ..)| *tlp);
        found.ok_or_else(|| UnknownTlp(text.chars().take(32).collect()))
    }
}
