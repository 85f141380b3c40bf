//! Structured logs for any transport: an explicit logger, a layer that logs requests, and where the lines go.
//!
//! # The page to start from
//!
//! A [`Logger`] is a handle that is made in `main` and passed on: nothing is global. Its layer logs each request of an operation, and the
//! plain macros of `tracing`, in whatever the request runs through, write lines that have the request's fields.
//!
//! ```
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{Endpoint, Error, endpoint_fn};
//! use towerkit_log::Logger;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let log = Logger::logfmt(std::io::stderr()).with("service", "greeter");
//!
//! let greeting = ServiceBuilder::new()
//!     .layer(log.requests("greeting"))
//!     .service(endpoint_fn(|name: String| async move {
//!         tracing::info!(name, "greeting"); // no logger is handed in here
//!         Ok::<_, Error>(format!("hello {name}"))
//!     }))
//!     .erased();
//!
//! log.scope(|| tracing::info!(addr = "127.0.0.1:8080", "it is up")); // outside of any request
//! assert_eq!(greeting.invoke("Ada".to_owned()).await.unwrap(), "hello Ada");
//! # }
//! ```
//!
//! ```text
//! ts=2026-11-26T17:04:42.123456Z level=info msg="it is up" addr=127.0.0.1:8080 service=greeter
//! ts=2026-11-26T17:04:43.000817Z level=info msg=greeting name=Ada operation=greeting request_id=81f3c2… service=greeter
//! ts=2026-11-26T17:04:43.000841Z level=info msg=request operation=greeting code=ok duration_ms=0.031 request_id=81f3c2… service=greeter
//! ```
//!
//! # Which logger hears an event
//!
//! | where the macro stands | it goes to |
//! | --- | --- |
//! | in a service inside of [`requests`](Logger::requests) or [`calls`](Logger::calls), from the first poll of its future to where it ends or is dropped | their logger, with the fields of the request |
//! | in the `call` of such a service, before that first poll (the closure of `tower::service_fn`, not its future) | where it went outside of the service |
//! | in a reply that is a stream, while its items are made | where it went outside; what is logged there has to be in a future that `follow`s, or in a `scope` |
//! | in a function that is run by [`scope`](Logger::scope) | that logger |
//! | in a future that [`follow`](Logger::follow)s, polled anywhere | that logger, with all that was known where it was made |
//! | anywhere else: a task that was spawned without `follow`, a thread | whatever `tracing` has for its default there; without one, nowhere |
//!
//! # A line
//!
//! It has its time (UTC, to the microsecond), its level and its message, and then fields, the innermost first: those of the event, of the
//! spans around it, of the request, and what is [bound](Logger::with). **A name stands once**: the innermost wins. A user's field that is called as one
//! of the line's own (`ts`, `level`, `msg`, `target`, `cut`, `left_out`) becomes `fields.level`. Names are ASCII letters, digits and `_.-/:@`, at most 64 of
//! them; what else stands in one becomes `_`.
//!
//! What is logged can't forge a line, a field or a picture: quotes, line ends, control characters and those that turn the direction of text are
//! escaped in every form. A value takes 8 KiB at most and then ends with `…`; a line 64 KiB, and one that has no room for a field says `cut=true`. A value
//! whose `Display` panics says so in its place.
//!
//! Each line is one `write`, behind one lock: lines are not torn.
//!
//! # Secrets
//!
//! Headers and messages are never logged by themselves. [`Redacted`] keeps a value out of what is. Errors are logged with their causes, for operators;
//! a secret in an error's text is in the log.
//!
//! # Where lines go
//!
//! * [`Logger::logfmt`], [`json`](Logger::json) and [`terminal`](Logger::terminal) write to any [`io::Write`](std::io::Write), and wait for it.
//! * Around a writer that may be slow, [`NonBlocking`] is a bounded buffer and a thread: it never keeps a caller waiting, and counts what it loses.
//! * [`Logger::syslog`] sends messages to a [`Syslog`] server, in the same way.
//!
//! With the last two comes a [`Flusher`], a member of the group that is added first: at the stop it waits until all is written. [`Stats`] say at any moment
//! what was written, and what was lost, and why.
//!
//! # Less of it
//!
//! * [`set_filter`](Logger::set_filter) says which levels of which targets are written, also while the program runs: `info,hyper=warn,request=error`. The lines of
//!   requests are of the targets `request` and `call`.
//! * [`LogLayer::one_in`] writes one in so many lines of requests that went well.
//! * [`Logger::limit_repeats`] bounds what one place in the code writes in a second.
//!
//! What is left out is counted, and said in the next line that passes.
//!
//! # Where it stands in a stack
//!
//! ```text
//! tracer.requests(op)      puts the trace into the context
//! log.requests(op)         so that lines have its ids
//! metrics.requests(op)
//! deadline, limits, ...    whose refusals it sees
//! the endpoint
//! ```
//!
//! # What it costs
//!
//! A line allocates nothing: it is made in a buffer that each thread keeps, and what is bound was written when it was bound. The fields of a span are
//! written once as well, in an allocation or two. A request allocates nothing either: its few values are moved on and off a stack around each poll, and are
//! only written where there is a line. A place in the code that is filtered out costs what a disabled place of `tracing` does, a load and a branch. Where
//! the filter is `off`, or the logger is [`off`](Logger::off), the layer looks at one number and passes the call on.
//!
//! # Beside `tracing`'s own
//!
//! The macros, spans and `#[instrument]` are those of `tracing`, and libraries that use them are heard. `tracing-subscriber`'s formatter is not used: it
//! finds the fields of a request in spans only, which cost several allocations each, and it has no syslog, no bound on a line and no name that stands once. A subscriber that is
//! the default of the whole program goes on as before outside of scopes; inside of them this one takes its place.
//!
//! Libraries that log by the older crate `log` are not heard: that facade has one global logger, and none is installed here.

mod colour;
mod core;
mod fields;
mod filter;
mod follow;
mod format;
mod frame;
mod logger;
mod non_blocking;
mod output;
mod redacted;
mod repeats;
mod request;
mod stats;
mod subscriber;
mod syslog;

pub use colour::Colour;
pub use fields::Fields;
pub use filter::InvalidFilter;
pub use follow::Follow;
pub use logger::Logger;
pub use non_blocking::{Flusher, NonBlocking};
pub use redacted::Redacted;
pub use request::{LogLayer, Logged, LoggedFuture, MessageFields, MessageFn, NoFields, Outcome};
pub use stats::Stats;
pub use syslog::{Facility, Syslog};
