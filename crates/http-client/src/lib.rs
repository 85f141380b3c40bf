//! The HTTP client that layers are given to talk to registries, collectors and issuers.
//!
//! An [`HttpClient`] is a handle: [plain](HttpClient::plain), or any Tower service that does TLS, pools and layers as its maker likes. What
//! asks a server through it bounds the reply in size and in time, and has one error for all that may go wrong, [`NoReply`].
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::Request;
//! use towerkit_http_client::{HttpClient, ServerUrl, percent_encoded, excerpt};
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("http://{}/", listener.local_addr()?);
//! # let server = async {
//! #     let (mut connection, _) = listener.accept().await?;
//! #     let head = connection.read(&mut [0; 1000]).await?;
//! #     connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 13\r\n\r\nno such\nthing").await?;
//! #     std::io::Result::Ok((connection, head))
//! # };
//! let client = HttpClient::plain();
//! let server_url = ServerUrl::parse(&url, &client)?.without_user()?.without_query()?;
//!
//! let request = Request::get(server_url.below(&format!("/things/{}", percent_encoded("a/b")))?).body(Bytes::new())?;
//! let reply = client.fetch(request, Duration::from_secs(5), 64 * 1024);
//! # let (reply, _connection) = tokio::join!(reply, server);
//! # let reply = async { reply };
//! let reply = reply.await?;
//! assert_eq!(reply.status(), 404);
//! assert_eq!(excerpt(reply.body()), "no such\\nthing");
//! # Ok(())
//! # }
//! ```
//!
//! # What is here
//!
//! * [`HttpClient::fetch`] has a whole reply, or an error; [`HttpClient::send`] has its head, and its [body](ReplyBody) as it comes.
//! * [`NoReply`] says why there is none: not answered, broken off, late, or too long.
//! * [`ServerUrl`] reads a URL that somebody has configured, and [`InvalidUrl`] says what is wrong with it. Neither shows a password.
//! * [`percent_encoded`] is text for a path or a query; [`excerpt`] is the beginning of what a server says, for an error.

mod client;
mod excerpt;
mod no_reply;
mod percent_encoded;
mod reply_body;
mod server_url;

pub use client::HttpClient;
pub use excerpt::excerpt;
pub use no_reply::NoReply;
pub use percent_encoded::percent_encoded;
pub use reply_body::{ReplyBody, Whole};
pub use server_url::{InvalidUrl, ServerUrl};
