use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use towerkit_endpoint::Context;

use super::claims::{InvalidClaims, object};
use crate::credentials::KeptToken;

/// A [`JwtSigner`](super::JwtSigner) that signs a token for each call.
pub struct EachCall(Arc<Claims>);

type Claims = dyn Fn(&Context) -> Result<Map<String, Value>, InvalidClaims> + Send + Sync;

impl EachCall {
    pub(super) fn new<C: Serialize>(claims: impl Fn(&Context) -> C + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |context| object(&claims(context))))
    }

    pub(super) fn claims(&self, context: &Context) -> Result<Map<String, Value>, InvalidClaims> {
        (self.0)(context)
    }
}

impl fmt::Debug for EachCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EachCall")
    }
}

/// A [`JwtSigner`](super::JwtSigner) that signs a token for many calls.
pub struct Reused {
    pub(super) claims: Map<String, Value>,
    pub(super) kept: Mutex<KeptToken>,
    pub(super) renew_before: Duration,
}

impl Reused {
    pub(super) fn new(claims: &impl Serialize) -> Result<Self, InvalidClaims> {
        let claims = object(claims)?;
        if ["exp", "iat", "nbf", "jti"].iter().any(|made_anew| claims.contains_key(*made_anew)) {
            return Err(InvalidClaims("exp, iat, nbf and jti are made anew with each token"));
        }
        Ok(Self { claims, kept: Mutex::default(), renew_before: Duration::from_secs(60) })
    }
}

impl fmt::Debug for Reused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reused").field("renew_before", &self.renew_before).finish_non_exhaustive()
    }
}
