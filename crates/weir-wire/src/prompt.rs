//! What a request says to the model: the texts and settings that the record of
//! an exchange is made of. Read off the request path, from a body that
//! [`crate::head::scan`] has passed, so nothing is refused here: what cannot be
//! read is unknown.
//!
//! Texts are found as a provider's log would tell them: the system's text is
//! the first that is not empty, of a user the first and the last. Content in
//! parts is the texts of its parts, each on a line of its own.

use std::borrow::Cow;

use crate::Api;
use crate::json::{Cursor, JsonError, Kind, Text};

/// What a request says. Borrowed from the body where no escape had to be
/// undone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt<'b> {
    /// The first text of the system or the developer.
    pub system: Option<Cow<'b, str>>,
    /// The first text of the user, where another follows it.
    pub first_user: Option<Cow<'b, str>>,
    /// The user's text right before the last, where it is not the first.
    pub user_before: Option<Cow<'b, str>>,
    /// How many messages the user has.
    pub user_turns: usize,
    /// The last text of the user.
    pub last_user: Option<Cow<'b, str>>,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// Whether log-probabilities were asked for.
    pub logprobs: Option<bool>,
    /// The conversation this is a turn of, where the API has one.
    pub conversation: Option<Cow<'b, str>>,
}

/// Reads what a request of `api` says; of a body that is not JSON, as far as it
/// is.
#[must_use]
pub fn read(api: Api, body: &[u8]) -> Prompt<'_> {
    let Ok(cursor) = Cursor::new(body) else { return Prompt::default() };
    let mut reader = Reader { api, cursor, prompt: Prompt::default(), system: None, users: Vec::new() };
    // What was read before the trouble stands.
    let _trouble = reader.top();
    reader.finish()
}

struct Reader<'b> {
    api: Api,
    cursor: Cursor<'b>,
    prompt: Prompt<'b>,
    /// The first system text among the messages.
    system: Option<Cow<'b, str>>,
    /// The contents of the user's messages.
    users: Vec<Content<'b>>,
}

/// A content that was passed over.
#[derive(Clone, Copy)]
enum Content<'b> {
    /// A string.
    Text(Text<'b>),
    /// Something else, which stands there.
    At(usize),
}

impl<'b> Reader<'b> {
    fn top(&mut self) -> Result<(), JsonError> {
        if self.cursor.kind()? != Kind::Object {
            return Ok(());
        }
        self.cursor.open()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match (&*key.unescaped(), self.api) {
                ("messages", Api::OpenAiChat | Api::AnthropicMessages | Api::AnthropicCountTokens) => {
                    self.messages()?;
                }
                ("input", Api::OpenAiResponses) if self.cursor.kind()? == Kind::Array => self.messages()?,
                ("input", Api::OpenAiResponses | Api::OpenAiEmbeddings) | ("prompt", Api::OpenAiCompletions) => {
                    let content = self.pass()?;
                    self.users.push(content);
                }
                ("system", Api::AnthropicMessages | Api::AnthropicCountTokens)
                | ("instructions", Api::OpenAiResponses) => {
                    self.prompt.system = Some(content(&mut self.cursor)?).filter(|text| !text.is_empty());
                }
                ("temperature", _) => self.prompt.temperature = number(&mut self.cursor)?,
                ("logprobs", _) => self.logprobs()?,
                ("top_logprobs", Api::OpenAiResponses) => self.logprobs()?,
                ("conversation", Api::OpenAiResponses) => self.conversation()?,
                _ => self.cursor.skip_value()?,
            }
        }
        Ok(())
    }

    fn messages(&mut self) -> Result<(), JsonError> {
        if self.cursor.kind()? != Kind::Array {
            return self.cursor.skip_value();
        }
        self.cursor.open()?;
        let mut first = true;
        while self.cursor.next_element(first)? {
            first = false;
            if self.cursor.kind()? == Kind::Object { self.message()? } else { self.cursor.skip_value()? }
        }
        Ok(())
    }

    fn message(&mut self) -> Result<(), JsonError> {
        let (mut role, mut at) = (None, None);
        self.cursor.open()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key.unescaped() {
                "role" if self.cursor.kind()? == Kind::String => role = Some(self.cursor.string()?.unescaped()),
                "content" => at = Some(self.pass()?),
                _ => self.cursor.skip_value()?,
            }
        }
        match (role.as_deref(), at) {
            (Some("user"), Some(at)) => self.users.push(at),
            (Some("system" | "developer"), Some(at)) if self.system.is_none() => {
                self.system = self.text_of(at);
            }
            _ => {}
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<Content<'b>, JsonError> {
        if self.cursor.kind()? == Kind::String {
            return self.cursor.string().map(Content::Text);
        }
        let at = self.cursor.position();
        self.cursor.skip_value().map(|()| Content::At(at))
    }

    fn logprobs(&mut self) -> Result<(), JsonError> {
        match self.cursor.kind()? {
            Kind::True => {
                self.prompt.logprobs = Some(true);
                self.cursor.literal("true")
            }
            Kind::False => {
                self.prompt.logprobs = Some(false);
                self.cursor.literal("false")
            }
            Kind::Number => {
                self.prompt.logprobs = Some(number(&mut self.cursor)?.is_some_and(|count| count > 0.0));
                Ok(())
            }
            _ => self.cursor.skip_value(),
        }
    }

    /// Its id, or an object that has one.
    fn conversation(&mut self) -> Result<(), JsonError> {
        match self.cursor.kind()? {
            Kind::String => self.prompt.conversation = Some(self.cursor.string()?.unescaped()),
            Kind::Object => {
                self.cursor.open()?;
                let mut first = true;
                while let Some(key) = self.cursor.next_key(first)? {
                    first = false;
                    if key.unescaped() == "id" && self.cursor.kind()? == Kind::String {
                        self.prompt.conversation = Some(self.cursor.string()?.unescaped());
                    } else {
                        self.cursor.skip_value()?;
                    }
                }
            }
            _ => self.cursor.skip_value()?,
        }
        Ok(())
    }

    fn text_of(&self, passed: Content<'b>) -> Option<Cow<'b, str>> {
        let text = match passed {
            Content::Text(text) => Some(text.unescaped()),
            Content::At(at) => content(&mut self.cursor.again_from(at)).ok(),
        };
        text.filter(|text| !text.is_empty())
    }

    /// Only the outermost texts and the one before the last are read, however long the
    /// conversation is.
    fn finish(mut self) -> Prompt<'b> {
        let text = |passed: &Content<'b>| self.text_of(*passed);
        let first = self.users.iter().enumerate().find_map(|(place, at)| Some((place, text(at)?)));
        let last = self.users.iter().enumerate().rev().find_map(|(place, at)| Some((place, text(at)?)));
        if let (Some((first_place, first)), Some((last_place, last))) = (first, last) {
            self.prompt.user_before = self.users[first_place..last_place].iter().skip(1).rev().find_map(text);
            self.prompt.first_user = (first_place != last_place).then_some(first);
            self.prompt.last_user = Some(last);
        }
        self.prompt.user_turns = self.users.len();
        self.prompt.system = self.prompt.system.take().or(self.system);
        self.prompt
    }
}

/// The text of a content: a string, or the texts of its parts.
fn content<'b>(cursor: &mut Cursor<'b>) -> Result<Cow<'b, str>, JsonError> {
    match cursor.kind()? {
        Kind::String => Ok(cursor.string()?.unescaped()),
        Kind::Array => {
            let mut joined: Option<Cow<'b, str>> = None;
            cursor.open()?;
            let mut first = true;
            while cursor.next_element(first)? {
                first = false;
                let Some(text) = part(cursor)? else { continue };
                joined = Some(match joined {
                    None => text,
                    Some(before) => Cow::Owned(before.into_owned() + "\n" + &text),
                });
            }
            Ok(joined.unwrap_or_default())
        }
        _ => cursor.skip_value().map(|()| Cow::Borrowed("")),
    }
}

/// The text of a part: bare, or in an object's `text`.
fn part<'b>(cursor: &mut Cursor<'b>) -> Result<Option<Cow<'b, str>>, JsonError> {
    match cursor.kind()? {
        Kind::String => Ok(Some(cursor.string()?.unescaped())),
        Kind::Object => {
            let mut text = None;
            cursor.open()?;
            let mut first = true;
            while let Some(key) = cursor.next_key(first)? {
                first = false;
                if key.unescaped() == "text" && cursor.kind()? == Kind::String {
                    text = Some(cursor.string()?.unescaped());
                } else {
                    cursor.skip_value()?;
                }
            }
            Ok(text)
        }
        _ => cursor.skip_value().map(|()| None),
    }
}

fn number(cursor: &mut Cursor<'_>) -> Result<Option<f64>, JsonError> {
    if cursor.kind()? != Kind::Number {
        return cursor.skip_value().map(|()| None);
    }
    Ok(cursor.number()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(api: Api, body: &str) -> [Option<String>; 3] {
        let prompt = read(api, body.as_bytes());
        [prompt.system, prompt.first_user, prompt.last_user].map(|text| text.map(Cow::into_owned))
    }

    fn are(texts: [Option<&str>; 3]) -> [Option<String>; 3] {
        texts.map(|text| text.map(str::to_owned))
    }

    #[test]
    fn chat_is_read_for_its_outermost_texts() {
        let body = r#"{"model":"m","temperature":0.7,"logprobs":true,"messages":[
            {"content":"rules\n\"a\"","role":"system"},{"role":"developer","content":"more"},
            {"role":"user","content":""},{"role":"user","content":[{"type":"text","text":"one"},{"type":"image_url"},"two"]},
            {"role":"assistant","content":"no"},{"role":"user","content":"l\u00e4st"},{"role":"user","content":null}]}"#;
        assert_eq!(texts(Api::OpenAiChat, body), are([Some("rules\n\"a\""), Some("one\ntwo"), Some("läst")]));
        let prompt = read(Api::OpenAiChat, body.as_bytes());
        assert_eq!((prompt.temperature, prompt.logprobs, prompt.conversation), (Some(0.7), Some(true), None));
    }

    #[test]
    fn each_api_says_it_in_its_own_way() {
        let messages = r#"{"messages":[{"role":"user","content":"a"}],"system":[{"type":"text","text":"s"}]}"#;
        assert_eq!(texts(Api::AnthropicMessages, messages), are([Some("s"), None, Some("a")]));
        let responses = r#"{"instructions":"s","input":"a","conversation":{"id":"conv_1"},"top_logprobs":2}"#;
        assert_eq!(texts(Api::OpenAiResponses, responses), are([Some("s"), None, Some("a")]));
        let prompt = read(Api::OpenAiResponses, responses.as_bytes());
        assert_eq!((prompt.conversation.as_deref(), prompt.logprobs), (Some("conv_1"), Some(true)));
        let items = r#"{"conversation":"conv_2","input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},
            {"type":"reasoning","summary":[]},{"type":"message","role":"user","content":"b"}]}"#;
        assert_eq!(texts(Api::OpenAiResponses, items), are([None, Some("a"), Some("b")]));
        let prompt = read(Api::OpenAiResponses, items.as_bytes());
        assert_eq!((prompt.conversation.as_deref(), prompt.logprobs), (Some("conv_2"), None));
        assert_eq!(texts(Api::OpenAiCompletions, r#"{"prompt":"a","logprobs":3}"#), are([None, None, Some("a")]));
        assert_eq!(read(Api::OpenAiCompletions, br#"{"prompt":[1,2],"logprobs":0}"#).logprobs, Some(false));
        assert_eq!(texts(Api::OpenAiEmbeddings, r#"{"input":["a","b"]}"#), are([None, None, Some("a\nb")]));
    }

    proptest! {
        #[test]
        fn anything_is_answered(body: Vec<u8>) {
            for api in [Api::OpenAiChat, Api::OpenAiResponses, Api::AnthropicMessages, Api::OpenAiEmbeddings] {
                let _prompt = read(api, &body);
            }
        }

        #[test]
        fn texts_come_back_as_they_were_said(said in proptest::collection::vec(("system|user|assistant|developer", any::<String>()), 0..6)) {
            let messages: Vec<_> = said
                .iter()
                .map(|(role, content)| serde_json::json!({"role": role, "content": content}))
                .collect();
            let body = serde_json::json!({"messages": messages}).to_string();
            let of = |role: &str| -> Vec<_> {
                said.iter().filter(|(said_by, text)| said_by == role && !text.is_empty()).map(|(_, text)| text.clone()).collect()
            };
            let system = said.iter().find(|(role, text)| matches!(role.as_str(), "system" | "developer") && !text.is_empty());
            let users = of("user");
            let first = users.first().filter(|_| users.len() > 1).cloned();
            prop_assert_eq!(texts(Api::OpenAiChat, &body), [system.map(|(_, text)| text.clone()), first, users.last().cloned()]);
            let prompt = read(Api::OpenAiChat, body.as_bytes());
            prop_assert_eq!(prompt.user_before.as_deref(), users.iter().skip(1).nth_back(1).map(String::as_str));
            prop_assert_eq!(prompt.user_turns, said.iter().filter(|(role, _)| role == "user").count());
        }
    }
}
