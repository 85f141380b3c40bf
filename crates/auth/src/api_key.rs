//! Keys of applications, in a field of their own.

mod entry;
mod key_set;
mod new_key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use towerkit_endpoint::{Context, Metadata};
use towerkit_lifecycle::WatchFiles;

pub use entry::{ApiKey, InvalidApiKey};
pub use new_key::NewApiKey;

use crate::authorization_field::of_scheme;
use crate::files::{Contents, FromFiles};
use crate::{Answer, Authenticator, Challenge, LoadError, Principal, Reason, Scheme};
use key_set::KeySet;

/// The longest key that is read, in bytes.
const LONGEST: usize = 512;

/// Knows callers by a key: in `x-api-key`, or in `authorization: ApiKey KEY`.
///
/// The subject of the [`Principal`] is the key's name, and its scopes are the key's. Of the keys their SHA-256 alone is known
/// here, so a file that leaks lets nobody in. That hash is a fast one, unlike those of passwords: slowness protects what can be
/// guessed, and a key is random, of 128 bits at least; [`ApiKey::generate`] makes one of 256. A name that people choose is no
/// key.
///
/// A key is looked up by the first 64 bits of its hash, and then compared as a whole in constant time. What the time of the
/// search may tell is how the hash of a known key begins; and from a hash, were it the whole of it, nobody finds a random key.
///
/// More than one such field is refused as [ambiguous](Reason::Ambiguous). What is read of a key is 512 bytes. A call that
/// passes costs no allocation.
///
/// ```
/// use towerkit_auth::{ApiKey, ApiKeys, Authentication};
///
/// let cart = ApiKey::hashed("cart", "0e35187b9a65c2ceec2e2d3a1bcfc7c2bf4b9d0ba1f0ee49bbea3e5a3d7f6a3e")?.with_scopes(["add:read"])?;
/// let authentication = Authentication::new(ApiKeys::new([cart])?);
/// # let _ = authentication;
/// # Ok::<(), towerkit_auth::InvalidApiKey>(())
/// ```
///
/// # Of a file
///
/// A line is `NAME:SHA256` or `NAME:SHA256:SCOPE SCOPE`, the hash in hexadecimal digits, as `printf %s "$KEY" | sha256sum` has
/// it; empty lines, and those that begin with `#`, say nothing. A name may stand twice: so a key is replaced by another one
/// while both are good.
///
/// ```no_run
/// use towerkit_auth::{ApiKeys, Authentication};
/// use towerkit_lifecycle::Group;
///
/// let keys = ApiKeys::open("/etc/greeter/keys")?;
/// // Keys that come or go count from then on, and nothing starts again.
/// let group = Group::new().with(keys.watch().on_event(|event| eprintln!("{event}")));
/// let authentication = Authentication::new(keys);
/// # let _ = (group, authentication);
/// # Ok::<(), towerkit_auth::LoadError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeys {
    keys: Arc<FromFiles<KeySet>>,
    header: HeaderName,
    challenge: HeaderValue,
}

impl ApiKeys {
    fn from(keys: Arc<FromFiles<KeySet>>) -> Self {
        let header = HeaderName::from_static("x-api-key");
        let challenge = challenge(&header);
        Self { keys, header, challenge }
    }

    /// Of keys that are at hand.
    ///
    /// # Errors
    ///
    /// Where a key stands there twice, or more than 100,000 of them.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, InvalidApiKey> {
        let keys = KeySet::new(keys.into_iter().collect())?;
        Ok(Self::from(FromFiles::fixed(keys)))
    }

    /// Reads a file. It blocks for a short time: at start that does no harm.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or has a line that is of no use: its number is told, never what stands there.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        let path = path.into();
        let keys = FromFiles::open(vec![path.clone()], move |contents: &Contents| {
            parse(&path, contents.first().map_or(&[], |content| &**content))
        })?;
        Ok(Self::from(keys))
    }

    /// Takes the key out of another field than `x-api-key`.
    ///
    /// In `authorization` it stands alone, without a scheme: what has a space in it there is of a scheme, and another's.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        self.challenge = challenge(&name);
        self.header = name;
        self
    }

    /// Reads the file again when it changes, for as long as it is run. Without [`on_event`](WatchFiles::on_event) nobody hears of
    /// a file that is of no use.
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(self.keys.clone())
    }

    /// The key that was sent; none where there is none.
    fn sent<'a>(&self, metadata: &'a Metadata) -> Option<Result<&'a [u8], Reason>> {
        if self.header == AUTHORIZATION && is_of_a_scheme(metadata) {
            return None;
        }
        let in_authorization = if self.header == AUTHORIZATION { None } else { of_scheme(metadata, "ApiKey") };
        let mut fields = metadata.get_all(&self.header);
        match (fields.next(), in_authorization) {
            (None, None) => None,
            (None, Some(key)) => Some(key.map(str::as_bytes)),
            (Some(_), Some(_)) => Some(Err(Reason::Ambiguous("there are keys in two fields"))),
            (Some(_), None) if fields.next().is_some() => Some(Err(Reason::Ambiguous("there is more than one key"))),
            (Some(key), None) => Some(Ok(key.as_bytes())),
        }
    }

    fn find(&self, key: &[u8]) -> Result<Principal, Reason> {
        if key.is_empty() {
            return Err(Reason::Malformed("the key is empty".into()));
        }
        if key.len() > LONGEST {
            return Err(Reason::TooLarge { limit: LONGEST });
        }
        self.keys.current().find(key).ok_or(Reason::UnknownKey(None))
    }
}

/// Whether the authorization is that of a scheme, with what a space parts from it (RFC 9110, section 11.6.2).
fn is_of_a_scheme(metadata: &Metadata) -> bool {
    metadata.get_all(AUTHORIZATION).next().is_some_and(|value| value.as_bytes().contains(&b' '))
}

/// No scheme is registered for it, and a refusal must have a challenge (RFC 9110, section 15.5.2).
fn challenge(header: &HeaderName) -> HeaderValue {
    Challenge::new("ApiKey").param("header", header.as_str()).into_value()
}

fn parse(path: &Path, content: &[u8]) -> Result<KeySet, LoadError> {
    let mut keys = Vec::new();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |what: &str| LoadError::new(path, format!("line {}: {what}", index + 1));
        let line = std::str::from_utf8(line).map_err(|_| wrong("it is no UTF-8"))?.trim_ascii();
        if !line.is_empty() && !line.starts_with('#') {
            keys.push(ApiKey::from_line(line).map_err(|error| wrong(&error.to_string()))?);
        }
    }
    KeySet::new(keys).map_err(|error| LoadError::new(path, error.to_string()))
}

impl Authenticator for ApiKeys {
    fn scheme(&self) -> Scheme {
        Scheme::ApiKey
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        let key = self.sent(context.metadata())?;
        Some(key.and_then(|key| self.find(key)).into())
    }

    fn challenge(&self, _: Option<&Reason>) -> Option<HeaderValue> {
        Some(self.challenge.clone())
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("header", &self.header).field("keys", &self.keys).finish_non_exhaustive()
    }
}
