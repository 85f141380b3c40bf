//! One method of a service as a typed value that any transport can serve and any middleware can wrap:
//! `async fn(Request<T>) -> Result<R, Error>`, as a [`tower_service::Service`].
//!
//! # The page to start from
//!
//! The domain is a plain struct and an error that says its [`Code`]. An [endpoint](Endpoint) wraps one of its methods;
//! layers go around the endpoint, outermost first; [`erased`](Endpoint::erased) hides the type of the finished stack.
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{BoxEndpoint, Classify, Code, DeadlineLayer, Endpoint, CatchPanicLayer, endpoint_fn};
//!
//! // The domain: nothing of towerkit in it but the meaning of its errors.
//! #[derive(Debug)]
//! struct DivisionByZero;
//!
//! impl std::fmt::Display for DivisionByZero {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str("can't divide by zero")
//!     }
//! }
//! impl std::error::Error for DivisionByZero {}
//! impl Classify for DivisionByZero {
//!     fn code(&self) -> Code {
//!         Code::InvalidArgument
//!     }
//! }
//!
//! async fn divide(a: i64, b: i64) -> Result<i64, DivisionByZero> {
//!     a.checked_div(b).ok_or(DivisionByZero)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let endpoint: BoxEndpoint<(i64, i64), i64> = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(1)))
//!     .layer(CatchPanicLayer::new())
//!     .service(endpoint_fn(|(a, b)| divide(a, b)))
//!     .erased();
//!
//! assert_eq!(endpoint.invoke((6, 2)).await.unwrap(), 3);
//!
//! let error = endpoint.invoke((6, 0)).await.unwrap_err();
//! assert_eq!(error.code(), Code::InvalidArgument);
//! assert_eq!(error.message(), "can't divide by zero");
//! # }
//! ```
//!
//! # What is here
//!
//! * [`Request`] is a message and its [`Context`]: the deadline, the [`Metadata`] that came over the wire, and typed
//!   values that stay in the process. It travels through the stack with the message, so one layer serves HTTP, gRPC and
//!   NATS alike.
//! * [`Error`] is the one error of a stack: a [`Code`], a message for the caller, and a source that never leaves the
//!   process. [`Classify`] gives a domain error its code; [`Failure`] is what layers may ask of an error, and [`Refusal`] what
//!   one that refuses a call says.
//! * [`Report`] is an error with its causes, for operators; [`TraceContext`] is the trace a call belongs to, and [`Via`] how it came.
//! * [`Endpoint`] names the bounds once; [`endpoint_fn`] makes one of a function, [`method_fn`] of a service and a function;
//!   [`BoxEndpoint`] is one with its type hidden. [`service_fn`] is tower's, for a function that wants the whole [`Request`].
//! * [`middleware_fn`] makes a layer of an async function; [`DeadlineLayer`] bounds the time; [`CatchPanicLayer`] turns a
//!   panic into an error. `ValidateLayer`, with the feature `garde`, refuses messages that break their rules.
//! * [`WithMetadata`] is a reply that brings headers, trailers or a status of its own.
//! * A message or a reply may be a stream: [`BoxStream`] is one with its type hidden, and [`Tail`] is where layers leave what
//!   they hold until its end.
//! * [`Via`] is how a request came, and [`Exchange`] which one it was, for those who look on.
//! * [`timeout`] is how a deadline is written on the wire.
//!
//! # Order of a stack
//!
//! `ServiceBuilder` reads as the request travels: the first layer is the outermost. A layer that must see every outcome
//! (logs, metrics) stands first, then [`DeadlineLayer`], then what may refuse, and [`CatchPanicLayer`] innermost, so that
//! every layer outside it sees an error and not an unwinding stack.
//!
//! # What a layer may assume, and must keep
//!
//! The laws are in the docs of `towerkit-testing`, which checks them. Layers that can refuse keep the inner error type
//! and ask `S::Error: From<Leaf>` of it, so that they work on any Tower service and in any order.

mod boxed;
mod code;
mod context;
mod deadline;
mod endpoint;
mod endpoint_fn;
mod error;
mod exchange;
mod failure;
mod metadata;
mod method_fn;
mod middleware_fn;
mod not_sent;
mod panic;
mod panic_flag;
mod peer_identity;
mod refusal;
mod repeated;
mod report;
mod request;
mod stream;
mod tail;
pub mod timeout;
mod trace;
#[cfg(feature = "garde")]
mod validate;
mod via;
mod with_metadata;

pub use boxed::BoxEndpoint;
pub use code::{Code, UnknownCode};
pub use context::Context;
pub use deadline::{Deadline, DeadlineElapsed, DeadlineFuture, DeadlineLayer};
pub use endpoint::Endpoint;
pub use endpoint_fn::{EndpointFn, EndpointFuture, endpoint_fn};
pub use error::{BoxError, Classify, Error, Violation};
pub use exchange::{ErrorHandlers, Exchange};
pub use failure::Failure;
pub use metadata::{InvalidMetadata, Metadata};
pub use method_fn::method_fn;
pub use middleware_fn::{Middleware, MiddlewareFn, Next, middleware_fn};
pub use not_sent::NotSent;
pub use panic::{CatchPanic, CatchPanicFuture, CatchPanicLayer, Panicked};
pub use panic_flag::PanicFlag;
pub use peer_identity::PeerIdentity;
pub use refusal::{Refusal, RetryAfter};
pub use repeated::Repeated;
pub use report::Report;
pub use request::Request;
pub use stream::BoxStream;
pub use tail::{Ending, Tail, TailLayer, WithTail};
pub use tower::service_fn;
pub use trace::{SpanId, TraceContext, TraceId};
#[cfg(feature = "garde")]
pub use validate::{InvalidMessage, ValidateFuture, ValidateLayer, Validated};
pub use via::Via;
pub use with_metadata::WithMetadata;
