//! The walk over the top-level object of a request.

use super::error::{HeadError, HeadProblem, Stop};
use super::fields::{self, ObjectKind, Top, TopKey};
use super::nested::Inside;
use super::{MAX_MODEL_BYTES, NestedModel, Reference, RequestHead};
use crate::Api;
use crate::json::{Cursor, Kind, Text};
use std::borrow::Cow;
use std::ops::Range;

/// Most stored objects and nested models one request may name. Each costs a
/// look-up, and no honest request comes near.
pub(super) const MAX_REFERENCES: usize = 4096;

/// Reads the head of a request body.
///
/// Checks the whole body against RFC 8259 on the way, so a body that passes is
/// read alike by every conforming parser as far as governed fields go.
///
/// # Errors
/// Says what is wrong, with the field and the place; see [`HeadProblem`].
pub fn scan(api: Api, body: &[u8]) -> Result<RequestHead<'_>, HeadError> {
    Scanner::run(api, body).map_err(|stop| stop.into_error(body))
}

/// The cursor and what has been found so far.
pub(super) struct Scanner<'a> {
    pub(super) api: Api,
    pub(super) cursor: Cursor<'a>,
    seen: u64,
    model: Option<(Cow<'a, str>, Range<usize>)>,
    stream: bool,
    output_limit: Option<u64>,
    n: Option<u64>,
    n_span: Option<Range<usize>>,
    include_usage: bool,
    background: bool,
    store: Option<bool>,
    pub(super) references: Vec<Reference<'a>>,
    pub(super) nested_models: Vec<NestedModel<'a>>,
    pub(super) has_media: bool,
}

impl<'a> Scanner<'a> {
    fn run(api: Api, body: &'a [u8]) -> Result<RequestHead<'a>, Stop> {
        let mut scanner = Scanner {
            api,
            cursor: Cursor::new(body)?,
            seen: 0,
            model: None,
            stream: false,
            output_limit: None,
            n: None,
            n_span: None,
            include_usage: false,
            background: false,
            store: None,
            references: Vec::new(),
            nested_models: Vec::new(),
            has_media: false,
        };
        scanner.top_level_object()?;
        scanner.cursor.finish()?;
        scanner.into_head(body)
    }

    fn into_head(self, body: &[u8]) -> Result<RequestHead<'a>, Stop> {
        let Some((model, model_span)) = self.model else {
            return Err(Stop { problem: HeadProblem::ModelMissing, offset: body.len() });
        };
        Ok(RequestHead {
            api: self.api,
            model,
            model_span,
            stream: self.stream,
            output_limit: self.output_limit,
            n: self.n,
            n_span: self.n_span,
            include_usage: self.include_usage,
            references: self.references,
            nested_models: self.nested_models,
            background: self.background,
            store: self.store,
            has_media: self.has_media,
        })
    }

    fn top_level_object(&mut self) -> Result<(), Stop> {
        if self.cursor.kind()? != Kind::Object {
            // A broken value is named as such before its type is.
            let offset = self.cursor.position();
            self.cursor.skip_value()?;
            return Err(Stop { problem: HeadProblem::NotAnObject, offset });
        }
        self.cursor.open()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            let name = key.unescaped();
            match fields::top_key(&name) {
                TopKey::Governed(top, bit, name) => {
                    self.once(bit, name, &key)?;
                    self.governed(top, &key)?;
                }
                TopKey::OtherCase(name) => return refuse(HeadProblem::OtherCase(name), &key),
                TopKey::Free => self.member(&name, Inside::plain(""))?,
            }
        }
        Ok(())
    }

    fn once(&mut self, bit: u64, name: &'static str, key: &Text<'a>) -> Result<(), Stop> {
        if self.seen & bit != 0 {
            return refuse(HeadProblem::Repeated(name), key);
        }
        self.seen |= bit;
        Ok(())
    }

    fn governed(&mut self, top: Top, key: &Text<'a>) -> Result<(), Stop> {
        match top {
            Top::Model => self.read_model()?,
            Top::Stream => self.stream = self.boolean("stream")?.unwrap_or(false),
            Top::OutputLimit(name) => {
                let limit = self.whole_number(name)?;
                if fields::obeys_limit(self.api, name) {
                    self.output_limit = self.output_limit.max(limit);
                }
            }
            Top::N => {
                self.cursor.kind()?;
                let start = self.cursor.position();
                self.n = self.whole_number("n")?;
                self.n_span = Some(start..self.cursor.position());
            }
            Top::StreamOptions => self.stream_options()?,
            Top::Background => self.background = self.boolean("background")?.unwrap_or(false),
            Top::Store => self.store = self.boolean("store")?,
            Top::PreviousResponse => {
                if let Some(id) = self.string_or_null("previous_response_id")? {
                    self.refer("previous_response_id", ObjectKind::Response, id)?;
                }
            }
            Top::Conversation => {
                self.holder("conversation", ObjectKind::Conversation, Inside::plain("conversation"))?
            }
            // In the Completions API the prompt is the text itself.
            Top::Prompt if self.api == Api::OpenAiCompletions => self.cursor.skip_value()?,
            Top::Prompt => self.holder("prompt", ObjectKind::Prompt, Inside::plain("prompt"))?,
            Top::Input => self.value(Inside::input_list())?,
            Top::Moderation => self.value(Inside::with_models("moderation"))?,
            Top::Routing(name) => return refuse(HeadProblem::Routing(name), key),
        }
        Ok(())
    }

    fn read_model(&mut self) -> Result<(), Stop> {
        if self.cursor.kind()? != Kind::String {
            return self.wrong_type("model", "a string");
        }
        let text = self.cursor.string()?;
        let model = text.unescaped();
        let problem = if model.is_empty() {
            HeadProblem::ModelEmpty
        } else if model.len() > MAX_MODEL_BYTES {
            HeadProblem::ModelTooLong
        } else if model.chars().any(char::is_control) {
            HeadProblem::ModelControlCharacter
        } else {
            self.model = Some((model, text.span()));
            return Ok(());
        };
        refuse(problem, &text)
    }

    fn stream_options(&mut self) -> Result<(), Stop> {
        const FIELD: &str = "stream_options.include_usage";
        match self.cursor.kind()? {
            Kind::Null => return Ok(self.cursor.literal("null")?),
            Kind::Object => self.cursor.open()?,
            _ => return self.wrong_type("stream_options", "an object"),
        }
        let (mut first, mut seen) = (true, false);
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            if key.unescaped() != "include_usage" {
                self.cursor.skip_value()?;
                continue;
            }
            if seen {
                return refuse(HeadProblem::Repeated(FIELD), &key);
            }
            seen = true;
            self.include_usage = self.boolean(FIELD)?.unwrap_or(false);
        }
        Ok(())
    }

    fn boolean(&mut self, field: &'static str) -> Result<Option<bool>, Stop> {
        match self.cursor.kind()? {
            Kind::True => self.cursor.literal("true").map(|()| Some(true)),
            Kind::False => self.cursor.literal("false").map(|()| Some(false)),
            Kind::Null => self.cursor.literal("null").map(|()| None),
            _ => return self.wrong_type(field, "true or false"),
        }
        .map_err(Stop::from)
    }

    fn whole_number(&mut self, field: &'static str) -> Result<Option<u64>, Stop> {
        const DUE: &str = "a whole number, written with digits only";
        let offset = match self.cursor.kind()? {
            Kind::Null => {
                return self.cursor.literal("null").map(|()| None).map_err(Stop::from);
            }
            Kind::Number => self.cursor.position(),
            _ => return self.wrong_type(field, DUE),
        };
        // Programs round `1e3` and `1000.0` in different ways, so neither passes.
        match self.cursor.number()?.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Stop { problem: HeadProblem::WrongType(field, DUE), offset }),
        }
    }

    fn string_or_null(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        match self.cursor.kind()? {
            Kind::String => Ok(Some(self.cursor.string()?)),
            Kind::Null => Ok(self.cursor.literal("null").map(|()| None)?),
            _ => self.wrong_type(field, "a string"),
        }
    }

    /// Refuses the value that is next, unless it is not JSON at all.
    pub(super) fn wrong_type<T>(&mut self, field: &'static str, due: &'static str) -> Result<T, Stop> {
        let offset = self.cursor.position();
        self.cursor.skip_value()?;
        Err(Stop { problem: HeadProblem::WrongType(field, due), offset })
    }

    pub(super) fn refer(&mut self, field: &'static str, kind: ObjectKind, id: Text<'a>) -> Result<(), Stop> {
        self.count_reference(&id)?;
        self.references.push(Reference { field, kind, id: id.unescaped() });
        Ok(())
    }

    pub(super) fn count_reference(&self, text: &Text<'a>) -> Result<(), Stop> {
        if self.references.len() + self.nested_models.len() >= MAX_REFERENCES {
            return refuse(HeadProblem::TooManyReferences(MAX_REFERENCES), text);
        }
        Ok(())
    }
}

fn refuse<T>(problem: HeadProblem, text: &Text<'_>) -> Result<T, Stop> {
    Err(Stop { problem, offset: text.span().start })
}
