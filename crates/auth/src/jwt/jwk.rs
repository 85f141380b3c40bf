//! A JSON Web Key (RFC 7517), as it is read.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{InvalidKey, VerifyingKey};

/// What of a JSON Web Key Set is taken.
///
/// By default it is what issuers publish: public keys, and those of RSA without an `alg` for RS256 alone.
#[derive(Clone, Debug)]
#[must_use]
pub struct JwksRules {
    secrets: bool,
    rsa: Vec<Algorithm>,
}

impl JwksRules {
    /// The default.
    pub fn new() -> Self {
        Self { secrets: false, rsa: vec![Algorithm::RS256] }
    }

    /// Takes secrets (`kty` is `oct`, with an `alg`) and the public half of private keys, too: for a file of one's own. In a set that is
    /// published either is a mistake, since whoever reads it can sign.
    pub const fn secrets(mut self) -> Self {
        self.secrets = true;
        self
    }

    /// What a key of RSA without an `alg` is for; algorithms of others are left out.
    pub fn rsa_without_alg(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.rsa = algorithms.into_iter().filter(|one| one.family() == AlgorithmFamily::Rsa).collect();
        self
    }
}

impl Default for JwksRules {
    fn default() -> Self {
        Self::new()
    }
}

/// The members that matter; a second one of the same name is an error. It has no `Debug`: it may hold secrets.
#[derive(Deserialize)]
pub(super) struct Jwk<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(borrow, rename = "use")]
    usage: Option<Cow<'a, str>>,
    key_ops: Option<Vec<String>>,
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    kid: Option<String>,
    #[serde(borrow)]
    crv: Option<Cow<'a, str>>,
    #[serde(borrow)]
    n: Option<Cow<'a, str>>,
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow)]
    x: Option<Cow<'a, str>>,
    #[serde(borrow)]
    y: Option<Cow<'a, str>>,
    #[serde(borrow)]
    k: Option<Cow<'a, str>>,
    /// Of private keys; what it is does not matter.
    d: Option<IgnoredAny>,
}

/// The id alone, of what is no [`Jwk`]: to tell which one it is.
#[derive(Deserialize)]
pub(super) struct OnlyKid {
    pub(super) kid: Option<String>,
}

impl Jwk<'_> {
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// One for each algorithm.
    pub(super) fn keys(&self, rules: &JwksRules) -> Result<Vec<VerifyingKey>, InvalidKey> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(InvalidKey("its use is not sig"));
        }
        if self.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|one| one == "verify")) {
            return Err(InvalidKey("verify is not among its key_ops"));
        }
        if self.d.is_some() && !rules.secrets {
            return Err(InvalidKey("it is a private key, and those are not allowed"));
        }
        let named = self.alg.as_deref().map(|name| algorithm(name).ok_or(InvalidKey("its alg is not known here")));
        let named = named.transpose()?;
        match &*self.kty {
            "RSA" => {
                let (n, e) = (number(self.n.as_deref())?, number(self.e.as_deref())?);
                let algorithms = named.as_ref().map_or(rules.rsa.as_slice(), std::slice::from_ref);
                algorithms.iter().map(|one| Ok(VerifyingKey::rsa(*one, &n, &e)?.or_kid(self.kid.clone()))).collect()
            }
            "EC" => {
                let (ours, length) = match self.crv.as_deref() {
                    Some("P-256") => (Algorithm::ES256, 32),
                    Some("P-384") => (Algorithm::ES384, 48),
                    _ => return Err(InvalidKey("its crv is not known here")),
                };
                let (x, y) = (number(self.x.as_deref())?, number(self.y.as_deref())?);
                if x.len() != length || y.len() != length {
                    return Err(InvalidKey("its coordinates are not of the curve's size"));
                }
                let point = [&[0x04], &*x, &*y].concat();
                self.one(VerifyingKey::ec(named.unwrap_or(ours), &point))
            }
            "OKP" => {
                if self.crv.as_deref() != Some("Ed25519") {
                    return Err(InvalidKey("its crv is not known here"));
                }
                if named.is_some_and(|named| named != Algorithm::EdDSA) {
                    return Err(InvalidKey("its alg is not one of its kty"));
                }
                self.one(VerifyingKey::ed(&number(self.x.as_deref())?))
            }
            "oct" if !rules.secrets => Err(InvalidKey("it is a secret, and those are not allowed")),
            "oct" => {
                let algorithm = named.ok_or(InvalidKey("it is a secret without an alg"))?;
                self.one(VerifyingKey::hmac(algorithm, &number(self.k.as_deref())?))
            }
            _ => Err(InvalidKey("its kty is not known here")),
        }
    }

    fn one(&self, key: Result<VerifyingKey, InvalidKey>) -> Result<Vec<VerifyingKey>, InvalidKey> {
        Ok(vec![key?.or_kid(self.kid.clone())])
    }
}

fn number(member: Option<&str>) -> Result<Vec<u8>, InvalidKey> {
    let member = member.ok_or(InvalidKey("it lacks a member"))?;
    URL_SAFE_NO_PAD.decode(member).map_err(|_| InvalidKey("a member of it is no base64url"))
}

/// By its name (RFC 7518, section 3.1; RFC 8037; RFC 9864 for `Ed25519`, which is `EdDSA` with the one curve that is known here). Case matters.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "Ed25519" => Some(Algorithm::EdDSA),
        name => name.parse().ok(),
    }
}
