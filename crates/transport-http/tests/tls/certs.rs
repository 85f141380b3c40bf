//! Certificates, made anew for each test, in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType, date_time_ymd};
use towerkit_transport_http::tls::{ClientTls, LoadError, ServerTls};

pub(crate) const SPIFFE: &str = "spiffe://example.org/ns/shop/sa/cart";

/// An authority, and where what it signs is put.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) folder: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn cert(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// Signs what it is told; the files have the name.
    pub(crate) fn issue(&self, name: &str, set: impl FnOnce(&mut CertificateParams)) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        set(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.cert(name), certificate.pem()).unwrap();
        std::fs::write(self.key(name), key.serialize_pem()).unwrap();
    }

    /// A server's certificate, and a client's.
    pub(crate) fn with_both() -> Self {
        let authority = Self::new();
        authority.issue("server", |_| {});
        authority.issue("cart", |params| {
            params.subject_alt_names = vec![
                SanType::DnsName("cart.test".try_into().unwrap()),
                SanType::URI(SPIFFE.try_into().unwrap()),
                SanType::Rfc822Name("cart@example.org".try_into().unwrap()),
                SanType::IpAddress("10.0.0.7".parse().unwrap()),
            ];
        });
        authority
    }

    pub(crate) fn server(&self) -> ServerTls {
        self.server_of("server").unwrap()
    }

    pub(crate) fn server_of(&self, name: &str) -> Result<ServerTls, LoadError> {
        ServerTls::from_pem_files(self.cert(name), self.key(name))
    }

    pub(crate) fn mutual(&self) -> ServerTls {
        self.server().client_ca_pem_file(self.ca()).unwrap()
    }

    pub(crate) fn trusting(&self) -> ClientTls {
        ClientTls::roots_pem_file(self.ca()).unwrap()
    }

    pub(crate) fn cart(&self) -> ClientTls {
        self.trusting().identity_pem_files(self.cert("cart"), self.key("cart")).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}
