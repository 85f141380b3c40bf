use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use towerkit_endpoint::{Code, Error};

use crate::problem::refused;

/// What belongs to one connection (RFC 9110, section 7.6.1), and what two neighbours say to each other.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes out what is for this proxy alone.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        for name in named(headers) {
            headers.remove(name);
        }
    }
    let trailers = tokens(headers, &header::TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        // What it says is for one connection, so it is named there.
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

/// The headers that `connection` names.
fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    tokens(headers, &header::CONNECTION).filter_map(|name| name.parse().ok()).collect()
}

/// The elements of a header that is a list.
pub(super) fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

/// An upgrade to HTTP/2 may be passed over (RFC 9113, section 3.1); one to something else is what the caller is there for.
pub(super) fn refuse_upgrade(headers: &HeaderMap) -> Result<(), Error> {
    match tokens(headers, &header::UPGRADE).find(|protocol| !protocol.eq_ignore_ascii_case("h2c")) {
        Some(protocol) => {
            let protocol: String = protocol.chars().take(40).collect();
            Err(not_implemented(format!("upgrade: {protocol} is not offered here")))
        }
        None => Ok(()),
    }
}

pub(super) fn not_implemented(message: String) -> Error {
    refused(Code::Unimplemented, StatusCode::NOT_IMPLEMENTED, message)
}

/// Adds this proxy to those that a message came through (RFC 9110, section 7.6.3).
pub(super) fn add_via(headers: &mut HeaderMap, received: Version, name: &str) {
    let version = match received {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    // A name that can't stand in a header is refused when it is given.
    if let Ok(value) = HeaderValue::try_from(format!("{version} {name}")) {
        headers.append(header::VIA, value);
    }
}

/// Whether a message came through the proxy of a name before.
pub(super) fn came_through(headers: &HeaderMap, name: &str) -> bool {
    tokens(headers, &header::VIA)
        .any(|hop| hop.split_ascii_whitespace().nth(1).is_some_and(|by| by.eq_ignore_ascii_case(name)))
}
