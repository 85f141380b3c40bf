//! JSON Web Tokens (RFC 7519), signed (RFC 7515), on the rules of RFC 8725.

mod claims;
mod compact;
mod expected;
mod header;
mod json;
mod jwk;
mod jwks_file;
#[cfg(feature = "jwks-url")]
mod jwks_url;
mod key;
mod key_set;
mod keys;
mod rules;
mod signer;
mod verifier;
mod verifiers;

pub use expected::{Audience, Issuer};
pub use jsonwebtoken::Algorithm;
pub use jwk::JwksRules;
pub use jwks_file::JwksFile;
#[cfg(feature = "jwks-url")]
pub use jwks_url::{JwksError, JwksEvent, JwksUrl};
pub use key::{InvalidKey, VerifyingKey};
pub use key_set::{InvalidJwks, KeySet, SkippedKey};
pub use keys::Keys;
pub(crate) use keys::{KeySource, Refresh};
pub use signer::{EachCall, InvalidClaims, JwtSigner, Reused, SigningKey};
pub use verifier::JwtVerifier;
pub use verifiers::{InvalidIssuers, JwtVerifiers};
