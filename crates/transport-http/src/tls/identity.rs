use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use towerkit_endpoint::PeerIdentity;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// The names in the certificate of a peer, which was verified before.
pub(super) fn read(chain: &[CertificateDer<'static>]) -> Result<PeerIdentity, Unreadable> {
    let (_, certificate) = chain.first().and_then(|first| X509Certificate::from_der(first).ok()).ok_or(Unreadable)?;
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
    let identity = PeerIdentity::new()
        .with_chain(chain.iter().map(|certificate| certificate.to_vec()))
        .with_dns_names(dns)
        .with_uris(uris)
        .with_emails(emails)
        .with_addresses(addresses);
    Ok(match common_name {
        Some(name) => identity.with_common_name(name),
        None => identity,
    })
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
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
