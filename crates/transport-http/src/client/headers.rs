use http::header::{self, HeaderMap, HeaderName};
use towerkit_endpoint::timeout;

/// What belongs to one connection (RFC 9110, section 7.6.1), to the body that is written here, or to what this client does
/// not do: metadata has no say in it.
const NOT_FROM_METADATA: [HeaderName; 18] = [
    header::CONNECTION,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-authentication-info"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    // No reply is decompressed, and nobody waits for `100 Continue`.
    header::ACCEPT_ENCODING,
    header::EXPECT,
    timeout::HEADER,
];

/// Whether a header is not for metadata, nor for a message, to set.
pub(in crate::client) fn is_reserved(name: &HeaderName) -> bool {
    NOT_FROM_METADATA.contains(name)
}

/// Takes out of metadata what may not become a header of a request: what belongs to one connection, with what `connection` names, and
/// what the client says of the body itself. For transports that stand on HTTP.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
/// use towerkit_transport_http::strip_reserved;
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::HOST, HeaderValue::from_static("elsewhere"));
/// headers.insert("x-request-id", HeaderValue::from_static("7f3a"));
/// strip_reserved(&mut headers);
/// assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-request-id"]);
/// ```
pub fn strip_reserved(headers: &mut HeaderMap) {
    if headers.is_empty() {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in NOT_FROM_METADATA.iter().chain(&named) {
        headers.remove(name);
    }
}
