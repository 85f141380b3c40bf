use std::error::Error as StdError;

use hyper_util::client::legacy;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use towerkit_endpoint::{BoxError, Code, Error, NotSent};

/// What a failure of what carries requests, such as a [`Pool`](crate::Pool), is to the caller: for transports that stand on HTTP.
///
/// An error that says its code, by towerkit's or tower's means, keeps it. Any other is `Unavailable`, and is marked
/// [`NotSent`] where there was no connection.
///
/// ```
/// use towerkit_endpoint::Code;
/// use towerkit_transport_http::transport_failure;
///
/// let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
/// assert_eq!(transport_failure(broken.into()).code(), Code::Unavailable);
/// ```
#[must_use]
pub fn transport_failure(error: BoxError) -> Error {
    let says_its_code = error.is::<Elapsed>()
        || error.is::<Overloaded>()
        || causes(&*error).any(|cause| cause.is::<Error>() || cause.is::<Code>());
    if says_its_code {
        return error.into();
    }
    // The only failure of which hyper-util says that nothing was written yet.
    let connecting =
        causes(&*error).any(|cause| cause.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect));
    if connecting || is_refused_certificate(&*error) {
        Error::new(Code::Unavailable, "the service can't be reached").with_source(error).with_extension(NotSent)
    } else {
        Error::new(Code::Unavailable, "the connection to the service broke").with_source(error)
    }
}

/// With TLS 1.3 a client learns that its certificate is not taken only once it has sent the request: which a server that sends
/// one of these alerts (RFC 8446, section 6.2) has not read. They belong to the handshake, so they never come later.
#[cfg(feature = "tls")]
fn is_refused_certificate(error: &(dyn StdError + 'static)) -> bool {
    use rustls::AlertDescription as Alert;

    const REFUSALS: [Alert; 8] = [
        Alert::AccessDenied,
        Alert::BadCertificate,
        Alert::CertificateExpired,
        Alert::CertificateRequired,
        Alert::CertificateRevoked,
        Alert::CertificateUnknown,
        Alert::UnknownCA,
        Alert::UnsupportedCertificate,
    ];
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .filter(|cause| cause.kind() == std::io::ErrorKind::InvalidData)
        // HTTP/2 keeps the text of an I/O error only, not what it holds.
        .map(ToString::to_string)
        .any(|text| REFUSALS.iter().any(|alert| text == rustls::Error::AlertReceived(*alert).to_string()))
}

#[cfg(not(feature = "tls"))]
const fn is_refused_certificate(_: &(dyn StdError + 'static)) -> bool {
    false
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}
