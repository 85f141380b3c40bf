//! TLS and mutual TLS for [`serve`](crate::serve()) and [`Pool`](crate::Pool), by rustls: feature `tls`.
//!
//! TLS 1.3 and 1.2 with the suites that rustls has, which are all sound; the cryptography is that of aws-lc-rs, and the process's
//! default is neither asked nor set. HTTP/2 is agreed on by ALPN; a peer without ALPN speaks HTTP/1.1.
//!
//! ```
//! use tokio::net::TcpListener;
//! use tower::service_fn;
//! use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, Request};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_http::tls::{ClientTls, PeerIdentity, ServerTls};
//! use towerkit_transport_http::{Pool, Remote, Router, Server, serve};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! # let issuer = {
//! #     let mut params = rcgen::CertificateParams::default();
//! #     params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! #     rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate()?)?
//! # };
//! # let issue = |name: &str| {
//! #     let key = rcgen::KeyPair::generate()?;
//! #     let certificate = rcgen::CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &issuer)?;
//! #     Ok::<_, rcgen::Error>((certificate.pem(), key.serialize_pem()))
//! # };
//! # let ((cert, key), (client_cert, client_key), ca) = (issue("localhost")?, issue("cart.test")?, issuer.pem());
//! // From files, `from_pem_files("cert.pem", "key.pem")` and so on: those can be read again.
//! let tls = ServerTls::from_pem(cert, key)?.client_ca_pem(&ca)?;
//!
//! let whoami = service_fn(|request: Request<()>| async move {
//!     let names = request.context().get::<PeerIdentity>().map(|peer| peer.dns_names().to_vec());
//!     Ok::<_, Error>(names.unwrap_or_default())
//! });
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("https://localhost:{}", listener.local_addr()?.port());
//! let server = serve(listener, Router::new().get("/whoami", Server::query(whoami))).tls(tls);
//! let (lifeline, _stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(server.run(lifeline));
//!
//! let tls = ClientTls::roots_pem(&ca)?.identity_pem(client_cert, client_key)?;
//! let remote = Remote::new(&Pool::builder().tls(tls).build(), &url)?;
//! let whoami: BoxEndpoint<(), Vec<String>> = remote.get("/whoami").query().erased();
//! assert_eq!(whoami.invoke(()).await?, ["cart.test"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Who the peer is
//!
//! A client's certificate, once verified, is a [`PeerIdentity`] in the endpoint's context; a foreign service finds it in
//! [`Body::tls`](crate::Body::tls). A connection without one costs its requests nothing.
//!
//! # Certificates that change
//!
//! A [`Reloader`] reads all files again: the certificate and its key, and the authorities. What was read is taken as a whole,
//! and only where it is good; new connections have it, those that are open go on, and no session of before is resumed.
//! Where they are [watched](ServerTls::watch), that is done when they change:
//!
//! ```no_run
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_transport_http::tls::ServerTls;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = ServerTls::from_pem_files("cert.pem", "key.pem")?;
//! let watch = tls.watch().interval(Duration::from_secs(5)).on_event(|event| eprintln!("{event}"));
//! let group = Group::new().with(watch);
//! # let _ = group;
//! # Ok(())
//! # }
//! ```
//!
//! Revocation lists are not read: certificates should be short-lived instead.

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
pub use reload::Reloader;
pub use server::ServerTls;
pub use session::Session;
pub use towerkit_endpoint::PeerIdentity;

const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// The process may have another one, or none: it is neither asked nor set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
