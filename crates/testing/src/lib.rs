//! Strict probes, and the contract suite that every towerkit layer passes.
//!
//! A Tower layer has a contract with the services around it, and most of it is not in the types. This crate runs that
//! contract against any layer, over any request type. It needs `tower-service` and tokio, and nothing of towerkit.
//!
//! # Why not `service_fn`?
//!
//! The most common defect of a layer is one line:
//!
//! ```text
//! fn call(&mut self, request: Req) -> Self::Future {
//!     let mut inner = self.inner.clone(); // `poll_ready` readied `self.inner`, not this clone
//!     Box::pin(async move { inner.call(request).await })
//! }
//! ```
//!
//! A concurrency limit or a buffer below it panics, or lets too many calls through: their `Clone` gives an
//! instance without a permit. A test over `service_fn` passes, for a function is always ready, and so is its clone. A
//! [`Probe`](probe::Probe) is strict: readiness belongs to the instance, a clone has none, and a call without it is
//! recorded.
//!
//! # Testing a layer
//!
//! ```
//! use std::task::{Context, Poll};
//! use tower_layer::Layer;
//! use tower_service::Service;
//! use towerkit_testing::contract::Contract;
//!
//! /// Writes a name into each request.
//! struct Sign(&'static str);
//!
//! #[derive(Clone)]
//! struct Signed<S> { inner: S, name: &'static str }
//!
//! impl<S> Layer<S> for Sign {
//!     type Service = Signed<S>;
//!     fn layer(&self, inner: S) -> Signed<S> {
//!         Signed { inner, name: self.0 }
//!     }
//! }
//!
//! impl<S: Service<String>> Service<String> for Signed<S> {
//!     type Response = S::Response;
//!     type Error = S::Error;
//!     type Future = S::Future;
//!
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
//!         self.inner.poll_ready(cx)
//!     }
//!
//!     fn call(&mut self, request: String) -> S::Future {
//!         self.inner.call(format!("{request}, {}", self.name))
//!     }
//! }
//!
//! // In a test this line is `#[tokio::test(start_paused = true)]`.
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() {
//!     Contract::new(|probe| Sign("Ada").layer(probe), || "hello".to_owned()).check().await;
//! }
//! ```
//!
//! A layer that does more says so: [`readiness`](contract::Contract::readiness) for one that reserves or is always
//! ready, [`refuses_after`](contract::Contract::refuses_after) for a breaker or a quota,
//! [`repeats_after`](contract::Contract::repeats_after) for a retry or a hedge. A law about something that was not
//! declared is reported as not applicable or not checked, never as kept in silence.
//!
//! Where a layer asks more of its inner service than the defaults give, such as another error type, the
//! probe is the caller's: [`with_probe`](contract::Contract::with_probe).
//!
//! # The laws
//!
//! | | law | what goes wrong without it | what the suite does |
//! | --- | --- | --- | --- |
//! | 1 | It calls the instance that was made ready: `mem::replace`, never a clone. `Clone` does not copy readiness. | permits are bypassed, or the inner service panics | calls twice, through a clone, and after cloning a ready service |
//! | 2 | `poll_ready` reserves or passes through; it never only compares. Polling twice takes one permit, `Pending` registers a waker, nothing is spawned. | a limit admits more than it says; a caller sleeps for ever, or never | makes more clones ready than there are permits; makes the probe pending and counts wake-ups and tasks |
//! | 3 | `Err` from `poll_ready` is terminal; a refusal is an error of the future, and does not reach the inner service. | the caller throws away a service that only said "not now" | fails the probe's readiness; makes the layer refuse |
//! | 4 | It awaits nothing else while it holds readiness. | idle holders starve the others, or deadlock | looks for ready instances that wait, after each poll, alone and in a crowd |
//! | 5 | It makes the service ready again before each attempt. | a retry breaks the service when it is needed | makes it repeat, with a probe that must be waited for in between |
//! | 6 | What chooses among services is always ready, and drives readiness inside the future. | one slow service blocks requests for all others | makes the probe pending |
//! | 7 | Dropping the future is cancellation, and gives back what the call held. | capacity leaks away with each caller that hangs up | drops at each stage, then looks for the whole capacity |
//! | 8 | Work starts at the first poll. | a future that nobody awaits has effects | looks between `call` and the first poll |
//! | 9 | The documentation says whether clones share state. | a limit is per clone, or per process, by surprise | compares with [`clones_share_state`](contract::Contract::clones_share_state) |
//!
//! Some of Tower's own services do not keep them, and are right in their place. `Balance` keeps ready instances to
//! choose from, which law 4 forbids; `SpawnReady` spawns in `poll_ready`, which law 2 forbids; `Steer` waits for all of
//! its services before it chooses (law 6), and its `Clone` copies which of them are ready (law 1).
//!
//! # What the suite cannot see
//!
//! * Work that runs on a thread of its own, or that ends before the suite looks.
//! * A leak that no declared limit or [`gauge`](contract::Contract::gauge) shows.
//! * A state that the layer was not brought into. Run the suite once more with a layer built in that state, such as a
//!   half-open breaker.
//!
//! # Modules
//!
//! * [`contract`]: the laws and the suite.
//! * [`report`]: what the suite found.
//! * [`probe`]: the strict service, and the handle that scripts and observes it.
//! * [`events`]: a list that hooks write and tests wait for; [`wait`], for what can only be looked at.
//! * [`process`] and [`tool`]: programs that tests start beside themselves; [`http`] asks them, [`consul`] is one of them.
//! * `bench`, with the feature of that name: what a call costs.

#[cfg(feature = "bench")]
pub mod bench;
pub mod consul;
pub mod contract;
pub mod events;
pub mod http;
pub mod probe;
pub mod process;
pub mod report;
pub mod tool;
pub mod wait;

/// The error of a [`Probe`](probe::Probe) that is given no other. Tower's own layers use the same.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
