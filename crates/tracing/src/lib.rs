//! Traces for any transport: what a request did, where, and how long each part of it took.
//!
//! A [`Tracer`] is a handle, given to whoever makes spans; nothing is global. Its layers read the caller's trace, make a span of each
//! request and each call, and write the trace into outgoing metadata, whatever the transport. An [`Exporter`] carries the spans away: to
//! Zipkin, by OTLP, or by any exporter of OpenTelemetry's.
//!
//! ```
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{Endpoint, Error, Request, Via, endpoint_fn};
//! use towerkit_lifecycle::Group;
//! use towerkit_tracing::{Sampler, Span, Tracer};
//! # use opentelemetry_sdk::{error::OTelSdkResult, trace::{SpanData, SpanExporter}};
//! # #[derive(Debug)]
//! # struct Zipkin;
//! # impl Zipkin {
//! #     fn new(_: &str) -> Result<Self, Error> { Ok(Self) }
//! # }
//! # impl SpanExporter for Zipkin {
//! #     async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult { Ok(()) }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let (tracer, exporter) = Tracer::builder("addsvc")
//!     .sampler(Sampler::ratio(0.1)) // of the traces that begin here; what a caller has decided holds
//!     .export(Zipkin::new("http://127.0.0.1:9411/api/v2/spans")?)
//!     .build();
//! let group = Group::new().with(exporter); // first: it stops last, and takes the spans of the drain along
//!
//! // A client's endpoint.
//! let price = ServiceBuilder::new()
//!     .layer(tracer.calls("price").via(Via::grpc("/pb.Shop/Price")))
//!     // ... a retry ...
//!     .layer(tracer.attempts())
//!     .service(endpoint_fn(|item: u64| async move { Ok::<_, Error>(item * 3) })) // in earnest: `Remote::unary`
//!     .erased();
//!
//! // A server's endpoint.
//! let buy = ServiceBuilder::new()
//!     .layer(tracer.requests("buy"))
//!     .service(towerkit_endpoint::service_fn(move |request: Request<u64>| {
//!         let price = price.clone();
//!         async move {
//!             Span::of(request.context()).set_attribute("shop.item", "7");
//!             price.invoke(request.outgoing()).await // below the span of `buy`
//!         }
//!     }))
//!     .erased();
//! assert_eq!(buy.invoke(7).await?, 21);
//! # drop(group);
//! # Ok(())
//! # }
//! ```
//!
//! # Where the layers stand in a stack
//!
//! ```text
//!   a server's                                a client's
//!
//!   tracer.requests("sum")    the trace       tracer.calls("sum")     one span, one traceparent
//!   log.requests("sum")       knows its id    deadline
//!   metrics.requests("sum")   exemplars       retry
//!   deadline                                  tracer.attempts()       an event for each attempt
//!   limits                                    breaker, limiter, balancer
//!   the endpoint                              the client
//! ```
//!
//! # What is sampled, and what that costs
//!
//! A [`Sampler`] decides once, where the trace begins; all further services follow, so that a trace is whole or not there. A
//! request that is not recorded still has its [`TraceContext`](towerkit_endpoint::TraceContext), with an id of its own and the flag off, and passes
//! it on; it costs no allocation. Each layer's docs say what a recorded one costs.
//!
//! # Whom to believe
//!
//! Whoever can reach a service can write its headers. Within one's own walls the caller's trace is joined, its decision kept, its
//! [`Baggage`] taken as far as its names are listed. From outside, [`RequestsLayer::untrusted`] begins a trace of its own and only links the
//! caller's.
//!
//! # How spans get away
//!
//! A span that ends is put in a bounded queue, and that is all that a request waits for. The [`Exporter`] sends what is there in batches, each
//! within a time limit; at the stop of the group it sends the rest. What finds the queue full, fails, or is left at the
//! end is lost, and counted: [`Stats`] add up at any moment, and [`ExportEvent`]s tell of it.
//!
//! The seam is OpenTelemetry's [`SpanExporter`](opentelemetry_sdk::trace::SpanExporter) and its `SpanData`. Of its SDK nothing else is used: not the
//! provider, nor its thread, which has no runtime for an exporter that needs one, nor anything global.
//!
//! # What is here
//!
//! * [`Tracer`], its [`TracerBuilder`], and [`Span`].
//! * [`RequestsLayer`], [`CallsLayer`], [`AttemptsLayer`].
//! * [`Sampler`], [`Propagation`], [`Baggage`], [`Limits`].
//! * [`Exporter`], its [`Stats`] and [`ExportEvent`]s.
//! * `Zipkin` with the feature `zipkin`, `Otlp` with the feature `otlp`.
//!
//! Attributes have the names of OpenTelemetry's semantic conventions 1.42. Who comes from OpenTracing finds its words in
//! `docs/opentracing.md`.

mod attempts;
mod baggage;
mod builder;
mod calls;
#[cfg(any(feature = "otlp", feature = "zipkin"))]
mod collector_url;
#[cfg(any(feature = "otlp", feature = "zipkin"))]
mod delivery;
mod export;
mod guard;
mod limits;
#[cfg(feature = "otlp")]
mod otlp;
mod propagation;
mod requests;
mod sampler;
mod semantics;
mod span;
mod tracer;
#[cfg(feature = "zipkin")]
mod zipkin;

pub use attempts::{Attempts, AttemptsFuture, AttemptsLayer};
pub use baggage::Baggage;
pub use builder::TracerBuilder;
pub use calls::{Calls, CallsLayer};
#[cfg(any(feature = "otlp", feature = "zipkin"))]
pub use collector_url::InvalidUrl;
pub use export::{ExportEvent, Exporter, Loss, Stats};
pub use limits::Limits;
pub use opentelemetry::trace::SpanKind;
pub use opentelemetry::{Key, KeyValue, Value};
#[cfg(feature = "otlp")]
pub use otlp::Otlp;
pub use propagation::Propagation;
pub use requests::{Requests, RequestsFuture, RequestsLayer};
pub use sampler::Sampler;
pub use span::Span;
#[cfg(any(feature = "otlp", feature = "zipkin"))]
pub use towerkit_http_client::HttpClient;
pub use tracer::Tracer;
#[cfg(feature = "zipkin")]
pub use zipkin::Zipkin;

/// The page on how it is run, as a test.
#[cfg(all(doctest, feature = "otlp", feature = "zipkin"))]
#[doc = include_str!("../../../docs/tracing.md")]
struct Page;
