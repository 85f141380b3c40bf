use tokio::net::TcpListener;
use towerkit_endpoint::{Code, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_testing::events::Events;
use towerkit_transport_http::json_rpc::{self, Methods};
use towerkit_transport_http::{Router, Server, serve};

use crate::raw::Raw;

/// What a handler of a listener is told: which request, whether the endpoint knows of it, and why it failed.
async fn told_of(request: &str) -> Vec<String> {
    let told = Events::new();
    let tell = told.clone();
    let half = |number: u32| async move {
        if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Error::new(Code::FailedPrecondition, "it is odd")) }
    };
    let routes = Router::new().post("/half", Server::json(endpoint_fn(half))).post(
        "/rpc",
        json_rpc::server(Methods::new().with("half", endpoint_fn(move |[number]: [u32; 1]| half(number)))),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(listener, routes).on_error(move |error, exchange| {
        assert!(exchange.peer.is_some_and(|peer| peer.ip() == address.ip()));
        let via = exchange.via.as_ref().unwrap();
        tell.push(format!("{via} {}: {error}", exchange.reached_endpoint));
    });
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(server.run(lifeline));
    let mut client = Raw::connect(address).await;
    client.send(request).await;
    client.reply().await;
    told.take()
}

fn post(path: &str, body: &str) -> String {
    let head = format!("content-type: application/json\r\ncontent-length: {}", body.len());
    format!("POST {path} HTTP/1.1\r\nhost: a\r\n{head}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_request_that_is_answered_well_is_told_to_nobody() {
    assert!(told_of(&post("/half", "4")).await.is_empty());
    assert!(told_of(&post("/rpc", r#"{"jsonrpc":"2.0","method":"half","params":[4],"id":1}"#)).await.is_empty());
}

#[tokio::test]
async fn what_an_endpoint_refuses_is_told_with_that_it_was_reached() {
    assert_eq!(told_of(&post("/half", "3")).await, ["http POST /half true: it is odd"]);
    let call = r#"{"jsonrpc":"2.0","method":"half","params":[3],"id":1}"#;
    assert_eq!(told_of(&post("/rpc", call)).await, ["jsonrpc half true: it is odd"]);
}

#[tokio::test]
async fn a_request_that_reaches_no_endpoint_is_told_too() {
    for (request, told) in [
        (post("/half", "many"), "http POST /half false: malformed JSON at line 1 column 1: expected value"),
        (post("/quarter?secret=1", "4"), "http POST /quarter false: there is nothing at /quarter"),
        ("GET /half HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), "http GET /half false: GET is not allowed here, POST is"),
    ] {
        assert_eq!(told_of(&request).await, [told], "{request}");
    }
}

#[tokio::test]
async fn a_call_of_json_rpc_that_reaches_no_endpoint_is_told_too() {
    for (call, told) in [
        ("{", "http POST /rpc false: Parse error: "),
        (r#"{"jsonrpc":"2.0","id":1}"#, "http POST /rpc false: Invalid Request: method: must be a string"),
        (r#"{"jsonrpc":"2.0","method":"third","id":1}"#, "http POST /rpc false: Method not found"),
        (r#"{"jsonrpc":"2.0","method":"half","params":["a"],"id":1}"#, "jsonrpc half false: [0]: "),
    ] {
        let all = told_of(&post("/rpc", call)).await;
        assert!(all.len() == 1 && all[0].starts_with(told), "{call}: {all:?}");
    }
}
