use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Reason;

/// A token as it is sent (RFC 7515, section 7.1).
#[derive(Clone, Copy)]
pub(super) struct Compact<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// The header and the claims, with the dot between them.
    pub(super) signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self, Reason> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Reason::Malformed(match token.bytes().filter(|byte| *byte == b'.').count() {
                4 => "it is an encrypted token (JWE)".into(),
                _ => "it is no token of three parts".into(),
            }));
        };
        let signed = token.get(..header.len() + 1 + claims.len()).unwrap_or_default();
        Ok(Self { header, claims, signature, signed })
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, Reason> {
        decode(self.header, "its header is no base64url")
    }

    pub(super) fn claims(&self) -> Result<Vec<u8>, Reason> {
        decode(self.claims, "its claims are no base64url")
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>, Reason> {
        decode(self.signature, "its signature is no base64url")
    }
}

/// Strictly: without padding, and with nothing in the bits that are left over.
fn decode(part: &str, problem: &'static str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::Malformed(problem.into()))
}
