use http::request::Parts;
use serde::de::DeserializeOwned;
use towerkit_endpoint::Error;

use super::{DecodeRequest, expect_media_type, read, shorten};
use crate::Body;

/// The query string, by serde: a struct whose fields are the parameters. A field that may be missing is an `Option`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query;

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Query {
    async fn decode(&self, parts: &mut Parts, _: Body, _: usize) -> Result<T, Error> {
        from_bytes(parts.uri.query().unwrap_or_default().as_bytes())
    }
}

/// An HTML form: a body of type `application/x-www-form-urlencoded`, by serde.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form;

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Form {
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<T, Error> {
        const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";
        expect_media_type(parts, |essence| essence.eq_ignore_ascii_case(MEDIA_TYPE), MEDIA_TYPE)?;
        from_bytes(&read(body, limit).await?)
    }
}

/// Headers, by serde: a struct whose fields are named as the headers are (`#[serde(rename = "x-tenant")]`). Of a header that
/// comes more than once the first is read; one that is no visible ASCII text is passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers;

impl<T: DeserializeOwned + Send> DecodeRequest<T> for Headers {
    async fn decode(&self, parts: &mut Parts, _: Body, _: usize) -> Result<T, Error> {
        let names = parts.headers.keys();
        from_pairs(names.filter_map(|name| Some((name.as_str(), parts.headers.get(name)?.to_str().ok()?))))
    }
}

fn from_pairs<'a, T: DeserializeOwned>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<T, Error> {
    // serde_urlencoded reads text into numbers and flags; so the pairs go through its form.
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    from_bytes(encoded.as_bytes())
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(bytes));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = if error.path().iter().len() > 0 { error.path().to_string() } else { String::new() };
        let what = error.inner().to_string();
        if let Some(name) = what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            return Error::invalid(name.to_owned(), "is missing").with_source(error);
        }
        Error::invalid(shorten(&path), shorten(&what)).with_source(error)
    })
}
