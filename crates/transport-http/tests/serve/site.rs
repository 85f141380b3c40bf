//! What is served in these tests, and the server of a test.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tower::service_fn;
use towerkit_endpoint::{BoxError, Code, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_http::codec::{Empty, Raw, Text};
use towerkit_transport_http::{Body, Router, Serve, ServeEvent, Server, serve};

use crate::raw::{Raw as Client, soon};

/// The paths that wait: how many calls are in, and how to let them out.
#[derive(Clone)]
pub(crate) struct Gate {
    open: Arc<Semaphore>,
    inside: watch::Sender<usize>,
    most: watch::Sender<usize>,
    slow_bodies: watch::Sender<usize>,
}

impl Gate {
    fn new() -> Self {
        let count = || watch::Sender::new(0);
        Self { open: Arc::new(Semaphore::new(0)), inside: count(), most: count(), slow_bodies: count() }
    }

    async fn pass(self) {
        let inside = Inside::new(self.inside.clone());
        self.most.send_modify(|most| *most = (*most).max(*self.inside.borrow()));
        self.open.acquire().await.unwrap().forget();
        drop(inside);
    }

    /// Waits until so many calls are inside.
    pub(crate) async fn has(&self, calls: usize) {
        soon(self.inside.subscribe().wait_for(|inside| *inside == calls)).await.unwrap();
    }

    pub(crate) fn most(&self) -> usize {
        *self.most.borrow()
    }

    /// Lets so many calls out.
    pub(crate) fn let_out(&self, calls: usize) {
        self.open.add_permits(calls);
    }
}

struct Inside(watch::Sender<usize>);

impl Inside {
    fn new(count: watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// How much `/big` sends: more than the kernel's buffers take.
pub(crate) const BIG: usize = 64 << 20;

fn site(gate: &Gate) -> Router {
    let hello = endpoint_fn(|()| async { Ok::<_, Error>("hello") });
    let waiting = gate.clone();
    let waits = endpoint_fn(move |()| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok::<_, Error>("out")
        }
    });
    let echo = endpoint_fn(|text: String| async { Ok::<_, Error>(text) });
    let slow = gate.slow_bodies.clone();
    let echo = Server::new(echo, Text, Text).request_limit(1 << 30).on_error(move |error, _| {
        if error.code() == Code::DeadlineExceeded {
            slow.send_modify(|slow| *slow += 1);
        }
    });
    let zeros = Bytes::from(vec![b'0'; BIG]);
    let big = endpoint_fn(move |()| {
        let zeros = zeros.clone();
        async { Ok::<_, Error>(zeros) }
    });
    // It takes its time between two pieces of the body, and so keeps the peer waiting.
    let sleepy = service_fn(|request: Request<Body>| async {
        let mut body = request.into_body();
        let mut bytes = 0;
        while let Some(frame) = http_body_util::BodyExt::frame(&mut body).await {
            match frame {
                Ok(frame) => bytes += frame.data_ref().map_or(0, Bytes::len),
                Err(error) => return Ok(Response::new(Body::from(error.to_string()))),
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        Ok::<_, Infallible>(Response::new(Body::from(bytes.to_string())))
    });
    let holding = gate.clone();
    let holds = service_fn(move |_: Request<Body>| {
        let body = Body::new(Held(Some(Box::pin(holding.clone().pass()))));
        async { Ok::<_, Infallible>(Response::builder().header("content-length", 4).body(body).unwrap()) }
    });
    let ignores = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::from("ignored"))) });
    Router::new()
        .get("/", Server::new(hello, Empty, Text))
        .get("/wait", Server::new(waits.clone(), Empty, Text))
        .post("/wait", Server::new(waits, Empty, Text))
        .post("/echo", echo)
        .get("/big", Server::new(big, Empty, Raw::default()))
        .get("/holds", holds)
        .post("/sleepy", sleepy)
        .post("/ignores", ignores)
}

/// A body that begins at once and ends when the gate is open.
struct Held(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(gate) = &mut self.0 else { return Poll::Ready(None) };
        ready!(gate.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"held")))))
    }
}

/// A running server.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) stopper: Stopper,
    pub(crate) running: JoinHandle<Result<(), BoxError>>,
    pub(crate) events: Events,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|serve| serve).await
    }

    pub(crate) async fn with(set: impl FnOnce(Serve<Router>) -> Serve<Router>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), set).await
    }

    pub(crate) async fn on(listener: TcpListener, set: impl FnOnce(Serve<Router>) -> Serve<Router>) -> Self {
        let gate = Gate::new();
        let address = listener.local_addr().unwrap();
        let events = Events::default();
        let (telling, (lifeline, stopper)) = (events.clone(), Lifeline::detached());
        let server = set(serve(listener, site(&gate))).on_event(move |event| telling.tell(event));
        let running = tokio::spawn(server.run(lifeline));
        soon(stopper.ready()).await;
        Self { address, gate, stopper, running, events }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// How many bodies came too slowly.
    pub(crate) fn slow_bodies(&self) -> usize {
        *self.gate.slow_bodies.borrow()
    }

    /// Begins the drain and waits until the listener is closed.
    pub(crate) async fn drain(&self, within: Duration) {
        self.stopper.stop(within);
        self.events.some(|event| matches!(event, ServeEvent::Draining { .. })).await;
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(self) -> Result<(), BoxError> {
        soon(self.running).await.unwrap()
    }
}

/// What was told.
#[derive(Clone)]
pub(crate) struct Events(watch::Sender<Vec<Arc<ServeEvent>>>);

impl Default for Events {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl Events {
    fn tell(&self, event: &ServeEvent) {
        // Events are not `Clone`; what tests look at is.
        let event = match event {
            ServeEvent::Full { connections } => ServeEvent::Full { connections: *connections },
            ServeEvent::Refused { peer, status, reason } => {
                ServeEvent::Refused { peer: *peer, status: *status, reason: reason.clone() }
            }
            ServeEvent::HeaderTimeout { peer } => ServeEvent::HeaderTimeout { peer: *peer },
            ServeEvent::WriteStalled { peer } => ServeEvent::WriteStalled { peer: *peer },
            ServeEvent::Draining { connections } => ServeEvent::Draining { connections: *connections },
            ServeEvent::Cut { connections, requests } => {
                ServeEvent::Cut { connections: *connections, requests: *requests }
            }
            ServeEvent::ConnectionFailed { peer, error } => {
                ServeEvent::ConnectionFailed { peer: *peer, error: format!("{error:?}").into() }
            }
            ServeEvent::AcceptFailed(error) => ServeEvent::AcceptFailed(error.kind().into()),
            _ => ServeEvent::Panicked,
        };
        self.0.send_modify(|events| events.push(Arc::new(event)));
    }

    /// Waits for an event.
    pub(crate) async fn some(&self, is_it: impl Fn(&ServeEvent) -> bool) {
        soon(self.0.subscribe().wait_for(|events| events.iter().any(|event| is_it(event)))).await.unwrap();
    }

    pub(crate) fn count(&self, is_it: impl Fn(&ServeEvent) -> bool) -> usize {
        self.0.borrow().iter().filter(|event| is_it(event)).count()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.borrow().iter().map(ToString::to_string)).finish()
    }
}
