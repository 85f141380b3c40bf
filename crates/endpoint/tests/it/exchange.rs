use http::Method;
use towerkit_endpoint::{Code, Ending, Error, ErrorHandlers, Exchange, Via};
use towerkit_testing::events::Events;

#[test]
fn an_exchange_says_how_it_came_and_from_where_without_a_query() {
    let peer = "10.0.0.7:40312".parse().ok();
    for (via, text) in [
        (Via::http(Method::GET, "/profiles/7?token=hunter2"), "http GET /profiles/7 from 10.0.0.7:40312"),
        (Via::grpc("/pb.Add/Sum"), "grpc /pb.Add/Sum from 10.0.0.7:40312"),
        (Via::Grpc { path: None }, "grpc from 10.0.0.7:40312"),
        (Via::json_rpc("sum"), "jsonrpc sum from 10.0.0.7:40312"),
        (Via::nats("add.sum"), "nats add.sum from 10.0.0.7:40312"),
    ] {
        assert_eq!(Exchange::new(Some(via), peer).to_string(), text);
    }
    assert_eq!(Exchange::new(None, None).to_string(), "a request");
}

#[test]
fn the_path_of_a_template_is_a_path() {
    assert_eq!(Via::http(Method::GET, "/profiles/{id}").to_string(), "http GET /profiles/{id}");
    assert_eq!(Via::http(Method::GET, "no path").to_string(), "http GET /");
}

#[test]
fn handlers_are_told_in_the_order_they_were_added() {
    let told = Events::new();
    let mut handlers = ErrorHandlers::default();
    assert!(handlers.is_empty());
    for name in ["first", "second"] {
        let told = told.clone();
        handlers.push(move |error, exchange| told.push(format!("{name}: {exchange}: {error}")));
    }
    handlers.tell(&Code::NotFound.into(), &Exchange::new(Some(Via::nats("a")), None));
    assert_eq!(told.take(), ["first: nats a: not found", "second: nats a: not found"]);
}

#[test]
fn an_ending_is_that_of_the_result() {
    assert_eq!(Ending::of(&Ok::<_, Error>(1)), Ending::Complete);
    let failed = Ending::of(&Err::<(), _>(Error::from(Code::NotFound)));
    assert_eq!((failed, failed.code()), (Ending::Failed(Code::NotFound), Some(Code::NotFound)));
    assert_eq!((Ending::Complete.code(), Ending::Cancelled.code()), (None, None));
}
