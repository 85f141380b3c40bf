use std::fmt::{self, Display};

use http::request::Parts;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use towerkit_endpoint::Error;

use super::{DecodeRequest, shorten};
use crate::{Body, PathParams};

/// The parameters of the path, by serde: a struct whose fields are the names in the [`Router`](crate::Router)'s template, a tuple in the
/// order of the template, or, where there is one parameter, its value alone.
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
        T::deserialize(Params(params)).map_err(Wrong::explain)
    }
}

/// All parameters.
#[derive(Clone, Copy)]
struct Params<'de>(&'de [(String, String)]);

impl<'de> Params<'de> {
    fn iter(self) -> impl Iterator<Item = Param<'de>> {
        self.0.iter().map(|(name, value)| Param { name, value })
    }

    /// The only one.
    fn one(self) -> Result<Param<'de>, Wrong> {
        match self.0 {
            [(name, value)] => Ok(Param { name, value }),
            params => Err(Wrong::custom(format!("the path has {} parameters, and one is read", params.len()))),
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
        visitor.visit_map(MapDeserializer::new(self.iter().map(|param| (param.name, param))))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let mut values = SeqDeserializer::new(self.iter());
        let read = visitor.visit_seq(&mut values)?;
        values.end()?;
        Ok(read)
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

impl<'de> IntoDeserializer<'de, Wrong> for Param<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What is wrong, and with which parameter where that is known.
#[derive(Debug)]
struct Wrong {
    name: String,
    what: String,
}

impl Wrong {
    fn at(self, name: &str) -> Self {
        if self.name.is_empty() { Self { name: name.to_owned(), ..self } } else { self }
    }

    fn explain(self) -> Error {
        if let Some(name) = self.what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            return Error::invalid(name.to_owned(), "is missing").with_source(self);
        }
        Error::invalid(self.name.clone(), shorten(&self.what)).with_source(self)
    }
}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(what: T) -> Self {
        Self { name: String::new(), what: what.to_string() }
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.what)
    }
}

impl std::error::Error for Wrong {}
