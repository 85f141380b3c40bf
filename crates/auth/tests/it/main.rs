//! What the layers of this crate do, on real sockets and with real tokens.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "api-key")]
mod api_key;
mod audit;
mod authenticate;
mod authentication;
mod authentication_support;
mod authorization;
mod basic;
#[cfg(feature = "casbin")]
mod casbin;
#[cfg(feature = "casbin")]
mod casbin_files;
#[cfg(feature = "casbin")]
mod casbin_loading;
mod challenge;
mod client_certificate;
mod credentials;
#[cfg(any(feature = "api-key", feature = "htpasswd"))]
mod files;
mod gate;
#[cfg(feature = "htpasswd")]
mod htpasswd;
#[cfg(any(feature = "jwks-url", feature = "oauth2"))]
mod issuer_server;
#[cfg(feature = "jwks-url")]
mod jwks_bad_replies;
#[cfg(feature = "jwks-url")]
mod jwks_demand;
#[cfg(feature = "jwks-url")]
mod jwks_discovery;
#[cfg(feature = "jwt")]
mod jwks_file;
#[cfg(feature = "jwks-url")]
mod jwks_issuer;
#[cfg(feature = "jwt")]
mod jwks_keys;
#[cfg(feature = "jwks-url")]
mod jwks_outage;
#[cfg(feature = "jwks-url")]
mod jwks_start;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "oauth2")]
mod oauth2;
#[cfg(feature = "oauth2")]
mod oauth2_issuer;
#[cfg(feature = "oauth2")]
mod oauth2_outage;
#[cfg(feature = "oauth2")]
mod oauth2_request;
mod scopes;
#[cfg(feature = "jwt")]
mod signer;
#[cfg(feature = "jwt")]
mod signer_keys;
#[cfg(feature = "jwt")]
mod transports;
