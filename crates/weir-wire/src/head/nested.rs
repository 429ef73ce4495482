//! The walk below the top level: stored objects, second models, media.
//!
//! A caller could reach another account's conversation, or a model that was
//! never decided on, by naming it deep inside a request. So every object is
//! looked at, except the caller's own data (tool schemas, arguments, labels),
//! where the same words mean nothing to the API.

use super::NestedModel;
use super::error::Stop;
use super::fields::{self, Inner, ObjectKind};
use super::scanner::Scanner;
use crate::json::{Kind, Text};

/// Where in the request the walk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    /// The top-level field, where it matters for a message.
    field: &'static str,
    /// Whether a `model` here names a model to run.
    models: bool,
    /// Whether objects here are items of the Responses API's `input`.
    items: bool,
}

impl Inside {
    pub(super) fn plain(field: &'static str) -> Self {
        Inside { field, models: false, items: false }
    }

    pub(super) fn with_models(field: &'static str) -> Self {
        Inside { field, models: true, items: false }
    }

    pub(super) fn input_list() -> Self {
        Inside { field: "input", models: false, items: true }
    }

    /// Below a part of an item there are no further items.
    fn deeper(self) -> Self {
        Inside { items: false, ..self }
    }
}

/// What tells an item reference from an item given in full. In the Responses
/// API the `type` of a reference may be left out, so an `id` with neither a
/// type nor a role is one too.
#[derive(Default)]
struct ItemShape<'a> {
    ids: Vec<Text<'a>>,
    is_reference: bool,
    has_type: bool,
    has_role: bool,
}

impl<'a> Scanner<'a> {
    /// Walks one value of any kind.
    pub(super) fn value(&mut self, inside: Inside) -> Result<(), Stop> {
        match self.cursor.kind()? {
            Kind::Object if inside.items => self.item(inside.deeper()),
            Kind::Object => self.object(inside),
            Kind::Array => self.array(inside),
            _ => Ok(self.cursor.skip_value()?),
        }
    }

    fn array(&mut self, inside: Inside) -> Result<(), Stop> {
        self.cursor.open()?;
        let mut first = true;
        while self.cursor.next_element(first)? {
            first = false;
            self.value(inside)?;
        }
        Ok(())
    }

    fn object(&mut self, inside: Inside) -> Result<(), Stop> {
        self.cursor.open()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            self.member(&key.unescaped(), inside)?;
        }
        Ok(())
    }

    /// Walks the value of `key`.
    pub(super) fn member(&mut self, key: &str, inside: Inside) -> Result<(), Stop> {
        match fields::inner_key(self.api, key) {
            Inner::Id(field, kind) => self.ids(field, kind, inside),
            Inner::Holder(field, kind) => self.holder(field, kind, inside),
            Inner::Model if inside.models => self.nested_model(inside),
            Inner::Type => self.part_type(inside).map(drop),
            Inner::Tools => {
                let field = if inside.field.is_empty() { "tools" } else { inside.field };
                self.value(Inside::with_models(field))
            }
            Inner::Opaque => Ok(self.cursor.skip_value()?),
            Inner::Model | Inner::Free => self.value(inside),
        }
    }

    /// An id, or a list of them. Anything else is walked like any value.
    fn ids(&mut self, field: &'static str, kind: ObjectKind, inside: Inside) -> Result<(), Stop> {
        match self.cursor.kind()? {
            Kind::String => {
                let id = self.cursor.string()?;
                self.refer(field, kind, id)
            }
            Kind::Array => {
                self.cursor.open()?;
                let mut first = true;
                while self.cursor.next_element(first)? {
                    first = false;
                    self.ids(field, kind, inside)?;
                }
                Ok(())
            }
            _ => self.value(inside),
        }
    }

    /// An id, or an object whose `id` is one.
    pub(super) fn holder(&mut self, field: &'static str, kind: ObjectKind, inside: Inside) -> Result<(), Stop> {
        match self.cursor.kind()? {
            Kind::String => {
                let id = self.cursor.string()?;
                self.refer(field, kind, id)
            }
            Kind::Object => {
                self.cursor.open()?;
                let mut first = true;
                while let Some(key) = self.cursor.next_key(first)? {
                    first = false;
                    let name = key.unescaped();
                    if name.eq_ignore_ascii_case("id") {
                        self.ids(field, kind, inside)?;
                    } else {
                        self.member(&name, inside)?;
                    }
                }
                Ok(())
            }
            _ => self.value(inside),
        }
    }

    fn nested_model(&mut self, inside: Inside) -> Result<(), Stop> {
        if self.cursor.kind()? != Kind::String {
            return self.value(inside);
        }
        let model = self.cursor.string()?;
        self.count_reference(&model)?;
        self.nested_models.push(NestedModel { field: inside.field, model: model.unescaped() });
        Ok(())
    }

    /// Notes media, and tells whether this is the type of an item reference.
    fn part_type(&mut self, inside: Inside) -> Result<bool, Stop> {
        if self.cursor.kind()? != Kind::String {
            self.value(inside)?;
            return Ok(false);
        }
        let part_type = self.cursor.string()?.unescaped();
        self.has_media |= fields::is_media(&part_type);
        Ok(part_type == "item_reference")
    }

    /// One item of the Responses API's `input`.
    fn item(&mut self, inside: Inside) -> Result<(), Stop> {
        self.cursor.open()?;
        let mut shape = ItemShape::default();
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            let name = key.unescaped();
            match name.as_ref() {
                "id" if self.cursor.kind()? == Kind::String => shape.ids.push(self.cursor.string()?),
                "type" => {
                    shape.has_type |= self.cursor.kind()? == Kind::String;
                    shape.is_reference |= self.part_type(inside)?;
                }
                "role" => {
                    shape.has_role |= self.cursor.kind()? == Kind::String;
                    self.value(inside)?;
                }
                other => self.member(other, inside)?,
            }
        }
        if shape.is_reference || !(shape.has_type || shape.has_role) {
            for id in shape.ids {
                self.refer("item_reference", ObjectKind::Item, id)?;
            }
        }
        Ok(())
    }
}
