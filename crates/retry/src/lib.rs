//! Retry with a budget, and hedging, for any Tower service.

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
