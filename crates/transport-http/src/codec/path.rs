use std::fmt::{self, Display};
use std::slice;

use http::request::Parts;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use towerkit_endpoint::Error;

use super::{DecodeRequest, shorten};
use crate::{Body, PathParams};

/// The parameters of the path, by serde: a struct whose fields are the names in the [`Router`](crate::Router)'s template, a tuple in the
/// order of the template, or, where there is one parameter, its value alone.
///
/// A value that can't be read is the caller's fault, and told with its parameter's name; parameters that the template does not have, or that
/// no [`Router`](crate::Router) has found, are the service's own, and so internal.
///
/// A [client](crate::Operation::codecs) writes them in the same ways.
///
/// ```
/// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
/// use towerkit_transport_http::codec::{Json, Path};
/// use towerkit_transport_http::{Remote, Router, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let row = endpoint_fn(|id: u64| async move { Ok::<_, Error>(id) });
/// let cell = endpoint_fn(|(id, column): (u64, String)| async move { Ok::<_, Error>(format!("{column}{id}")) });
/// let routes = Router::new()
///     .get("/rows/{id}", Server::new(row, Path, Json))
///     .get("/rows/{id}/{column}", Server::new(cell, Path, Json));
///
/// let remote = Remote::over(routes, "http://table")?; // over the network: a `Pool`
/// let cell: BoxEndpoint<(u64, String), String> = remote.get("/rows/{id}/{column}").codecs(Path, Json).erased();
/// assert_eq!(cell.invoke((7, "B".to_owned())).await?, "B7");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Path;

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Path {
    async fn decode(&self, parts: &mut Parts, _: Body, _: usize) -> Result<T, Error> {
        let params = parts.extensions.get::<PathParams>().map_or(&[][..], PathParams::pairs);
        T::deserialize(Params(params)).map_err(|wrong| match params {
            // What a type makes of its value (`try_from`) goes wrong when the value has been read.
            [(name, _)] if !wrong.is_ours => wrong.at(name).explain(),
            _ => wrong.explain(),
        })
    }
}

/// All parameters.
#[derive(Clone, Copy)]
struct Params<'de>(&'de [(String, String)]);

impl<'de> Params<'de> {
    fn in_order(self) -> InOrder<'de> {
        InOrder { rest: self.0.iter(), named: None }
    }

    /// The only one.
    fn one(self) -> Result<Param<'de>, Wrong> {
        match self.0 {
            [(name, value)] => Ok(Param { name, value }),
            params => Err(Wrong::ours(format!("the path has {} parameters, and one is read", params.len()))),
        }
    }
}

macro_rules! read_one {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.one()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Params<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(self.in_order())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let mut values = self.in_order();
        let read = visitor.visit_seq(&mut values)?;
        match (self.0.len(), values.rest.len()) {
            (_, 0) => Ok(read),
            (all, more) => Err(Wrong::ours(format!("the path has {all} parameters, and {} are read", all - more))),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.one()?.deserialize_enum(name, variants, visitor)
    }

    read_one! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    }

    forward_to_deserialize_any! { map struct identifier ignored_any }
}

/// The parameters one after the other, each error with the name of its parameter.
struct InOrder<'de> {
    rest: slice::Iter<'de, (String, String)>,
    /// The one whose name was read, and whose value was not.
    named: Option<Param<'de>>,
}

impl<'de> InOrder<'de> {
    fn next(&mut self) -> Option<Param<'de>> {
        self.rest.next().map(|(name, value)| Param { name, value })
    }
}

impl<'de> MapAccess<'de> for InOrder<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        self.named = self.next();
        self.named.map(|param| seed.deserialize(param.name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let param = self.named.take().ok_or_else(|| Wrong::ours("a value is read before its name".to_owned()))?;
        seed.deserialize(param).map_err(|wrong| wrong.at(param.name))
    }
}

impl<'de> SeqAccess<'de> for &mut InOrder<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let read = |param: Param<'de>| seed.deserialize(param).map_err(|wrong| wrong.at(param.name));
        self.next().map(read).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// One parameter. What is wrong with it is told by its name.
#[derive(Clone, Copy)]
struct Param<'de> {
    name: &'de str,
    value: &'de str,
}

macro_rules! parse {
    ($($method:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let parsed = self.value.parse().map_err(Wrong::custom);
            parsed.and_then(|value| visitor.$visit(value)).map_err(|wrong| wrong.at(self.name))
        }
    )*};
}

impl<'de> Deserializer<'de> for Param<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.value).map_err(|wrong: Wrong| wrong.at(self.name))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self).map_err(|wrong| wrong.at(self.name))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_enum(self.value.into_deserializer()).map_err(|wrong: Wrong| wrong.at(self.name))
    }

    parse! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32, deserialize_i64 visit_i64,
        deserialize_i128 visit_i128,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32, deserialize_u64 visit_u64,
        deserialize_u128 visit_u128,
        deserialize_f32 visit_f32, deserialize_f64 visit_f64,
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What is wrong, and with which parameter where that is known.
#[derive(Debug)]
struct Wrong {
    name: String,
    what: String,
    /// Whoever calls can't help it: the template and what is read of it don't fit.
    is_ours: bool,
}

impl Wrong {
    fn ours(what: String) -> Self {
        Self { name: String::new(), what, is_ours: true }
    }

    /// It went wrong over the value of a parameter.
    fn at(self, name: &str) -> Self {
        if self.name.is_empty() { Self { name: name.to_owned(), is_ours: false, ..self } } else { self }
    }

    fn explain(self) -> Error {
        if self.is_ours {
            return Error::internal(self);
        }
        Error::invalid(self.name.clone(), shorten(&self.what)).with_source(self)
    }
}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(what: T) -> Self {
        Self { name: String::new(), what: what.to_string(), is_ours: false }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::ours(format!("the path has no parameter `{field}`"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::ours(format!("invalid length {length}, expected {expected}"))
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Wrong {}
