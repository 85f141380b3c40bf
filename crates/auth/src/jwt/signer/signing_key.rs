use std::fmt;

use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use serde_json::{Map, Value};

use crate::InvalidKey;
use crate::jwt::key::check_secret;

/// A key that tokens are signed with, and the one algorithm that it is for.
///
/// It is tried when it is made. Keys of RSA and of curves come in PEM; `openssl genpkey` writes one that fits, and `openssl pkcs8 -topk8 -nocrypt`
/// makes one of an `EC PRIVATE KEY` or of an encrypted one.
///
/// ```
/// use towerkit_auth::{Algorithm, SigningKey};
///
/// let key = SigningKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.").unwrap().with_kid("2024-05");
/// assert_eq!(format!("{key:?}"), r#"SigningKey { kid: Some("2024-05"), algorithm: HS256, .. }"#);
///
/// let error = SigningKey::hmac(Algorithm::HS512, b"32 bytes that nobody else knows.").unwrap_err();
/// assert_eq!(error.to_string(), "the key can't be used: the secret is shorter than the algorithm's hash");
/// ```
#[derive(Clone)]
pub struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    encoding: EncodingKey,
}

impl SigningKey {
    /// A secret, for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// Where it is shorter than the hash, 32, 48 or 64 bytes (RFC 7518, section 3.2), or the algorithm is another.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, InvalidKey> {
        check_secret(algorithm, secret)?;
        Self::tried(algorithm, EncodingKey::from_secret(secret))
    }

    /// A private key of RSA, in PEM (`PRIVATE KEY` or `RSA PRIVATE KEY`), for RS256 to RS512 or PS256 to PS512.
    ///
    /// # Errors
    ///
    /// Where it is none, has less than 2048 bits (RFC 7518, section 3.3) or more than 8192, or the algorithm is another.
    pub fn rsa_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        if algorithm.family() != AlgorithmFamily::Rsa {
            return Err(InvalidKey("a key of RSA is for RS256 to RS512 and PS256 to PS512"));
        }
        check_pem(pem)?;
        let key = EncodingKey::from_rsa_pem(pem).map_err(|_| InvalidKey("it is no private key of RSA, in PEM"))?;
        if let Err(error) = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_private_key)(key.as_bytes()) {
            return Err(InvalidKey(match error.kind() {
                ErrorKind::InvalidRsaKey(what) if what == "TooSmall" => "it has less than 2048 bits",
                ErrorKind::InvalidRsaKey(what) if what == "TooLarge" => "it has more than 8192 bits",
                _ => "it is no private key of RSA that can be used",
            }));
        }
        Self::tried(algorithm, key)
    }

    /// A private key of an elliptic curve, in PEM (`PRIVATE KEY`): of P-256 for ES256, of P-384 for ES384.
    ///
    /// # Errors
    ///
    /// Where it is none, or of another curve than that of the algorithm, or the algorithm is another.
    pub fn ec_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        if algorithm.family() != AlgorithmFamily::Ec {
            return Err(InvalidKey("a key of a curve is for ES256 and ES384"));
        }
        check_pem(pem)?;
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| InvalidKey("it is no private key of a curve, in PEM"))?;
        Self::tried(algorithm, key).map_err(|_| InvalidKey("it is not on the curve of the algorithm"))
    }

    /// A private key of Ed25519, in PEM (`PRIVATE KEY`), for `EdDSA`.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn ed_pem(pem: &[u8]) -> Result<Self, InvalidKey> {
        check_pem(pem)?;
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| InvalidKey("it is no private key of Ed25519, in PEM"))?;
        Self::tried(Algorithm::EdDSA, key)
    }

    /// Sets its id, which tokens have in their header, so that services find the key to verify them with (RFC 7515, section 4.1.4).
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The id, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What it is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn tried(algorithm: Algorithm, encoding: EncodingKey) -> Result<Self, InvalidKey> {
        let key = Self { kid: None, algorithm, encoding };
        key.sign(b"a trial").ok_or(InvalidKey("it can't sign"))?;
        Ok(key)
    }

    /// The header of tokens, in JSON.
    pub(super) fn header(&self, typ: &str) -> String {
        let mut header = Map::new();
        header.insert("alg".to_owned(), serde_json::to_value(self.algorithm).unwrap_or_default());
        header.insert("typ".to_owned(), typ.into());
        if let Some(kid) = &self.kid {
            header.insert("kid".to_owned(), kid.as_str().into());
        }
        Value::Object(header).to_string()
    }

    /// The signature; none where the key is of no use.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        // It is made for each token: it can't be sent to another thread.
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm, &self.encoding).ok()?;
        signer.try_sign(message).ok()
    }
}

/// The id and the algorithm alone.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// What else is written in PEM is no key that signs, or none that can be read.
fn check_pem(pem: &[u8]) -> Result<(), InvalidKey> {
    let has = |what: &[u8]| pem.windows(what.len()).any(|window| window == what);
    if has(b"-----BEGIN EC PRIVATE KEY-----") {
        return Err(InvalidKey("it is an EC PRIVATE KEY (SEC 1): make it a PRIVATE KEY (PKCS#8)"));
    }
    if has(b"ENCRYPTED") {
        return Err(InvalidKey("it is encrypted: to sign takes it in plain text"));
    }
    if has(b"-----BEGIN PRIVATE KEY-----") || has(b"-----BEGIN RSA PRIVATE KEY-----") {
        return Ok(());
    }
    if has(b"PUBLIC KEY-----") || has(b"-----BEGIN CERTIFICATE-----") {
        return Err(InvalidKey("it is a public key: to sign takes the private one"));
    }
    Err(InvalidKey("it is no PRIVATE KEY, in PEM"))
}
