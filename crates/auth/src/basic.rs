//! A name and a password (RFC 7617).

mod encode;
mod field;
#[cfg(feature = "htpasswd")]
mod htpasswd;
mod password;
mod verifier;

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use towerkit_endpoint::{BoxError, Context};

pub(crate) use encode::encode;
#[cfg(feature = "htpasswd")]
pub use htpasswd::Htpasswd;
pub use password::Password;

use crate::authorization_field::of_scheme;
use crate::{Answer, Authenticator, Challenge, Principal, Reason, Scheme};
#[cfg(feature = "htpasswd")]
use verifier::OfFile;
use verifier::{Fixed, Function, Verifier};

/// Knows callers by a name and a password (RFC 7617).
///
/// Whose they are is said by a [fixed pair](Self::fixed), by [a function of one's own](Self::verify), or by a file
/// (`Basic::htpasswd`, feature `htpasswd`). The subject of the [`Principal`] is the user, its issuer the realm.
///
/// Of what is sent up to 4 KiB are read, as base64 with its padding; it must be UTF-8 without control characters, the first
/// colon ends the user. A user and a password may be empty where they are verified by a function. Texts are compared byte by
/// byte: none is normalized. A password can be read by whoever sees the traffic, so this is for TLS.
///
/// The check decodes what was sent into one allocation.
///
/// ```
/// use towerkit_auth::{Authentication, Basic, Principal, Scheme};
///
/// let by_one_password = Authentication::new(Basic::fixed("greeter", "ada", "rosebud"));
///
/// let by_a_database = Authentication::new(Basic::verify("greeter", |user, password| async move {
///     // ... ask for the user's hash, and compare it on a thread that may block ...
///     Ok((user == "ada" && password.is("rosebud")).then(|| Principal::new(Scheme::Basic, user)))
/// }));
/// # let _ = (by_one_password, by_a_database);
/// ```
#[derive(Clone)]
pub struct Basic {
    realm: Arc<str>,
    challenge: HeaderValue,
    verifier: Arc<dyn Verifier>,
}

impl Basic {
    fn new(realm: Arc<str>, verifier: Arc<dyn Verifier>) -> Self {
        let challenge = Challenge::new("Basic").param("realm", &realm).param("charset", "UTF-8").into_value();
        Self { realm, challenge, verifier }
    }

    /// One user with one password, for the realm: the name that a user is shown of what asks.
    ///
    /// Both are compared in a time that tells nothing of them, nor of their lengths.
    ///
    /// An empty password never fits, so that a variable that is not set lets nobody in; [`verify`](Self::verify) takes one, as
    /// the RFC does. What can't be sent never fits either: a user with a colon, a control character, what is no UTF-8, and a pair
    /// of more than 3071 bytes (3072 with its colon, 4 KiB as base64).
    #[must_use]
    pub fn fixed(realm: impl Into<Arc<str>>, user: impl Into<String>, password: impl AsRef<[u8]>) -> Self {
        let realm = realm.into();
        let verifier = Arc::new(Fixed::new(&realm, user.into(), password.as_ref()));
        Self::new(realm, verifier)
    }

    /// Whoever an asynchronous function says it is, given the user and the password; none where they are not right. Where the
    /// [`Principal`] has no issuer, the realm is it.
    ///
    /// An error of the function is that it can't be said at present: the caller gets `Unavailable`. It costs a box, and what
    /// the function does. One that hashes does it on a thread that may block, and bounds how many do at once; for a wrong user
    /// it takes as long as for a wrong password, or callers learn who there is.
    #[must_use]
    pub fn verify<F, Fut>(realm: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(String, Password) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Principal>, BoxError>> + Send + 'static,
    {
        let realm = realm.into();
        Self::new(Arc::clone(&realm), Arc::new(Function { realm, function }))
    }

    /// The users of a file, whose subject is the name in it. A check costs what [`Htpasswd`] says.
    #[cfg(feature = "htpasswd")]
    #[must_use]
    pub fn htpasswd(realm: impl Into<Arc<str>>, users: Htpasswd) -> Self {
        let realm = realm.into();
        Self::new(Arc::clone(&realm), Arc::new(OfFile { realm, users }))
    }
}

impl Authenticator for Basic {
    fn scheme(&self) -> Scheme {
        Scheme::Basic
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        let pair = of_scheme(context.metadata(), "Basic")?.and_then(field::read);
        Some(match pair {
            Ok(pair) => self.verifier.verify(pair),
            Err(reason) => Answer::fail(reason),
        })
    }

    fn challenge(&self, _: Option<&Reason>) -> Option<HeaderValue> {
        Some(self.challenge.clone())
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("realm", &self.realm).finish_non_exhaustive()
    }
}
