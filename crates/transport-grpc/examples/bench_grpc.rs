//! The servers that `cargo xtask bench grpc` compares: addsvc's `Sum`, and runningsum's stream, each with one thread. It prints its address,
//! and ends when its input is closed.
//!
//! ```text
//! bench_grpc tonic|hyper|adapter|routes|stack
//! bench_grpc open ADDRESS STREAMS
//! ```

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use addsvc::endpoint::{SumReply, SumRequest};
use addsvc::pb as add;
use addsvc::service::{AddError, AddService, BasicService};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use runningsum::pb as sums;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use towerkit_circuitbreaker::policy::FailureRate;
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer};
use towerkit_endpoint::{BoxEndpoint, BoxStream, CatchPanicLayer, DeadlineLayer, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::Group;
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};
use towerkit_transport_grpc::convert::ConvertFn;
use towerkit_transport_grpc::{Method, Remote, ReplyStream, Routes, Server, serve};
use towerkit_transport_http::Pool;

const SUM: Method<add::SumRequest, add::SumReply> = Method::new("/pb.Add/Sum");
const RUNNING: Method<sums::Number, sums::Total> = Method::new("/runningsum.RunningSum/Sum");

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["open", address, streams] = arguments[..] {
        return open(address, streams.parse().unwrap()).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let serving = async {
        match arguments[..] {
            ["tonic"] => tonic(listener).await,
            ["hyper"] => hyper_by_hand(listener).await,
            ["adapter"] => towerkit(listener, adapter(endpoint_fn(sum).erased(), endpoint_fn(running).erased())).await,
            ["routes"] => {
                let routes = Routes::new();
                let routes = routes.unary(SUM, Server::new(endpoint_fn(sum)).decode(from_wire).encode(to_wire));
                towerkit(listener, routes.bidi_streaming(RUNNING, Server::new(endpoint_fn(running)))).await;
            }
            ["stack"] => {
                let stack = ServiceBuilder::new()
                    .layer(DeadlineLayer::new(Duration::from_secs(1)))
                    .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000))))
                    .layer(CircuitBreakerLayer::new(Breaker::new(BreakerSettings::new(FailureRate::new(0.5)))))
                    .load_shed()
                    .concurrency_limit(1024)
                    .layer(CatchPanicLayer::new());
                let sum = stack.clone().service(endpoint_fn(sum)).erased();
                let running = stack.service(endpoint_fn(running)).erased();
                let routes = Routes::new().unary(SUM, Server::new(sum).decode(from_wire).encode(to_wire));
                towerkit(listener, routes.bidi_streaming(RUNNING, Server::new(running))).await;
            }
            _ => panic!("unknown arguments {arguments:?}"),
        }
    };
    // A thread of its own waits for the end of the input.
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    tokio::select! {
        () = serving => {}
        _ = end => {}
    }
}

// The work, the same for all.

async fn sum(SumRequest { a, b }: SumRequest) -> Result<SumReply, AddError> {
    BasicService.sum(a, b).await.map(|v| SumReply { v })
}

fn from_wire(add::SumRequest { a, b }: add::SumRequest) -> SumRequest {
    SumRequest { a, b }
}

fn to_wire(SumReply { v }: SumReply) -> add::SumReply {
    add::SumReply { v, err: String::new() }
}

async fn running(numbers: BoxStream<sums::Number>) -> Result<impl Stream<Item = Result<sums::Total, Error>>, Error> {
    Ok(totals(numbers))
}

fn totals<E>(numbers: impl Stream<Item = Result<sums::Number, E>>) -> impl Stream<Item = Result<sums::Total, E>> {
    numbers.scan((0_i64, 0_u64), |(sum, count), number| {
        std::future::ready(Some(number.map(|number| {
            *sum = sum.wrapping_add(number.value);
            *count += 1;
            sums::Total { sum: *sum, count: *count }
        })))
    })
}

// towerkit.

async fn towerkit(listener: TcpListener, routes: Routes) {
    Group::new().with(serve(listener, routes).max_connections(100_000)).run().await.unwrap();
}

fn adapter(
    sum: BoxEndpoint<SumRequest, SumReply>,
    running: BoxEndpoint<BoxStream<sums::Number>, impl Stream<Item = Result<sums::Total, Error>> + Send + 'static>,
) -> Routes {
    let sum = Server::new(sum).decode(from_wire as fn(_) -> _).encode(to_wire as fn(_) -> _);
    Routes::new()
        .service(add::add_server::AddServer::new(AddRpc { sum }))
        .service(sums::running_sum_server::RunningSumServer::new(RunningRpc { running: Server::new(running) }))
}

type SumServer = Server<
    BoxEndpoint<SumRequest, SumReply>,
    ConvertFn<fn(add::SumRequest) -> SumRequest>,
    ConvertFn<fn(SumReply) -> add::SumReply>,
>;

struct AddRpc {
    sum: SumServer,
}

#[tonic::async_trait]
impl add::add_server::Add for AddRpc {
    async fn sum(
        &self,
        request: tonic::Request<add::SumRequest>,
    ) -> Result<tonic::Response<add::SumReply>, tonic::Status> {
        self.sum.unary(request).await
    }

    async fn concat(
        &self,
        _: tonic::Request<add::ConcatRequest>,
    ) -> Result<tonic::Response<add::ConcatReply>, tonic::Status> {
        Err(tonic::Status::unimplemented("it is not measured"))
    }
}

struct RunningRpc<S> {
    running: Server<BoxEndpoint<BoxStream<sums::Number>, S>>,
}

#[tonic::async_trait]
impl<S> sums::running_sum_server::RunningSum for RunningRpc<S>
where
    S: Stream<Item = Result<sums::Total, Error>> + Send + 'static,
{
    type SumStream = ReplyStream<sums::Total>;

    async fn sum(
        &self,
        request: tonic::Request<tonic::Streaming<sums::Number>>,
    ) -> Result<tonic::Response<ReplyStream<sums::Total>>, tonic::Status> {
        self.running.bidi_streaming(request).await
    }
}

// Plain tonic.

async fn tonic(listener: TcpListener) {
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tonic::transport::Server::builder()
        .add_service(add::add_server::AddServer::new(Plain))
        .add_service(sums::running_sum_server::RunningSumServer::new(Plain))
        .serve_with_incoming(incoming)
        .await
        .unwrap();
}

struct Plain;

#[tonic::async_trait]
impl add::add_server::Add for Plain {
    async fn sum(
        &self,
        request: tonic::Request<add::SumRequest>,
    ) -> Result<tonic::Response<add::SumReply>, tonic::Status> {
        let add::SumRequest { a, b } = request.into_inner();
        match BasicService.sum(a, b).await {
            Ok(v) => Ok(tonic::Response::new(add::SumReply { v, err: String::new() })),
            Err(error) => Err(tonic::Status::invalid_argument(error.to_string())),
        }
    }

    async fn concat(
        &self,
        _: tonic::Request<add::ConcatRequest>,
    ) -> Result<tonic::Response<add::ConcatReply>, tonic::Status> {
        Err(tonic::Status::unimplemented("it is not measured"))
    }
}

#[tonic::async_trait]
impl sums::running_sum_server::RunningSum for Plain {
    type SumStream = ReplyStream<sums::Total>;

    async fn sum(
        &self,
        request: tonic::Request<tonic::Streaming<sums::Number>>,
    ) -> Result<tonic::Response<ReplyStream<sums::Total>>, tonic::Status> {
        Ok(tonic::Response::new(Box::pin(totals(request.into_inner()))))
    }
}

// What one would write on hyper: a unary reply alone.

async fn hyper_by_hand(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<ByHand>, Infallible> {
    let grpc = HeaderValue::from_static("application/grpc");
    if request.uri().path() != SUM.path() || request.headers().get(header::CONTENT_TYPE) != Some(&grpc) {
        let mut response = Response::new(ByHand::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
    let add::SumRequest { a, b } = add::SumRequest::decode(&body[5..]).unwrap();
    let reply = add::SumReply { v: BasicService.sum(a, b).await.unwrap(), err: String::new() };
    let mut frame = BytesMut::with_capacity(5 + reply.encoded_len());
    frame.put_u8(0);
    frame.put_u32(reply.encoded_len().try_into().unwrap());
    reply.encode(&mut frame).unwrap();
    let trailers =
        HeaderMap::from_iter([(header::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    let mut response = Response::new(ByHand { data: Some(frame.freeze()), trailers: Some(trailers) });
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    Ok(response)
}

#[derive(Default)]
struct ByHand {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl HttpBody for ByHand {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.data.take().map(Frame::data).or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none()
    }
}

/// Opens so many streams, a hundred on a connection, each with a number that was answered. It prints a line then, and ends when its input
/// is closed.
async fn open(address: &str, streams: usize) {
    let mut opened = Vec::new();
    for _ in 0..streams.div_ceil(100) {
        let remote = Remote::new(&Pool::builder().http2().build(), &format!("http://{address}")).unwrap();
        let running: BoxEndpoint<BoxStream<sums::Number>, BoxStream<sums::Total>> =
            remote.bidi_streaming(RUNNING).timeout(Duration::MAX).erased();
        for _ in 0..100 {
            let numbers =
                futures_util::stream::iter([Ok(sums::Number { value: 1 })]).chain(futures_util::stream::pending());
            let mut totals = running.invoke(Box::pin(numbers) as BoxStream<_>).await.unwrap();
            assert_eq!(totals.next().await.unwrap().unwrap().count, 1);
            opened.push(totals);
        }
    }
    println!("{} streams are open", opened.len());
    let _ = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
}
