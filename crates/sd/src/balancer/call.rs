use tokio::time::Instant;
use towerkit_endpoint::{Repeated, Request, Tail};

/// What a balancer asks of a request.
///
/// It stands for [`towerkit_endpoint::Request`] and for [`http::Request`]. A request of one's own can join, and say nothing:
///
/// ```
/// struct Query(String);
///
/// impl towerkit_sd::balancer::Call for Query {}
/// ```
pub trait Call {
    /// When its caller stops waiting: a call that is dropped then has found its instance too slow. By default nothing is known.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Whether it was made before, and since when that failed. By default it was not.
    fn repeated(&self) -> Option<Repeated> {
        None
    }

    /// The rest of a call whose reply is a stream. By default there is none.
    fn tail(&self) -> Option<&Tail> {
        None
    }
}

impl<T> Call for Request<T> {
    fn deadline(&self) -> Option<Instant> {
        self.context().deadline()
    }

    fn repeated(&self) -> Option<Repeated> {
        self.context().get().copied()
    }

    fn tail(&self) -> Option<&Tail> {
        self.context().tail()
    }
}

/// It has no place for a deadline.
impl<B> Call for http::Request<B> {
    fn repeated(&self) -> Option<Repeated> {
        self.extensions().get().copied()
    }
}
