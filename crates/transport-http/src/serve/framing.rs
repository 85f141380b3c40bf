//! What makes one request of it, as far as hyper does not see to that.

use http::{Method, Request, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use towerkit_endpoint::{Code, Error};

/// Refused, and the connection closed after it where it speaks HTTP/1.
///
/// hyper takes any list of codings that ends with `chunked`, and reads the chunks. What the other codings are is not known
/// here, and a proxy before this server may end such a body elsewhere (RFC 9112, section 6.1).
pub(super) fn check(request: &Request<Incoming>) -> Result<(), Error> {
    // It has frames of its own, and no codings (RFC 9113, section 8.2.2).
    if request.version() == Version::HTTP_2 {
        // Section 8.3.1: only CONNECT is without a path.
        let missing = request.uri().path().is_empty() && request.method() != Method::CONNECT;
        return if missing { Err(Error::invalid(":path", "is missing")) } else { Ok(()) };
    }
    // Most requests say how long they are, or have no body, and need not be looked through.
    if request.body().size_hint().exact().is_some() {
        return Ok(());
    }
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).into_iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Error::new(Code::Unimplemented, "no transfer coding but `chunked`, and that once, is taken")),
    }
}
