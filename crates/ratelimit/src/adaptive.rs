//! The rules by which an [`AdaptiveLimitLayer`](crate::AdaptiveLimitLayer) finds the server's capacity by itself.
//!
//! A rate limit has to be told how much a server can bear, and that is wrong the day after. Here the number of calls in flight is
//! limited, and the limit follows what the calls tell: while they come back as fast as ever there is room for more, and when they queue
//! or fail there are too many. By Little's law the right number is rate times latency, which is small for a fast server and needs no
//! tuning for a slow one.
//!
//! | limit | follows | from |
//! | --- | --- | --- |
//! | [`Aimd`] | failures only: one more while all goes well, a tenth less at each drop | TCP Reno; Netflix concurrency-limits' `AIMDLimit` |
//! | [`Vegas`] | the queue that a latency above that of an idle server means | TCP Vegas; Netflix's `VegasLimit` |
//! | [`Gradient`] | how the present latency compares with that of a server without a queue | Netflix's `GradientLimit` |
//!
//! ```
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{Endpoint, Error, endpoint_fn};
//! use towerkit_ratelimit::AdaptiveLimitLayer;
//! use towerkit_ratelimit::adaptive::Vegas;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let limit = AdaptiveLimitLayer::new(Vegas::new());
//! let service = ServiceBuilder::new()
//!     .load_shed() // refuses what is beyond the limit; without it callers wait
//!     .layer(limit.clone())
//!     .service(endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }))
//!     .erased();
//! assert_eq!(service.invoke(7).await.unwrap(), 7);
//! assert_eq!((limit.limit(), limit.in_flight()), (20, 0));
//! # }
//! ```

mod aimd;
mod gradient;
pub(crate) mod layer;
mod permits;
mod round;
pub(crate) mod service;
mod vegas;

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

pub use self::aimd::Aimd;
pub use self::gradient::Gradient;
pub use self::vegas::Vegas;

/// A rule that finds the limit: a state machine without a clock.
pub trait Limit: fmt::Debug + Send + 'static {
    /// The limit at present, at least 1.
    fn limit(&self) -> usize;

    /// Takes note of a call that has ended.
    fn update(&mut self, sample: &Sample);
}

/// A call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How long it took.
    pub took: Duration,
    /// How many calls were in flight when it began, itself included.
    pub in_flight: usize,
    /// Whether it failed as calls to an overloaded server do: it was refused, or it took too long.
    pub dropped: bool,
}

/// Between which numbers a limit stays, and where it begins.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: f64,
    most: f64,
}

impl Bounds {
    const fn new() -> Self {
        Self { least: 1.0, most: 1000.0 }
    }

    fn set(&mut self, bounds: &RangeInclusive<usize>) {
        let least = (*bounds.start()).max(1);
        #[expect(clippy::cast_precision_loss, reason = "no limit is so large")]
        let (lower, upper) = (least as f64, (*bounds.end()).max(least) as f64);
        (self.least, self.most) = (lower, upper);
    }

    const fn clamp(&self, limit: f64) -> f64 {
        limit.clamp(self.least, self.most)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between the bounds")]
const fn whole(limit: f64) -> usize {
    limit as usize
}

/// Whether the calls have come near enough to the limit for it to matter.
#[expect(clippy::cast_precision_loss, reason = "no limit is so large")]
fn is_used(limit: f64, sample: &Sample) -> bool {
    sample.in_flight as f64 * 2.0 >= limit
}
