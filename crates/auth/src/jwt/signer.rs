//! Tokens that a client signs itself.

mod claims;
mod kind;
mod signing_key;

use std::fmt;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};
use towerkit_endpoint::Context;

pub use claims::InvalidClaims;
use claims::Registered;
pub use kind::{EachCall, Reused};
pub use signing_key::SigningKey;

use crate::credentials::{Held, Token};
use crate::{Answer, CredentialSource, Credentials, NoCredentials};

/// What stands before a token in its field (RFC 6750, section 2.1).
const SCHEME: &str = "Bearer ";

/// Signs a token (RFC 7519) for each outgoing call, or one for many.
///
/// It is what [`CredentialsLayer`](crate::CredentialsLayer) is given. [`new`](JwtSigner::new) makes the claims of each call from its context;
/// [`reused`](JwtSigner::reused) has fixed ones, and keeps the token until shortly before it expires.
///
/// ```
/// use serde::Serialize;
/// use towerkit_auth::{Algorithm, CredentialsLayer, JwtSigner, SigningKey};
/// use towerkit_endpoint::Context;
///
/// #[derive(Clone, Copy)]
/// struct Tenant(u32); // a layer of the server lets the call carry it: `context.carry(Tenant(7))`
///
/// #[derive(Serialize)]
/// struct Claims {
///     tenant: Option<u32>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.")?.with_kid("2024-05");
///
/// let each = JwtSigner::new(key.clone(), |context: &Context| Claims { tenant: context.get().map(|Tenant(id)| *id) })
///     .issuer("orders")
///     .audience("add");
///
/// let reused = JwtSigner::reused(key, &Claims { tenant: None })?.issuer("orders").audience("add");
///
/// let credentials = [CredentialsLayer::new(each), CredentialsLayer::new(reused)];
/// # let _ = credentials;
/// # Ok(())
/// # }
/// ```
///
/// # The claims
///
/// `iat`, when it is signed, and `exp`, a [lifetime](Self::lifetime) later, are whole seconds and always there; `iss`, `aud`, `sub`, `nbf` and `jti` where they
/// are asked for. One that stands among the claims of a call itself is left as it is.
///
/// # What it costs
///
/// The signature is made where the call is polled, and holds its thread up for that long: some 1.5 µs with a secret (HS256), 15 µs with
/// Ed25519, 25 µs with P-256 and 170 with P-384, 1.2 ms with RSA of 2048 bits and 4.5 ms with 4096. Where that is too much, sign with Ed25519 or a secret, or
/// [reuse](JwtSigner::reused) the token: then a call costs a lock that is held for some 50 ns, and one call in each lifetime signs, while the
/// others wait for it.
pub struct JwtSigner<K = EachCall> {
    key: SigningKey,
    typ: String,
    /// As it stands in a token, with what stands before it.
    header: String,
    registered: Registered,
    kind: K,
}

impl JwtSigner<EachCall> {
    /// Signs for each call, with claims that are made for it: anything that serde writes as an object, or `()` for none.
    #[must_use]
    pub fn new<F, C>(key: SigningKey, claims: F) -> Self
    where
        F: Fn(&Context) -> C + Send + Sync + 'static,
        C: Serialize,
    {
        Self::of(key, Duration::from_secs(60), EachCall::new(claims))
    }
}

impl JwtSigner<Reused> {
    /// Signs once, and anew shortly before the token expires: so the claims are the same for all calls.
    ///
    /// # Errors
    ///
    /// Where they are no object, or have an `exp`, `iat`, `nbf` or `jti`, which are made anew with each token.
    pub fn reused(key: SigningKey, claims: &impl Serialize) -> Result<Self, InvalidClaims> {
        Ok(Self::of(key, Duration::from_secs(300), Reused::new(claims)?))
    }

    /// How long before its end a token is made anew. Without it: 60 s. It is in the last quarter of its lifetime, whatever this says.
    #[must_use]
    pub fn renew_before(mut self, end: Duration) -> Self {
        self.kind.renew_before = end;
        self
    }
}

impl<K> JwtSigner<K> {
    fn of(key: SigningKey, lifetime: Duration, kind: K) -> Self {
        let signer =
            Self { key, typ: String::new(), header: String::new(), registered: Registered::new(lifetime), kind };
        signer.typ("JWT")
    }

    /// Says who makes the tokens: `iss`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.registered.issuer = Some(issuer.into());
        self
    }

    /// Says for whom they are: `aud`. Several calls make a list.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.registered.audience.push(audience.into());
        self
    }

    /// Says in whose name the calls are made: `sub`. One that differs from call to call stands among the claims.
    /// A [`JwtVerifier`](crate::JwtVerifier) asks for one unless that is waived.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.registered.subject = Some(subject.into());
        self
    }

    /// For how long a token is good: from `iat` to `exp`, in whole seconds, rounded up. Without it: 60 s where each call has its own, which is
    /// enough for clocks that differ by less; 5 min where it is reused.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.registered.lifetime = lifetime;
        self
    }

    /// Gives each token an id, of 128 random bits: `jti`. A service that takes each id once only takes no token that is reused.
    #[must_use]
    pub fn jti(mut self) -> Self {
        self.registered.jti = true;
        self
    }

    /// Says as well that a token is not good before it is signed: `nbf`, the same as `iat`.
    #[must_use]
    pub fn nbf(mut self) -> Self {
        self.registered.nbf = true;
        self
    }

    /// Says of what type a token is, in its header. Without it: `JWT`. Access tokens by RFC 9068 are `at+jwt`.
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = typ.into();
        SCHEME.clone_into(&mut self.header);
        URL_SAFE_NO_PAD.encode_string(self.key.header(&self.typ), &mut self.header);
        self
    }

    /// A token with these claims, and until when it is good.
    fn sign(&self, claims: Map<String, Value>, now: SystemTime) -> Result<(Credentials, Duration), NoCredentials> {
        let (claims, lifetime) = self.registered.complete(claims, now).map_err(NoCredentials::internal)?;
        let mut value = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 700);
        value.push_str(&self.header);
        value.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut value);
        let signature = self.key.sign(value.get(SCHEME.len()..).unwrap_or_default().as_bytes());
        let signature = signature.ok_or(InvalidClaims("the token can't be signed")).map_err(NoCredentials::internal)?;
        value.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut value);
        Ok((Credentials::authorization(value)?, lifetime))
    }
}

impl CredentialSource for JwtSigner<EachCall> {
    fn credentials(&self, context: &Context) -> Answer<Credentials, NoCredentials> {
        let claims = self.kind.claims(context).map_err(NoCredentials::internal);
        Answer::Now(claims.and_then(|claims| Ok(self.sign(claims, SystemTime::now())?.0)))
    }
}

impl CredentialSource for JwtSigner<Reused> {
    fn credentials(&self, _: &Context) -> Answer<Credentials, NoCredentials> {
        let Reused { claims, kept, renew_before } = &self.kind;
        // It is held while the token is signed: else each of many calls would sign one.
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        let old = match kept.held(now) {
            Held::Fresh(credentials) => return Answer::pass(credentials.clone()),
            Held::Old(credentials) => Some(credentials.clone()),
            Held::None => None,
        };
        let signed = self
            .sign(claims.clone(), now)
            .map(|(credentials, lifetime)| kept.keep(Token::new(credentials, now, lifetime, *renew_before)).clone());
        Answer::Now(signed.or_else(|error| old.ok_or(error)))
    }

    fn rejected(&self, credentials: &Credentials) {
        self.kind.kept.lock().unwrap_or_else(PoisonError::into_inner).rejected(credentials, SystemTime::now());
    }
}

/// Without the key, and without the claims.
impl<K> fmt::Debug for JwtSigner<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner")
            .field("key", &self.key)
            .field("typ", &self.typ)
            .field("registered", &self.registered)
            .finish_non_exhaustive()
    }
}
