//! JSON in which each name stands once: of two members of one name, one reader believes the first and another the last (RFC 8725, section 2.6).

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// What is made of an object.
pub(super) trait Members<'de>: Default {
    /// How many members an object may have, one within another too: they are compared each with each.
    const LIMIT: usize;

    /// Takes a member, by one of the methods of its value.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, value: Value<'_, 'de, A>) -> Result<(), A::Error>;
}

/// Reads an object, in one pass. The error says what is wrong with it, and quotes nothing.
pub(super) fn read<'de, M: Members<'de>>(json: &'de [u8]) -> Result<M, &'static str> {
    let mut strict = Strict { names: Vec::with_capacity(16), limit: M::LIMIT, problem: "it is no JSON object" };
    let mut members = M::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    match reader.deserialize_map(Object { strict: &mut strict, members: &mut members }) {
        Ok(()) => reader.end().map(|()| members).map_err(|_| "something stands behind it"),
        Err(_) => Err(strict.problem),
    }
}

/// What is known while it is read.
struct Strict<'de> {
    /// Those of the objects that are open; those of the innermost last.
    names: Vec<Cow<'de, str>>,
    limit: usize,
    /// What an error is about.
    problem: &'static str,
}

impl<'de> Strict<'de> {
    /// Reads the members of an object, each of which is taken.
    fn members<A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        mut take: impl FnMut(&str, Value<'_, 'de, A>) -> Result<(), A::Error>,
    ) -> Result<(), A::Error> {
        let outer = self.names.len();
        while let Some(name) = map.next_key_seed(Text)? {
            let others = self.names.get(outer..).unwrap_or_default();
            if others.len() == self.limit {
                self.problem = "it has too many members";
                return Err(A::Error::custom(self.problem));
            }
            if others.contains(&name) {
                self.problem = "a member stands twice";
                return Err(A::Error::custom(self.problem));
            }
            take(&name, Value { map: &mut map, strict: self })?;
            self.names.push(name);
        }
        self.names.truncate(outer);
        Ok(())
    }
}

/// A member's value, which is still to be read.
pub(super) struct Value<'v, 'de, A> {
    map: &'v mut A,
    strict: &'v mut Strict<'de>,
}

impl<'de, A: MapAccess<'de>> Value<'_, 'de, A> {
    /// As a text; with what to say where it is none.
    pub(super) fn text(self, problem: &'static str) -> Result<Option<Cow<'de, str>>, A::Error> {
        self.by(Text, problem)
    }

    /// As a text or several.
    pub(super) fn texts(self, problem: &'static str) -> Result<Option<Texts<'de>>, A::Error> {
        self.by(OneOrMany, problem)
    }

    /// As a number.
    pub(super) fn number(self, problem: &'static str) -> Result<Option<f64>, A::Error> {
        self.by(Number, problem)
    }

    /// Reads it for nothing but its names.
    pub(super) fn skip(self) -> Result<(), A::Error> {
        self.map.next_value_seed(Skip(self.strict))
    }

    fn by<S: DeserializeSeed<'de>>(self, seed: S, problem: &'static str) -> Result<Option<S::Value>, A::Error> {
        self.map.next_value_seed(seed).map(Some).inspect_err(|_| self.strict.problem = problem)
    }
}

/// A text, or an array of them.
#[derive(Debug)]
pub(super) enum Texts<'de> {
    One(Cow<'de, str>),
    Many(Vec<Cow<'de, str>>),
}

impl Texts<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts.as_slice(),
        }
        .iter()
        .map(|text| &**text)
    }
}

/// An object, by its members.
struct Object<'s, 'de, M> {
    strict: &'s mut Strict<'de>,
    members: &'s mut M,
}

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, 'de, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.strict.members(map, |name, value| self.members.take(name, value))
    }
}

/// Anything.
struct Skip<'s, 'de>(&'s mut Strict<'de>);

impl<'de> DeserializeSeed<'de> for Skip<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(Skip(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.members(map, |_, value| value.skip())
    }
}

/// A text, which is borrowed unless something in it is escaped.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct OneOrMany;

impl<'de> DeserializeSeed<'de> for OneOrMany {
    type Value = Texts<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or several")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Text.visit_borrowed_str(text).map(Texts::One)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Text.visit_str(text).map(Texts::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = array.next_element_seed(Text)? {
            texts.push(text);
        }
        Ok(Texts::Many(texts))
    }
}

struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = f64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_f64(self)
    }
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    // Times are far from where a double is not exact to the second; what is beyond is far past or far off either way.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    #[allow(clippy::cast_precision_loss, reason = "see above")]
    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }
}
