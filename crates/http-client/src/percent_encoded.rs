use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a path or a query as it is: the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text as it may stand in a segment of a path, or in a value of a query: all is percent-encoded but letters and digits of ASCII and `-._~`.
/// It can be shown, and a `String` [extended](Extend) by it.
///
/// ```
/// use towerkit_http_client::percent_encoded;
///
/// assert_eq!(format!("/services/{}?tag={}", percent_encoded("a/b c"), percent_encoded("x&y=é")), "/services/a%2Fb%20c?tag=x%26y%3D%C3%A9");
///
/// let mut path = String::from("/services/");
/// path.extend(percent_encoded("a/b"));
/// assert_eq!(path, "/services/a%2Fb");
/// ```
///
/// The segments `.` and `..` stay what they are, as the RFC has it: a name that may be one of those is for the user to refuse.
pub fn percent_encoded(text: &str) -> impl fmt::Display + Iterator<Item = &str> {
    utf8_percent_encode(text, UNRESERVED)
}
