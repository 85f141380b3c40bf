//! towerkit endpoints over gRPC: served by [`Server`] in [`Routes`], called by [`Client`], with the same layers, deadlines and errors as
//! over HTTP.
//!
//! ```text
//!            a process that calls                                   a process that serves
//!
//!  endpoint ─▶ Client ─▶ channel ──────▶ socket ────────▶ serve ─▶ Routes ─▶ Server ─▶ layers ─▶ the domain
//!              encode    HTTP/2                           limits   path      before
//!              before                                     drain              decode
//!              after                                                         encode
//!              decode                                                        after
//!              trailers                                                      finalize
//!              finalize
//! ```
//!
//! The endpoint on both ends has the same type, and it is the type that it has over HTTP: a service is put on gRPC by naming its methods,
//! and by saying how its messages become those of the domain.
//!
//! ```
//! use tokio::net::TcpListener;
//! use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_grpc::{Method, Remote, Routes, Server, serve};
//! use towerkit_transport_http::Pool;
//!
//! // By prost, from `message GreetRequest { string name = 1; }` and so on.
//! mod pb {
//!     #[derive(Clone, PartialEq, prost::Message)]
//!     pub struct GreetRequest {
//!         #[prost(string, tag = "1")]
//!         pub name: String,
//!     }
//!     #[derive(Clone, PartialEq, prost::Message)]
//!     pub struct GreetReply {
//!         #[prost(string, tag = "1")]
//!         pub greeting: String,
//!     }
//! }
//!
//! // rpc Greet (GreetRequest) returns (GreetReply), of the service Greeter in the package greeter
//! const GREET: Method<pb::GreetRequest, pb::GreetReply> = Method::new("/greeter.Greeter/Greet");
//!
//! // The domain knows neither of them.
//! struct Name(String);
//! struct Greeting(String);
//!
//! impl TryFrom<pb::GreetRequest> for Name {
//!     type Error = Error;
//!
//!     fn try_from(request: pb::GreetRequest) -> Result<Self, Error> {
//!         if request.name.is_empty() { Err(Error::invalid("name", "is empty")) } else { Ok(Self(request.name)) }
//!     }
//! }
//! impl From<Greeting> for pb::GreetReply {
//!     fn from(greeting: Greeting) -> Self {
//!         Self { greeting: greeting.0 }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! // A service on a socket.
//! let greet = endpoint_fn(|name: Name| async move { Ok::<_, Error>(Greeting(format!("Hello {}", name.0))) });
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}", listener.local_addr()?);
//! let (lifeline, _stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(serve(listener, Routes::new().unary(GREET, Server::new(greet))).run(lifeline));
//!
//! // The same endpoint, from far away.
//! let remote = Remote::new(&Pool::builder().http2().build(), &url)?;
//! let greet: BoxEndpoint<Name, Greeting> = remote
//!     .unary(GREET)
//!     .encode(|name: Name| pb::GreetRequest { name: name.0 })
//!     .decode(|reply: pb::GreetReply| Greeting(reply.greeting))
//!     .erased();
//! assert_eq!(greet.invoke(Name("Ada".to_owned())).await?.0, "Hello Ada");
//!
//! let error = greet.invoke(Name(String::new())).await.err().unwrap();
//! assert_eq!(error.violations()[0].field, "name"); // it came as google.rpc.BadRequest
//! # Ok(())
//! # }
//! ```
//!
//! # What is here
//!
//! * [`Method`] names a method and its messages, once for both sides; [`codec`] writes them, protobuf unless said otherwise, and [`convert`] makes those of
//!   the domain of them.
//! * [`Server`] makes a method of an endpoint, unary or of any streaming kind: in [`Routes`] by its path, or in a service that tonic
//!   generated.
//! * [`Remote`] and [`Client`] make an endpoint of a remote method, over any channel: a
//!   [`Pool`](towerkit_transport_http::Pool), or tonic's own.
//! * [`serve`](serve()) is the loop around a listener: that of [`towerkit_transport_http`], whose limits, TLS and drain it has.
//! * [`status_of`] and [`error_of`] are the table between errors and statuses, with `google.rpc` details.
//! * `Routes::health` has the health service (feature `health`; `transport-grpc-health` of `towerkit`),
//!   `Routes::reflection` the reflection service (feature `reflection`; `transport-grpc-reflection`).
//! * [`Compression`] is there with the feature `compression`; TLS and mutual TLS with the feature `tls`, as over HTTP.
//!
//! # Protobuf code without protoc
//!
//! Any code for prost will do. What makes it in a build, without a tool to install, is a build script with `protox` and
//! `tonic-prost-build`; the examples `addsvc` and `runningsum` have it:
//!
//! ```toml
//! [dependencies]
//! prost = "0.14"
//! tonic = { version = "0.14", default-features = false, features = ["codegen", "server"] }
//! tonic-prost = "0.14"
//!
//! [build-dependencies]
//! protox = "0.10"
//! tonic-prost-build = { version = "0.14", default-features = false }
//! ```
//!
//! ```no_run
//! # mod protox {
//! #     pub mod prost { pub trait Message { fn encode_to_vec(&self) -> Vec<u8> { Vec::new() } } }
//! #     pub struct Set;
//! #     impl prost::Message for Set {}
//! #     pub fn compile(_: [&str; 1], _: [&str; 1]) -> Result<Set, std::io::Error> { Ok(Set) }
//! # }
//! # mod tonic_prost_build {
//! #     pub struct Builder;
//! #     pub fn configure() -> Builder { Builder }
//! #     impl Builder {
//! #         pub fn build_transport(self, _: bool) -> Self { self }
//! #         pub fn compile_fds(self, _: crate::protox::Set) -> Result<(), std::io::Error> { Ok(()) }
//! #     }
//! # }
//! // build.rs
//! use protox::prost::Message;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     println!("cargo:rerun-if-changed=proto");
//!     let descriptors = protox::compile(["proto/add.proto"], ["proto"])?;
//!     // For the reflection service, by `tonic::include_file_descriptor_set!("add")`.
//!     let file = std::path::Path::new(&std::env::var("OUT_DIR")?).join("add.bin");
//!     std::fs::write(file, descriptors.encode_to_vec())?;
//!     // The messages, by `tonic::include_proto!("pb")`, and the services of tonic.
//!     tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
//!     Ok(())
//! }
//! ```
//!
//! Where methods are mounted by path and called by [`Remote`], the messages alone are enough: `.build_client(false).build_server(false)` in place of
//! `.build_transport(false)`, as in the example `greeter`. tonic needs no feature then, and `tonic-prost` is not needed.
//!
//! # What a caller gets wrong
//!
//! | the call has | code |
//! | --- | --- |
//! | a method that is not here | `Unimplemented` |
//! | a message that can't be read, or ends before its time | `InvalidArgument` |
//! | a message that is too large, decompressed too | `ResourceExhausted` |
//! | none or more than one message, where the method takes one | `Unimplemented` |
//! | a `grpc-timeout` that is none | `InvalidArgument` |
//! | an encoding that is not known | `Unimplemented`, with `grpc-accept-encoding` |
//! | the compressed flag without an encoding | `Internal` ("gRPC Compression") |
//! | another subtype, `application/grpc+json` | `Unimplemented` |
//! | another media type | the HTTP status 415 |
//! | HTTP/1.1 | the HTTP status 505 |
//!
//! A message that can't be read is `Internal` with other implementations; here it is the caller's, so that breakers and alerts that
//! count faults don't count it.

mod client;
pub mod codec;
mod compression;
pub mod convert;
mod frame;
mod method;
mod routes;
mod serve;
mod server;
mod status;
mod stream_reply;
mod until;
mod wire;

pub use client::{CallSummary, Channel, Client, ClientFuture, InvalidRemote, PoolChannel, PoolChannelFuture, Remote};
pub use compression::{Compression, Uncompressed};
pub use method::Method;
pub use routes::{Routes, RoutesFuture};
pub use serve::serve;
pub use server::{Head, ReplyStream, Server, Summary};
pub use status::{ErrorDetails, Status, error_of, status_of};
pub use stream_reply::StreamReply;

/// The guide's page, as a test.
#[cfg(all(doctest, feature = "health", feature = "reflection"))]
#[doc = include_str!("../../../docs/grpc.md")]
struct Guide;
