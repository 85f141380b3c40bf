//! The server of a test.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, BoxError, Endpoint, Error};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::tls::{ClientTls, PeerIdentity, ServerTls};
use towerkit_transport_http::{Body, Pool, PoolSettings, Remote, Router, Serve, ServeEvent, Server, serve};

/// Waits for what must come, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it did not come within 20 s")
}

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    pub(crate) running: JoinHandle<Result<(), BoxError>>,
    /// Lets calls of `/wait` out.
    pub(crate) gate: Arc<Semaphore>,
    /// How many calls of `/wait` there were.
    pub(crate) inside: watch::Sender<usize>,
    events: watch::Sender<Vec<String>>,
}

impl Site {
    pub(crate) async fn start(tls: ServerTls) -> Self {
        Self::with(|serve| serve.tls(tls)).await
    }

    pub(crate) async fn with(set: impl FnOnce(Serve<Router>) -> Serve<Router>) -> Self {
        let (gate, inside) = (Arc::new(Semaphore::new(0)), watch::Sender::new(0));
        let who = service_fn(|request: towerkit_endpoint::Request<()>| async move {
            let identity = request.context().get::<PeerIdentity>();
            Ok::<_, Error>(identity.map_or_else(|| "nobody".to_owned(), |identity| format!("{identity:?}")))
        });
        let session = service_fn(|request: Request<Body>| async move {
            let tls =
                request.body().tls().map(|tls| (tls.version(), tls.protocol(), tls.server_name().map(str::to_owned)));
            Ok::<_, Infallible>(text(format!("{tls:?}")))
        });
        let (waiting, entered) = (gate.clone(), inside.clone());
        let wait = service_fn(move |_: Request<Body>| {
            let gate = waiting.clone();
            entered.send_modify(|count| *count += 1);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok::<_, Infallible>(text("out"))
            }
        });
        let big = service_fn(|_: Request<Body>| async {
            Ok::<_, Infallible>(Response::new(Body::from(vec![b'0'; 64 << 20])))
        });
        let routes = Router::new()
            .get("/who", Server::new(who, Empty, Text))
            .get("/session", session)
            .get("/wait", wait)
            .get("/big", big);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let events = watch::Sender::new(Vec::new());
        let telling = events.clone();
        let server = set(serve(listener, routes))
            .on_event(move |event: &ServeEvent| telling.send_modify(|events| events.push(event.to_string())));
        let (lifeline, stopper) = Lifeline::detached();
        let running = tokio::spawn(server.run(lifeline));
        soon(stopper.ready()).await;
        Self { address, stopper, running, gate, inside, events }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Waits for an event whose text has this in it.
    pub(crate) async fn told(&self, text: &str) -> String {
        let mut events = self.events.subscribe();
        let events = soon(events.wait_for(|events| events.iter().any(|event| event.contains(text)))).await.unwrap();
        events.iter().find(|event| event.contains(text)).unwrap().clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.events.borrow().clone()
    }

    /// An endpoint at a path.
    pub(crate) fn call(&self, tls: ClientTls, path: &str) -> BoxEndpoint<(), String> {
        call(Pool::builder().tls(tls), &self.url(), path)
    }
}

pub(crate) fn call(pool: PoolSettings, url: &str, path: &str) -> BoxEndpoint<(), String> {
    let remote = Remote::new(&pool.build(), url).unwrap();
    remote.get(path).codecs(Empty, Text).erased()
}

fn text(text: impl Into<Body>) -> Response<Body> {
    Response::builder().header("content-type", "text/plain").body(text.into()).unwrap()
}
