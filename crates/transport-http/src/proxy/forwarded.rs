use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// In what form the backend is told who asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forwarding {
    /// `x-forwarded-for`, `x-forwarded-host` and `x-forwarded-proto`: what most services read.
    #[default]
    XForwarded,
    /// `forwarded` (RFC 7239).
    Standard,
    /// Both.
    Both,
    /// Not at all.
    Off,
}

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// What else services take a caller's address from: a peer must not be able to write it.
const OTHERS: [HeaderName; 3] = [
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-server"),
];

/// What is known of a request's way here.
pub(super) struct Hop<'a> {
    pub(super) peer: Option<SocketAddr>,
    pub(super) host: Option<&'a str>,
    pub(super) https: bool,
}

impl Forwarding {
    /// Says who asked. What stands there already is kept where the peer is trusted, and added to.
    pub(super) fn write(self, headers: &mut HeaderMap, hop: &Hop<'_>, trusted: bool) {
        if !trusted {
            for name in [FOR, HOST, PROTO, header::FORWARDED].iter().chain(&OTHERS) {
                headers.remove(name);
            }
        }
        if matches!(self, Self::XForwarded | Self::Both) {
            if let Some(peer) = hop.peer {
                extend(headers, FOR, &peer.ip().to_canonical().to_string());
            }
            // The first proxy knows what the caller asked for; those behind it know only what it asked them for.
            if let (false, Some(host)) = (headers.contains_key(HOST), hop.host) {
                insert(headers, HOST, host);
            }
            if !headers.contains_key(PROTO) {
                insert(headers, PROTO, hop.proto());
            }
        }
        if matches!(self, Self::Standard | Self::Both) {
            extend(headers, header::FORWARDED, &hop.element());
        }
    }
}

impl Hop<'_> {
    const fn proto(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// One element of `forwarded` (RFC 7239, section 4). An address of IPv6 is quoted, and so is a host with a port.
    fn element(&self) -> String {
        let mut element = match self.peer.map(|peer| peer.ip().to_canonical()) {
            Some(IpAddr::V4(address)) => format!("for={address}"),
            Some(IpAddr::V6(address)) => format!("for=\"[{address}]\""),
            None => "for=unknown".to_owned(),
        };
        if let Some(host) = self.host.filter(|host| !host.contains(['"', '\\'])) {
            let _ = write!(element, ";host=\"{host}\"");
        }
        let _ = write!(element, ";proto={}", self.proto());
        element
    }
}

/// Adds an element to a list: one header, since some services read the first alone.
fn extend(headers: &mut HeaderMap, name: HeaderName, element: &str) {
    let before: Vec<_> = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok()).collect();
    let value = if before.is_empty() { element.to_owned() } else { format!("{}, {element}", before.join(", ")) };
    insert(headers, name, &value);
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Addresses, hosts that were a header, and constants can be one again.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
