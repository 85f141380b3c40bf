use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm,
};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::jwk::{Jwk, JwksRules};

/// A key that tokens are verified with, and the one algorithm that it is for (RFC 8725, section 3.1).
///
/// A token can't choose what its signature is checked by: one that names another algorithm than its key's is refused. A key of
/// several algorithms is several keys, of the same id.
///
/// ```
/// use towerkit_auth::{Algorithm, VerifyingKey};
///
/// let key = VerifyingKey::hmac(Algorithm::HS256, b"32 bytes that nobody else knows.").unwrap().with_kid("2024-05");
/// assert_eq!(format!("{key:?}"), r#"VerifyingKey { kid: Some("2024-05"), algorithm: HS256, .. }"#);
///
/// assert!(VerifyingKey::hmac(Algorithm::HS512, b"32 bytes that nobody else knows.").is_err()); // too short
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// A secret, for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// Where it is shorter than the hash, 32, 48 or 64 bytes (RFC 7518, section 3.2), or the algorithm is another.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, InvalidKey> {
        check_secret(algorithm, secret)?;
        Ok(Self::of(algorithm, DecodingKey::from_secret(secret)))
    }

    /// A public key of RSA, in PEM (`PUBLIC KEY` or `RSA PUBLIC KEY`), for RS256 to RS512 or PS256 to PS512.
    ///
    /// # Errors
    ///
    /// Where it is none, has less than 2048 bits (RFC 7518, section 3.3) or more than 8192, or the algorithm is another.
    pub fn rsa_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        check_pem(pem)?;
        let key = DecodingKey::from_rsa_pem(pem).map_err(|_| InvalidKey("it is no public key of RSA, in PEM"))?;
        let der = key.try_get_as_bytes().map_err(|_| InvalidKey("it is no public key of RSA"))?;
        let (n, e) = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(der)
            .map_err(|_| InvalidKey("it is no public key of RSA that can be used"))?;
        Self::rsa(algorithm, &n, &e)
    }

    /// A public key of an elliptic curve, in PEM (`PUBLIC KEY`): of P-256 for ES256, of P-384 for ES384.
    ///
    /// # Errors
    ///
    /// Where it is none, or of another curve than that of the algorithm, or the algorithm is another.
    pub fn ec_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        check_pem(pem)?;
        let key = DecodingKey::from_ec_pem(pem).map_err(|_| InvalidKey("it is no public key of a curve, in PEM"))?;
        Self::ec(algorithm, key.try_get_as_bytes().map_err(|_| InvalidKey("it is no public key of a curve"))?)
    }

    /// A public key of Ed25519, in PEM (`PUBLIC KEY`), for `EdDSA`.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn ed_pem(pem: &[u8]) -> Result<Self, InvalidKey> {
        check_pem(pem)?;
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| InvalidKey("it is no public key of Ed25519, in PEM"))?;
        Self::ed(key.try_get_as_bytes().map_err(|_| InvalidKey("it is no public key of Ed25519"))?)
    }

    /// A public key as a JSON Web Key (RFC 7517), with its id, by the rules of [`KeySet::from_jwks`](crate::KeySet::from_jwks).
    ///
    /// # Errors
    ///
    /// Where it is none, or is not for verifying signatures, or no algorithm of it is known here.
    pub fn from_jwk(json: &[u8]) -> Result<Self, InvalidKey> {
        let jwk: Jwk<'_> = serde_json::from_slice(json).map_err(|_| InvalidKey("it is no JSON Web Key"))?;
        let mut keys = jwk.keys(&JwksRules::new())?;
        keys.pop().ok_or(InvalidKey("no algorithm of it is allowed"))
    }

    /// Sets its id, by which tokens name it (RFC 7515, section 4.1.4).
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

    /// By the modulus and the exponent, as they stand in a JWK.
    pub(super) fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, InvalidKey> {
        if algorithm.family() != AlgorithmFamily::Rsa {
            return Err(InvalidKey("a key of RSA is for RS256 to RS512 and PS256 to PS512"));
        }
        let (n, e) = (without_zeros(n), without_zeros(e));
        match bits(n) {
            ..2048 => return Err(InvalidKey("it has less than 2048 bits")),
            2048..=8192 => {}
            _ => return Err(InvalidKey("it has more than 8192 bits")),
        }
        // What AWS-LC takes: an odd number from 3 to 33 bits.
        if bits(e) < 2 || bits(e) > 33 || !is_odd(e) || !is_odd(n) {
            return Err(InvalidKey("its numbers are not those of a key of RSA"));
        }
        Ok(Self::of(algorithm, DecodingKey::from_rsa_raw_components(n, e)))
    }

    /// By the point, which is not compressed (SEC 1, section 2.3.3).
    pub(super) fn ec(algorithm: Algorithm, point: &[u8]) -> Result<Self, InvalidKey> {
        let (curve, length): (&'static dyn VerificationAlgorithm, _) = match algorithm {
            Algorithm::ES256 => (&ECDSA_P256_SHA256_FIXED, 1 + 2 * 32),
            Algorithm::ES384 => (&ECDSA_P384_SHA384_FIXED, 1 + 2 * 48),
            _ => return Err(InvalidKey("a key of a curve is for ES256 and ES384")),
        };
        // The second one finds out the other curves whose points are of that length.
        if point.len() != length || ParsedPublicKey::new(curve, point).is_err() {
            return Err(InvalidKey("it is not on the curve of the algorithm"));
        }
        Ok(Self::of(algorithm, DecodingKey::from_ec_der(point)))
    }

    pub(super) fn ed(point: &[u8]) -> Result<Self, InvalidKey> {
        if point.len() != 32 || ParsedPublicKey::new(&ED25519, point).is_err() {
            return Err(InvalidKey("it is no public key of Ed25519"));
        }
        Ok(Self::of(Algorithm::EdDSA, DecodingKey::from_ed_der(point)))
    }

    const fn of(algorithm: Algorithm, decoding: DecodingKey) -> Self {
        Self { kid: None, algorithm, decoding }
    }

    pub(super) fn or_kid(mut self, kid: Option<String>) -> Self {
        self.kid = kid;
        self
    }

    /// Whether a signature is that of this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        // It is made for each call: it can't be sent to another thread.
        (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.decoding)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

/// The id and the algorithm alone.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A secret is as long as the algorithm's hash at least (RFC 7518, section 3.2), to sign as to verify.
pub(super) fn check_secret(algorithm: Algorithm, secret: &[u8]) -> Result<(), InvalidKey> {
    let hash = match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => return Err(InvalidKey("a secret is for HS256, HS384 and HS512")),
    };
    if secret.len() < hash {
        return Err(InvalidKey("the secret is shorter than the algorithm's hash"));
    }
    Ok(())
}

/// What else is written in PEM is no key, or is none that should be here.
fn check_pem(pem: &[u8]) -> Result<(), InvalidKey> {
    let has = |what: &[u8]| pem.windows(what.len()).any(|window| window == what);
    if has(b"PRIVATE KEY-----") {
        return Err(InvalidKey("it is a private key: to verify takes the public one"));
    }
    if has(b"-----BEGIN PUBLIC KEY-----") || has(b"-----BEGIN RSA PUBLIC KEY-----") {
        return Ok(());
    }
    Err(InvalidKey("it is no PUBLIC KEY, in PEM"))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

/// A key can't be used; with what is wrong with it, and without any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey(pub(crate) &'static str);

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key can't be used: {}", self.0)
    }
}

impl std::error::Error for InvalidKey {}
