//! The service that the cases are run against: `grpc.testing.TestService`, and the service of load reports.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderName, HeaderValue};
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::sleep;
use towerkit_endpoint::{BoxStream, Code, Context, Error, Request, WithMetadata, endpoint_fn, service_fn};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::{Routes, Server, Summary};

use crate::pb::{self, BoolValue, EchoStatus, Empty, InputRequest, InputResponse, LoadReport, LoadReportRequest};
use crate::pb::{OutputRequest, OutputResponse, Payload, ResponseParameters, SimpleRequest, SimpleResponse};

pub(crate) const INITIAL: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
pub(crate) const TRAILING: HeaderName = HeaderName::from_static("x-grpc-test-echo-trailing-bin");
/// The load of one call, in its trailers.
pub(crate) const LOAD: HeaderName = HeaderName::from_static("endpoint-load-metrics-bin");

/// Clones share what they know.
#[derive(Clone)]
pub(crate) struct TestService {
    id: Arc<str>,
    load: watch::Sender<LoadReport>,
    /// What became of the calls.
    pub(crate) ended: Events<Summary>,
    #[cfg(feature = "compression")]
    compression: Option<towerkit_transport_grpc::Compression>,
}

impl TestService {
    pub(crate) fn new() -> Self {
        Self {
            id: "towerkit".into(),
            load: watch::Sender::default(),
            ended: Events::new(),
            #[cfg(feature = "compression")]
            compression: None,
        }
    }

    /// Its replies are compressed, but those that are not to be.
    #[cfg(feature = "compression")]
    pub(crate) fn compressing(compression: towerkit_transport_grpc::Compression) -> Self {
        Self { compression: Some(compression), ..Self::new() }
    }

    pub(crate) fn routes(&self) -> Routes {
        let service = self.clone();
        let unary = service_fn(move |request| {
            let service = service.clone();
            async move { service.unary(request) }
        });
        let service = self.clone();
        let full_duplex = service_fn(move |request: Request<BoxStream<OutputRequest>>| {
            let service = service.clone();
            async move {
                let (context, requests) = request.into_parts();
                let replies = requests.map_ok(move |request| service.replies(request)).try_flatten();
                Ok::<_, Error>(echo(&context, replies))
            }
        });
        let service = self.clone();
        let half_duplex = endpoint_fn(move |requests: BoxStream<OutputRequest>| {
            let service = service.clone();
            async move {
                let requests: Vec<_> = requests.try_collect().await?;
                Ok::<_, Error>(stream::iter(requests).flat_map(move |request| service.replies(request)))
            }
        });
        let service = self.clone();
        let output = endpoint_fn(move |request: OutputRequest| {
            let replies = service.replies(request);
            async move { Ok::<_, Error>(replies) }
        });
        let load = self.load.clone();
        let metrics = endpoint_fn(move |request: LoadReportRequest| {
            let reports = reports(load.subscribe(), request.report_interval);
            async move { Ok::<_, Error>(reports) }
        });
        let empty = endpoint_fn(|empty: Empty| async move { Ok::<_, Error>(empty) });

        Routes::new()
            .unary(pb::EMPTY_CALL, self.server(empty))
            .unary(pb::UNARY_CALL, self.server(unary))
            .server_streaming(pb::STREAMING_OUTPUT_CALL, self.server(output))
            .client_streaming(pb::STREAMING_INPUT_CALL, self.server(service_fn(total)))
            .bidi_streaming(pb::FULL_DUPLEX_CALL, self.server(full_duplex))
            .bidi_streaming(pb::HALF_DUPLEX_CALL, self.server(half_duplex))
            .server_streaming(pb::STREAM_CORE_METRICS, self.server(metrics))
    }

    fn server<E>(&self, endpoint: E) -> Server<E> {
        let ended = self.ended.clone();
        let server = Server::new(endpoint).finalize(move |summary| ended.push(summary.clone()));
        #[cfg(feature = "compression")]
        if let Some(compression) = self.compression {
            return server.compress(compression);
        }
        server
    }

    fn unary(&self, request: Request<SimpleRequest>) -> Result<WithMetadata<SimpleResponse>, Error> {
        let (context, request) = request.into_parts();
        expect(&context, 0, request.expect_compressed)?;
        refuse(request.response_status)?;
        let payload = payload(request.response_type, request.response_size, request.response_compressed)?;
        let server_id = if request.fill_server_id { self.id.to_string() } else { String::new() };
        let mut reply = echo(&context, SimpleResponse { payload: Some(payload), server_id });
        if let Some(load) = request.orca_per_query_report {
            let report = STANDARD_NO_PAD.encode(LoadReport::from(load).encode_to_vec());
            reply.trailers_mut().insert(LOAD, HeaderValue::try_from(report).map_err(Error::internal)?);
        }
        Ok(reply)
    }

    /// What one request of a stream is answered with.
    fn replies(&self, request: OutputRequest) -> impl Stream<Item = Result<OutputResponse, Error>> + Send + use<> {
        if let Some(load) = request.orca_oob_report {
            self.load.send_replace(load.into());
        }
        let refused = refuse(request.response_status).err().map(Err);
        let parameters = stream::iter(request.response_parameters);
        let replies = parameters.then(move |ResponseParameters { size, interval_us, compressed }| async move {
            if let Ok(time @ 1..) = u64::try_from(interval_us) {
                sleep(Duration::from_micros(time)).await;
            }
            Ok(OutputResponse { payload: Some(payload(request.response_type, size, compressed)?) })
        });
        stream::iter(refused).chain(replies)
    }
}

/// StreamingInputCall: how many bytes came.
async fn total(request: Request<BoxStream<InputRequest>>) -> Result<InputResponse, Error> {
    let (context, mut requests) = request.into_parts();
    let (mut index, mut total) = (0, 0);
    while let Some(request) = requests.try_next().await? {
        expect(&context, index, request.expect_compressed)?;
        index += 1;
        total += request.payload.map_or(0, |payload| payload.body.len());
    }
    Ok(InputResponse { aggregated_payload_size: total.try_into().map_err(Error::internal)? })
}

/// The load as it is, then each time it has changed, and at the latest after the interval.
fn reports(
    load: watch::Receiver<LoadReport>,
    every: Option<pb::Duration>,
) -> impl Stream<Item = Result<LoadReport, Error>> + Send {
    let every = every.map_or(Duration::from_secs(1), |every| {
        Duration::new(every.seconds.try_into().unwrap_or(1), every.nanos.try_into().unwrap_or(0))
    });
    stream::unfold((load, Duration::ZERO), move |(mut load, wait)| async move {
        let _ = tokio::time::timeout(wait, load.changed()).await;
        let report = load.borrow_and_update().clone();
        Some((Ok(report), (load, every)))
    })
}

/// Sends back the metadata that are there to be sent back.
fn echo<R>(context: &Context, reply: R) -> WithMetadata<R> {
    let mut reply = WithMetadata::new(reply);
    if let Some(value) = context.metadata().get_all(INITIAL).next() {
        reply.metadata_mut().insert(INITIAL, value.clone());
    }
    if let Some(value) = context.metadata().get_all(TRAILING).next() {
        reply.trailers_mut().insert(TRAILING, value.clone());
    }
    reply
}

/// Fails with the status that the caller asks for.
fn refuse(status: Option<EchoStatus>) -> Result<(), Error> {
    match status {
        Some(EchoStatus { code, message }) if code != 0 => {
            let code = u8::try_from(code).ok().and_then(Code::from_number).unwrap_or(Code::Unknown);
            Err(Error::new(code, message))
        }
        _ => Ok(()),
    }
}

/// Zeros; or noise where it is not to be compressed, for it is by what becomes shorter that our server decides.
fn payload(kind: i32, size: i32, compressed: Option<BoolValue>) -> Result<Payload, Error> {
    if kind != 0 {
        return Err(Error::invalid("response_type", "is not known"));
    }
    let size = usize::try_from(size).map_err(|_| Error::invalid("size", "is negative"))?;
    Ok(if compressed == Some(false.into()) { Payload::noise(size) } else { Payload::zeros(size) })
}

/// Fails where the message did not come as its sender says, as far as something before the endpoint looks at it.
fn expect(context: &Context, index: usize, compressed: Option<BoolValue>) -> Result<(), Error> {
    let (Some(Flags(flags)), Some(BoolValue { value })) = (context.get(), compressed) else { return Ok(()) };
    match flags.lock().unwrap().get(index) {
        Some(flag) if *flag == value => Ok(()),
        flag => Err(Error::invalid("expect_compressed", format!("is {value}, and the flag is {flag:?}"))),
    }
}

/// Whether each message came compressed: an endpoint is not told of it, unless by what stands in front of the routes.
#[derive(Clone, Default)]
pub(crate) struct Flags(pub(crate) Arc<Mutex<Vec<bool>>>);
