//! The certificate of a server, made anew for each test, in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use towerkit_transport_http::tls::{ClientTls, ServerTls};

pub(crate) struct Certs {
    folder: PathBuf,
}

impl Certs {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // A number of a process is not its own where processes have namespaces.
        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let name = format!("interop-{}-{time}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir(&folder).unwrap();
        let certs = Self { folder };

        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "interop authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(certs.authority(), issuer.pem()).unwrap();

        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "interop server");
        let key = KeyPair::generate().unwrap();
        std::fs::write(certs.chain(), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
        std::fs::write(certs.key(), key.serialize_pem()).unwrap();
        certs
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    pub(crate) fn server(&self) -> ServerTls {
        ServerTls::from_pem_files(self.chain(), self.key()).unwrap()
    }

    pub(crate) fn client(&self) -> ClientTls {
        ClientTls::roots_pem_file(self.authority()).unwrap()
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
