//! The small closed vocabularies of the blueprint.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word as written.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, WordError> {
                match text {
                    $($word => Ok($name::$variant),)*
                    _ => Err(WordError {
                        text: text.chars().take(64).collect(),
                        expected: &[$($word,)*],
                    }),
                }
            }
        }
    )*};
}

/// The text is not one of the words allowed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of: {}", expected.join(", "))]
pub struct WordError {
    text: String,
    expected: &'static [&'static str],
}

words! {
    /// What a party is.
    PartyKind {
        /// An organisation.
        Institution = "institution",
        /// A human being.
        Person = "person",
    }

    /// What a claim kind speaks about. A claim may be made about what its kind
    /// describes or about a holder that speaks for it: a person's kind also
    /// on an account, an account's also on a party.
    Describes {
        /// The institution or person that asks for access.
        Party = "party",
        /// What it calls with.
        Account = "account",
        /// Who is behind a request.
        Person = "person",
    }

    /// How far a model is released.
    Stage {
        /// To nobody.
        Sealed = "sealed",
        /// To grants with purpose `evaluation`.
        Evaluation = "evaluation",
        /// To grants with purpose `defence`.
        Defenders = "defenders",
        /// To the stage's list, or a grant.
        Listed = "listed",
        /// To claim `kyb_level` of 2 or more, or a grant.
        Verified = "verified",
        /// To any account with a valid key.
        General = "general",
        /// As general; the weights are out for good.
        Open = "open",
    }

    /// What is done about an account or party.
    MeasureKind {
        /// Watched; nothing is withheld.
        Observe = "observe",
        /// Asked to verify.
        Verify = "verify",
        /// Slowed down.
        Throttle = "throttle",
        /// Served by the previous model.
        Fallback = "fallback",
        /// Reasoning and log-probabilities withheld.
        Withhold = "withhold",
        /// Refused.
        Refuse = "refuse",
        /// Refused, and the account is suspended.
        Suspend = "suspend",
    }

    /// What is shown of a campaign.
    CampaignStatus {
        /// Linkage, harvest and concealment.
        Campaign = "campaign",
        /// Linkage and harvest; concealment could not be told.
        Suspected = "suspected",
    }

    /// What an account is to a campaign.
    CampaignRole {
        /// Shown to take part by its own test.
        Member = "member",
        /// Seen with it; observed and nothing more.
        Associated = "associated",
    }

    /// What an operator may do.
    Role {
        /// Registers parties, accounts, keys and models.
        Operator = "operator",
        /// Looks into traffic and takes measures.
        Analyst = "analyst",
        /// Decides over stages, grants and directives.
        ReleaseOfficer = "release-officer",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
    }

    /// How an appeal ended.
    Ruling {
        /// What was done stands.
        Uphold = "uphold",
        /// What was done is undone.
        Overturn = "overturn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_and_a_wrong_one_lists_the_right_ones() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse::<Stage>().unwrap(), *stage);
            assert_eq!(serde_json::to_string(stage).unwrap(), format!("\"{stage}\""));
        }
        let error = "Release-Officer".parse::<Role>().unwrap_err();
        assert!(error.to_string().ends_with("operator, analyst, release-officer, auditor"), "{error}");
    }
}
