//! One trace over real sockets.

use std::time::Duration;

use opentelemetry::trace::SpanKind;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, service_fn};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, Via, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_tracing::Propagation;
use towerkit_transport_grpc::{Method, Routes};
use towerkit_transport_http::{Pool, Router};

use crate::support::{Rig, attribute, find};

#[derive(Clone, Serialize, Deserialize)]
struct Sum {
    a: u64,
    b: u64,
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn run(member: impl Member) -> Stopper {
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(member.run(lifeline));
    stopper
}

#[tokio::test]
async fn one_trace_goes_over_http_and_on_from_there() {
    let (back, front) = (Rig::new(), Rig::with(|builder| builder.writes([Propagation::B3Multi])));
    let (caller, (a, a_url), (b, b_url)) = (Rig::new(), listener().await, listener().await);

    let sum = back.tracer.requests("sum").layer(endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(sum.a + sum.b) }));
    let router = Router::new().post("/sum", towerkit_transport_http::Server::json(sum));
    let _back = run(towerkit_transport_http::serve(b, router));

    let remote = towerkit_transport_http::Remote::new(&Pool::new(), &b_url).unwrap();
    let next: BoxEndpoint<Sum, u64> = front.tracer.calls("back").layer(remote.post("/sum").json()).erased();
    let gateway = front.tracer.requests("gateway").layer(service_fn(move |request: Request<Sum>| {
        let mut next = next.clone();
        async move {
            tower::ServiceExt::ready(&mut next).await?;
            tower::Service::call(&mut next, request.outgoing()).await
        }
    }));
    let router = Router::new().post("/gateway", towerkit_transport_http::Server::json(gateway));
    let _front = run(towerkit_transport_http::serve(a, router));

    let remote = towerkit_transport_http::Remote::new(&Pool::new(), &a_url).unwrap();
    let via = Via::Http { method: http::Method::POST, path: "/gateway".parse().unwrap() };
    let call: BoxEndpoint<Sum, u64> =
        caller.tracer.calls("front").via(via).layer(remote.post("/gateway").json()).erased();
    assert_eq!(call.invoke(Sum { a: 1, b: 2 }).await.unwrap(), 3);

    let (caller, front, back) = (caller.span().await, front.spans().await, back.span().await);
    let (gateway, next) = (find(&front, "gateway"), find(&front, "back"));
    assert_eq!(gateway.parent_span_id, caller.span_context.span_id());
    assert_eq!(next.parent_span_id, gateway.span_context.span_id());
    assert_eq!(back.parent_span_id, next.span_context.span_id());
    let trace = caller.span_context.trace_id();
    assert!([gateway, next, &back].iter().all(|span| span.span_context.trace_id() == trace));
    assert_eq!((&caller.span_kind, &gateway.span_kind), (&SpanKind::Client, &SpanKind::Server));
    assert_eq!(attribute(gateway, "url.path").as_deref(), Some("/gateway"));
    assert_eq!(attribute(gateway, "server.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(attribute(gateway, "network.peer.address").as_deref(), Some("127.0.0.1"));
}

#[derive(Clone, PartialEq, prost::Message)]
struct SumRequest {
    #[prost(uint64, tag = "1")]
    a: u64,
    #[prost(uint64, tag = "2")]
    b: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SumReply {
    #[prost(uint64, tag = "1")]
    sum: u64,
}

const SUM: Method<SumRequest, SumReply> = Method::new("/pb.Add/Sum");

#[tokio::test]
async fn one_trace_goes_over_grpc_with_what_failed() {
    let (server, caller) = (Rig::new(), Rig::new());
    let (listener, url) = listener().await;
    let sum =
        ServiceBuilder::new().layer(server.tracer.requests("sum")).service(endpoint_fn(|sum: SumRequest| async move {
            let added = sum.a.checked_add(sum.b).ok_or_else(|| Error::new(Code::OutOfRange, "too large"))?;
            Ok::<_, Error>(SumReply { sum: added })
        }));
    let routes = Routes::new().unary(SUM, towerkit_transport_grpc::Server::new(sum));
    let _server = run(towerkit_transport_grpc::serve(listener, routes));

    let remote = towerkit_transport_grpc::Remote::new(&Pool::builder().http2().build(), &url).unwrap();
    let via = Via::Grpc { path: "/pb.Add/Sum".parse().ok() };
    let call: BoxEndpoint<SumRequest, SumReply> = caller.tracer.calls("add").via(via).layer(remote.unary(SUM)).erased();
    assert_eq!(call.invoke(SumRequest { a: 1, b: 2 }).await.unwrap().sum, 3);
    assert_eq!(call.invoke(SumRequest { a: u64::MAX, b: 2 }).await.unwrap_err().code(), Code::OutOfRange);

    let served = server.kept.spans.wait_len(2, Duration::from_secs(20)).await;
    let called = caller.spans().await;
    for (called, served) in called.iter().zip(&served) {
        assert_eq!(served.parent_span_id, called.span_context.span_id());
        assert_eq!(served.span_context.trace_id(), called.span_context.trace_id());
        assert_eq!(attribute(served, "rpc.method").as_deref(), Some("pb.Add/Sum"));
        let status = |span| attribute(span, "rpc.response.status_code");
        assert_eq!(status(served), status(called));
    }
    assert_eq!(attribute(&served[1], "rpc.response.status_code").as_deref(), Some("OUT_OF_RANGE"));
    assert_eq!(served[1].status, opentelemetry::trace::Status::Unset);
    assert_eq!(called[1].status, opentelemetry::trace::Status::error("too large"));
}
