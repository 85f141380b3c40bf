//! A server that is a function, and counts.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::service_fn;
use towerkit_sd::HttpClient;

/// How many requests were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A client whose every request is answered by a function.
pub(super) fn client<A>(answer: A) -> (HttpClient, Count)
where
    A: Fn(&Request<Bytes>) -> (StatusCode, String) + Clone + Send + Sync + 'static,
{
    let count = Count::default();
    let count_in = count.clone();
    let client = HttpClient::new(service_fn(move |request: Request<Bytes>| {
        count_in.one();
        let (status, body) = answer(&request);
        let mut reply = Response::new(Full::new(Bytes::from(body)));
        *reply.status_mut() = status;
        async move { Ok::<_, Infallible>(reply) }
    }));
    (client, count)
}

/// A client over TCP that counts its requests.
pub(super) fn counting() -> (HttpClient, Count) {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let count = Count::default();
    let count_in = count.clone();
    let client = HttpClient::new(service_fn(move |request: Request<Full<Bytes>>| {
        count_in.one();
        client.request(request)
    }));
    (client, count)
}

/// An application with these entries, as Eureka writes it.
pub(super) fn application(entries: &str) -> String {
    format!(r#"{{"application":{{"name":"ADDSVC","instance":{entries}}}}}"#)
}

/// An entry that has all it must.
pub(super) fn entry(port: u16) -> String {
    format!(r#"{{"instanceId":"i{port}","ipAddr":"10.0.0.7","status":"UP","port":{{"$":{port},"@enabled":"true"}}}}"#)
}
