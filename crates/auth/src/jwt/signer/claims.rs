use std::fmt;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

/// Claims can't be those of a token; with what is wrong with them, and without any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidClaims(pub(super) &'static str);

impl fmt::Display for InvalidClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no token for these claims: {}", self.0)
    }
}

impl std::error::Error for InvalidClaims {}

/// Claims as the object that they are; of nothing, an empty one.
pub(super) fn object(claims: &impl Serialize) -> Result<Map<String, Value>, InvalidClaims> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(InvalidClaims("they are no object")),
        Err(_) => Err(InvalidClaims("they can't be written as JSON")),
    }
}

/// The claims of RFC 7519, section 4.1.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) issuer: Option<String>,
    pub(super) audience: Vec<String>,
    pub(super) subject: Option<String>,
    pub(super) lifetime: Duration,
    pub(super) jti: bool,
    pub(super) nbf: bool,
}

impl Registered {
    pub(super) const fn new(lifetime: Duration) -> Self {
        Self { issuer: None, audience: Vec::new(), subject: None, lifetime, jti: false, nbf: false }
    }

    /// The claims of a token in JSON, with these among them, and how long there is to its end.
    pub(super) fn complete(
        &self,
        mut claims: Map<String, Value>,
        now: SystemTime,
    ) -> Result<(Vec<u8>, Duration), InvalidClaims> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| InvalidClaims("the clock is not set"))?;
        let (iat, lifetime) = (since.as_secs(), self.lifetime);
        let exp = iat.saturating_add(lifetime.as_secs()).saturating_add(u64::from(lifetime.subsec_nanos() > 0));
        let mut add = |name: &str, value: Value| {
            claims.entry(name).or_insert(value);
        };
        add("iat", iat.into());
        add("exp", exp.into());
        if self.nbf {
            add("nbf", iat.into());
        }
        if let Some(issuer) = &self.issuer {
            add("iss", issuer.as_str().into());
        }
        if let Some(subject) = &self.subject {
            add("sub", subject.as_str().into());
        }
        match &*self.audience {
            [] => {}
            [audience] => add("aud", audience.as_str().into()),
            several => add("aud", several.into()),
        }
        if self.jti {
            let mut id = [0; 16];
            rand::fill(&mut id).map_err(|_| InvalidClaims("there are no random numbers for the jti"))?;
            add("jti", URL_SAFE_NO_PAD.encode(id).into());
        }
        let json = serde_json::to_vec(&claims).map_err(|_| InvalidClaims("they can't be written as JSON"))?;
        Ok((json, Duration::from_secs(exp).saturating_sub(since)))
    }
}
