//! What issues keys or tokens, as a real HTTP server on a real socket that comes, goes and keeps waiting.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use towerkit_endpoint::BoxError;
use towerkit_http_client::ReplyBody;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::events::Events;
use towerkit_testing::process::free_port;
use towerkit_transport_http::{Body, serve};

/// How long a test waits for what should be.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The first is 1.
    pub(crate) number: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

type Reply = Arc<dyn Fn(&Asked) -> Response<Body> + Send + Sync>;

pub(crate) struct IssuerServer {
    port: u16,
    reply: Arc<Mutex<Reply>>,
    pub(crate) asked: Events<Asked>,
    /// False while it keeps those who ask waiting.
    open: watch::Sender<bool>,
    running: Option<Running>,
}

impl IssuerServer {
    /// One that is down.
    pub(crate) fn down(reply: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        let reply: Reply = Arc::new(reply);
        let (reply, open) = (Arc::new(Mutex::new(reply)), watch::Sender::new(true));
        Self { port: free_port(), reply, asked: Events::new(), open, running: None }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Says what is answered from now on.
    pub(crate) fn reply(&self, reply: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Arc::new(reply);
    }

    /// Keeps those who ask waiting, or lets them go.
    pub(crate) fn hold(&self, hold: bool) {
        self.open.send_replace(!hold);
    }

    pub(crate) async fn come_up(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let (reply, asked, open) = (Arc::clone(&self.reply), self.asked.clone(), self.open.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (reply, asked, open) = (Arc::clone(&reply), asked.clone(), open.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = ReplyBody::new(body).whole(10_000).await.unwrap().data;
                let body = String::from_utf8(body.into()).unwrap();
                let path = head.uri.path_and_query().unwrap().to_string();
                let one = Asked { number: asked.len() + 1, method: head.method, path, headers: head.headers, body };
                asked.push(one.clone());
                open.subscribe().wait_for(|open| *open).await.unwrap();
                let reply = Arc::clone(&reply.lock().unwrap());
                Ok::<_, Infallible>(reply(&one))
            }
        });
        self.running = Some(Running::start(serve(listener, service)).await);
    }

    #[cfg(feature = "jwks-url")]
    pub(crate) const fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Ends, and with it all connections: nobody listens at its port.
    pub(crate) async fn die(&mut self) {
        // What was cut off is an error here.
        let _ = self.running.take().unwrap().stop(Duration::from_millis(100)).await;
    }
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
