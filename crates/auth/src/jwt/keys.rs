// Stable: `JwksFile`, `JwksUrl` and `JwtVerifier` are built on it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::KeySet;
use crate::Reason;

/// Where a [`JwtVerifier`](crate::JwtVerifier) gets its keys: a fixed [`KeySet`], or one that changes, from a file or a URL.
///
/// It is made of any of those; clones share it.
///
/// ```
/// use towerkit_auth::{Algorithm, VerifyingKey, KeySet, Keys};
///
/// # fn main() -> Result<(), towerkit_auth::InvalidKey> {
/// let keys = Keys::from(KeySet::new([VerifyingKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.")?.with_kid("a")]));
/// # let _ = keys;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Keys(Arc<dyn KeySource>);

impl Keys {
    pub(crate) fn new(source: impl KeySource + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(super) fn current(&self) -> Guard<Arc<KeySet>> {
        self.0.current()
    }

    pub(super) fn refresh(&self, kid: Option<&str>) -> Option<Refresh> {
        self.0.refresh(kid)
    }
}

impl From<KeySet> for Keys {
    fn from(set: KeySet) -> Self {
        Self::new(Fixed(ArcSwap::from_pointee(set)))
    }
}

/// What [`KeySource::refresh`] begins.
pub(crate) type Refresh = Pin<Box<dyn Future<Output = Result<(), Reason>> + Send>>;

/// A set of keys that may change.
pub(crate) trait KeySource: fmt::Debug + Send + Sync {
    /// The set as it is now; an empty one where there never was any.
    fn current(&self) -> Guard<Arc<KeySet>>;

    /// Asks for a newer set, since this one has no such key; without an id where the token names none.
    ///
    /// None where nothing can be fetched, or not now: the token's key is unknown then. After `Ok` the current set is looked at once more. An
    /// error refuses the token: [`Unavailable`](Reason::Unavailable), where there never was a set.
    fn refresh(&self, kid: Option<&str>) -> Option<Refresh>;
}

/// A set that stays as it is.
#[derive(Debug)]
struct Fixed(ArcSwap<KeySet>);

impl KeySource for Fixed {
    fn current(&self) -> Guard<Arc<KeySet>> {
        self.0.load()
    }

    fn refresh(&self, _: Option<&str>) -> Option<Refresh> {
        None
    }
}
