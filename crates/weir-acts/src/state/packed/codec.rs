//! Values as bytes: numbers as variable-length groups of seven bits, lists by
//! their length first, nothing aligned and nothing named. Only the program
//! that wrote such bytes reads them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::starts::{Numbers, Reader, Starts};
use crate::holder::Start;

/// Where values are written.
#[derive(Debug)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    words: HashMap<Arc<str>, u64>,
    starts: Arc<Numbers>,
}

/// Where they are read.
#[derive(Debug)]
pub(super) struct Unpacker<'b> {
    rest: &'b [u8],
    words: Vec<Arc<str>>,
    starts: Reader<'b>,
}

/// Written and read back as it was.
pub(super) trait Packed: Sized {
    fn pack(&self, out: &mut Packer);

    /// None where the bytes are no such value.
    fn unpack(from: &mut Unpacker<'_>) -> Option<Self>;
}

impl Packer {
    pub(super) fn new(starts: &Arc<Numbers>) -> Packer {
        Packer { bytes: Vec::new(), words: HashMap::new(), starts: Arc::clone(starts) }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// A word that many values share: in full the first time, then by number.
    fn word(&mut self, word: &Arc<str>) {
        if let Some(number) = self.words.get(word) {
            return self.number(*number);
        }
        self.number(0);
        self.text(word);
        self.words.insert(Arc::clone(word), self.words.len() as u64 + 1);
    }
}

impl<'b> Unpacker<'b> {
    pub(super) fn new(bytes: &'b [u8], starts: &'b Starts) -> Unpacker<'b> {
        Unpacker { rest: bytes, words: Vec::new(), starts: Reader::new(starts) }
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    fn raw(&mut self, length: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.raw(length)?).ok()
    }

    fn word(&mut self) -> Option<Arc<str>> {
        match self.number()? {
            0 => {
                let word: Arc<str> = self.text()?.into();
                self.words.push(Arc::clone(&word));
                Some(word)
            }
            number => self.words.get(usize::try_from(number - 1).ok()?).cloned(),
        }
    }

    /// A list's length, and room for it: no more than there are bytes left,
    /// whatever they say.
    fn length(&mut self) -> Option<(u64, usize)> {
        let length = self.number()?;
        Some((length, usize::try_from(length).unwrap_or(usize::MAX).min(self.rest.len())))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Packed for $number {
            fn pack(&self, out: &mut Packer) {
                out.number(u64::from(*self));
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                from.number()?.try_into().ok()
            }
        }
    )*};
}

numbers!(u8, u32, u64);

impl Packed for i64 {
    fn pack(&self, out: &mut Packer) {
        out.raw(&self.to_le_bytes());
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.array().map(i64::from_le_bytes)
    }
}

impl Packed for bool {
    fn pack(&self, out: &mut Packer) {
        out.number(u64::from(*self));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        match from.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Packed for [u8; N] {
    fn pack(&self, out: &mut Packer) {
        out.raw(self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.array()
    }
}

/// With the number of its import, 0 where it is none's.
impl Packed for Start {
    fn pack(&self, out: &mut Packer) {
        let number = match self {
            Start::At(_) => 0,
            Start::With(act) => out.starts.of(act),
        };
        number.pack(out);
        self.time().pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let (number, time) = Packed::unpack(from)?;
        if number == 0 { Some(Start::At(time)) } else { from.starts.with(number, time) }
    }
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Packed for $text {
            fn pack(&self, out: &mut Packer) {
                out.text(self);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                from.text().map(Into::into)
            }
        }
    )*};
}

texts!(String, Box<str>, Arc<str>);

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Packer) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        match bool::unpack(from)? {
            true => T::unpack(from).map(Some),
            false => Some(None),
        }
    }
}

impl<T: Packed> Packed for Arc<T> {
    fn pack(&self, out: &mut Packer) {
        T::pack(self, out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        T::unpack(from).map(Arc::new)
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        self.iter().for_each(|value| value.pack(out));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let (length, room) = from.length()?;
        let mut values = Vec::with_capacity(room);
        for _ in 0..length {
            values.push(T::unpack(from)?);
        }
        Some(values)
    }
}

impl<T: Packed + Ord> Packed for BTreeSet<T> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        self.iter().for_each(|value| value.pack(out));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Vec::unpack(from).map(|values| values.into_iter().collect())
    }
}

impl<K: Packed + Ord, V: Packed> Packed for BTreeMap<K, V> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        for (key, value) in self {
            key.pack(out);
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Vec::<(K, V)>::unpack(from).map(|entries| entries.into_iter().collect())
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: Packed),*> Packed for ($($part,)*) {
            fn pack(&self, out: &mut Packer) {
                $(self.$place.pack(out);)*
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                Some(($($part::unpack(from)?,)*))
            }
        }
    )*};
}

tuples! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }

/// How a field of words that many share is written.
pub(super) mod word {
    use super::{Packed, Packer, Unpacker};
    use std::sync::Arc;

    pub(crate) trait Word: Sized {
        fn pack_word(&self, out: &mut Packer);
        fn unpack_word(from: &mut Unpacker<'_>) -> Option<Self>;
    }

    impl Word for Arc<str> {
        fn pack_word(&self, out: &mut Packer) {
            out.word(self);
        }

        fn unpack_word(from: &mut Unpacker<'_>) -> Option<Self> {
            from.word()
        }
    }

    impl Word for Option<Arc<str>> {
        fn pack_word(&self, out: &mut Packer) {
            self.is_some().pack(out);
            if let Some(word) = self {
                out.word(word);
            }
        }

        fn unpack_word(from: &mut Unpacker<'_>) -> Option<Self> {
            match bool::unpack(from)? {
                true => from.word().map(Some),
                false => Some(None),
            }
        }
    }
}

/// How a value is written whose JSON is fixed by the acts that hold it.
pub(super) mod json {
    use super::{Packed, Packer, Unpacker};
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    pub(crate) fn pack<T: Serialize>(value: &T, out: &mut Packer) {
        // What is written of a value that has no JSON does not read back.
        serde_json::to_string(value).unwrap_or_default().pack(out);
    }

    pub(crate) fn unpack<T: DeserializeOwned>(from: &mut Unpacker<'_>) -> Option<T> {
        serde_json::from_str(&String::unpack(from)?).ok()
    }
}
