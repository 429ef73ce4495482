//! What the table of commands makes of itself: a type for each, and how one is
//! read from a request.

use super::Command;

macro_rules! commands {
    ($($(#[$doc:meta])* $verb:literal $variant:ident { $($(#[$fdoc:meta])* $field:ident : $type:ty,)* })*) => {
        /// A change an operator asks for.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "command", content = "with")]
        pub enum Command {
            $($(#[$doc])* #[serde(rename = $verb)] $variant($variant),)*
        }

        impl Command {
            /// Every verb, as `noun.verb`.
            pub const VERBS: &'static [&'static str] = &[$($verb,)*];

            /// The action that the rules of authority know it by: the kind of
            /// the act it becomes.
            pub const fn action(&self) -> &'static str {
                match self {
                    Command::DraftDrop(_) => "draft.close",
                    Command::CampaignAct(_) => "measure.take",
                    Command::RulesUpgrade(_) => "rules.set",
                    _ => self.verb(),
                }
            }

            /// The verb of this command.
            pub const fn verb(&self) -> &'static str {
                match self { $(Command::$variant(_) => $verb,)* }
            }
        }

        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $variant { $($(#[$fdoc])* pub $field: $type,)* }

        impl From<$variant> for Command {
            fn from(command: $variant) -> Command {
                Command::$variant(command)
            }
        })*
    };
}

/// The kind of measure that there is a word for and no room.
pub const COVERT: &str =
    "`covert` is a reserved word: what is done about an account is always said to it, so no measure is taken covertly";

fn is_covert(body: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(body).is_ok_and(|body| body["kind"] == "covert")
}

impl Command {
    /// Reads the command `noun.verb` from the JSON body of a request.
    ///
    /// # Errors
    /// When there is no such verb, or the body does not fit it; the message
    /// names the field.
    pub fn from_parts(verb: &str, body: &serde_json::value::RawValue) -> Result<Command, serde_json::Error> {
        if matches!(verb, "measure.take" | "campaign.act") && is_covert(body.get()) {
            return Err(serde::de::Error::custom(COVERT));
        }
        let text = format!("{{\"command\":{},\"with\":{}}}", serde_json::to_string(verb)?, body.get());
        serde_json::from_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    #[test]
    fn a_wrong_field_is_named_and_an_unknown_verb_lists_the_known() {
        let body = RawValue::from_string(r#"{"id":"acme","nam":"Acme"}"#.into()).unwrap();
        assert!(Command::from_parts("party.add", &body).unwrap_err().to_string().contains("`nam`"));
        assert!(Command::from_parts("party.ad", &body).unwrap_err().to_string().contains("party.add"));
    }
}
