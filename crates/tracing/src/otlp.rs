mod grpc;

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message;
use towerkit_http_client::{HttpClient, excerpt};

use crate::collector_url::{CollectorUrl, InvalidUrl};
use crate::delivery::{Delivery, Failed, Reply};
use crate::export::Unexported;

/// Sends spans by OpenTelemetry's own protocol, OTLP, to a collector or to whatever else speaks it: over gRPC, or as protobuf over HTTP.
///
/// ```
/// use http::{HeaderValue, header};
/// use towerkit_tracing::Otlp;
///
/// let collector = Otlp::grpc("http://127.0.0.1:4317")?;
/// let elsewhere = Otlp::http("http://127.0.0.1:4318/v1/traces")?
///     .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer eyJhbGciOi"))
///     .gzip();
/// # let _ = (collector, elsewhere);
/// # Ok::<(), towerkit_tracing::InvalidUrl>(())
/// ```
///
/// A batch that can't be sent is tried three times more, all within the [timeout](Self::timeout), where the [specification] says
/// that it may help: where there is no connection, where HTTP's status is 429, 502, 503 or 504, where gRPC's is CANCELLED,
/// DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE or DATA_LOSS. Once there is a reply it is not sent again:
/// over HTTP a status of success says that it has arrived, even where the rest of the reply is broken off; over gRPC it has failed where the
/// status can't be read.
///
/// Spans that the collector rejects are an error that says how many and why; the others of their batch have arrived. In an
/// [`Exporter`](crate::Exporter) just those count as lost, and they are never sent again. One that wraps an `Otlp` in an exporter of its own
/// gets OpenTelemetry's plain error, which is of the whole batch.
///
/// No environment variable is heeded: read those of `OTEL_EXPORTER_OTLP_…` where the service reads its own.
///
/// [specification]: https://opentelemetry.io/docs/specs/otlp/
pub struct Otlp {
    url: CollectorUrl,
    protocol: Protocol,
    delivery: Delivery,
    headers: HeaderMap,
    gzip: bool,
    resource: ResourceAttributesWithSchema,
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Grpc,
    Http,
}

/// For a URL without a path.
const PATH: &str = "/v1/traces";

impl Otlp {
    /// Over gRPC without TLS. The collector's usual port is 4317. What path the URL has stands before the service's.
    ///
    /// # Errors
    ///
    /// If the URL is not one of plain HTTP, or has credentials or a query in it.
    pub fn grpc(url: &str) -> Result<Self, InvalidUrl> {
        Self::grpc_with_client(url, HttpClient::plain_http2())
    }

    /// Over gRPC, with a client that is given: for `https`. It has to speak HTTP/2.
    ///
    /// # Errors
    ///
    /// If the URL is not one of HTTP, or has credentials or a query in it.
    pub fn grpc_with_client(url: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        let url = CollectorUrl::below(url, &client, grpc::METHOD)?;
        Ok(Self::made(url, Protocol::Grpc, client))
    }

    /// Over plain HTTP. The collector's usual port is 4318. A URL without a path means `/v1/traces`.
    ///
    /// # Errors
    ///
    /// If the URL is not one of plain HTTP, or has credentials in it.
    pub fn http(url: &str) -> Result<Self, InvalidUrl> {
        Self::http_with_client(url, HttpClient::plain())
    }

    /// Over HTTP, with a client that is given: for `https`.
    ///
    /// # Errors
    ///
    /// If the URL is not one of HTTP, or has credentials in it.
    pub fn http_with_client(url: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        Ok(Self::made(CollectorUrl::read(url, &client, PATH)?, Protocol::Http, client))
    }

    fn made(url: CollectorUrl, protocol: Protocol, client: HttpClient) -> Self {
        Self {
            url,
            protocol,
            delivery: Delivery::new(client),
            headers: HeaderMap::new(),
            gzip: false,
            resource: ResourceAttributesWithSchema::default(),
        }
    }

    /// How long a batch may take in all, its tries and the waits between them: 10 s by default.
    #[must_use]
    pub fn timeout(mut self, within: Duration) -> Self {
        self.delivery.within = within;
        self
    }

    /// A header of each request (gRPC: its metadata), such as `authorization`. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// Sends batches compressed: about a tenth of the bytes, for some milliseconds of CPU for a thousand spans.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Sends a batch, and says how much of it was rejected.
    pub(crate) async fn send(&self, batch: Vec<SpanData>) -> Result<(), Unexported> {
        let spans = batch.len();
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let request = self.request(&ExportTraceServiceRequest { resource_spans })?;
        let judge: fn(Reply) -> Result<ExportTraceServiceResponse, Failed> = match self.protocol {
            Protocol::Grpc => grpc::reply,
            Protocol::Http => http_reply,
        };
        let reply = self.delivery.deliver(request, judge).await;
        let reply = reply.map_err(|error| unsent(format_args!("{}: {error}", self.url)))?;
        let Some(partial) = reply.partial_success.filter(|partial| partial.rejected_spans > 0) else { return Ok(()) };
        // A collector can't reject more than it was sent.
        let rejected = usize::try_from(partial.rejected_spans).unwrap_or(spans).min(spans);
        let said = excerpt(partial.error_message.as_bytes());
        let error = unsent(format_args!("{}: {rejected} of {spans} spans rejected: {said}", self.url));
        Err(Unexported { error, rejected: Some(rejected) })
    }

    fn request(&self, message: &ExportTraceServiceRequest) -> Result<Request<Bytes>, OTelSdkError> {
        let message = message.encode_to_vec();
        let message = if self.gzip { compressed(&message).map_err(unsent)? } else { message };
        let (body, own): (Bytes, _) = match self.protocol {
            Protocol::Grpc => (grpc::framed(&message, self.gzip).map_err(unsent)?, grpc::headers(self.gzip)),
            Protocol::Http => (message.into(), http_headers(self.gzip)),
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.uri().clone();
        // What the protocol stands on is not for changing.
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().extend(own);
        Ok(request)
    }
}

fn http_headers(gzip: bool) -> HeaderMap {
    let mut headers =
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))]);
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

fn compressed(message: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message)?;
    encoder.finish()
}

fn unsent(error: impl fmt::Display) -> OTelSdkError {
    OTelSdkError::InternalFailure(error.to_string())
}

impl SpanExporter for Otlp {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.send(batch).await.map_err(|unexported| unexported.error)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

fn http_reply(reply: Reply) -> Result<ExportTraceServiceResponse, Failed> {
    // Some answer with a text, or with nothing. The spans are taken all the same.
    Ok(ExportTraceServiceResponse::decode(reply.accepted()?.body).unwrap_or_default())
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("url", &format_args!("{}", self.url))
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
