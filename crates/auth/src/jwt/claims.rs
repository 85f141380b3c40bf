use std::borrow::Cow;

use serde::de::MapAccess;

use super::json::{self, Members, Texts, Value};
use crate::Reason;

/// The claims that are known here (RFC 7519, section 4.1; RFC 8693, section 4.2), of a token whose signature is right. Times are seconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Claims<'a> {
    pub(super) iss: Option<Cow<'a, str>>,
    pub(super) sub: Option<Cow<'a, str>>,
    pub(super) aud: Option<Texts<'a>>,
    pub(super) exp: Option<f64>,
    pub(super) nbf: Option<f64>,
    pub(super) iat: Option<f64>,
    scope: Option<Texts<'a>>,
    scp: Option<Texts<'a>>,
}

impl<'a> Claims<'a> {
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Reason> {
        json::read(json).map_err(|what| Reason::Malformed(format!("its claims: {what}").into()))
    }

    /// What the caller may do: `scope`, or where there is none `scp`, as some issuers have it.
    pub(super) fn scopes(&self) -> Option<&Texts<'a>> {
        self.scope.as_ref().or(self.scp.as_ref())
    }
}

impl<'de> Members<'de> for Claims<'de> {
    const LIMIT: usize = 256;

    fn take<A: MapAccess<'de>>(&mut self, name: &str, value: Value<'_, 'de, A>) -> Result<(), A::Error> {
        match name {
            "iss" => self.iss = value.text("its iss is no text")?,
            "sub" => self.sub = value.text("its sub is no text")?,
            "aud" => self.aud = value.texts("its aud is neither a text nor an array of them")?,
            "exp" => self.exp = value.number("its exp is no number")?,
            "nbf" => self.nbf = value.number("its nbf is no number")?,
            "iat" => self.iat = value.number("its iat is no number")?,
            "scope" => self.scope = value.texts("its scope is neither a text nor an array of them")?,
            "scp" => self.scp = value.texts("its scp is neither a text nor an array of them")?,
            _ => value.skip()?,
        }
        Ok(())
    }
}
