//! Keys that sign, and what verifies them: by hand, so that nothing of the crate stands on both sides.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use towerkit_auth::{Answer, Audience, Issuer, JwtVerifier, Keys, Principal, Reason};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "greeter";

/// A key of an issuer.
pub(crate) struct SigningKey {
    kid: String,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Of one seed there is one key.
    pub(crate) fn new(kid: &str, seed: u8) -> Self {
        Self { kid: kid.to_owned(), pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }

    /// The public half, as a JWK.
    pub(crate) fn jwk(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","use":"sig","kid":"{}","x":"{x}"}}"#, self.kid)
    }

    /// A token of ada's, which is good for an hour.
    pub(crate) fn token(&self) -> String {
        self.token_naming(&self.kid)
    }

    /// One that names another key than that which signs it.
    pub(crate) fn token_naming(&self, kid: &str) -> String {
        self.token_with(&serde_json::json!({"alg": "EdDSA", "kid": kid}))
    }

    /// One that names no key.
    #[cfg(feature = "jwks-url")]
    pub(crate) fn token_naming_none(&self) -> String {
        self.token_with(&serde_json::json!({"alg": "EdDSA"}))
    }

    fn token_with(&self, header: &serde_json::Value) -> String {
        let expiry = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
        let encoded = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!(
            "{}.{}",
            encoded(header),
            encoded(&serde_json::json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": expiry})),
        );
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// A key set, in JSON.
pub(crate) fn jwks<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> String {
    let keys: Vec<_> = keys.into_iter().map(SigningKey::jwk).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

pub(crate) fn verifier(keys: impl Into<Keys>) -> JwtVerifier {
    JwtVerifier::new(keys, Issuer::is(ISSUER), Audience::is(AUDIENCE))
}

/// The verdict, waited for.
pub(crate) async fn outcome(verdict: Answer<Principal>) -> Result<Principal, Reason> {
    match verdict {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    }
}

/// What is said of a token: `ok`, or the name of the reason.
pub(crate) async fn said_of(verifier: &JwtVerifier, token: &str) -> &'static str {
    match outcome(verifier.verify(token)).await {
        Ok(_) => "ok",
        Err(reason) => reason.as_str(),
    }
}
