//! towerkit endpoints over NATS: answered by [`Server`] in [`Routes`], called by [`Client`], with the same layers, deadlines and errors as over
//! HTTP and gRPC.
//!
//! ```text
//!            a process that calls                                      a process that serves
//!
//!  endpoint ─▶ Client ─▶ connection ───▶ NATS ───▶ connection ─▶ serve ─▶ Routes ─▶ Server ─▶ layers ─▶ the domain
//!              encode                    queue                   limits   subject   before
//!              before                    group                   drain              decode
//!              after                                                                encode
//!              decode                                                               after
//!              finalize                                                             finalize
//! ```
//!
//! The endpoint on both ends has the same type, and it is the type that it has over the other transports: a service moves to NATS by
//! the line that serves it.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
//! use towerkit_lifecycle::{Lifeline, Member};
//! use towerkit_transport_nats::{Remote, Routes, Server, serve};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//! #[derive(Serialize, Deserialize)]
//! struct Total {
//!     v: i64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! # let Some(nats) = towerkit_testing::tool::find("nats-server", "the page's example") else { return Ok(()) };
//! # let port = towerkit_testing::process::free_port();
//! # let url = format!("nats://127.0.0.1:{port}");
//! # let mut command = std::process::Command::new(nats);
//! # let nats = towerkit_testing::process::Process::start(command.args(["-a", "127.0.0.1", "-p", &port.to_string()]));
//! # let _nats = nats.listens_on(port, std::time::Duration::from_secs(10));
//! // Two replicas of this would share the work: they are of one queue group.
//! let client = async_nats::connect(&url).await?;
//! let sum = endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(Total { v: sum.a + sum.b }) });
//! let routes = Routes::new().queue_group("add").subject("add.sum", Server::json(sum));
//! let (lifeline, stopper) = Lifeline::detached(); // a program has a `Group`
//! tokio::spawn(serve(client.clone(), routes).run(lifeline));
//! stopper.ready().await;
//!
//! // The same endpoint, from far away.
//! let remote = Remote::new(client);
//! let sum: BoxEndpoint<Sum, Total> = remote.subject("add.sum").json().erased();
//! assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await?.v, 3);
//! # Ok(())
//! # }
//! ```
//!
//! # What is here
//!
//! * [`Server`] answers messages by an endpoint; [`codec`] reads requests into messages and writes replies; [`Routes`] are the subjects, wildcards and
//!   queue group of a service, which is found by the NATS service protocol where it [says what it is](Routes::service).
//! * [`stream`]: replies that are streams, with flow control, an end and cancellation.
//! * [`serve`](serve()) is the loop around the subscriptions, with its limits, its counters and its drain.
//! * [`Remote`] and [`Client`] make an endpoint of a subject.
//! * [`Events`] counts and tells what befalls the connection: lost, made again, its server about to stop, read too slowly.
//! * [`service_error`] and [`reply_error`] are what errors are in headers, whose numbers are those of HTTP ([`Code::http_status`](towerkit_endpoint::Code::http_status)).
//!
//! # What NATS promises
//!
//! A message is delivered once or not at all. Where a connection breaks, what was on its way is lost in silence, requests and replies alike; that nobody serves
//! a subject is said at once. So a caller learns of a loss by its own connection being lost
//! (`Unavailable`), or by its time running out (`DeadlineExceeded`); neither says whether the service has acted.
//!
//! # What a caller gets wrong
//!
//! | the message has | code |
//! | --- | --- |
//! | malformed JSON, a field that is missing or of another type, text that is not UTF-8 | `InvalidArgument`, with the place |
//! | a `towerkit-timeout` that is none | `InvalidArgument` |
//! | a payload or headers that are too large | `ResourceExhausted` |
//! | a subject that nobody serves | `Unavailable`, by the NATS server |
//!
//! Headers that are no UTF-8, or no headers at all, never get here: async-nats 0.51 drops the connection over them, and makes it anew. Over a carriage
//! return alone within a value its task panics, and the client is closed for good: [`serve`](serve()) ends with an error then, so that the process is
//! started again, and [`Remote::is_closed`] says it to a check of readiness. Whoever may publish to a subject, or to an inbox, can send one; no server of NATS
//! refuses it. So the permissions of an account are what keeps strangers away.

mod client;
mod closed;
pub mod codec;
mod events;
mod headers;
mod micro;
mod reply;
mod routes;
mod serve;
mod server;
mod service_error;
pub mod stream;
mod text;

pub use client::{CallSummary, Client, ClientFuture, Operation, Remote};
pub use events::{EventCounts, Events};
pub use reply::Reply;
pub use routes::{Matched, Routes, Stats, SubjectStats};
pub use serve::{Serve, ServeEvent, WhenFull, serve};
pub use server::{Server, Summary};
pub use service_error::{ServiceErrorCode, plain_json, reply_error, service_error};

/// The page's example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/nats.md")]
struct Page;
