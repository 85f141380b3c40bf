//! What gRPC says in the headers of HTTP/2.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, request};
use towerkit_endpoint::{Context, Error, Via, timeout};
use towerkit_transport_http::Body;

pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The media type, without a subtype.
pub(crate) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// The media type of messages that are written in a way of this name.
pub(crate) fn content_type(subtype: &'static str) -> HeaderValue {
    if subtype == "proto" {
        return GRPC;
    }
    // A subtype is a token; where it is none the peer says what it thinks of it.
    HeaderValue::try_from(format!("application/grpc+{subtype}")).unwrap_or(GRPC)
}

/// What stands behind `application/grpc`: empty, `proto`, `json` and so on; none where it is another media type.
pub(crate) fn subtype(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?;
    // Nearly all have just this.
    if value.as_bytes() == b"application/grpc" {
        return Some("");
    }
    let essence = value.to_str().ok()?.split(';').next()?.trim();
    match essence.as_bytes().split_at_checked(16)? {
        (kind, rest) if kind.eq_ignore_ascii_case(b"application/grpc") => match rest.first() {
            None => Some(""),
            Some(b'+') => essence.get(17..),
            Some(_) => None,
        },
        _ => None,
    }
}

/// A reply has the media type of its request.
pub(crate) fn content_type_of(headers: &HeaderMap) -> HeaderValue {
    headers.get(CONTENT_TYPE).cloned().unwrap_or(GRPC)
}

/// What the endpoint is told of where its message came from.
pub(crate) fn context(parts: request::Parts, body: &Body) -> Context {
    let mut context = Context::from_parts(parts.headers, parts.extensions);
    context.set_peer(body.peer());
    context.set_via(Some(Via::Grpc { path: parts.uri.into_parts().path_and_query }));
    if let Some(identity) = body.peer_identity() {
        context.insert(identity.clone());
    }
    context
}

/// Server side of `grpc-timeout`: takes it out of the metadata and shortens the deadline by it.
///
/// # Errors
///
/// `InvalidArgument`, naming the header, where its value is no timeout.
pub(crate) fn accept_timeout(context: &mut Context) -> Result<(), Error> {
    if let Some(value) = context.metadata_mut().remove(TIMEOUT) {
        let time = timeout::decode(&value).map_err(|invalid| Error::invalid("grpc-timeout", invalid.to_string()))?;
        context.shorten_deadline_within(time);
    }
    Ok(())
}

/// Client side of `grpc-timeout`: writes the time that is left; without a deadline, nothing.
pub(crate) fn announce_timeout(context: &Context, headers: &mut HeaderMap) {
    if let Some(remaining) = context.remaining() {
        headers.insert(TIMEOUT, timeout::encode(remaining));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subtype_stands_behind_the_media_type() {
        for (value, expected) in [
            ("application/grpc", Some("")),
            ("application/grpc+proto", Some("proto")),
            ("Application/GRPC+json; charset=utf-8", Some("json")),
            ("application/grpc;x=y", Some("")),
            ("application/grpc-web", None),
            ("application/grp", None),
            ("application/json", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(subtype(&headers), expected, "{value:?}");
        }
        assert_eq!(subtype(&HeaderMap::new()), None);
    }
}
