//! The methods of the specification's examples, served on a socket, and requests to them as text.

use std::net::SocketAddr;
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::events::Events;
use towerkit_transport_http::json_rpc::{self, Methods};
use towerkit_transport_http::{Body, Pool, Router, serve};

#[derive(Deserialize)]
struct Subtract {
    minuend: i64,
    subtrahend: i64,
}

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    /// What notifications told.
    pub(crate) told: Events<Value>,
    _stopper: Stopper,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }
}

impl Site {
    /// The methods of section 7.
    pub(crate) async fn start() -> Self {
        Self::with(|methods| methods).await
    }

    pub(crate) async fn with(more: impl FnOnce(Methods) -> Methods) -> Self {
        let told = Events::new();
        let hear = {
            let told = told.clone();
            move || {
                let told = told.clone();
                endpoint_fn(move |message: Value| {
                    told.push(message);
                    async { Ok::<_, Error>(()) }
                })
            }
        };
        let subtract = endpoint_fn(|s: Subtract| async move { Ok::<_, Error>(s.minuend - s.subtrahend) });
        let sum = endpoint_fn(|numbers: Vec<i64>| async move { Ok::<_, Error>(numbers.into_iter().sum::<i64>()) });
        let get_data = endpoint_fn(|()| async { Ok::<_, Error>(("hello", 5)) });
        let methods = Methods::new()
            .with("subtract", subtract)
            .with("sum", sum)
            .with("get_data", get_data)
            .with("update", hear())
            .with("notify_hello", hear())
            .with("notify_sum", hear());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lifeline, stopper) = Lifeline::detached();
        let routes = Router::new().fallback(json_rpc::server(more(methods)));
        tokio::spawn(serve(listener, routes).run(lifeline));
        Self { address, told, _stopper: stopper }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/rpc", self.address)
    }

    pub(crate) async fn ask(&self, body: impl Into<String>) -> Answer {
        let answer = self.send(Method::POST, "application/json", body.into());
        tokio::time::timeout(Duration::from_secs(20), answer).await.expect("no answer within 20 s")
    }

    pub(crate) async fn send(&self, method: Method, media_type: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(self.url()).header("content-type", media_type);
        let response = Pool::new().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.read(1 << 20).await.unwrap().into()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}
