//! An issuer of keys, as a real HTTP server on a real socket, and what fetches from it.

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use towerkit_auth::{JwksEvent, JwksUrl};
use towerkit_endpoint::BoxError;
use towerkit_http_client::HttpClient;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::events::Events;
use towerkit_testing::process::free_port;
use towerkit_transport_http::{Body, serve};

use crate::jwks_keys::{SigningKey, jwks};

/// How long a test waits for what should be.
pub(crate) const SOON: Duration = Duration::from_secs(20);

type Answer = Arc<dyn Fn(&str) -> Response<Body> + Send + Sync>;

pub(crate) struct Issuer {
    port: u16,
    shared: Arc<Shared>,
    running: Option<Running>,
}

struct Shared {
    answer: Mutex<Answer>,
    asked: AtomicUsize,
    /// How many of them were not to be answered by a cache.
    past_caches: AtomicUsize,
    /// False while it keeps those who ask waiting.
    open: watch::Sender<bool>,
}

impl Issuer {
    /// One that is down, and will publish nothing.
    pub(crate) fn down() -> Self {
        let answer: Answer = Arc::new(|_| status(StatusCode::NOT_FOUND));
        let (asked, past_caches) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Shared { answer: Mutex::new(answer), asked, past_caches, open: watch::Sender::new(true) };
        Self { port: free_port(), shared: Arc::new(shared), running: None }
    }

    /// One that is up, with keys.
    pub(crate) async fn with<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Self {
        let mut issuer = Self::down();
        issuer.publish(keys);
        issuer.come_up().await;
        issuer
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn keys(&self) -> JwksUrl {
        JwksUrl::new(&format!("{}/jwks.json", self.origin()), HttpClient::plain()).unwrap()
    }

    pub(crate) fn publish<'a>(&self, keys: impl IntoIterator<Item = &'a SigningKey>) {
        let keys = jwks(keys);
        self.answer(move |_| Response::new(keys.clone().into()));
    }

    /// Says what is answered, for a path.
    pub(crate) fn answer(&self, answer: impl Fn(&str) -> Response<Body> + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap() = Arc::new(answer);
    }

    /// How many requests have come so far.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Until so many have come.
    pub(crate) async fn wait_asked(&self, count: usize) {
        let asked = async {
            while self.asked() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(SOON, asked).await.unwrap();
    }

    pub(crate) fn asked_past_caches(&self) -> usize {
        self.shared.past_caches.load(Ordering::SeqCst)
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Keeps those who ask waiting, or lets them go.
    pub(crate) fn hold(&self, hold: bool) {
        self.shared.open.send_replace(!hold);
    }

    pub(crate) async fn come_up(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let shared = Arc::clone(&self.shared);
        let service = tower::service_fn(move |request: Request<Body>| {
            let shared = Arc::clone(&shared);
            async move {
                shared.asked.fetch_add(1, Ordering::SeqCst);
                if request.headers().get("cache-control").is_some_and(|control| control == "no-cache") {
                    shared.past_caches.fetch_add(1, Ordering::SeqCst);
                }
                shared.open.subscribe().wait_for(|open| *open).await.unwrap();
                let answer = Arc::clone(&shared.answer.lock().unwrap());
                Ok::<_, Infallible>(answer(request.uri().path()))
            }
        });
        self.running = Some(Running::start(serve(listener, service)).await);
    }

    /// Ends, and with it all connections: nobody listens at its port.
    pub(crate) async fn die(&mut self) {
        // What was cut off is an error here.
        let _ = self.running.take().unwrap().stop(Duration::from_millis(100)).await;
    }
}

pub(crate) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from("so\nit is"));
    *response.status_mut() = status;
    response
}

/// A member that runs by itself.
pub(crate) struct Running {
    pub(crate) stopper: Stopper,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    /// Runs one, and waits until it is ready.
    pub(crate) async fn start(member: impl Member) -> Self {
        let running = Self::begin(member);
        running.stopper.ready().await;
        running
    }

    pub(crate) fn begin(member: impl Member) -> Self {
        let (lifeline, stopper) = Lifeline::detached();
        Self { stopper, task: tokio::spawn(member.run(lifeline)) }
    }

    pub(crate) async fn stop(self, within: Duration) -> Result<(), BoxError> {
        self.stopper.stop(within);
        self.task.await.unwrap()
    }
}

/// Has what a set of keys tells.
pub(crate) fn told(keys: JwksUrl) -> (JwksUrl, Events<JwksEvent>) {
    let events = Events::new();
    let tell: Events<JwksEvent> = events.clone();
    (keys.on_event(move |event| tell.push(event.clone())), events)
}

pub(crate) const fn is_refreshed(event: &JwksEvent) -> bool {
    matches!(event, JwksEvent::Refreshed { .. })
}

pub(crate) const fn is_failed(event: &JwksEvent) -> bool {
    matches!(event, JwksEvent::Failed { .. })
}

/// Waits for one that is told after this is called, and not only after it is polled.
pub(crate) fn next(events: &Events<JwksEvent>, is: fn(&JwksEvent) -> bool) -> impl Future<Output = JwksEvent> {
    let before = events.len();
    let told = events.wait_for(move |all| all.iter().skip(before).any(is), SOON);
    async move { told.await.into_iter().skip(before).find(is).unwrap() }
}
