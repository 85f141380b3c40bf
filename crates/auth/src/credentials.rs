//! What a client shows of itself: the layer that writes it into outgoing calls, and where it gets it.

mod future;
#[cfg(any(feature = "jwt", feature = "oauth2"))]
mod kept;
mod layer;
mod no_credentials;

use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use towerkit_endpoint::Context;

pub use future::CredentialsFuture;
#[cfg(feature = "oauth2")]
pub(crate) use kept::is_within;
#[cfg(any(feature = "jwt", feature = "oauth2"))]
pub(crate) use kept::{Held, KeptToken, Token};
pub use layer::{CredentialsLayer, WithCredentials};
pub use no_credentials::NoCredentials;
use no_credentials::Unsendable;

use crate::Answer;

/// Credentials, as they stand in the metadata of a call. `Debug` shows the name alone.
///
/// They are a [source](CredentialSource) themselves, of one that never changes:
///
/// ```
/// use http::HeaderName;
/// use towerkit_auth::{Credentials, CredentialsLayer};
///
/// # fn main() -> Result<(), towerkit_auth::NoCredentials> {
/// let key = Credentials::header(HeaderName::from_static("x-api-key"), "3XjM2pQz")?;
/// assert!(!format!("{key:?}").contains("3XjM2pQz"));
///
/// let layer = CredentialsLayer::new(key);
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials {
    name: HeaderName,
    value: HeaderValue,
}

impl Credentials {
    /// A token (RFC 6750, section 2.1): `authorization: Bearer TOKEN`.
    ///
    /// # Errors
    ///
    /// Where it is empty, or holds anything but visible characters of ASCII (RFC 6749, appendix A.12).
    pub fn bearer(token: &str) -> Result<Self, NoCredentials> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoCredentials::internal(Unsendable));
        }
        Self::of(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")))
    }

    /// A user and a password (RFC 7617).
    ///
    /// # Errors
    ///
    /// Where the user has a colon, or one of them a control character: neither can be sent.
    pub fn basic(user: &str, password: &str) -> Result<Self, NoCredentials> {
        let value = crate::basic::encode(user, password).ok_or_else(|| NoCredentials::internal(Unsendable))?;
        Self::header(AUTHORIZATION, &value)
    }

    /// Anything else, under a name of its own: a key of an API.
    ///
    /// # Errors
    ///
    /// Where it holds characters that a field can't.
    pub fn header(name: HeaderName, value: &str) -> Result<Self, NoCredentials> {
        Self::of(name, HeaderValue::try_from(value))
    }

    /// A value that is made already: it is not copied.
    #[cfg(feature = "jwt")]
    pub(crate) fn authorization(value: String) -> Result<Self, NoCredentials> {
        Self::of(AUTHORIZATION, HeaderValue::try_from(value))
    }

    fn of<E>(name: HeaderName, value: Result<HeaderValue, E>) -> Result<Self, NoCredentials> {
        // The error is left out: it may show the value.
        let mut value = value.map_err(|_| NoCredentials::internal(Unsendable))?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }

    /// Under which name they stand.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// What is sent: a secret.
    #[must_use]
    pub const fn value(&self) -> &HeaderValue {
        &self.value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where a client gets its credentials: fixed ones ([`Credentials`] themselves), `JwtSigner`, `ClientCredentials`, or one of a user's own.
///
/// ```
/// use towerkit_auth::{CredentialSource, Credentials, NoCredentials, Answer};
/// use towerkit_endpoint::Context;
///
/// /// Passes the caller's own token on, which a layer of the server has let it carry.
/// #[derive(Debug)]
/// struct OnBehalf;
///
/// #[derive(Clone)]
/// struct Carried(Credentials);
///
/// #[derive(Debug)]
/// struct Nobody;
/// # impl std::fmt::Display for Nobody {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("the call is nobody's") }
/// # }
/// # impl std::error::Error for Nobody {}
///
/// impl CredentialSource for OnBehalf {
///     fn credentials(&self, context: &Context) -> Answer<Credentials, NoCredentials> {
///         let carried = context.get::<Carried>().map(|Carried(credentials)| credentials.clone());
///         Answer::Now(carried.ok_or_else(|| NoCredentials::internal(Nobody)))
///     }
/// }
/// # let _ = OnBehalf;
/// ```
pub trait CredentialSource: fmt::Debug + Send + Sync + 'static {
    /// The credentials for a call.
    ///
    /// It is asked where the call's future is polled, and must not block: what has to be fetched is a future.
    fn credentials(&self, context: &Context) -> Answer<Credentials, NoCredentials>;

    /// A service has answered these with `Unauthenticated`: those that are kept for further calls are best thrown away. By default nothing
    /// is done.
    fn rejected(&self, credentials: &Credentials) {
        let _ = credentials;
    }
}

impl CredentialSource for Credentials {
    fn credentials(&self, _: &Context) -> Answer<Credentials, NoCredentials> {
        Answer::pass(self.clone())
    }
}

/// The same source, for several layers.
impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    fn credentials(&self, context: &Context) -> Answer<Credentials, NoCredentials> {
        (**self).credentials(context)
    }

    fn rejected(&self, credentials: &Credentials) {
        (**self).rejected(credentials);
    }
}
