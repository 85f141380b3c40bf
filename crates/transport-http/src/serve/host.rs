use http::{HeaderMap, HeaderValue, Version, header};
use towerkit_endpoint::Error;

/// The rules of RFC 9112, section 3.2: an HTTP/1.1 request has one `Host`, and no request has more; its value is that of
/// `uri-host [ ":" port ]`. HTTP/2 says it in `:authority`, and hyper has checked that.
pub(super) fn check(version: Version, headers: &HeaderMap) -> Result<(), Error> {
    if version > Version::HTTP_11 {
        return Ok(());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(Error::invalid("host", "stands more than once")),
        (Some(host), None) if is_valid(host) => Ok(()),
        (Some(_), None) => Err(Error::invalid("host", "is not a host and a port")),
        (None, _) if version == Version::HTTP_11 => Err(Error::invalid("host", "is missing")),
        (None, _) => Ok(()),
    }
}

fn is_valid(host: &HeaderValue) -> bool {
    let host = host.as_bytes();
    let (name, port) = match host {
        // An address of IPv6 has colons of its own.
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
            let (address, after) = (&rest[..end], &rest[end + 1..]);
            if address.is_empty() || !address.iter().all(|byte| byte.is_ascii_hexdigit() || b":.%".contains(byte)) {
                return false;
            }
            return after.is_empty() || after.strip_prefix(b":").is_some_and(is_port);
        }
        _ => match host.iter().position(|byte| *byte == b':') {
            Some(colon) => (&host[..colon], Some(&host[colon + 1..])),
            None => (host, None),
        },
    };
    // reg-name of RFC 3986, section 3.2.2.
    let in_name = |byte: &u8| {
        matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'%')
            || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
    };
    !name.is_empty() && name.iter().all(in_name) && port.is_none_or(is_port)
}

/// Digits or nothing (RFC 3986, section 3.2.3), and no more than a port has.
fn is_port(port: &[u8]) -> bool {
    port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for good in ["a", "a.test", "a.test:80", "127.0.0.1:8080", "[::1]", "[::1]:80", "xn--nxasmq6b", "a_b", "a:"] {
            assert!(is_valid(&HeaderValue::from_static(good)), "{good}");
        }
        for bad in ["", ":80", "a b", "user@a", "a/b", "a:b", "a:80:80", "[::1", "[]", "[::1]x", "a:123456", "http://a"]
        {
            assert!(!is_valid(&HeaderValue::from_static(bad)), "{bad}");
        }
    }
}
