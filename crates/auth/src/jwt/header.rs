use std::borrow::Cow;

use serde::de::MapAccess;

use super::json::{self, Members, Value};
use crate::Reason;

/// What the header of a token says (RFC 7515, section 4.1): all of it is a claim of whoever sent it.
///
/// Keys that are in it or that it points to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    alg: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    /// What of it would change how the token is to be read.
    extension: Option<&'static str>,
}

impl<'a> Header<'a> {
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Reason> {
        let header: Self = json::read(json).map_err(|what| Reason::Malformed(format!("its header: {what}").into()))?;
        match header.extension {
            Some(what) => Err(Reason::Unsuitable(what.into())),
            None => Ok(header),
        }
    }

    pub(super) fn alg(&self) -> Result<&str, Reason> {
        self.alg.as_deref().ok_or(Reason::Malformed("its header: there is no alg".into()))
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it is of a media type (RFC 7515, section 4.1.9): `application/` may be left out, and case does not matter.
    pub(super) fn is_of_type(&self, wanted: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| short(typ).eq_ignore_ascii_case(short(wanted)))
    }
}

fn short(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

impl<'de> Members<'de> for Header<'de> {
    const LIMIT: usize = 32;

    fn take<A: MapAccess<'de>>(&mut self, name: &str, value: Value<'_, 'de, A>) -> Result<(), A::Error> {
        match name {
            "alg" => self.alg = value.text("its alg is no text")?,
            "kid" => self.kid = value.text("its kid is no text")?,
            "typ" => self.typ = value.text("its typ is no text")?,
            // Section 4.1.11: none of what it may list is known here.
            "crit" => {
                self.extension = Some("its header asks for extensions (crit)");
                value.skip()?;
            }
            // RFC 7797: the claims would not be encoded.
            "b64" => {
                self.extension = Some("its header says how its claims are encoded (b64)");
                value.skip()?;
            }
            // RFC 7516, section 4.1.3: it is for tokens that are encrypted.
            "zip" => {
                self.extension = Some("its header says that it is compressed (zip)");
                value.skip()?;
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}
