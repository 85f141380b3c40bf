use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// Who a peer is, by the certificate that it showed and that was verified: `context.get::<PeerIdentity>()` in an endpoint.
///
/// It is there where the server asks for [certificates of clients](super::ServerTls::client_ca_pem_file) and the peer has one.
/// It says who the peer is, not what it may do. Clones share it.
#[derive(Clone)]
pub struct PeerIdentity(Arc<Names>);

struct Names {
    chain: Vec<CertificateDer<'static>>,
    common_name: Option<String>,
    dns: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl PeerIdentity {
    pub(super) fn read(chain: &[CertificateDer<'static>]) -> Result<Self, Unreadable> {
        let (_, certificate) =
            chain.first().and_then(|first| X509Certificate::from_der(first).ok()).ok_or(Unreadable)?;
        let mut common_names = certificate.subject().iter_common_name();
        // More than one says nothing for sure.
        let common_name = match (common_names.next(), common_names.next()) {
            (Some(name), None) => name.as_str().ok().map(str::to_owned),
            _ => None,
        };
        let (mut dns, mut uris, mut emails, mut addresses) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let alternative = certificate.subject_alternative_name().map_err(|_| Unreadable)?;
        for name in alternative.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => dns.push((*name).to_owned()),
                GeneralName::URI(uri) => uris.push((*uri).to_owned()),
                GeneralName::RFC822Name(email) => emails.push((*email).to_owned()),
                GeneralName::IPAddress(octets) => addresses.push(address(octets).ok_or(Unreadable)?),
                GeneralName::Invalid(..) => return Err(Unreadable),
                _ => {}
            }
        }
        Ok(Self(Arc::new(Names { chain: chain.to_vec(), common_name, dns, uris, emails, addresses })))
    }

    /// The certificates as they came, in DER: first the peer's own, then those above it.
    #[must_use]
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.chain.iter().map(|certificate| &**certificate)
    }

    /// The common name of the subject, where it has exactly one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.0.common_name.as_deref()
    }

    /// The DNS names among the subject's alternative names (RFC 5280, section 4.2.1.6).
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.0.dns
    }

    /// The URIs among them, such as a SPIFFE id.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.0.uris
    }

    /// The mail addresses among them.
    #[must_use]
    pub fn emails(&self) -> &[String] {
        &self.0.emails
    }

    /// The IP addresses among them.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.0.addresses
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

/// The names, not the certificates.
impl fmt::Debug for PeerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { common_name, dns, uris, emails, addresses, chain: _ } = &*self.0;
        f.debug_struct("PeerIdentity")
            .field("common_name", common_name)
            .field("dns_names", dns)
            .field("uris", uris)
            .field("emails", emails)
            .field("addresses", addresses)
            .finish_non_exhaustive()
    }
}

/// The peer's certificate was verified, but the names in it can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names in the peer's certificate can't be read")
    }
}

impl std::error::Error for Unreadable {}
