//! What tests wait for, and what they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::{HttpClient, Instance, Instancer, Register, Registrar, Registration, State};

pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Waits until the state is as it should be.
pub(crate) async fn until(instancer: &mut Instancer, what: &str, condition: impl Fn(&State) -> bool) -> State {
    let end = Instant::now() + LIMIT;
    loop {
        let state = instancer.state();
        if condition(&state) {
            return state;
        }
        let left = end.saturating_duration_since(Instant::now());
        assert!(timeout(left, instancer.changed()).await.is_ok(), "waited in vain until {what}; there was: {state:?}");
    }
}

/// Waits until these are there, and nothing fails.
pub(crate) async fn until_ports(instancer: &mut Instancer, ports: &[u16]) -> State {
    let what = format!("it has {ports:?}");
    until(instancer, &what, |state| state.failure().is_none() && state.is_known() && self::ports(state) == ports).await
}

/// Waits until a failure is told.
pub(crate) async fn until_failure(instancer: &mut Instancer) -> State {
    until(instancer, "it fails", |state| state.failure().is_some()).await
}

pub(crate) fn ports(state: &State) -> Vec<u16> {
    let mut ports: Vec<_> = state.instances().iter().map(Instance::port).collect();
    ports.sort_unstable();
    ports
}

/// Looks every 20 ms.
pub(crate) async fn until_true(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A registrar that runs.
pub(crate) struct Running {
    pub(crate) state: watch::Receiver<Registration>,
    stopper: Stopper,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    pub(crate) fn start<R: Register>(registrar: Registrar<R>) -> Self {
        let state = registrar.watch();
        let (lifeline, stopper) = Lifeline::detached();
        Self { state, stopper, task: tokio::spawn(registrar.run(lifeline)) }
    }

    /// Waits until it was registered so many times.
    pub(crate) async fn registered(&mut self, at_least: u64) {
        let wanted = |state: &Registration| matches!(state, Registration::Registered { times } if *times >= at_least);
        self.is(&format!("registered {at_least} times"), wanted).await;
    }

    /// Waits until a failure is told.
    pub(crate) async fn failing(&mut self) {
        self.is("failing", |state| matches!(state, Registration::Failing { .. })).await;
    }

    async fn is(&mut self, what: &str, wanted: impl FnMut(&Registration) -> bool) {
        let waited = timeout(LIMIT, self.state.wait_for(wanted)).await.map(|state| drop(state.expect("it runs")));
        assert!(waited.is_ok(), "waited in vain until it is {what}; it is {:?}", *self.state.borrow());
    }

    pub(crate) async fn stop(self) {
        self.stopper.stop(Duration::from_secs(5));
        timeout(LIMIT, self.task).await.expect("it stops").expect("it does not panic").expect("it deregisters");
    }

    /// As a process that is killed: it takes nothing back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        self.task.await.expect_err("it was aborted");
    }
}

/// A client that counts what it sends.
pub(crate) fn counting() -> (HttpClient, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let client = client.map_request(move |request: Request<Full<Bytes>>| {
        counted.fetch_add(1, Ordering::Relaxed);
        request
    });
    (HttpClient::new(client), count)
}
