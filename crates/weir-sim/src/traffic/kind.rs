//! The kinds of accounts: adversaries, look-alikes, innocents, the rest.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// Why an account is in a simulation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word for it in files and on the command line.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it stands for, in one line.
            #[must_use]
            pub fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

kinds! {
    /// Ordinary accounts: chats, applications, users of popular frameworks.
    Benign = "benign",
    /// A naive campaign: one fixed template, shared proxies, central queue.
    A1 = "A1",
    /// A few prompts an account and day over very many accounts.
    A2 = "A2",
    /// Few accounts, each loud.
    A3 = "A3",
    /// One residential address and one card an account.
    A4 = "A4",
    /// Jittered times and a person's hours.
    A5 = "A5",
    /// Paraphrased templates.
    A6 = "A6",
    /// Cover traffic of real users on the same accounts.
    A7 = "A7",
    /// A slow ramp.
    A8 = "A8",
    /// Rotation after a ban, the second pool made in advance.
    A9 = "A9",
    /// A pivot to a new model on its first day.
    A10 = "A10",
    /// A fixed wrapper in several languages.
    A11 = "A11",
    /// Genuine users rerouted, no template at all.
    A12 = "A12",
    /// Two campaigns on one proxy pool.
    A13 = "A13",
    /// An adaptive adversary: a point of the parameter space.
    A14 = "A14",
    /// Staff behind one address with one library and one declared party.
    B1 = "B1",
    /// Unrelated users of one agent framework with its system prompt.
    B2 = "B2",
    /// Researchers who run the same evaluation harness.
    B3 = "B3",
    /// A class with the same homework, campus network and deadline.
    B4 = "B4",
    /// A declared customer who labels in batches with many keys.
    B5 = "B5",
    /// Programs of unrelated owners that call on exact minutes.
    B6 = "B6",
    /// Unrelated people behind one carrier or event network, signed up at once.
    B7 = "B7",
    /// A prompt that goes round one day.
    B8 = "B8",
    /// A reseller with disclosed sub-accounts.
    B9 = "B9",
    /// Families and shared cards.
    B10 = "B10",
    /// A small firm whose keys are undeclared.
    SmallFirm = "small-firm",
    /// A laboratory that makes training data openly.
    OpenLaboratory = "open-laboratory",
    /// Free-tier abusers: shared identities, but no shared work.
    FreeTier = "free-tier",
    /// Users of one document tool with private files.
    DocumentTool = "document-tool",
    /// A customer behind the same proxy exits as a campaign.
    SameProxies = "same-proxies",
    /// A user of the public harness that a campaign uses.
    PublicHarness = "public-harness",
    /// Somebody who copied the campaign's template from a forum.
    ForumTemplate = "forum-template",
    /// A real customer whose key was stolen and is used by a campaign too.
    StolenKey = "stolen-key",
    /// A bystander who is being framed.
    Bystander = "bystander",
}

impl Kind {
    /// Whether accounts of it belong to a campaign.
    #[must_use]
    pub fn is_adversary(self) -> bool {
        (Self::A1..=Self::A14).contains(&self)
    }

    /// Whether it is planted beside a campaign to be mistaken for it.
    #[must_use]
    pub fn is_hard_innocent(self) -> bool {
        self >= Self::SameProxies
    }

    /// Whether it is an ordinary look-alike, planted in groups.
    #[must_use]
    pub fn is_look_alike(self) -> bool {
        (Self::B1..=Self::DocumentTool).contains(&self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownKind { text: text.to_owned() })
    }
}

/// No kind is called that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kind is called `{text}`")]
pub struct UnknownKind {
    text: String,
}
