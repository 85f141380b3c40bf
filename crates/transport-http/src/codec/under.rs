use std::fmt;
use std::marker::PhantomData;

use http::request::Parts;
use http::{HeaderValue, Response, response};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer, forward_to_deserialize_any};
use towerkit_endpoint::Error;

use super::json::{from_seed, request_bytes};
use super::{DecodeRequest, DecodeResponse, Draft, EncodeRequest, EncodeResponse, Json};
use crate::Body;
use crate::client::{json_bytes, unreadable};

impl Json {
    /// The message under a name: the only member of an object that is written, and the one that is read. So what is asked and answered need not
    /// be wrapped in structs for the sake of the wire.
    ///
    /// ```
    /// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
    /// use towerkit_transport_http::codec::{Json, Path};
    /// use towerkit_transport_http::{Remote, Router, Server};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // GET /greetings/Ada answers {"greeting":"Hello Ada"}.
    /// let greet = endpoint_fn(|name: String| async move { Ok::<_, Error>(format!("Hello {name}")) });
    /// let routes = Router::new().get("/greetings/{name}", Server::new(greet, Path, Json.under("greeting")));
    ///
    /// let remote = Remote::over(routes, "http://greeter")?; // over the network: a `Pool`
    /// let greet: BoxEndpoint<String, String> =
    ///     remote.get("/greetings/{name}").codecs(Path, Json.under("greeting")).erased();
    /// assert_eq!(greet.invoke("Ada".to_owned()).await?, "Hello Ada");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn under(self, name: &'static str) -> Under {
        Under { name }
    }
}

/// JSON under a name, made by [`Json::under`]. Members of other names are passed over when it reads; where none of the name is there it is
/// as with a struct's field: an `Option` is none, and all else is told to be missing.
#[derive(Clone, Copy, Debug)]
pub struct Under {
    name: &'static str,
}

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Under {
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<T, Error> {
        from_seed(&request_bytes(parts, body, limit).await?, Member::new(self.name))
    }
}

impl<R: DeserializeOwned + Send> DecodeResponse<R> for Under {
    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<R, Error> {
        from_seed(&json_bytes(parts, body, limit).await?, Member::new(self.name)).map_err(unreadable)
    }

    fn accept(&self) -> Option<HeaderValue> {
        DecodeResponse::<R>::accept(&Json)
    }
}

impl<R: Serialize> EncodeResponse<R> for Under {
    fn encode(&self, reply: R) -> Result<Response<Body>, Error> {
        EncodeResponse::encode(&Json, Object { name: self.name, value: reply })
    }
}

impl<T: Serialize> EncodeRequest<T> for Under {
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        EncodeRequest::encode(&Json, Object { name: self.name, value: message }, draft)
    }
}

/// An object of one member, to be written.
struct Object<T> {
    name: &'static str,
    value: T,
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(self.name, &self.value)?;
        object.end()
    }
}

/// The member of an object, to be read.
struct Member<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Member<T> {
    const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }
}

impl<T> Clone for Member<T> {
    fn clone(&self) -> Self {
        Self::new(self.name)
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Member<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Member<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the member `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<T, A::Error> {
        let mut value = None;
        while let Some(is_it) = members.next_key_seed(Is(self.name))? {
            if !is_it {
                members.next_value::<IgnoredAny>()?;
            } else if value.replace(members.next_value()?).is_some() {
                return Err(A::Error::duplicate_field(self.name));
            }
        }
        value.map_or_else(|| T::deserialize(Missing { name: self.name, error: PhantomData }), Ok)
    }
}

/// Whether a member's name is this one; it is compared where it lies.
struct Is(&'static str);

impl<'de> DeserializeSeed<'de> for Is {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Is {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// What is read where the member is not there.
struct Missing<E> {
    name: &'static str,
    error: PhantomData<E>,
}

impl<'de, E: de::Error> Deserializer<'de> for Missing<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
        Err(E::missing_field(self.name))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
