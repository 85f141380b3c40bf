//! A reverse proxy as an endpoint: [`ReverseProxy`] passes whole requests on to another service, and [`server`] mounts it.
//!
//! Its message is a request and its reply a response, both with their bodies as streams. So whatever stands around other
//! endpoints stands around it too: a deadline, limits, authentication, logs.
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::DeadlineLayer;
//! use towerkit_transport_http::proxy::{self, ReverseProxy};
//! use towerkit_transport_http::{Pool, Remote, Router};
//!
//! # fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! let users = ReverseProxy::new(Remote::new(&Pool::new(), "http://127.0.0.1:9001")?);
//! let users = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_secs(30))).service(users);
//! let routes = Router::new().fallback(proxy::server(users));
//! # let _ = routes;
//! # Ok(())
//! # }
//! ```
//!
//! # What is passed on
//!
//! The method, the path and the query are as they came, byte by byte; the path of the backend's URL stands before them. The headers
//! are the metadata of the [`Context`](towerkit_endpoint::Context), so that what a layer has put there or taken out is obeyed. The
//! rest is by the rules:
//!
//! | what | there | and back | rule |
//! | --- | --- | --- | --- |
//! | `connection` and what it names, `keep-alive`, `proxy-connection`, `transfer-encoding`, `upgrade` | left out | left out | RFC 9110, 7.6.1 |
//! | `te` | left out, but for `trailers` | | RFC 9110, 10.1.4 |
//! | `proxy-authorization`, `proxy-authenticate` | left out | left out | they are between two neighbours |
//! | `via` | added | added | RFC 9110, 7.6.3 |
//! | `host` | the backend's, or [kept](ReverseProxy::keep_host) | | |
//! | `x-forwarded-for`, `-host`, `-proto`, `forwarded` | written anew; of [trusted](ReverseProxy::trust) peers, added to | | RFC 7239 |
//! | `content-length` | by the body | as it came | a body is framed anew, so no framing is passed on |
//! | `expect` | left out | | whoever reads the body answers it |
//! | `towerkit-timeout` | the time that is left | | |
//! | trailers | as they came | as they came | |
//! | a status of 1xx | | left out | |
//!
//! Bodies go through as they come, in both directions, and only as fast as they are read. When the caller goes away the backend's
//! call is dropped; when the backend breaks off, so does the reply.
//!
//! # What is refused, and what fails
//!
//! | what | status |
//! | --- | --- |
//! | `CONNECT`, `TRACE`, `OPTIONS *`, an `upgrade` to anything but HTTP/2 | 501 |
//! | a request that was here before, where the proxy has a [name](ReverseProxy::named) | 508 |
//! | the backend can't be reached, breaks off before its head, or answers what is no HTTP | 502 |
//! | the backend takes too long to connect or for its head, or the deadline is over | 504 |

mod codec;
mod forwarded;
mod headers;
mod reverse_proxy;

pub use codec::{Whole, server};
pub use forwarded::Forwarding;
pub use reverse_proxy::{ProxyFuture, ReverseProxy};
