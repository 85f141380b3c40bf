//! A circuit breaker for any Tower service: when the service behind it fails, calls are refused at once instead of waiting for the
//! same failure, until a few probes have shown that it is back.
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_circuitbreaker::policy::ConsecutiveFailures;
//! use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
//! use towerkit_endpoint::{Code, DeadlineLayer, Endpoint, Error, endpoint_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let breaker = Breaker::new(ConsecutiveFailures::new(3));
//! let payments = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(breaker.clone()))
//!     .layer(DeadlineLayer::new(Duration::from_secs(1)))
//!     .service(endpoint_fn(|_: u64| async { Err::<(), _>(Error::from(Code::Unavailable)) }));
//!
//! for euros in 0..3 {
//!     let _ = payments.invoke(euros).await;
//! }
//! let refused = payments.invoke(3).await.unwrap_err(); // did not reach the service
//! assert_eq!(refused.message(), "the circuit breaker is open");
//! assert_eq!(refused.metadata().get("retry-after"), Some("5")); // HTTP sends it with 503
//! assert_eq!(breaker.state().as_str(), "open");
//! # }
//! ```
//!
//! # What is here
//!
//! * [`CircuitBreakerLayer`] is the layer, and [`Breaker`] the circuit in it: what observes it, and forces it.
//! * [`BreakerSettings`]: the policy, the sleep, the probes, and a listener for changes. [`BreakerSettings::hystrix`] is the well-known set.
//! * [`policy`]: what opens a circuit. [`Judge`] says what counts as a failure.
//! * [`KeyedCircuitBreakerLayer`] and [`KeyedBreaker`]: a circuit for each host or tenant, in bounded memory.
//! * [`FallbackLayer`]: an answer from elsewhere.
//!
//! # The states
//!
//! ```text
//!            the policy says so                  its sleep is over
//!  closed ───────────────────────▶ open ─────────────────────────────▶ half open
//!    ▲                              ▲                                     │   │
//!    │                              └─────────── a probe fails ───────────┘   │
//!    └────────────────────────── all probes have gone well ──────────────────┘
//! ```
//!
//! *Half open* lets so many calls through as there are [probes](BreakerSettings::probes), and no more. A probe that is cancelled counts as
//! nothing, and makes room for another; one that does not end within [a time](BreakerSettings::probe_timeout) has failed. There is no timer: a
//! circuit whose sleep is over becomes half open with the next call.
//!
//! # What counts
//!
//! A call ends in one of three ways. A *failure* is what the [judge](Judge) says, by default an error whose
//! [code is a fault](towerkit_endpoint::Code::is_fault): that the domain refuses (not found, not allowed) shows a service in good
//! health. A *success* is every other result. A *cancelled* call, whose future was dropped, is neither, and so is one that a layer
//! further inside refused. So the layer that bounds
//! the time stands inside: outside it would drop the calls that hang, and the circuit would never hear of them. A panic is cancelled
//! too, unless the panic layer inside makes it an error.
//!
//! # Where it stands
//!
//! | outermost first | why there |
//! | --- | --- |
//! | logs, metrics | see refused calls too |
//! | [`FallbackLayer`] | answers for refused calls |
//! | retry | each attempt asks the circuit; a refusal says when to come back |
//! | `CircuitBreakerLayer` | |
//! | rate limit, bulkhead | what they refuse is ignored |
//! | deadline of an attempt | a call that hangs is a failure |
//! | the client | |
//!
//! # Bulkhead
//!
//! That one slow service does not take all the connections, tasks and memory is what tower's concurrency limit and load shed are for;
//! the first makes callers wait, and the second makes it refuse them instead. There is nothing to add:
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower::limit::GlobalConcurrencyLimitLayer;
//! use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer, BreakerSettings};
//! use towerkit_endpoint::{Endpoint, Error, endpoint_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(Breaker::new(BreakerSettings::hystrix())))
//!     .load_shed()
//!     .layer(GlobalConcurrencyLimitLayer::new(100)) // one limit for all services it makes; `concurrency_limit` is for each its own
//!     .service(endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }))
//!     .erased();
//! assert_eq!(service.invoke(7).await.unwrap(), 7);
//! # }
//! ```
//!
//! # On failsafe
//!
//! [`SleepWindow::exponential`] is failsafe's backoff, and [`Failsafe`](policy::Failsafe) takes any of its policies. Its own breaker is not
//! used: half open, it lets every call through; it forgets calls that are dropped; and it counts whole seconds.

mod breaker;
mod error;
mod fallback;
mod future;
mod judge;
mod keyed;
mod layer;
mod listener;
mod machine;
pub mod policy;
mod service;
mod settings;
mod sleep;
mod state;
mod sync;
mod window;

pub use breaker::Breaker;
pub use error::CircuitOpen;
pub use fallback::{Fallback, FallbackFuture, FallbackLayer, FallbackWhen};
pub use future::CircuitBreakerFuture;
pub use judge::{Faults, Judge, Verdict};
pub use keyed::{KeyedBreaker, KeyedCircuitBreaker, KeyedCircuitBreakerLayer};
pub use layer::CircuitBreakerLayer;
pub use service::CircuitBreaker;
pub use settings::BreakerSettings;
pub use sleep::SleepWindow;
pub use state::{CircuitChange, CircuitSnapshot, CircuitState};
