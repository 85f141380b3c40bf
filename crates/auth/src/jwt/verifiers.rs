use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use serde::de::MapAccess;
use towerkit_endpoint::Context;

use super::JwtVerifier;
use super::compact::Compact;
use super::json::{self, Members, Value};
use crate::authorization_field::of_scheme;
use crate::{Answer, Authenticator, Principal, Reason, Scheme};

/// Knows callers by tokens of several issuers, none of whom may speak for another: a [`JwtVerifier`] for each, with its own keys and rules.
///
/// The one for a token is picked by its `iss`, byte by byte, before anything of the token is believed; then that one verifies all of it, `iss` as well, by its own keys
/// alone. Who claims to be another issuer's is held against that issuer's keys. A token by none of them is refused as [`WrongIssuer`](Reason::WrongIssuer), and
/// one without an `iss` lacks a [claim](Reason::MissingClaim).
///
/// This is not what [`Authentication::or`](crate::Authentication::or) does: there the first kind that finds its credentials decides, and a second `JwtVerifier` behind
/// another is never asked.
///
/// The challenge is the first one's, with its [realm](JwtVerifier::realm). Clones share the verifiers. A call costs one more pass over the claims, and an allocation
/// for it, than with one verifier.
///
/// ```
/// use towerkit_auth::{Algorithm, Audience, Authentication, Issuer, JwtVerifier, JwtVerifiers, VerifyingKey, KeySet};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (ours, partners) = (b"32 bytes that nobody else knows.", b"32 bytes that a partner may know");
/// let ours = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, ours)?]);
/// let partners = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, partners)?]);
/// let authentication = Authentication::new(JwtVerifiers::new([
///     JwtVerifier::new(ours, Issuer::is("https://id.example"), Audience::is("addsvc")),
///     JwtVerifier::new(partners, Issuer::is("https://partner.example"), Audience::is("addsvc")),
/// ])?);
/// # let _ = authentication.requests("sum");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JwtVerifiers(Arc<[JwtVerifier]>);

impl JwtVerifiers {
    /// Of these; their order matters for the challenge alone.
    ///
    /// # Errors
    ///
    /// Where there is none, one believes [any issuer](super::Issuer::any), or two have an issuer in common: a token could not be given to just one.
    pub fn new(verifiers: impl IntoIterator<Item = JwtVerifier>) -> Result<Self, InvalidIssuers> {
        let verifiers: Arc<[JwtVerifier]> = verifiers.into_iter().collect();
        if verifiers.is_empty() {
            return Err(InvalidIssuers("there is no verifier"));
        }
        let mut seen = Vec::new();
        for verifier in &*verifiers {
            let issuers = verifier.issuer().expected().texts();
            let issuers = issuers.ok_or(InvalidIssuers("one of them believes any issuer"))?;
            if issuers.iter().any(|issuer| seen.contains(&issuer)) {
                return Err(InvalidIssuers("two of them have the same issuer"));
            }
            seen.extend(issuers);
        }
        Ok(Self(verifiers))
    }

    /// Judges a token, whatever it came by. The verdict is there at once, unless newer keys are fetched for it.
    #[must_use]
    pub fn verify(&self, token: &str) -> Answer<Principal> {
        match self.pick(token) {
            Ok(verifier) => verifier.verify(token),
            Err(reason) => Answer::fail(reason),
        }
    }

    /// The one that a token asks for. Nothing of it is believed by that.
    fn pick(&self, token: &str) -> Result<&JwtVerifier, Reason> {
        let limit = self.0.iter().map(JwtVerifier::size_limit).max().unwrap_or_default();
        if token.len() > limit {
            return Err(Reason::TooLarge { limit });
        }
        let json = Compact::split(token)?.claims()?;
        let claimed = Claimed::read(&json)?;
        let issuer = claimed.iss.as_deref().ok_or(Reason::MissingClaim("iss"))?;
        self.0.iter().find(|verifier| verifier.issuer().expected().has(issuer)).ok_or(Reason::WrongIssuer)
    }
}

/// What a token says of its issuer, before its signature is looked at. It is read as strictly as the claims are: of two of one name this could see the one, and a
/// verifier the other.
#[derive(Default)]
struct Claimed<'a> {
    iss: Option<Cow<'a, str>>,
}

impl<'a> Claimed<'a> {
    fn read(json: &'a [u8]) -> Result<Self, Reason> {
        json::read(json).map_err(|what| Reason::Malformed(format!("its claims: {what}").into()))
    }
}

impl<'de> Members<'de> for Claimed<'de> {
    const LIMIT: usize = 256;

    fn take<A: MapAccess<'de>>(&mut self, name: &str, value: Value<'_, 'de, A>) -> Result<(), A::Error> {
        match name {
            "iss" => self.iss = value.text("its iss is no text")?,
            _ => value.skip()?,
        }
        Ok(())
    }
}

impl Authenticator for JwtVerifiers {
    fn scheme(&self) -> Scheme {
        Scheme::Bearer
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        Some(of_scheme(context.metadata(), "Bearer")?.map_or_else(Answer::fail, |token| self.verify(token)))
    }

    fn challenge(&self, reason: Option<&Reason>) -> Option<HeaderValue> {
        self.0.first().and_then(|verifier| verifier.challenge(reason))
    }
}

impl fmt::Debug for JwtVerifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtVerifiers").field(&self.0).finish()
    }
}

/// By some verifiers' issuers a token can't be given to just one of them; with what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidIssuers(&'static str);

impl fmt::Display for InvalidIssuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the verifiers can't be picked by issuer: {}", self.0)
    }
}

impl std::error::Error for InvalidIssuers {}
