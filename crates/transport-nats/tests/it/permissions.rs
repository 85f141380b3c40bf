//! What a service and its callers must be allowed by NATS: the configuration in `docs/nats.md`.

use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use bytes::Bytes;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint};
use towerkit_testing::process::free_port;
use towerkit_transport_nats::{Events, Remote, Routes, Server, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, Sum, Total, servers, sum, until};

/// A server as the page has it.
fn guarded(program: &Path) -> Nats {
    let page = include_str!("../../../../docs/nats.md");
    let start = page.find("\nauthorization {").unwrap();
    let text = &page[start..start + page[start..].find("```").unwrap()];
    let text = text.replace("$ADDSVC_PASSWORD", "for-addsvc").replace("$ADDCLI_PASSWORD", "for-addcli");
    Nats::configured(program, &format!("permissions-{}", free_port()), &text)
}

async fn connect(nats: &Nats, user: &str, events: &Events) -> Client {
    let options = ConnectOptions::new().user_and_password(user.to_owned(), format!("for-{user}"));
    events.attach(options.custom_inbox_prefix(format!("_INBOX_{user}"))).connect(nats.url()).await.unwrap()
}

fn routes() -> Routes {
    Routes::new().queue_group("addsvc").subject("addsvc.sum", Server::json(sum()))
}

#[tokio::test]
async fn the_permissions_on_the_page_are_enough_for_calls_and_for_a_drain() {
    for program in servers("the_permissions_on_the_page_are_enough_for_calls_and_for_a_drain") {
        let (nats, events) = (guarded(&program), Events::new());
        let start = std::time::Instant::now();
        let service = Running::start(serve(connect(&nats, "addsvc", &events).await, routes())).await;
        assert!(start.elapsed() < Duration::from_secs(1), "it may ask whether its subscriptions are there");
        let remote = Remote::new(connect(&nats, "addcli", &events).await);
        let sum: BoxEndpoint<Sum, Total> = remote.subject("addsvc.sum").json().erased();
        for _ in 0..10 {
            assert_eq!(sum.invoke(ONE_TWO).await.unwrap().v, 3);
        }
        service.stop(SOON).await.unwrap();
        let error = sum.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!(error.message(), "nobody serves the subject");
        assert_eq!(events.counts().server_errors, 0, "nothing was forbidden");
    }
}

#[tokio::test]
async fn what_is_not_among_them_is_refused() {
    for program in servers("what_is_not_among_them_is_refused") {
        let nats = guarded(&program);
        let service = Events::new();
        let serving = connect(&nats, "addsvc", &service).await;
        let _service = Running::start(serve(serving.clone(), routes())).await;
        // It writes into no one's inbox but to answer.
        serving.publish("_INBOX_addcli.1", Bytes::new()).await.unwrap();
        until("it is refused", || service.counts().server_errors == 1).await;

        // A caller listens to no one's requests, and its call of another service ends with its time.
        let caller = Events::new();
        let calling = connect(&nats, "addcli", &caller).await;
        let _requests = calling.subscribe("addsvc.sum").await.unwrap();
        until("it is refused", || caller.counts().server_errors == 1).await;
        let other: BoxEndpoint<Sum, Total> =
            Remote::new(calling).subject("other.sum").json().timeout(Duration::from_millis(200)).erased();
        assert_eq!(other.invoke(ONE_TWO).await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(caller.counts().server_errors, 2);
    }
}
