//! towerkit endpoints over HTTP: served by [`Server`], called by [`Client`], on the network by [`serve`](serve()).
//!
//! ```text
//!            a process that calls                                   a process that serves
//!
//!  endpoint ─▶ Client ─▶ Pool ─────────▶ socket ─────────▶ serve ─▶ Router ─▶ Server ─▶ layers ─▶ the domain
//!              encode    connections                       limits   path and  before
//!              before    HTTP/1.1, h2c                     drain    method    decode
//!              after                                                          encode
//!              decode                                                         after
//!              finalize                                                       finalize
//! ```
//!
//! The endpoint on both ends has the same type, so a service can be moved out of the process, or into it, without a change to
//! what calls it.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use tokio::net::TcpListener;
//! use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_http::{Pool, Remote, Router, Server, serve};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Greet {
//!     name: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! // A service on a socket.
//! let greet = endpoint_fn(|greet: Greet| async move { Ok::<_, Error>(format!("Hello {}", greet.name)) });
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}", listener.local_addr()?);
//! let (lifeline, _stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(serve(listener, Router::new().get("/greeting", Server::query(greet))).run(lifeline));
//!
//! // The same endpoint, from far away.
//! let remote = Remote::new(&Pool::new(), &url)?;
//! let greet: BoxEndpoint<Greet, String> = remote.get("/greeting").query().erased();
//! assert_eq!(greet.invoke(Greet { name: "Ada".to_owned() }).await?, "Hello Ada");
//! # Ok(())
//! # }
//! ```
//!
//! # What is here
//!
//! * [`Server`] makes a Tower HTTP service of an endpoint; [`codec`] reads requests into messages and writes replies; [`Router`]
//!   finds the server for a method and a path.
//! * [`serve`](serve()) is the loop around a listener, with its limits and its drain.
//! * [`Remote`] and [`Client`] make an endpoint of a remote method; [`Pool`] keeps the connections.
//! * [`Problem`] is the body of a failed reply (RFC 9457); [`status_of`] and [`Code::from_http_status`](towerkit_endpoint::Code::from_http_status) are the table
//!   between codes and statuses.
//! * `tls` has TLS and mutual TLS for both sides, with the feature of that name.
//! * [`Body`] is the one type of body in all of these.
//!
//! # Bad input
//!
//! What a caller gets wrong is answered with a status of the 4xx class and a problem that says what and where.
//!
//! | the request has | status | who answers |
//! | --- | --- | --- |
//! | malformed JSON, a field that is missing or of another type, text that is not UTF-8 | 400 | the codec |
//! | a body that ends before its time | 400 | the codec |
//! | no `Host`, more than one, or one that is no host | 400 | `serve` |
//! | a `towerkit-timeout` that is none | 400 | [`Server`] |
//! | a path that nothing is at | 404 | [`Router`] |
//! | a method that is not allowed there | 405, with `allow` | [`Router`], [`Server`] |
//! | a body that comes too slowly | 408 | `serve` |
//! | a body that is too large | 413 | [`Server`], `serve` |
//! | a body of another media type | 415, with `accept` | the codec |
//! | a head that is too large | 431 | `serve` |

mod body;
mod client;
pub mod codec;
mod http_service;
pub mod json_rpc;
mod problem;
pub mod proxy;
mod router;
mod serve;
mod server;
pub mod sse;
#[cfg(feature = "tls")]
pub mod tls;

pub use body::{Body, ReadError};
pub use client::{
    CallSummary, Client, ClientFuture, InvalidBaseUrl, Operation, Pool, PoolFuture, PoolSettings, Remote, reply_error,
    strip_reserved, transport_failure,
};
pub use http_service::HttpService;
pub use problem::{FieldProblem, Problem, plain_json, problem_json, status_of};
pub use router::{PathParams, Router, RouterFuture};
pub use serve::{Serve, ServeEvent, StreamStop, serve};
pub use server::{Server, ServerFuture, Summary};

/// The examples of the page that a newcomer reads first, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The page on the layers around routes, too.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/http-stack.md")]
struct HttpStack;
