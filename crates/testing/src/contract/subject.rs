//! The layer under test, with what the laws need to drive it by hand.

use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;
use std::task::{Wake, Waker};

use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;

use super::verdict::{Stop, broken};
use super::{Build, Readiness};
use crate::probe::{Counts, ProbeHandle, Reply};

/// What the author declared.
pub(super) struct Setup<S, Req> {
    build: Build<S>,
    request: Box<dyn Fn() -> Req>,
    pub(super) readiness: Readiness,
    pub(super) refusal: Option<Refusal<S>>,
    pub(super) repeats_after: Vec<Reply>,
    pub(super) clones_share: Option<bool>,
    pub(super) gauge: Option<Box<dyn Fn() -> u64>>,
    pub(super) patience: Duration,
}

pub(super) enum Refusal<S> {
    Built(Build<S>),
    After(Vec<Reply>),
}

/// A service around a probe.
pub(super) struct Subject<'a, S, Req> {
    service: S,
    setup: &'a Setup<S, Req>,
    pub(super) probe: ProbeHandle,
    wakes: Arc<Wakes>,
}

/// A call that was made. Polled by hand, or to its end.
pub(super) struct Call<F> {
    future: Option<Pin<Box<F>>>,
    wakes: Arc<Wakes>,
    patience: Duration,
}

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The result of the layer, without its types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Answered,
    Failed,
}

impl<S: Service<Req> + Clone, Req> Setup<S, Req> {
    pub(super) fn new(build: Build<S>, request: Box<dyn Fn() -> Req>) -> Self {
        Self {
            build,
            request,
            readiness: Readiness::default(),
            refusal: None,
            repeats_after: Vec::new(),
            clones_share: None,
            gauge: None,
            patience: Duration::from_secs(10),
        }
    }

    /// A new layer around a new probe that is ready and answers.
    pub(super) fn fresh(&self) -> Subject<'_, S, Req> {
        self.built(&self.build)
    }

    pub(super) fn built(&self, build: &Build<S>) -> Subject<'_, S, Req> {
        let (service, probe) = build();
        Subject { service, setup: self, probe, wakes: Arc::default() }
    }
}

impl<S: Service<Req> + Clone, Req> Subject<'_, S, Req> {
    /// A clone of the service as it is now.
    pub(super) fn another(&self) -> Self {
        Self { service: self.service.clone(), setup: self.setup, probe: self.probe.clone(), wakes: Arc::default() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.probe.counts()
    }

    /// What the layer itself says is in flight.
    pub(super) fn gauge(&self) -> Option<u64> {
        self.setup.gauge.as_ref().map(|gauge| gauge())
    }

    /// How often whoever polled this instance was woken.
    pub(super) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// One poll of readiness.
    pub(super) fn poll_ready(&mut self) -> Poll<Result<(), Ended>> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.service.poll_ready(&mut Context::from_waker(&waker)).map_err(|_| Ended::Failed)
    }

    /// Waits until the service is ready.
    pub(super) async fn ready(&mut self) -> Result<(), Stop> {
        let expected = "the service becomes ready when its inner service is";
        match timeout(self.setup.patience, poll_fn(|cx| self.service.poll_ready(cx))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(broken(expected, "`poll_ready` failed")),
            Err(_) => Err(broken(expected, format!("it was not ready after {:?}", self.setup.patience))),
        }
    }

    /// Calls the service, which must be ready.
    pub(super) fn call(&mut self) -> Call<S::Future> {
        let future = self.service.call((self.setup.request)());
        Call { future: Some(Box::pin(future)), wakes: Arc::default(), patience: self.setup.patience }
    }

    /// Makes the service ready, calls it, and polls the call until the probe has started on it.
    pub(super) async fn start(&mut self) -> Result<Call<S::Future>, Stop> {
        self.ready().await?;
        let before = self.counts().started;
        let mut call = self.call();
        let deadline = Instant::now() + self.setup.patience;
        loop {
            let ended = call.poll().is_ready();
            settle().await;
            if self.counts().started > before {
                return Ok(call);
            }
            if ended || Instant::now() >= deadline {
                let why = if ended { "its future ended" } else { "nothing happened" };
                return Err(broken("a call reaches the inner service", format!("{why} without a call of it")));
            }
            // The layer may wait before it calls, and its wake-ups do not reach this loop.
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// One whole call.
    pub(super) async fn once(&mut self) -> Result<Ended, Stop> {
        self.ready().await?;
        self.call().finish().await
    }
}

impl<F, T, E> Call<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// One poll. A call that has ended is pending for ever.
    pub(super) fn poll(&mut self) -> Poll<Ended> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.poll_with(&mut Context::from_waker(&waker))
    }

    fn poll_with(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(cx);
        polled.map(|result| {
            self.future = None;
            if result.is_ok() { Ended::Answered } else { Ended::Failed }
        })
    }

    /// How often whoever polled this call was woken.
    pub(super) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.future.is_none()
    }

    /// Waits for the end of the call. For one that has ended this is [`Ended::Answered`].
    pub(super) async fn finish(mut self) -> Result<Ended, Stop> {
        if self.has_ended() {
            return Ok(Ended::Answered);
        }
        let patience = self.patience;
        let ended = timeout(patience, poll_fn(|cx| self.poll_with(cx))).await;
        ended.map_err(|_| broken("the call ends", format!("it had not after {patience:?}")))
    }
}

/// Lets spawned tasks run, without moving a paused clock. It also renews tokio's cooperative budget, so that the next
/// poll by hand is not refused for having polled too much.
pub(super) async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// The tasks alive on this runtime.
pub(super) fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}
