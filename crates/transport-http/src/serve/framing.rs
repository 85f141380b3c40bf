//! Where a request's body ends, as far as hyper does not see to it.

use http::{Request, header};
use http_body::Body;
use hyper::body::Incoming;
use towerkit_endpoint::{Code, Error};

/// hyper takes any list of codings that ends with `chunked`, and reads the chunks. What the other codings are is not known
/// here, and a proxy before this server may end such a body elsewhere: it is refused (RFC 9112, section 6.1), and the
/// connection closed.
pub(super) fn check(request: &Request<Incoming>) -> Result<(), Error> {
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
