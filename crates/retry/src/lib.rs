//! Retry with a budget, and hedging, for any Tower service.
//!
//! # The page to start from
//!
//! A stack is made per operation, and so the stack says whether the operation is idempotent.
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{Code, DeadlineLayer, Endpoint, Error, endpoint_fn};
//! use towerkit_retry::RetryLayer;
//! # use std::sync::atomic::{AtomicU32, Ordering};
//! # struct Shop { calls: AtomicU32 }
//! # impl Shop {
//! #     fn price(&self, item: u32) -> std::future::Ready<Result<u32, Error>> {
//! #         let closed = self.calls.fetch_add(1, Ordering::Relaxed) < 2;
//! #         std::future::ready(if closed { Err(Error::new(Code::Unavailable, "closed")) } else { Ok(item * 3) })
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Error> {
//! # let shop = std::sync::Arc::new(Shop { calls: AtomicU32::new(0) });
//!
//! let price = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(1))) // for all attempts together
//!     .layer(RetryLayer::new().idempotent())
//!     .service(endpoint_fn(move |item| shop.price(item))) // in earnest: a client of another service
//!     .erased();
//!
//! assert_eq!(price.invoke(7).await?, 21); // the shop was unavailable twice
//! # Ok(())
//! # }
//! ```
//!
//! # What is repeated
//!
//! A call is made again when its failure may pass *and* making it twice does no harm. Both are asked of the error,
//! through [`Failure`](towerkit_endpoint::Failure), and the second of the request too, through [`Repeat`].
//!
//! | the failure | the call is idempotent | it is not, or nobody said so |
//! | --- | --- | --- |
//! | `Unavailable`, `DeadlineExceeded`, `Unknown` ([can be chosen](RetryLayer::codes)) | yes | where the failure proves that the call [was not sent](towerkit_endpoint::NotSent) |
//! | `ResourceExhausted` that says when to try again | yes, then | where it was not sent, then |
//! | any other code | no | no |
//! | an attempt over its [time](RetryLayer::attempt_timeout) | yes | no |
//! | an error of `poll_ready`: the service is at its end | no | no |
//! | a reply, whatever stands in it: an HTTP 503 that is an `Ok` | no | no |
//! | a stream that breaks after its reply has begun | no | no |
//!
//! A call is idempotent where the layer says so ([`idempotent`](RetryLayer::idempotent)), or the request does: a
//! [`Request`](towerkit_endpoint::Request) with [`Idempotent`] among the values of its context, an [`http::Request`] by
//! its method (RFC 9110, section 9.2.2). No connection, an open breaker, and the refusal of a limiter or a load shedder prove that a call was
//! not sent.
//!
//! And no attempt is made without need or hope: only while there are [attempts](RetryLayer::attempts) left, the
//! [budget](Budget) has a token, and the wait ends before the deadline and is no longer than
//! [allowed](RetryLayer::max_wait). The wait is [random](Backoff), after what the failure asks for by `retry-after`. A
//! call that is given up is given up at once, without the wait.
//!
//! # Where it stands in a stack
//!
//! ```text
//! logs, metrics, traces      see one call
//! DeadlineLayer              the time for all attempts; it bounds the waits
//! RetryLayer
//! HedgeLayer
//! breaker, limiter           see each attempt
//! balancer                   may choose another server for each
//! client
//! ```
//!
//! * **A deadline** outside is the total. For one of each attempt, [`attempt_timeout`](RetryLayer::attempt_timeout) or a
//!   `DeadlineLayer` inside.
//! * **A breaker** inside counts each attempt, opens sooner, and then refuses attempts, which are not sent and say when
//!   to try again: a call waits for that, or fails at once where it is too long to wait. Outside it counts calls that
//!   failed in spite of retries, and lets them hammer the service until it opens.
//! * **A limiter of one's own rate** stands inside, for each attempt is load. One that protects a quota per caller
//!   stands outside.
//! * **A concurrency limit** inside gives its permit back before each wait; outside, a call that waits goes on holding it.
//! * **A balancer** stands inside, so that the next attempt goes to another server: each further one is marked as
//!   [`Repeated`](towerkit_endpoint::Repeated), so that it avoids the server that just failed. That is what makes hedging worth it. With
//!   [`elsewhere`](RetryLayer::elsewhere) a server that says when to come back keeps no call waiting that another can serve.
//! * **Signatures and tokens** that must be fresh in each attempt are written inside.
//!
//! # One layer of a system retries
//!
//! Three services in a row that each make three attempts make 27 of the last one, just when it can't bear them. Retry
//! at one place, best right above what fails; let the others pass the failure on. The [`Budget`] bounds the harm where
//! that can't be had: with a share of 0.2 the same three make 1.73 times the load in the long run, not 27. The deadline
//! of a request is known to all of them, and ends all of their attempts.
//!
//! # The error
//!
//! A call of one attempt fails with that attempt's error, unchanged. After several it fails with [`Exhausted`], which
//! keeps the error of each and says why it [stopped](Stopped). The error type of the service stays as it is; it only
//! has to take an `Exhausted` in, as [`Error`](towerkit_endpoint::Error) and tower's `BoxError` do. To the caller it
//! looks like the last attempt's error: the same code, message, violations and metadata. For operators it tells of all.
//!
//! # What it costs
//!
//! A call that goes well costs a clone of its request, and one of the service, which takes the place of the instance
//! that was made ready. The clone of a [`Request`](towerkit_endpoint::Request) allocates what that of its message does,
//! and a few times more where it has metadata or values in its context; without them it adds nothing. Besides that: no
//! allocation, no timer, and no look at the clock, unless a time is set. Where `attempts` is 1 the request is not
//! cloned.
//!
//! Each further attempt clones the request, but for the last; each wait takes a timer, and from the second failure on the
//! errors are boxed and listed.
//!
//! # What is here
//!
//! * [`RetryLayer`] makes a call again after a failure; [`Backoff`] is how long it waits before, [`Retrying`] what a
//!   listener hears.
//! * [`HedgeLayer`] makes a call again before there is an answer; [`Hedging`] is what its listener hears.
//! * [`Budget`] holds both to a share of the traffic.
//! * [`Repeat`] is what a request must be for that; [`Idempotent`] marks one.
//! * [`Exhausted`] is the error of several attempts, [`Stopped`] why there was no further one, [`AttemptElapsed`] the
//!   error of an attempt that was cut off.
//!
//! # Differences from tower's retry and hedge
//!
//! tower's `Retry` is a mechanism for a policy of one's own; this one has the policy, the waits, the budget and the
//! error. tower's `TpsBudget` reads a clock and takes a lock; the one here does neither. tower's `Hedge` has no budget,
//! counts the hedge's own time as the latency, and boxes the error.

mod backoff;
mod budget;
mod elapsed;
mod exhausted;
mod failures;
mod hedge;
mod repeat;
mod retry;

pub use backoff::Backoff;
pub use budget::Budget;
pub use elapsed::AttemptElapsed;
pub use exhausted::{Exhausted, Stopped};
pub use hedge::{Hedge, HedgeFuture, HedgeLayer, Hedging};
pub use repeat::{Idempotent, Repeat};
pub use retry::{Retry, RetryFuture, RetryLayer, Retrying};
