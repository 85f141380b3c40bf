use tower::Layer;
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxEndpoint, CatchPanicLayer, Code, Endpoint, NotSent};

use crate::site::{Nats, ONE_TWO, Sum, Total, servers, sum, sum_of};

/// There is no layer here to put a probe under: what the laws ask of a client is that work starts at the first poll, and that clones may call
/// side by side.
#[tokio::test]
async fn nothing_is_sent_before_the_first_poll() {
    for program in servers("nothing_is_sent_before_the_first_poll") {
        let nats = Nats::start(&program);
        let client = nats.connect().await;
        let before = client.statistics().out_messages.load(std::sync::atomic::Ordering::SeqCst);
        let sum = sum_of(&towerkit_transport_nats::Remote::new(client.clone()));
        let call = sum.invoke(ONE_TWO);
        client.flush().await.unwrap();
        assert_eq!(client.statistics().out_messages.load(std::sync::atomic::Ordering::SeqCst), before);
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.get::<NotSent>().is_some());
    }
}

#[tokio::test]
async fn layers_go_around_both_ends() {
    for program in servers("layers_go_around_both_ends") {
        let nats = Nats::start(&program);
        let stack = ServiceBuilder::new().load_shed().concurrency_limit(8).layer(CatchPanicLayer::new()).service(sum());
        let routes =
            towerkit_transport_nats::Routes::new().subject("add.sum", towerkit_transport_nats::Server::json(stack));
        let _service = nats.serve(routes).await;
        let call: BoxEndpoint<Sum, Total> =
            CatchPanicLayer::new().layer(nats.remote().await.subject("add.sum").json()).erased();
        let calls = futures_util::future::join_all((0..4).map(|_| call.invoke(ONE_TWO))).await;
        assert!(calls.into_iter().all(|total| total.unwrap().v == 3));
    }
}
