//! tower-http's layers around our routes, over a real socket: the stack of docs/http-stack.md.

use http::{HeaderMap, HeaderName, Method, Request, Response};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use towerkit_endpoint::{Code, Error, service_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::{Body, Pool, Router, Server, serve};

async fn site() -> (String, Stopper) {
    let id = HeaderName::from_static("x-request-id");
    let whoami = service_fn(|request: towerkit_endpoint::Request<()>| async move {
        Ok::<_, Error>(request.context().metadata().get("x-request-id").unwrap_or("none").to_owned())
    });
    let long = service_fn(|_: towerkit_endpoint::Request<()>| async { Ok::<_, Error>("long ".repeat(1000)) });
    let fails =
        service_fn(|_: towerkit_endpoint::Request<()>| async { Err::<String, _>(Error::new(Code::NotFound, "gone")) });
    let routes = Router::new()
        .get("/id", Server::new(whoami, Empty, Text))
        .get("/long", Server::new(long, Empty, Text))
        .get("/fails", Server::new(fails, Empty, Text));
    let service = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(id.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(id))
        .layer(CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]))
        .layer(CompressionLayer::new())
        .service(routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, service).run(lifeline));
    (url, stopper)
}

async fn ask(method: Method, url: String, headers: &[(&'static str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Pool::new().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().read(1 << 20).await.unwrap().into()).unwrap()
}

fn id(headers: &HeaderMap) -> String {
    headers["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_id_is_kept_or_made_and_reaches_the_endpoint_and_the_caller() {
    let (url, _stopper) = site().await;
    let kept = ask(Method::GET, format!("{url}/id"), &[("x-request-id", "mine-7")]).await;
    assert_eq!((id(kept.headers()), text(kept).await), ("mine-7".to_owned(), "mine-7".to_owned()));
    let made = ask(Method::GET, format!("{url}/id"), &[]).await;
    let made_id = id(made.headers());
    assert_eq!(made_id.len(), 36);
    assert_eq!(text(made).await, made_id);
}

#[tokio::test]
async fn a_failed_reply_has_the_request_id_too_and_is_a_problem_still() {
    let (url, _stopper) = site().await;
    for path in ["/fails", "/nothing"] {
        let failed = ask(Method::GET, format!("{url}{path}"), &[("x-request-id", "mine-8")]).await;
        assert_eq!((failed.status().as_u16(), id(failed.headers())), (404, "mine-8".to_owned()));
        assert_eq!(failed.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&text(failed).await).unwrap();
        assert_eq!(problem["code"], "not_found");
    }
}

#[tokio::test]
async fn a_long_reply_is_compressed_for_who_takes_it() {
    let (url, _stopper) = site().await;
    let plain = ask(Method::GET, format!("{url}/long"), &[]).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(text(plain).await.len(), 5000);
    let zipped = ask(Method::GET, format!("{url}/long"), &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let bytes = zipped.into_body().read(1 << 20).await.unwrap();
    // RFC 1952, section 2.3.1.
    assert!(bytes.starts_with(&[0x1f, 0x8b, 8]) && bytes.len() < 500, "{} bytes", bytes.len());
}

#[tokio::test]
async fn a_preflight_is_answered_before_the_routes() {
    let (url, _stopper) = site().await;
    let asks = [("origin", "http://page.test"), ("access-control-request-method", "GET")];
    let preflight = ask(Method::OPTIONS, format!("{url}/long"), &asks).await;
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()["access-control-allow-methods"], "GET");
    let real = ask(Method::GET, format!("{url}/id"), &[("origin", "http://page.test")]).await;
    assert_eq!(real.headers()["access-control-allow-origin"], "*");
}
