//! A service that can be held up and killed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_nats::ConnectOptions;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_transport_nats::codec::Empty;
use towerkit_transport_nats::{Events, Routes, Serve, ServeEvent, Server, serve};

use crate::site::{Running, sum, until};

/// An endpoint that waits until it is let go.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) open: Arc<Semaphore>,
    pub(super) inside: Arc<AtomicUsize>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { open: Arc::new(Semaphore::new(0)), inside: Arc::default() }
    }

    pub(super) fn routes(&self) -> Routes {
        let gate = self.clone();
        let hold = endpoint_fn(move |()| {
            let gate = gate.clone();
            async move {
                gate.inside.fetch_add(1, SeqCst);
                gate.open.acquire().await.unwrap().forget();
                Ok::<_, Error>(())
            }
        });
        Routes::new()
            .queue_group("add")
            .subject("add.sum", Server::json(sum()))
            .subject("hold", Server::new(hold, Empty, Empty))
    }

    pub(super) async fn holds(&self, calls: usize) {
        until("the calls are inside", || self.inside.load(SeqCst) == calls).await;
    }
}

/// A service, in a runtime of its own so that it can be killed, and what it reports.
pub(super) struct Replica {
    runtime: Option<Runtime>,
    pub(super) running: Option<Running>,
    pub(super) events: Events,
    told: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Replica {
    pub(super) async fn start(options: ConnectOptions, urls: Vec<String>, gate: &Gate) -> Self {
        Self::start_with(options, urls, gate, |serve| serve).await
    }

    pub(super) async fn start_with(
        options: ConnectOptions,
        urls: Vec<String>,
        gate: &Gate,
        settings: impl FnOnce(Serve) -> Serve + Send + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (events, told) = (Events::new(), Arc::new(Mutex::new(BTreeSet::new())));
        let (attach, tell, routes) = (events.clone(), told.clone(), gate.routes());
        let starting = runtime.spawn(async move {
            let client = attach.attach(options).connect(urls).await.unwrap();
            let tell = move |event: &ServeEvent| {
                tell.lock().unwrap().insert(match event {
                    ServeEvent::Moving => "`Moving`",
                    ServeEvent::Moved => "`Moved`",
                    ServeEvent::Draining => "`Draining`",
                    ServeEvent::Cut { .. } => "`Cut`",
                    ServeEvent::Refused { .. } => "`Refused`",
                    other => panic!("{other}"),
                });
            };
            Running::start(settings(serve(client, routes).events(&attach).on_event(tell))).await
        });
        Self { running: Some(starting.await.unwrap()), runtime: Some(runtime), events, told }
    }

    /// Whether it has told of something.
    pub(super) fn has_told(&self, what: &str) -> bool {
        self.told.lock().unwrap().contains(what)
    }

    /// All that it has told, in the order in which it comes.
    pub(super) fn reports(&self) -> String {
        const ORDER: [&str; 9] = [
            "`LameDuckMode`",
            "`Moving`",
            "`Disconnected`",
            "`Connected`",
            "`Moved`",
            "`Draining`",
            "`Cut`",
            "`Refused`",
            "`SlowConsumer`",
        ];
        let mut told = self.told.lock().unwrap().clone();
        let counts = self.events.counts();
        told.extend((counts.disconnected > 0).then_some("`Disconnected`"));
        told.extend((counts.connected > 1).then_some("`Connected`"));
        told.extend((counts.lame_duck > 0).then_some("`LameDuckMode`"));
        told.extend((counts.slow_consumer > 0).then_some("`SlowConsumer`"));
        if told.is_empty() {
            return "nothing".to_owned();
        }
        let told: Vec<_> = ORDER.into_iter().filter(|what| told.contains(what)).collect();
        told.join(", ")
    }

    /// As a process that is killed: its sockets are closed, and nothing more is said.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // A runtime that is simply dropped would be waited for.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}
