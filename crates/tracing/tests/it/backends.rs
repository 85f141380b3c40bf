//! Spans of a tracer on their way to the real backends: through layers, queue and task.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::SpanExporter;
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxEndpoint, Code, Context, Endpoint, Error, Request, TraceContext, endpoint_fn, service_fn};
use towerkit_lifecycle::Member;
use towerkit_testing::events::Events;
use towerkit_tracing::{Exporter, HttpClient, Otlp, Tracer, Zipkin};
use towerkit_transport_http::tls::{ClientTls, ServerTls};
use towerkit_transport_http::{Body, Pool, Router, serve};

use crate::collector::hung;
use crate::otlp::Rotel;
use crate::zipkin::Server;

const LONG: Duration = Duration::from_secs(20);

/// A tracer whose spans wait until it is stopped, or a batch is full.
fn service(name: &str, exporter: impl SpanExporter + 'static) -> (Tracer, Exporter) {
    let (tracer, exporter) = Tracer::builder(name).export(exporter).build();
    (tracer, exporter.interval(Duration::from_secs(3600)))
}

/// A server that is reached by metadata alone, as over a network.
fn remote(server: BoxEndpoint<u32, u32>) -> BoxEndpoint<u32, u32> {
    service_fn(move |request: Request<u32>| {
        let server = server.clone();
        async move {
            let (context, message) = request.into_parts();
            let mut received = Context::new();
            *received.metadata_mut() = context.metadata().clone();
            received.set_peer(Some(([127, 0, 0, 1], 40_000).into()));
            server.invoke(Request::with_context(received, message)).await
        }
    })
    .erased()
}

#[tokio::test]
async fn a_call_through_three_services_is_one_tree_in_zipkin() {
    let Some(server) = Server::start("a_call_through_three_services_is_one_tree_in_zipkin") else { return };
    let zipkin = || Zipkin::new(&server.url()).unwrap().timeout(LONG);
    let [(cli, a), (gateway, b), (add, c)] = ["addcli", "apigateway", "addsvc"].map(|name| service(name, zipkin()));
    let running = [a, b, c].map(Exporter::spawn);

    let sum = ServiceBuilder::new()
        .layer(add.requests("sum"))
        .service(endpoint_fn(|number: u32| async move {
            if number == 0 { Err(Error::new(Code::Unavailable, "no shard")) } else { Ok(number + 1) }
        }))
        .erased();
    let to_sum =
        ServiceBuilder::new().layer(gateway.calls("sum").server("add.test", 8080)).service(remote(sum)).erased();
    let through = ServiceBuilder::new()
        .layer(gateway.requests("gate"))
        .service(service_fn(move |request: Request<u32>| {
            let to_sum = to_sum.clone();
            async move { to_sum.invoke(request.outgoing()).await }
        }))
        .erased();
    let to_gate = ServiceBuilder::new().layer(cli.calls("gate")).service(remote(through)).erased();

    let span = cli.span("main");
    let trace: TraceContext = span.trace().unwrap();
    let mut context = Context::new();
    span.set_in(&mut context);
    assert_eq!(to_gate.invoke(Request::with_context(context.clone(), 1)).await.unwrap(), 2);
    to_gate.invoke(Request::with_context(context, 0)).await.unwrap_err();
    drop(span);
    for (running, tracer) in running.into_iter().zip([&cli, &gateway, &add]) {
        let report = running.stop(LONG).await;
        assert!(report.ending.is_good(), "{report}");
        let stats = tracer.stats();
        assert_eq!((stats.sent, stats.lost(), stats.waiting), (stats.ended, 0, 0));
    }

    let spans = server.trace(opentelemetry::trace::TraceId::from(trace.trace_id().get())).await;
    let path = |span: &serde_json::Value| {
        let mut path = Vec::new();
        let mut at = Some(span);
        while let Some(span) = at {
            let field = |name: &str| span[name].as_str().unwrap_or("").to_owned();
            let service = span["localEndpoint"]["serviceName"].as_str().unwrap_or("");
            path.insert(0, format!("{service}/{}/{}", field("name"), field("kind").to_lowercase()));
            at = spans.iter().find(|parent| parent["id"] == span["parentId"]);
        }
        path.join(" ")
    };
    let mut paths: Vec<_> = spans.iter().map(path).collect();
    paths.sort();
    let whole = "addcli/main/ addcli/gate/client apigateway/gate/server apigateway/sum/client addsvc/sum/server";
    let mut expected: Vec<_> = whole.match_indices(' ').map(|(end, _)| &whole[..end]).chain([whole]).collect();
    expected.extend_from_within(1..);
    expected.sort_unstable();
    assert_eq!(paths, expected);

    let failed: Vec<_> = spans.iter().filter_map(|span| span["tags"]["error"].as_str()).collect();
    assert_eq!(failed, ["no shard"; 4], "{spans:#?}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let edges = server.get(&format!("dependencies?endTs={now}&lookback=3600000")).await.unwrap();
    let mut edges: Vec<_> = edges
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| format!("{}>{}:{}/{}", edge["parent"], edge["child"], edge["callCount"], edge["errorCount"]))
        .collect();
    edges.sort();
    assert_eq!(edges, [r#""addcli">"apigateway":2/1"#, r#""apigateway">"addsvc":2/1"#]);
}

#[tokio::test]
async fn what_waits_at_the_stop_arrives() {
    let Some(mut rotel) = Rotel::start("what_waits_at_the_stop_arrives") else { return };
    for otlp in [Otlp::grpc(&rotel.grpc()).unwrap(), Otlp::http(&rotel.http()).unwrap()] {
        let (tracer, exporter) = service("addsvc", otlp);
        let running = exporter.spawn();
        let span = tracer.span("job");
        let trace = span.trace().unwrap().trace_id();
        drop(span);
        let report = running.stop(LONG).await;
        assert!(report.ending.is_good(), "{report}");
        let stats = tracer.stats();
        assert_eq!((stats.ended, stats.sent, stats.lost()), (1, 1, 0));
        rotel.wait_until_printed(&trace.to_string());
    }
}

#[tokio::test]
async fn what_is_lost_while_the_backend_is_away_is_counted_and_the_rest_arrives() {
    let Some(mut rotel) = Rotel::start("what_is_lost_while_the_backend_is_away_is_counted_and_the_rest_arrives") else {
        return;
    };
    let events = Events::<String>::new();
    let seen = events.clone();
    let (tracer, exporter) = Tracer::builder("addsvc").export(Otlp::grpc(&rotel.grpc()).unwrap()).build();
    let exporter = exporter.interval(Duration::from_millis(10)).on_event(move |event| seen.push(event.to_string()));
    let running = exporter.spawn();

    rotel.kill();
    drop(tracer.span("lost"));
    let told = events.wait_for(|events| events.iter().any(|event| event.contains("1 spans lost")), LONG).await;
    assert!(told.iter().any(|event| event.contains("Connection refused")), "{told:?}");
    assert_eq!(tracer.stats().lost_failed, 1);

    rotel.again();
    let span = tracer.span("kept");
    let trace = span.trace().unwrap().trace_id();
    drop(span);
    assert!(tracer.flush(LONG).await);
    rotel.wait_until_printed(&trace.to_string());
    let report = running.stop(LONG).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = tracer.stats();
    assert_eq!((stats.ended, stats.sent, stats.lost_failed, stats.lost()), (2, 1, 1, 1));
}

/// Both backends hang, and the queue is full after 100 spans.
#[tokio::test]
async fn a_backend_that_hangs_costs_a_request_nothing_and_the_stop_no_more_than_its_time() {
    let (_listener, address) = hung();
    let url = format!("http://{address}");
    let built = Tracer::builder("addsvc").export(Zipkin::new(&url).unwrap()).export(Otlp::grpc(&url).unwrap());
    let (tracer, exporter) = built.build();
    let running = exporter.batch(10).queue(100).spawn();
    let sum = ServiceBuilder::new()
        .layer(tracer.requests("sum"))
        .service(endpoint_fn(|number: u32| async move { Ok::<_, Error>(number) }))
        .erased();

    let start = Instant::now();
    for number in 0..10_000 {
        sum.invoke(number).await.unwrap();
        // Let the exporter have its turn.
        tokio::task::yield_now().await;
    }
    // A tenth of the exporter's time for one batch.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let stats = tracer.stats();
    assert_eq!((stats.ended, stats.lost_full, stats.waiting), (20_000, 19_800, 200));

    let start = Instant::now();
    let report = running.stop(Duration::from_millis(300)).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = tracer.stats();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!((stats.sent, stats.waiting, stats.lost()), (0, 0, 20_000));
}

#[tokio::test]
async fn it_goes_over_tls_with_a_client_that_is_given() {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let seen = Events::<String>::new();
    let telling = seen.clone();
    let collector = service_fn(move |request: http::Request<Body>| {
        telling.push(format!("{:?} {}", request.version(), request.uri().path()));
        let reply = http::Response::builder().header("grpc-status", "0").body(Body::empty());
        async { Ok::<_, Infallible>(reply.unwrap()) }
    });
    let routes = Router::new()
        .post("/api/v2/spans", collector.clone())
        .post("/v1/traces", collector.clone())
        .post("/opentelemetry.proto.collector.trace.v1.TraceService/Export", collector);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let (lifeline, _stopper) = towerkit_lifecycle::Lifeline::detached();
    let tls = ServerTls::from_pem(cert.pem(), signing_key.serialize_pem()).unwrap();
    tokio::spawn(serve(listener, routes).tls(tls).run(lifeline));

    let client = || HttpClient::new(Pool::builder().tls(ClientTls::roots_pem(cert.pem()).unwrap()).build());
    let (tracer, exporter) = Tracer::builder("addsvc")
        .export(Zipkin::with_client(&url, client()).unwrap())
        .export(Otlp::http_with_client(&url, client()).unwrap())
        .export(Otlp::grpc_with_client(&url, client()).unwrap())
        .build();
    let running = exporter.spawn();
    drop(tracer.span("job"));
    let report = running.stop(LONG).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = tracer.stats();
    assert_eq!((stats.sent, stats.lost()), (3, 0));
    let mut seen = seen.take();
    seen.sort();
    let grpc = "HTTP/2.0 /opentelemetry.proto.collector.trace.v1.TraceService/Export";
    assert_eq!(seen, ["HTTP/2.0 /api/v2/spans", grpc, "HTTP/2.0 /v1/traces"]);
}
