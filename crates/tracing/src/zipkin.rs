mod body;
mod sender;
mod span;

use std::fmt;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
// Deprecated by its makers. All that stands on it is in this folder, and nothing of it in the API: what replaces it is the
// serialization of a span, the rest of it is ours already.
#[expect(deprecated, reason = "docs/dependencies.md says what replaces it")]
use opentelemetry_zipkin::ZipkinExporter;
use towerkit_http_client::HttpClient;

use crate::collector_url::{CollectorUrl, InvalidUrl};
use sender::Sender;

/// Sends spans to Zipkin, as JSON of its API's second version.
///
/// ```
/// use std::time::Duration;
/// use towerkit_tracing::Zipkin;
///
/// let zipkin = Zipkin::new("http://127.0.0.1:9411/api/v2/spans")?.timeout(Duration::from_secs(5));
/// # Ok::<(), towerkit_tracing::InvalidUrl>(())
/// ```
///
/// A span becomes what OpenTelemetry's [mapping] says: its attributes are tags, its events annotations, its status the tags
/// `otel.status_code` and `error`. The service is `service.name` of the resource; what else the resource has are tags, but for
/// `telemetry.sdk.…`. The remote endpoint of a client or producer is the first of `peer.service`, `server.address` and
/// `network.peer.address` that it has, with what is known of address and port; that of a server or consumer `network.peer.address` or
/// `client.address`, without a name. Zipkin has no links: they are tags, `otlp.link.0` and so on, as the collector writes them.
///
/// Zipkin writes names in lower case, and counts in microseconds: what is shorter counts as one.
///
/// A batch that can't be sent (no connection, 429, 502, 503, 504) is tried three times more, all within the [timeout](Self::timeout).
/// No environment variable is heeded.
///
/// [mapping]: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
#[expect(deprecated, reason = "docs/dependencies.md says what replaces it")]
pub struct Zipkin {
    sender: Sender,
    address: Option<SocketAddr>,
    /// Tags of every span.
    common: Vec<KeyValue>,
    exporter: OnceLock<Result<ZipkinExporter, String>>,
}

/// For a URL without a path.
const PATH: &str = "/api/v2/spans";

impl Zipkin {
    /// Over plain HTTP. A URL without a path means `/api/v2/spans`.
    ///
    /// # Errors
    ///
    /// If the URL is not one of plain HTTP, or has credentials in it.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        Self::with_client(url, HttpClient::plain())
    }

    /// Over a client that is given: for `https`.
    ///
    /// # Errors
    ///
    /// If the URL is not one of HTTP, or has credentials in it.
    pub fn with_client(url: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        let url = CollectorUrl::read(url, &client, PATH)?;
        let sender = Sender::new(url, client);
        Ok(Self { sender, address: None, common: Vec::new(), exporter: OnceLock::new() })
    }

    /// How long a batch may take in all, its tries and the waits between them: 10 s by default.
    #[must_use]
    pub fn timeout(mut self, within: Duration) -> Self {
        self.sender.delivery.within = within;
        self.changed()
    }

    /// A header of each request, such as `authorization`. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.sender.headers.insert(name, value);
        self.changed()
    }

    /// Where this process listens, for the local endpoint of its spans.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self.changed()
    }

    /// The exporter has a copy of what it was made with.
    fn changed(mut self) -> Self {
        self.exporter = OnceLock::new();
        self
    }

    #[expect(deprecated, reason = "docs/dependencies.md says what replaces it")]
    fn exporter(&self) -> Result<&ZipkinExporter, OTelSdkError> {
        let make = || {
            let builder = ZipkinExporter::builder()
                .with_http_client(self.sender.clone())
                // It would be the one that a variable names.
                .with_collector_endpoint(self.sender.url.uri().to_string());
            let builder = match self.address {
                Some(address) => builder.with_service_address(address),
                None => builder,
            };
            builder.build().map_err(|error| error.to_string())
        };
        self.exporter.get_or_init(make).as_ref().map_err(|error| OTelSdkError::InternalFailure(error.clone()))
    }
}

impl SpanExporter for Zipkin {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let batch = batch.into_iter().map(|span| span::prepared(span, &self.common)).collect();
        self.exporter()?.export(batch).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        let service = resource.get_ref(&Key::from_static_str("service.name"));
        self.sender.service = service.map(ToString::to_string);
        self.common = span::common(resource);
        self.exporter = OnceLock::new();
    }
}

impl fmt::Debug for Zipkin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zipkin").field("url", &format_args!("{}", self.sender.url)).finish_non_exhaustive()
    }
}
