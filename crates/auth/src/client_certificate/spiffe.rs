use towerkit_endpoint::PeerIdentity;

use crate::Reason;

/// The longest id, in bytes (SPIFFE-ID, section 2.3).
const LONGEST: usize = 2048;

/// The id of a peer, where it is of a trust domain.
pub(super) fn id<'a>(peer: &'a PeerIdentity, domain: &str) -> Result<&'a str, Reason> {
    let [id] = peer.uris() else {
        return Err(Reason::Malformed("the certificate has no URI, or several".into()));
    };
    let Some(path) = path(id) else {
        return Err(Reason::Malformed("the certificate's URI is no SPIFFE id of a workload".into()));
    };
    match path.strip_prefix(domain) {
        Some(path) if path.starts_with('/') => Ok(id),
        _ => Err(Reason::NotAllowed("the certificate is of another trust domain".into())),
    }
}

/// What stands behind `spiffe://`, where that is a trust domain and a path (SPIFFE-ID, section 2).
fn path(id: &str) -> Option<&str> {
    if id.len() > LONGEST {
        return None;
    }
    let rest = id.strip_prefix("spiffe://")?;
    let (domain, path) = rest.split_once('/')?;
    let in_domain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    let in_segment = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_segment = |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(in_segment);
    (!domain.is_empty() && domain.bytes().all(in_domain) && path.split('/').all(is_segment)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_trust_domain_and_a_path() {
        for id in ["spiffe://example.org/cart", "spiffe://a_b-c.1/ns/default/sa/Cart_1", "spiffe://d/..."] {
            assert!(path(id).is_some(), "{id}");
        }
        for id in [
            "",
            "spiffe://",
            "spiffe:///cart",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org/cart/",
            "spiffe://example.org//cart",
            "spiffe://example.org/./cart",
            "spiffe://example.org/../cart",
            "spiffe://example.org/c%61rt",
            "spiffe://example.org/cart?a=b",
            "spiffe://example.org/cart#a",
            "spiffe://example.org:80/cart",
            "spiffe://ada@example.org/cart",
            "spiffe://Example.org/cart",
            "SPIFFE://example.org/cart",
            "https://example.org/cart",
            " spiffe://example.org/cart",
        ] {
            assert!(path(id).is_none(), "{id}");
        }
        assert!(path(&format!("spiffe://d/{}", "a".repeat(LONGEST))).is_none());
    }

    #[test]
    fn a_trust_domain_that_merely_begins_alike_is_another() {
        let peer = |uri: &str| PeerIdentity::new().with_uris([uri]);
        assert!(id(&peer("spiffe://example.org/cart"), "example.org").is_ok());
        assert!(id(&peer("spiffe://example.org.evil.test/cart"), "example.org").is_err());
        assert!(id(&peer("spiffe://example.or/cart"), "example.org").is_err());
        assert!(id(&peer("spiffe://example.org/cart"), "example.org/cart").is_err());
        assert!(id(&peer("spiffe://example.org/cart"), "").is_err());
    }
}
