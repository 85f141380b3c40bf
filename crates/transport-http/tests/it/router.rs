use http::{Method, Request, StatusCode};
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_transport_http::codec::{Empty, Path, Text};
use towerkit_transport_http::{Body, PathParams, Router, Server};

use crate::support::{ask, get, post, sum};

fn says(
    text: &'static str,
) -> impl tower::Service<Request<Body>, Response = http::Response<Body>, Error = std::convert::Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    Server::new(endpoint_fn(move |()| async move { Ok::<_, Error>(text) }), Empty, Text)
}

#[tokio::test]
async fn each_method_and_path_has_its_service() {
    let router = Router::new()
        .get("/a", says("get a"))
        .post("/a", says("post a"))
        .delete("/a/{id}", says("delete one"))
        .get("/a/special", says("special"))
        .get("/a/{id}", says("get one"));
    assert_eq!(ask(&router, get("/a")).await.text(), "get a");
    assert_eq!(ask(&router, post("/a", "")).await.text(), "post a");
    assert_eq!(ask(&router, get("/a/7")).await.text(), "get one");
    assert_eq!(ask(&router, get("/a/special")).await.text(), "special");
}

#[tokio::test]
async fn an_unknown_path_is_404_and_named() {
    let answer = ask(&Router::new().get("/a", says("a")), get("/b?secret=1")).await;
    assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::NOT_FOUND, "there is nothing at /b"));
    assert_eq!(ask(&Router::new().get("/a", says("a")), get("/a/")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_method_is_405_with_the_methods_there_are() {
    let router = Router::new().get("/a", says("a")).put("/a", says("a"));
    let answer = ask(&router, post("/a", "")).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, PUT, HEAD"));
}

#[tokio::test]
async fn head_is_answered_where_get_is() {
    let request = Request::builder().method(Method::HEAD).uri("/a").body(Body::empty()).unwrap();
    assert_eq!(ask(&Router::new().get("/a", says("a")), request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn parameters_are_decoded_and_typed() {
    #[derive(serde::Deserialize)]
    struct Names {
        first: String,
        rest: String,
    }
    let join = endpoint_fn(|names: Names| async move { Ok::<_, Error>(format!("{}|{}", names.first, names.rest)) });
    let router = Router::new().get("/{first}/{*rest}", Server::new(join, Path, Text));
    assert_eq!(ask(&router, get("/a%2Fb%20%C3%A9/c/d+e")).await.text(), "a/b é|c/d+e");
    let answer = ask(&router, get("/%FF/x")).await;
    assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, "first: is not UTF-8"));
}

#[tokio::test]
async fn parameters_are_in_the_context() {
    let endpoint = tower::service_fn(|request: towerkit_endpoint::Request<()>| async move {
        Ok::<_, Error>(request.context().get::<PathParams>().unwrap().get("id").unwrap().to_owned())
    });
    let router = Router::new().get("/a/{id}", Server::new(endpoint, Empty, Text));
    assert_eq!(ask(&router, get("/a/7")).await.text(), "7");
}

#[test]
fn a_route_that_stands_already_is_a_mistake_found_at_start() {
    let twice = || Router::new().post("/sum", Server::json(sum())).post("/sum", Server::json(sum()));
    assert!(std::panic::catch_unwind(twice).is_err());
    let malformed = || Router::new().post("/{", Server::json(sum()));
    assert!(std::panic::catch_unwind(malformed).is_err());
}
