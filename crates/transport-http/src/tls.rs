//! TLS and mutual TLS, by rustls.
mod client;
mod error;
mod identity;
mod live;
mod pem;
mod reload;
mod server;
mod session;

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use client::ClientTls;
pub use error::LoadError;
pub use identity::PeerIdentity;
pub use reload::{ReloadEvent, Reloader, WatchFiles};
pub use server::ServerTls;
pub use session::Session;

const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// The process may have another one, or none: it is neither asked nor set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
