use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tower::util::Oneshot;
use tower_layer::Layer;
use tower_service::Service;
use towerkit_endpoint::Request;

use crate::{RateLimited, RateLimiter};

/// Makes the calls that exceed a rate wait for their turn.
///
/// They wait in the order in which they came. A call that could not have its turn before its deadline is refused at once, with
/// [`RateLimited`], and so is one that finds the queue full: by default 1000 wait at most, each as long as it must. One that is dropped
/// gives its place up.
///
/// It is for clients that must keep to a server's limit. The deadline is that of the request's [context](towerkit_endpoint::Context); for other
/// requests [`deadline`](Self::deadline) says where it is.
///
/// It stands inside of the retry, so that each attempt waits its turn, and inside of the layer that sets the deadline. The services that
/// one layer makes, and their clones, share one queue. It is always ready, and drives a clone of the inner service within the
/// future, so that none is held ready while it waits. A call that need not wait allocates nothing. Waiting is by Tokio's timer, which counts
/// milliseconds: give the quota a burst that is worth a few of them.
///
/// ```
/// use std::time::Duration;
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{DeadlineLayer, Endpoint, Error, endpoint_fn};
/// use towerkit_ratelimit::{Quota, RateLimiter, ThrottleLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let client = ServiceBuilder::new()
///     .layer(DeadlineLayer::new(Duration::from_secs(1)))
///     .layer(ThrottleLayer::new(RateLimiter::new(Quota::per_second(50).burst(1))))
///     .service(endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }));
/// for n in 0..3 {
///     assert!(client.invoke(n).await.is_ok()); // one each 20 ms
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct ThrottleLayer<D = ContextDeadline> {
    limiter: RateLimiter,
    queue: Arc<Queue>,
    max_waiting: usize,
    max_wait: Duration,
    deadline: D,
}

/// Says when the caller of a request stops waiting: a function of the request, or [`ContextDeadline`].
pub trait DeadlineOf<Req> {
    /// The deadline, if it has one.
    fn deadline_of(&self, request: &Req) -> Option<Instant>;
}

/// The deadline in the context of a [`Request`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextDeadline(());

impl<T> DeadlineOf<Request<T>> for ContextDeadline {
    fn deadline_of(&self, request: &Request<T>) -> Option<Instant> {
        request.context().deadline()
    }
}

impl<F: Fn(&Req) -> Option<Instant>, Req> DeadlineOf<Req> for F {
    fn deadline_of(&self, request: &Req) -> Option<Instant> {
        self(request)
    }
}

impl ThrottleLayer {
    /// Of a limiter, which can be asked and changed while it runs.
    #[must_use]
    pub fn new(limiter: RateLimiter) -> Self {
        let queue = Arc::new(Queue { turn: Semaphore::new(1), waiting: AtomicUsize::new(0) });
        Self { limiter, queue, max_waiting: 1000, max_wait: Duration::MAX, deadline: ContextDeadline(()) }
    }
}

impl<D> ThrottleLayer<D> {
    /// How many calls may wait at one time.
    #[must_use]
    pub const fn max_waiting(mut self, calls: usize) -> Self {
        self.max_waiting = calls;
        self
    }

    /// How long a call may have to wait; one that would wait longer is refused at once.
    #[must_use]
    pub const fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// Sets where the deadline of a request is, such as `|_: &Req| None`.
    #[must_use]
    pub fn deadline<E>(self, deadline: E) -> ThrottleLayer<E> {
        let Self { limiter, queue, max_waiting, max_wait, deadline: _ } = self;
        ThrottleLayer { limiter, queue, max_waiting, max_wait, deadline }
    }

    /// How many calls wait at present.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting.load(Ordering::Relaxed)
    }
}

impl<S, D: Clone> Layer<S> for ThrottleLayer<D> {
    type Service = Throttle<S, D>;

    fn layer(&self, inner: S) -> Self::Service {
        Throttle { inner, with: self.clone() }
    }
}

impl<D> fmt::Debug for ThrottleLayer<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer")
            .field("limiter", &self.limiter)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

struct Queue {
    // Fair: who came first is first.
    turn: Semaphore,
    waiting: AtomicUsize,
}

/// A place in the queue.
struct Place(Arc<Queue>);

impl Place {
    /// The last one, unless so many wait already; and how many are before it.
    fn take(queue: &Arc<Queue>, most: usize) -> Result<(Self, usize), usize> {
        let one_more = |waiting| (waiting < most).then(|| waiting + 1);
        queue
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map(|ahead| (Self(Arc::clone(queue)), ahead))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

type Wait = Pin<Box<dyn Future<Output = Result<(), RateLimited>> + Send>>;

impl<D> ThrottleLayer<D> {
    /// Nothing where the call may be made now.
    fn enter(&self, deadline: Option<Instant>) -> Result<Option<Wait>, RateLimited> {
        if self.waiting() == 0 && self.limiter.take().is_ok() {
            return Ok(None);
        }
        let place = Place::take(&self.queue, self.max_waiting);
        let ahead = place.as_ref().map_or_else(|ahead| *ahead, |(_, ahead)| *ahead);
        let (bucket, wait) = self.limiter.wait_behind(ahead);
        let until = Instant::now().checked_add(wait);
        let is_late = deadline.is_some_and(|deadline| until.is_none_or(|until| until > deadline));
        match place {
            Ok((place, _)) if !is_late && wait <= self.max_wait => {
                Ok(Some(Box::pin(wait_for_turn(self.limiter.clone(), place, deadline))))
            }
            _ => Err(bucket.refusal(wait)),
        }
    }
}

async fn wait_for_turn(limiter: RateLimiter, place: Place, deadline: Option<Instant>) -> Result<(), RateLimited> {
    let turn = async {
        let _turn = place.0.turn.acquire().await;
        loop {
            // Before the look at the bucket, so that no change goes unheard.
            let changed = limiter.changed();
            let Err((_, wait)) = limiter.take() else { break };
            let _ = timeout(wait, changed).await;
        }
    };
    let Some(deadline) = deadline else {
        turn.await;
        return Ok(());
    };
    // The quota may have been lowered meanwhile, or another layer have taken of it.
    timeout_at(deadline, turn).await.map_err(|_| {
        let (bucket, wait) = limiter.wait_behind(place.0.waiting.load(Ordering::Relaxed).saturating_sub(1));
        bucket.refusal(wait)
    })
}

/// A service inside a [`ThrottleLayer`].
#[derive(Clone, Debug)]
pub struct Throttle<S, D = ContextDeadline> {
    inner: S,
    with: ThrottleLayer<D>,
}

impl<S, D, Req> Service<Req> for Throttle<S, D>
where
    S: Service<Req> + Clone,
    S::Error: From<RateLimited>,
    D: DeadlineOf<Req> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ThrottleFuture<S, D, Req>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let call = Some((self.inner.clone(), request));
        ThrottleFuture { stage: Stage::New { with: self.with.clone(), call } }
    }
}

pin_project! {
    /// The future of a [`Throttle`].
    pub struct ThrottleFuture<S, D, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        stage: Stage<S, D, Req>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, D, Req>
    where
        S: Service<Req>,
    {
        New { with: ThrottleLayer<D>, call: Option<(S, Req)> },
        Waiting { wait: Wait, call: Option<(S, Req)> },
        Calling { #[pin] call: Oneshot<S, Req> },
        // It was refused, and has said so.
        Done,
    }
}

impl<S, D, Req> Future for ThrottleFuture<S, D, Req>
where
    S: Service<Req>,
    S::Error: From<RateLimited>,
    D: DeadlineOf<Req>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            let (entered, call) = match stage.as_mut().project() {
                StageProjection::New { with, call } => match call.take() {
                    Some((service, request)) => (with.enter(with.deadline.deadline_of(&request)), (service, request)),
                    None => return Poll::Pending,
                },
                StageProjection::Waiting { wait, call } => match (ready!(wait.as_mut().poll(cx)), call.take()) {
                    (entered, Some(call)) => (entered.map(|()| None), call),
                    (_, None) => return Poll::Pending,
                },
                StageProjection::Calling { call } => return call.poll(cx),
                StageProjection::Done => return Poll::Pending, // polled again after its end, which no caller may
            };
            stage.set(match entered {
                Ok(None) => Stage::Calling { call: Oneshot::new(call.0, call.1) },
                Ok(Some(wait)) => Stage::Waiting { wait, call: Some(call) },
                Err(refused) => {
                    stage.set(Stage::Done);
                    return Poll::Ready(Err(refused.into()));
                }
            });
        }
    }
}

impl<S: Service<Req>, D, Req> fmt::Debug for ThrottleFuture<S, D, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleFuture").finish_non_exhaustive()
    }
}
