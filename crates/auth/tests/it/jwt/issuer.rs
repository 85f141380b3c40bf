//! Who signs the tokens of the tests, whatever they say.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use towerkit_auth::{
    Algorithm, Answer, Audience, Issuer, JwtVerifier, Keys, Principal, Reason, SigningKey, VerifyingKey,
};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "addsvc";

/// Of 64 bytes, which is enough for all.
pub(crate) const SECRET: &[u8] = b"a secret that only the tests know: it must not be in any message";

pub(crate) const ALL: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::EdDSA,
];

/// A pair of keys, or a secret.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<&'static str>,
    encoding: EncodingKey,
    /// In PEM; the secret where it is one.
    pub(crate) private: String,
    pub(crate) public: String,
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return Self::secret(algorithm, SECRET),
            Algorithm::ES256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Algorithm::ES384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Algorithm::EdDSA => return Self::ed25519(),
            _ => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
        .unwrap();
        Self::pair(algorithm, pair.serialize_pem(), pair.public_key_pem())
    }

    pub(crate) fn secret(algorithm: Algorithm, secret: &[u8]) -> Self {
        let text = String::from_utf8(secret.to_vec()).unwrap();
        Self { algorithm, kid: None, encoding: EncodingKey::from_secret(secret), private: text.clone(), public: text }
    }

    /// In the older form of PKCS#8, without the public key: OpenSSL 3.0 reads no other.
    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", pair.public_key().as_ref()].concat();
        let pem = |what: &str, der: &[u8]| {
            format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", STANDARD.encode(der))
        };
        let private = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
        Self::pair(Algorithm::EdDSA, private, pem("PUBLIC KEY", &public))
    }

    fn pair(algorithm: Algorithm, private: String, public: String) -> Self {
        let pem = private.as_bytes();
        let encoding = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem),
            _ => EncodingKey::from_rsa_pem(pem),
        };
        Self { algorithm, kid: None, encoding: encoding.unwrap(), private, public }
    }

    /// The same key by another algorithm of its kind.
    pub(crate) fn by(&self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    pub(crate) fn kid(self, kid: &'static str) -> Self {
        Self { kid: Some(kid), ..self }
    }

    /// What its tokens are verified by.
    pub(crate) fn key(&self) -> VerifyingKey {
        let pem = self.public.as_bytes();
        let key = match self.algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => VerifyingKey::hmac(self.algorithm, pem),
            Algorithm::ES256 | Algorithm::ES384 => VerifyingKey::ec_pem(self.algorithm, pem),
            Algorithm::EdDSA => VerifyingKey::ed_pem(pem),
            _ => VerifyingKey::rsa_pem(self.algorithm, pem),
        }
        .unwrap();
        match self.kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        }
    }

    /// The half that signs, as the crate has it.
    pub(crate) fn signing_key(&self) -> SigningKey {
        let pem = self.private.as_bytes();
        match self.algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => SigningKey::hmac(self.algorithm, pem),
            Algorithm::ES256 | Algorithm::ES384 => SigningKey::ec_pem(self.algorithm, pem),
            Algorithm::EdDSA => SigningKey::ed_pem(pem),
            _ => SigningKey::rsa_pem(self.algorithm, pem),
        }
        .unwrap()
    }

    pub(crate) fn header(&self) -> Value {
        match self.kid {
            Some(kid) => json!({"alg": self.algorithm, "kid": kid}),
            None => json!({"alg": self.algorithm}),
        }
    }

    /// A token as it should be.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header().to_string(), &claims.to_string())
    }

    /// A token of any header and any claims.
    pub(crate) fn sign_as(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&base64url(header), &base64url(claims))
    }

    /// A token of parts as they are sent.
    pub(crate) fn sign_parts(&self, header: &str, claims: &str) -> String {
        let signed = format!("{header}.{claims}");
        format!("{signed}.{}", base64url(self.signature(&signed)))
    }

    pub(crate) fn signature(&self, signed: &str) -> Vec<u8> {
        (DEFAULT_PROVIDER.signer_factory)(&self.algorithm, &self.encoding).unwrap().try_sign(signed.as_bytes()).unwrap()
    }
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Claims that pass.
pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now() + 600})
}

/// [`claims`], some of which are others; `null` takes one away.
pub(crate) fn claims_with(others: &Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(crate) fn verifier(keys: impl Into<Keys>) -> JwtVerifier {
    JwtVerifier::new(keys, Issuer::is(ISSUER), Audience::is(AUDIENCE))
}

pub(crate) fn verify(verifier: &JwtVerifier, token: &str) -> Result<Principal, Reason> {
    match verifier.verify(token) {
        Answer::Now(outcome) => outcome,
        Answer::Later(_) => panic!("nothing is to be waited for"),
    }
}

/// The reason's name for which a token is refused.
#[track_caller]
pub(crate) fn refused(verifier: &JwtVerifier, token: &str) -> &'static str {
    match verify(verifier, token) {
        Ok(principal) => panic!("{principal:?} has passed: {token}"),
        Err(reason) => reason.as_str(),
    }
}
