//! An issuer of tokens, as a real HTTP server on a real socket, and what asks it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use towerkit_auth::{Answer, ClientCredentials, CredentialSource, Credentials, HttpClient, NoCredentials};
use towerkit_endpoint::{BoxError, Context};
use towerkit_http_client::ReplyBody;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::events::Events;
use towerkit_testing::process::free_port;
use towerkit_transport_http::{Body, serve};

/// How long a test waits for what should be.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) const SECRET: &str = "the-clients-secret";

type Answer = Arc<dyn Fn(usize) -> Response<Body> + Send + Sync>;

/// A request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Issuer {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    pub(crate) asked: Events<Asked>,
    /// False while it keeps those who ask waiting.
    open: watch::Sender<bool>,
    running: Option<(Stopper, JoinHandle<Result<(), BoxError>>)>,
}

impl Issuer {
    /// One that is down, and will give tokens that are good for an hour: `token-1`, `token-2` and so on.
    pub(crate) fn down() -> Self {
        let answer: Answer = Arc::new(|nth| token(nth, 3600));
        let (answer, open) = (Arc::new(Mutex::new(answer)), watch::Sender::new(true));
        Self { port: free_port(), answer, asked: Events::new(), open, running: None }
    }

    pub(crate) async fn up() -> Self {
        let mut issuer = Self::down();
        issuer.come_up().await;
        issuer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/oauth/token", self.port)
    }

    pub(crate) fn tokens(&self) -> ClientCredentials {
        ClientCredentials::new(&self.url(), "orders", SECRET, HttpClient::plain()).unwrap()
    }

    /// Says what is answered to the request of a number, from 1 on.
    pub(crate) fn answer(&self, answer: impl Fn(usize) -> Response<Body> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Keeps those who ask waiting, or lets them go.
    pub(crate) fn hold(&self, hold: bool) {
        self.open.send_replace(!hold);
    }

    pub(crate) async fn come_up(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let (answer, asked, open) = (Arc::clone(&self.answer), self.asked.clone(), self.open.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (answer, asked, open) = (Arc::clone(&answer), asked.clone(), open.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = ReplyBody::new(body).whole(10_000).await.unwrap().data;
                let body = String::from_utf8(body.into()).unwrap();
                let path = head.uri.path_and_query().unwrap().to_string();
                asked.push(Asked { method: head.method, path, headers: head.headers, body });
                let nth = asked.len();
                open.subscribe().wait_for(|open| *open).await.unwrap();
                let answer = Arc::clone(&answer.lock().unwrap());
                Ok::<_, Infallible>(answer(nth))
            }
        });
        let (lifeline, stopper) = Lifeline::detached();
        let task = tokio::spawn(serve(listener, service).run(lifeline));
        stopper.ready().await;
        self.running = Some((stopper, task));
    }

    /// Ends, and with it all connections: nobody listens at its port.
    pub(crate) async fn die(&mut self) {
        let (stopper, task) = self.running.take().unwrap();
        stopper.stop(Duration::from_millis(100));
        // What was cut off is an error here.
        let _ = task.await.unwrap();
    }
}

pub(crate) fn json(status: StatusCode, body: impl Into<String>) -> Response<Body> {
    Response::builder().status(status).header("content-type", "application/json").body(Body::from(body.into())).unwrap()
}

pub(crate) fn token(nth: usize, seconds: u64) -> Response<Body> {
    let body = format!(r#"{{"access_token":"token-{nth}","token_type":"bearer","expires_in":{seconds},"scope":"x"}}"#);
    json(StatusCode::OK, body)
}

/// What a call gets.
pub(crate) async fn ask(source: &impl CredentialSource) -> Result<Credentials, NoCredentials> {
    match source.credentials(&Context::new()) {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    }
}

/// The token that a call gets.
pub(crate) async fn get(source: &impl CredentialSource) -> String {
    let credentials = ask(source).await.unwrap();
    credentials.value().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}
