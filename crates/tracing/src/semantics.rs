//! What attributes are called: OpenTelemetry's semantic conventions, in the version of [`SCHEMA`].

use std::borrow::Cow;
use std::error::Error as StdError;

use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use towerkit_endpoint::{Code, Context, Error, Failure, Metadata, Report, Via};

use crate::{Limits, Span};

/// The version that the names are of.
pub(crate) const SCHEMA: &str = "https://opentelemetry.io/schemas/1.42.0";

/// A name of a server, and a port.
pub(crate) type Server = (Cow<'static, str>, Option<u16>);

/// What a span needs to know of its transport until its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    None,
    Http,
    JsonRpc,
    Grpc,
}

/// Which end of a call a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Protocol {
    pub(crate) const fn of(via: Option<&Via>) -> Self {
        match via {
            Some(Via::Http { .. }) => Self::Http,
            Some(Via::JsonRpc { .. }) => Self::JsonRpc,
            Some(Via::Grpc { .. }) => Self::Grpc,
            _ => Self::None,
        }
    }

    /// For what happens once the reply has begun, or without one: HTTP's status was another, or is none.
    pub(crate) const fn without_head(self) -> Self {
        match self {
            Self::Grpc => Self::Grpc,
            Self::None | Self::Http | Self::JsonRpc => Self::None,
        }
    }
}

impl Side {
    pub(crate) const fn kind(self, via: Option<&Via>) -> SpanKind {
        match (self, via) {
            (Self::Server, Some(Via::Nats { .. })) => SpanKind::Consumer,
            (Self::Server, _) => SpanKind::Server,
            (Self::Client, Some(Via::Nats { .. })) => SpanKind::Producer,
            (Self::Client, _) => SpanKind::Client,
        }
    }

    /// Whether a code makes the span an error: on the client any, on the server those that say that the server is at fault. They are
    /// those of gRPC's conventions, and the 5xx of HTTP's.
    const fn is_error(self, code: Code) -> bool {
        match self {
            Self::Client => true,
            Self::Server => code.is_fault() || matches!(code, Code::Unimplemented),
        }
    }
}

/// Of a request that a server got.
pub(crate) fn of_request(context: &Context, limits: &Limits) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(10);
    if let Some(via) = context.via() {
        of_via(via, Side::Server, limits, &mut attributes);
    }
    let text = |name: &'static str| {
        let text = context.metadata().get(name)?;
        (!text.is_empty()).then(|| limits.start_of(text).to_owned())
    };
    if matches!(context.via(), Some(Via::Http { .. } | Via::JsonRpc { .. } | Via::Grpc { .. })) {
        if let Some(agent) = text("user-agent") {
            attributes.push(KeyValue::new("user_agent.original", agent));
        }
        if let Some((host, port)) = host(context.metadata()) {
            attributes.push(KeyValue::new("server.address", limits.start_of(host).to_owned()));
            attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        }
    }
    if let Some(peer) = context.peer() {
        attributes.push(KeyValue::new("network.peer.address", peer.ip().to_string()));
        attributes.push(KeyValue::new("network.peer.port", i64::from(peer.port())));
    }
    attributes
}

/// Of a call that a client makes.
pub(crate) fn of_call(via: Option<&Via>, server: Option<&Server>, limits: &Limits) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(6);
    if let Some(via) = via {
        of_via(via, Side::Client, limits, &mut attributes);
    }
    if let Some((address, port)) = server {
        attributes.push(KeyValue::new("server.address", address.clone()));
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    }
    attributes
}

fn of_via(via: &Via, side: Side, limits: &Limits, attributes: &mut Vec<KeyValue>) {
    let text = |text: &str| limits.start_of(text).to_owned();
    match via {
        Via::Http { method, path } => {
            match known(method) {
                Some(method) => attributes.push(KeyValue::new("http.request.method", method)),
                None => {
                    attributes.push(KeyValue::new("http.request.method", "_OTHER"));
                    attributes.push(KeyValue::new("http.request.method_original", text(method.as_str())));
                }
            }
            // Never the query: credentials are sent in it.
            attributes.push(KeyValue::new("url.path", text(path.path())));
        }
        Via::JsonRpc { method } => {
            attributes.push(KeyValue::new("rpc.system.name", "jsonrpc"));
            attributes.push(limits.cut(KeyValue::new("rpc.method", method.clone())));
        }
        Via::Grpc { path } => {
            attributes.push(KeyValue::new("rpc.system.name", "grpc"));
            if let Some(path) = path {
                attributes.push(KeyValue::new("rpc.method", text(path.path().trim_start_matches('/'))));
            }
        }
        Via::Nats { subject } => {
            let (kind, name) = match side {
                Side::Server => ("process", "process"),
                Side::Client => ("send", "publish"),
            };
            attributes.push(KeyValue::new("messaging.system", "nats"));
            attributes.push(limits.cut(KeyValue::new("messaging.destination.name", subject.clone())));
            attributes.push(KeyValue::new("messaging.operation.type", kind));
            attributes.push(KeyValue::new("messaging.operation.name", name));
        }
        // What a later transport is called.
        other => attributes.push(KeyValue::new("network.protocol.name", other.protocol())),
    }
}

/// The methods that the conventions know; others come from whoever calls, and could be anything.
fn known(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 10] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

/// `host` or `host:port`, of the header.
fn host(metadata: &Metadata) -> Option<(&str, Option<u16>)> {
    let host = metadata.get("host").filter(|host| !host.is_empty())?;
    match host.rsplit_once(':') {
        // `[::1]` has colons too.
        Some((name, port)) if !port.ends_with(']') && !name.is_empty() => Some((name, port.parse().ok())),
        _ => Some((host, None)),
    }
}

/// Says how a call went well.
pub(crate) fn went_well(span: &Span, protocol: Protocol) {
    if protocol == Protocol::Grpc {
        span.set_attribute("rpc.response.status_code", "OK");
    }
}

/// Says how a call failed.
pub(crate) fn failed<E: Failure + ?Sized>(span: &Span, side: Side, protocol: Protocol, error: &E) {
    let (code, error) = (error.code(), error.as_error());
    let ours = error.and_then(find);
    let message = match (ours, error) {
        (Some(ours), _) => Cow::Owned(ours.message().to_owned()),
        (None, Some(error)) if !matches!(code, Code::Internal | Code::Unknown) => Cow::Owned(error.to_string()),
        _ => Cow::Borrowed(code.message()),
    };
    let status = ours.and_then(|error| error.get::<StatusCode>().copied());
    // For operators: it tells of causes that no caller sees.
    let report = error.map(|error| Report::new(error).to_string());
    if let Some(report) = report.filter(|report| side.is_error(code) || *report != message) {
        span.add_event("exception", [KeyValue::new("exception.message", report)]);
    }
    failed_with(span, side, protocol, code, status, message);
}

/// Says with which code a call failed.
pub(crate) fn failed_with(
    span: &Span,
    side: Side,
    protocol: Protocol,
    code: Code,
    status: Option<StatusCode>,
    message: Cow<'static, str>,
) {
    // By the conventions it is there where the span is an error. One that was cancelled is told beside those: without a reply there may be
    // no status that tells, and it would look as if it had gone well.
    if side.is_error(code) || code == Code::Cancelled {
        span.set_attribute("error.type", code.as_str());
    }
    match protocol {
        Protocol::Http => {
            let status = status.map_or_else(|| http_status(code), |status| status.as_u16());
            span.set_attribute("http.response.status_code", i64::from(status));
        }
        Protocol::Grpc => span.set_attribute("rpc.response.status_code", grpc_status(code)),
        Protocol::JsonRpc => span.set_attribute("rpc.response.status_code", json_rpc_number(code)),
        Protocol::None => {}
    }
    if side.is_error(code) {
        span.fail(message);
    }
}

/// Our own error, however deep.
fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    std::iter::successors(Some(error), |cause| (*cause).source()).find_map(|cause| cause.downcast_ref())
}

/// As `google.rpc.Code` has it, and towerkit-transport-http.
const fn http_status(code: Code) -> u16 {
    match code {
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}

/// As towerkit-transport-http writes it.
fn json_rpc_number(code: Code) -> String {
    match code {
        Code::InvalidArgument => "-32602".to_owned(),
        Code::Internal | Code::Unknown => "-32603".to_owned(),
        other => (-32000 - i32::from(other.number())).to_string(),
    }
}

/// gRPC's own names.
const fn grpc_status(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
