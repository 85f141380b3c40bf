//! Rate limits for any Tower service: refusing or waiting, one for all or one for each key, changeable while they run; and a limit on
//! concurrency that finds the server's capacity by itself.
//!
//! ```
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{Endpoint, Error, endpoint_fn};
//! use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let limiter = RateLimiter::new(Quota::per_minute(600).burst(2));
//! let service = ServiceBuilder::new()
//!     .layer(RateLimitLayer::new(limiter.clone()))
//!     .service(endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }));
//!
//! assert!(service.invoke(1).await.is_ok());
//! assert!(service.invoke(2).await.is_ok());
//! let refused = service.invoke(3).await.unwrap_err(); // did not reach the service
//! assert_eq!(refused.message(), "the rate limit of 600 a minute, 2 at once is exceeded");
//! assert_eq!(refused.metadata().get("retry-after"), Some("1")); // HTTP sends it with 429
//! assert_eq!(refused.metadata().get("ratelimit-policy"), Some(r#""default";q=600;w=60"#));
//!
//! limiter.set_quota(Quota::per_second(100)); // while it runs
//! # }
//! ```
//!
//! # Which one
//!
//! | layer | beyond the limit | for |
//! | --- | --- | --- |
//! | [`RateLimitLayer`] | refuses | a server that protects itself |
//! | [`KeyedRateLimitLayer`] | refuses, by tenant, address, or any function of the request | a server that is fair to its callers |
//! | [`ThrottleLayer`] | waits, and refuses at once what would wait past its deadline | a client that keeps to a server's limit |
//! | [`AdaptiveLimitLayer`] | is not ready | either, where nobody knows the limit |
//! | tower's `concurrency_limit` | is not ready | a limit that somebody knows: connections, memory |
//!
//! # Where it stands
//!
//! On a server: inside of logs and metrics, which see refusals too, and outside of all that costs, authentication too where the key does not
//! need it. In a client: inside of the retry, so that each attempt counts, and inside of the breaker, which takes a refusal by a
//! limit for what it is: `ResourceExhausted` is no fault.
//!
//! # How it counts
//!
//! By governor's GCRA: one word, changed by compare-and-swap, that says when the next call is due. It has no windows at whose edges twice
//! the limit may pass, and no timer. Over any time *t* no more than `burst + rate × t` calls pass. The clock is the processor's, which tests can't
//! pause; [`RateLimiter::on_tokio_time`] is for them.

pub mod adaptive;
mod bucket;
mod clock;
mod error;
mod future;
mod keyed;
mod layer;
mod limiter;
mod policy;
mod quota;
mod rate;
mod service;
mod throttle;

pub use adaptive::layer::AdaptiveLimitLayer;
pub use adaptive::service::{AdaptiveLimit, AdaptiveLimitFuture};
pub use error::RateLimited;
pub use future::RateLimitFuture;
pub use keyed::{KeyedRateLimit, KeyedRateLimitLayer, KeyedRateLimiter};
pub use layer::RateLimitLayer;
pub use limiter::RateLimiter;
pub use quota::Quota;
pub use service::RateLimit;
pub use throttle::{ContextDeadline, DeadlineOf, Throttle, ThrottleFuture, ThrottleLayer};
