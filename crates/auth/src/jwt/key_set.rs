use std::borrow::Cow;
use std::fmt;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::jwk::{Jwk, JwksRules, OnlyKid};
use super::{InvalidKey, VerifyingKey};
use crate::Reason;

/// The keys of an issuer.
///
/// A token that names a key, by its `kid`, is verified by the key of that id; one that names none by the only key of its algorithm, if
/// there is just one. A key without an id is for tokens that name none. Of two keys of the same id and algorithm the first one stands, and
/// the other is [skipped](Self::skipped).
///
/// ```
/// use towerkit_auth::{Algorithm, VerifyingKey, KeySet};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jwks = br#"{"keys": [
///     {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty": "OKP", "crv": "X25519", "kid": "b", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08", "use": "enc"}
/// ]}"#;
/// let set = KeySet::from_jwks(jwks)?;
///
/// assert_eq!(set.keys().len(), 1);
/// assert_eq!(set.keys()[0].algorithm(), Algorithm::EdDSA);
/// assert_eq!(set.skipped()[0].to_string(), r#"key 1, "b": its use is not sig"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// The longest JSON Web Key Set that is read, in bytes.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// How many keys a JSON Web Key Set has at most.
    pub const MAX_KEYS: usize = 256;

    /// Of keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut set = Self::default();
        for (index, key) in keys.into_iter().enumerate() {
            set.add(index, key);
        }
        set
    }

    /// Reads a JSON Web Key Set (RFC 7517, section 5) of public keys.
    ///
    /// A key that is for something else, can't be used, or is of a kind that is not known here is [skipped](Self::skipped), as the RFC
    /// says. So are secrets and private keys: see [`JwksRules`].
    ///
    /// # Errors
    ///
    /// Where it is none, or [too long](Self::MAX_BYTES), or has [too many keys](Self::MAX_KEYS), or none of them can be used.
    pub fn from_jwks(json: &[u8]) -> Result<Self, InvalidJwks> {
        Self::from_jwks_with(json, &JwksRules::new())
    }

    /// As [`from_jwks`](Self::from_jwks), by other rules.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn from_jwks_with(json: &[u8], rules: &JwksRules) -> Result<Self, InvalidJwks> {
        if json.len() > Self::MAX_BYTES {
            return Err(InvalidJwks(format!("it has more than {} bytes", Self::MAX_BYTES).into()));
        }
        // Nothing of the error is kept but the place: it may quote a key.
        let Jwks { keys } = serde_json::from_slice(json).map_err(|error| {
            InvalidJwks(format!("it can't be read at line {}, column {}", error.line(), error.column()).into())
        })?;
        if keys.len() > Self::MAX_KEYS {
            return Err(InvalidJwks(format!("it has more than {} keys", Self::MAX_KEYS).into()));
        }
        let mut set = Self::default();
        for (index, json) in keys.into_iter().enumerate() {
            match serde_json::from_str::<Jwk<'_>>(json.get()) {
                Ok(jwk) => match jwk.keys(rules) {
                    Ok(keys) => keys.into_iter().for_each(|key| set.add(index, key)),
                    Err(why) => set.skip(index, jwk.kid(), why),
                },
                Err(_) => {
                    let kid = serde_json::from_str(json.get()).ok().and_then(|OnlyKid { kid }| kid);
                    set.skip(index, kid.as_deref(), InvalidKey("it is no JSON Web Key that can be read"));
                }
            }
        }
        if set.keys.is_empty() {
            return Err(InvalidJwks(match set.skipped.first() {
                Some(first) => format!("it has no key that can be used: {first}").into(),
                None => "it has no keys".into(),
            }));
        }
        Ok(set)
    }

    /// Those that are used.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Those that are not.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    fn add(&mut self, index: usize, key: VerifyingKey) {
        let same = |other: &VerifyingKey| other.kid() == key.kid() && other.algorithm() == key.algorithm();
        if key.kid().is_some() && self.keys.iter().any(same) {
            return self.skip(index, key.kid(), InvalidKey("one of the same id and algorithm stands before it"));
        }
        self.keys.push(key);
    }

    fn skip(&mut self, index: usize, kid: Option<&str>, why: InvalidKey) {
        self.skipped.push(SkippedKey { index, kid: kid.map(Reason::quote), why });
    }

    /// The key that a token is to be verified by.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&VerifyingKey, NotFound> {
        let mut of_id = self.keys.iter().filter(|key| kid.is_none() || key.kid() == kid).peekable();
        if of_id.peek().is_none() {
            return Err(NotFound::Unknown);
        }
        let mut fitting = of_id.filter(|key| key.algorithm() == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NotFound::Several),
            (None, _) => Err(NotFound::WrongAlgorithm),
        }
    }
}

/// Why a set has no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotFound {
    /// There is none of that id, or none at all.
    Unknown,
    /// There is, but of another algorithm.
    WrongAlgorithm,
    /// The token names none, and there are several of its algorithm.
    Several,
}

#[derive(Deserialize)]
struct Jwks<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// A key that a [`KeySet`] does not use; with its place, its id and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    index: usize,
    /// Escaped and cut.
    kid: Option<String>,
    why: InvalidKey,
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.index)?;
        if let Some(kid) = &self.kid {
            write!(f, ", \"{kid}\"")?;
        }
        write!(f, ": {}", self.why.0)
    }
}

/// A JSON Web Key Set can't be used; with what is wrong with it, and without any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJwks(Cow<'static, str>);

impl fmt::Display for InvalidJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key set can't be used: {}", self.0)
    }
}

impl std::error::Error for InvalidJwks {}
