use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use serde::de::DeserializeOwned;
use towerkit_endpoint::Context;

use super::claims::Claims;
use super::compact::Compact;
use super::header::Header;
use super::jwk::algorithm;
use super::key_set::{KeySet, NotFound};
use super::rules::{Rules, time};
use super::{Audience, Issuer, Keys};
use crate::authorization_field::of_scheme;
use crate::{Answer, Authenticator, Challenge, Principal, Reason, Scheme};

/// Knows callers by signed tokens: JSON Web Tokens (RFC 7519) as bearer tokens (RFC 6750).
///
/// A token passes if
///
/// * it has at most [8 KiB](Self::max_size), its base64url is strict, no member of its JSON stands twice, and it asks for no extension
///   (`crit`, `b64`, `zip`);
/// * it names an algorithm which is that of its [key](crate::VerifyingKey), and its signature is right. The key is found [by its id](crate::KeySet),
///   never by what stands in the token (`jwk`, `jku`, `x5c`, `x5u`); for an id that is not known the [`Keys`] are asked for newer ones, once;
/// * only then its claims are looked at: `iss` and `aud` are what is [expected](Self::new), `sub` is there and not empty, `exp` is there and
///   not over, `nbf` and `iat` are not to come, with a [leeway](Self::leeway) of 30 s.
///
/// The [`Principal`] has the `sub` as its subject, the issuer, the expiry, the scopes (`scope`, or `scp` where there is none), and what a
/// type [of one's own](Self::claims) reads.
///
/// A caller whose token does not pass learns that it is invalid, and no more than that: only of one that is over that it has expired. The
/// [`Reason`] has it all.
///
/// Tokens of several issuers that may not speak for one another are for [`JwtVerifiers`](crate::JwtVerifiers): of two verifiers in one
/// [`Authentication`](crate::Authentication::or) the second is never asked.
///
/// A list of tokens that are taken back, or were seen, goes by their `jti`, not by their text: of a signature of ECDSA anybody can make
/// another one that is right as well.
///
/// Clones share what they were set to. A call costs the signature's check, and allocations for the parts of the token and the principal; what
/// the claims hold beyond that is read in one pass, and once more into a type of one's own.
///
/// ```
/// use serde::Deserialize;
/// use towerkit_auth::{Algorithm, Audience, Authentication, Issuer, JwtVerifier, VerifyingKey, KeySet, Principal, Answer};
///
/// #[derive(Deserialize)]
/// struct Tenant {
///     tenant: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.")?]);
/// let verifier = JwtVerifier::new(keys, Issuer::is("https://id.example"), Audience::is("addsvc")).claims::<Tenant>();
///
/// let token = "eyJhbGciOiJIUzI1NiJ9.\
///              eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJhZGRzdmMiLCJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsInRlbmFudCI6N30.\
///              Altcf8TS6bL8rw7zRl6pzBarc0iq-OaYL8-CIxXcBtI";
/// let Answer::Now(Ok(ada)) = verifier.verify(token) else { panic!("{token}") };
/// assert_eq!(ada.subject(), "ada");
/// assert_eq!(ada.claims::<Tenant>().map(|claims| claims.tenant), Some(7));
///
/// // Around an endpoint:
/// let authentication = Authentication::new(verifier);
/// # let _ = authentication.requests("sum");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JwtVerifier(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    keys: Keys,
    rules: Rules,
    max_size: usize,
    token_type: Option<String>,
    typed: Option<Typed>,
    realm: Option<String>,
}

/// Reads the claims into a type, and gives them to the principal.
type Typed = fn(&[u8], Principal) -> Result<Principal, Reason>;

impl JwtVerifier {
    /// Of tokens that are signed by one of the keys, by an issuer, and for an audience.
    #[must_use]
    pub fn new(keys: impl Into<Keys>, issuer: Issuer, audience: Audience) -> Self {
        let rules =
            Rules { issuer, audience, leeway: Duration::from_secs(30), expiry: true, max_age: None, subject: true };
        let (keys, max_size) = (keys.into(), 8 * 1024);
        Self(Arc::new(Settings { keys, rules, max_size, token_type: None, typed: None, realm: None }))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// By how much the issuer's clock may differ; 30 s at first.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        self.set(|settings| settings.rules.leeway = leeway)
    }

    /// Lets tokens pass that have no `exp`, and so hold for ever; one that is there must not be over.
    #[must_use]
    pub fn without_expiry(self) -> Self {
        self.set(|settings| settings.rules.expiry = false)
    }

    /// How long after they were made, by their `iat`, tokens hold at most. They must have one then.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        self.set(|settings| settings.rules.max_age = Some(age))
    }

    /// What the `typ` of tokens must be (RFC 8725, section 3.11): `at+jwt` for access tokens (RFC 9068). At first none is asked for.
    #[must_use]
    pub fn token_type(self, media_type: impl Into<String>) -> Self {
        self.set(|settings| settings.token_type = Some(media_type.into()))
    }

    /// Lets tokens pass that have no `sub`, or an empty one: the principal's subject is empty then, and the same for all of them. What
    /// counts or decides by subject has to know.
    #[must_use]
    pub fn without_subject(self) -> Self {
        self.set(|settings| settings.rules.subject = false)
    }

    /// Reads the claims into a type, too: [`Principal::claims`] has them. A token whose claims don't fit is refused.
    #[must_use]
    pub fn claims<C: DeserializeOwned + Send + Sync + 'static>(self) -> Self {
        self.set(|settings| settings.typed = Some(typed::<C>))
    }

    /// What is said to be guarded, in `www-authenticate`; at first it is the (first) audience.
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.set(|settings| settings.realm = Some(realm.into()))
    }

    /// The most of a token that is read, in bytes; 8 KiB at first. HTTP servers have limits of their own.
    #[must_use]
    pub fn max_size(self, bytes: usize) -> Self {
        self.set(|settings| settings.max_size = bytes)
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.0.rules.issuer
    }

    pub(super) fn size_limit(&self) -> usize {
        self.0.max_size
    }

    /// Judges a token, whatever it came by.
    ///
    /// The verdict is there at once, unless newer keys are fetched for it.
    #[must_use]
    pub fn verify(&self, token: &str) -> Answer<Principal> {
        match self.0.verify(token) {
            Ok(principal) => Answer::pass(principal),
            Err(Stop::Refused(reason)) => Answer::fail(reason),
            Err(Stop::NoSuchKey(kid)) => self.refresh(token, kid.as_deref()),
        }
    }

    #[cold]
    fn refresh(&self, token: &str, kid: Option<&str>) -> Answer<Principal> {
        let Some(fetched) = self.0.keys.refresh(kid) else {
            return Answer::fail(unknown(kid));
        };
        let (settings, token) = (Arc::clone(&self.0), token.to_owned());
        Answer::later(async move {
            fetched.await?;
            settings.verify(&token).map_err(|stop| match stop {
                Stop::Refused(reason) => reason,
                Stop::NoSuchKey(kid) => unknown(kid.as_deref()),
            })
        })
    }
}

fn unknown(kid: Option<&str>) -> Reason {
    Reason::UnknownKey(kid.map(str::to_owned))
}

/// Why a token does not pass.
enum Stop {
    Refused(Reason),
    /// But there may be, by now.
    NoSuchKey(Option<String>),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl Settings {
    fn verify(&self, token: &str) -> Result<Principal, Stop> {
        self.verify_at(token, &self.keys.current(), SystemTime::now())
    }

    fn verify_at(&self, token: &str, keys: &KeySet, now: SystemTime) -> Result<Principal, Stop> {
        if token.len() > self.max_size {
            return Err(Reason::TooLarge { limit: self.max_size }.into());
        }
        let compact = Compact::split(token)?;
        let json = compact.header()?;
        let header = Header::read(&json)?;
        let name = header.alg()?;
        let wrong_algorithm = || Reason::WrongAlgorithm(name.to_owned());
        let algorithm = algorithm(name).ok_or_else(wrong_algorithm)?;
        if let Some(wanted) = &self.token_type
            && !header.is_of_type(wanted)
        {
            return Err(Reason::Unsuitable("it is of another type (typ)".into()).into());
        }
        let key = keys.find(header.kid(), algorithm).map_err(|why| match why {
            NotFound::Unknown => Stop::NoSuchKey(header.kid().map(str::to_owned)),
            NotFound::WrongAlgorithm => wrong_algorithm().into(),
            NotFound::Several => Reason::UnknownKey(None).into(),
        })?;
        if !key.verifies(compact.signed.as_bytes(), &compact.signature()?) {
            return Err(Reason::BadSignature.into());
        }
        let json = compact.claims()?;
        let claims = Claims::read(&json)?;
        self.rules.judge(&claims, now)?;
        let principal = principal(&claims);
        Ok(match self.typed {
            Some(typed) => typed(&json, principal)?,
            None => principal,
        })
    }
}

fn principal(claims: &Claims<'_>) -> Principal {
    let mut principal = Principal::new(Scheme::Bearer, claims.sub.as_deref().unwrap_or_default());
    if let Some(iss) = claims.iss.as_deref() {
        principal = principal.with_issuer(iss);
    }
    if let Some(scopes) = claims.scopes() {
        principal = principal.with_scopes(scopes.iter());
    }
    match claims.exp.and_then(time) {
        Some(at) => principal.with_expiry(at),
        None => principal,
    }
}

fn typed<C: DeserializeOwned + Send + Sync + 'static>(json: &[u8], principal: Principal) -> Result<Principal, Reason> {
    match serde_json::from_slice::<C>(json) {
        Ok(claims) => Ok(principal.with_claims(claims)),
        Err(error) => {
            // That names a member of the type. What else it may say quotes the token.
            let text = error.to_string();
            Err(Reason::Unsuitable(match text.split(" at line ").next() {
                Some(missing) if missing.starts_with("missing field `") => format!("its claims: {missing}").into(),
                _ => format!("its claims are not of the expected type, at column {}", error.column()).into(),
            }))
        }
    }
}

impl Authenticator for JwtVerifier {
    fn scheme(&self) -> Scheme {
        Scheme::Bearer
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        Some(of_scheme(context.metadata(), "Bearer")?.map_or_else(Answer::fail, |token| self.verify(token)))
    }

    /// RFC 6750, section 3: without credentials nothing but the realm.
    fn challenge(&self, reason: Option<&Reason>) -> Option<HeaderValue> {
        let realm = self.0.realm.as_deref().or_else(|| self.0.rules.audience.first());
        // At least one parameter is asked for.
        let challenge = Challenge::new("Bearer").param("realm", realm.unwrap_or_default());
        let challenge = match reason {
            None | Some(Reason::Missing | Reason::Unavailable(_) | Reason::Overloaded) => challenge,
            Some(Reason::Ambiguous(_)) => challenge.param("error", "invalid_request"),
            Some(Reason::Expired(_)) => {
                challenge.param("error", "invalid_token").param("error_description", "the token has expired")
            }
            Some(_) => challenge.param("error", "invalid_token"),
        };
        Some(challenge.into_value())
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { keys, rules, max_size, token_type, typed: _, realm } = &*self.0;
        f.debug_struct("JwtVerifier")
            .field("keys", keys)
            .field("rules", rules)
            .field("max_size", max_size)
            .field("token_type", token_type)
            .field("realm", realm)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
