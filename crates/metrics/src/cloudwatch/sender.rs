use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use towerkit_endpoint::BoxError;
use towerkit_http_client::{HttpClient, ServerUrl};

use super::datum::text;
use super::signature::Scope;
use super::{Credentials, ProvideCredentials};
use crate::exchange::{Reply, call};
use crate::push::{Payload, SendError, Sink};

/// The most bytes of a request: "1 MB", in the smaller sense.
const BYTES: usize = 1_000_000;
const END: &str = "]}";

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Sends data by `PutMetricData`, in the JSON protocol of AWS: the one with the shortest requests of those that need no more than text.
pub(super) struct Sender<P> {
    client: HttpClient,
    uri: Uri,
    host: HeaderValue,
    target: String,
    region: String,
    /// What stands before the data.
    start: String,
    provider: P,
    /// Those of this flush.
    credentials: Option<Credentials>,
    /// Whether the last request was not answered well.
    failed: bool,
}

impl<P> Sender<P> {
    /// None where the URL is too long for a request.
    pub(super) fn new(
        client: HttpClient,
        server: &ServerUrl,
        region: String,
        namespace: &str,
        provider: P,
    ) -> Option<Self> {
        let mut start = String::from("{\"Namespace\":");
        text(namespace, &mut start);
        start.push_str(",\"MetricData\":[");
        Some(Self {
            client,
            uri: server.below("/").ok()?,
            host: HeaderValue::from_str(server.host()).ok()?,
            target: format!("{namespace} at {server}"),
            region,
            start,
            provider,
            credentials: None,
            failed: false,
        })
    }

    /// How many bytes are left for data.
    pub(super) const fn room(&self) -> usize {
        BYTES - self.start.len() - END.len()
    }

    /// Data that stand on lines, as one request.
    fn request(&self, lines: &[u8], credentials: &Credentials) -> Result<Request<Bytes>, BoxError> {
        let mut body = Vec::with_capacity(self.start.len() + lines.len() + END.len());
        body.extend_from_slice(self.start.as_bytes());
        // There is no newline within a datum.
        body.extend(lines.iter().map(|byte| if *byte == b'\n' { b',' } else { *byte }));
        body.extend_from_slice(END.as_bytes());

        let (mut parts, body) = Request::new(Bytes::from(body)).into_parts();
        parts.method = Method::POST;
        parts.uri = self.uri.clone();
        parts.headers.insert(HOST, self.host.clone());
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        parts.headers.insert(TARGET, HeaderValue::from_static("GraniteServiceVersion20100801.PutMetricData"));
        let scope = Scope { region: &self.region, service: "monitoring" };
        scope.sign(&mut parts, &body, credentials, SystemTime::now())?;
        Ok(Request::from_parts(parts, body))
    }
}

impl<P: ProvideCredentials> Sink for Sender<P> {
    fn target(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.target)
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        let credentials = self.provider.credentials().await;
        self.credentials = Some(credentials.map_err(|error| format!("there are no credentials: {error}"))?);
        if self.failed {
            let mut probe = Request::new(Bytes::new());
            *probe.uri_mut() = self.uri.clone();
            // Unsigned as it is, it is refused; but it is answered.
            call(&self.client, probe).await?;
            self.failed = false;
        }
        Ok(())
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        let credentials = self.credentials.clone().ok_or_else(|| SendError::undelivered("there are no credentials"))?;
        let request = self.request(&payload.body, &credentials).map_err(SendError::undelivered)?;
        // Until it went well, and where it is given up.
        self.failed = true;
        let reply = match call(&self.client, request).await {
            Ok(reply) => reply,
            Err(error) if error.is_not_sent() => return Err(SendError::undelivered(error)),
            Err(error) => return Err(SendError::unknown(error)),
        };
        self.failed = reply.status.is_server_error();
        judge(&self.uri, &reply)
    }
}

/// Errors after which nothing was stored and the same data may be once more: too much at once, or not allowed (yet, or any more).
const HEALS: [&str; 9] = [
    "Throttl",
    "RequestLimitExceeded",
    "ExpiredToken",
    "RequestExpired",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidSignature",
    "AccessDenied",
    "MissingAuthenticationToken",
];

/// What a reply means for the data.
fn judge(uri: &Uri, reply: &Reply) -> Result<(), SendError> {
    if reply.status.is_success() {
        return Ok(());
    }
    let said = format!("PutMetricData to {uri}: {reply}");
    Err(match reply.status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE => SendError::undelivered(said),
        status if status.is_server_error() => SendError::unknown(said),
        status if status.is_client_error() => {
            let text = String::from_utf8_lossy(&reply.body);
            let name = kind(&text);
            if HEALS.iter().any(|heals| name.contains(heals)) {
                SendError::undelivered(said)
            } else {
                SendError::refused(said)
            }
        }
        _ => SendError::undelivered(said),
    })
}

/// The name of an error: `{"__type":"com.amazonaws.cloudwatch#InvalidParameterValue", …}`.
fn kind(body: &str) -> &str {
    let behind = body.split_once("\"__type\"").and_then(|(_, behind)| behind.split_once('"'));
    behind.and_then(|(_, behind)| behind.split_once('"')).map_or("", |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_error_is_found_and_not_looked_for_in_its_text() {
        let body = r#"{ "__type" : "com.amazonaws#ThrottlingException", "message":"Rate exceeded" }"#;
        assert_eq!(kind(body), "com.amazonaws#ThrottlingException");
        assert_eq!(kind(r#"{"message":"ThrottlingException"}"#), "");
        assert_eq!(kind("<html>"), "");
    }
}
