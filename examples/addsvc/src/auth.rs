//! Who may call: the flags of a service that is guarded by tokens, and what a client shows of itself.

use std::path::PathBuf;

use clap::Args;
use towerkit_auth::{Audience, AuditEvent, Authentication, Issuer, JwksFile, JwtVerifier, Scheme};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{FileEvent, WatchFiles};
use towerkit_log::Logger;

/// The flags of a service: all three, or none, and then anybody may call.
#[derive(Args, Clone, Debug)]
#[group(id = "auth")]
pub struct Flags {
    /// A file with the public keys of who issues tokens (JWKS, RFC 7517), which is read again when it changes. Calls need one of its tokens then,
    /// on all transports.
    #[arg(long, value_name = "FILE", requires_all = ["jwt_issuer", "jwt_audience"])]
    jwks_file: Option<PathBuf>,

    /// Who issues the tokens: their `iss`.
    #[arg(long, value_name = "ISSUER", requires = "jwks_file")]
    jwt_issuer: Option<String>,

    /// For whom they are: their `aud`.
    #[arg(long, value_name = "AUDIENCE", requires = "jwks_file")]
    jwt_audience: Option<String>,
}

impl Flags {
    /// What goes around the endpoints, and what keeps its keys fresh; none where anybody may call.
    ///
    /// # Errors
    ///
    /// Where the file is of no use; the error names it.
    pub fn start(&self, log: &Logger) -> Result<Option<(Authentication, WatchFiles)>, BoxError> {
        let (Some(path), Some(issuer), Some(audience)) = (&self.jwks_file, &self.jwt_issuer, &self.jwt_audience) else {
            return Ok(None);
        };
        let jwks = JwksFile::open(path).map_err(|error| format!("--jwks-file: {error}"))?;
        let tokens = JwtVerifier::new(&jwks, Issuer::is(issuer), Audience::is(audience)).realm("addsvc");
        let listener = log.clone();
        let watch = jwks.watch().on_event(move |event| {
            listener.scope(|| match event {
                FileEvent::Reloaded(_) => tracing::info!("{event}"),
                _ => tracing::warn!("{event}"),
            });
        });
        Ok(Some((Authentication::new(tokens).on_refusal(audit), watch)))
    }
}

/// Each refusal is a line of the log, with the fields of its request.
fn audit(refused: &AuditEvent<'_>) {
    let (reason, scheme) = (refused.reason().as_str(), refused.scheme().map(Scheme::as_str));
    tracing::warn!(target: "audit", operation = refused.operation(), scheme, reason, "{refused}");
}
