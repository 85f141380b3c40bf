//! Rules of messages, over a real socket.

use garde::Validate;
use http::Request;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use towerkit_endpoint::{Error, ValidateLayer, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::{Body, Pool, Server, serve};

#[derive(Deserialize, Validate)]
struct Order {
    #[garde(dive)]
    items: Vec<Item>,
}

#[derive(Deserialize, Validate)]
struct Item {
    #[garde(length(min = 1))]
    name: String,
    #[garde(range(min = 1))]
    price: u32,
}

#[tokio::test]
async fn all_bad_fields_of_a_message_stand_in_one_problem() {
    let endpoint = endpoint_fn(|order: Order| async move { Ok::<_, Error>(order.items.len()) });
    let stack = ServiceBuilder::new().layer(ValidateLayer::new()).service(endpoint);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, Server::json(stack)).run(lifeline));

    let body = r#"{"items":[{"name":"a","price":1},{"name":"","price":0}]}"#;
    let request = Request::post(url).header("content-type", "application/json").body(Body::from(body)).unwrap();
    let response = Pool::new().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 400);
    let problem: serde_json::Value =
        serde_json::from_slice(&response.into_body().read(1 << 16).await.unwrap()).unwrap();
    assert_eq!(problem["code"], "invalid_argument");
    let expected = json!([
        {"field": "items[1].name", "detail": "length is lower than 1"},
        {"field": "items[1].price", "detail": "lower than 1"}
    ]);
    assert_eq!(problem["errors"], expected);
}
