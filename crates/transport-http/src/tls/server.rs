use std::path::Path;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};
use towerkit_lifecycle::WatchFiles;

use super::live::{Live, Sources};
use super::pem::{Identity, Pem};
use super::{LoadError, Reloader, provider};

/// The certificate of a server, and whom it takes: see [`Serve::tls`](crate::Serve::tls).
///
/// Clones are the same, and are reloaded together.
#[derive(Clone, Debug)]
pub struct ServerTls {
    live: Arc<Live<ServerSources>>,
}

impl ServerTls {
    /// A certificate, with the chain above it in the same file, and its key: PKCS#8, SEC1 or PKCS#1, not encrypted.
    ///
    /// # Errors
    ///
    /// Where a file can't be read, holds something else, or the key does not belong to the certificate.
    pub fn from_pem_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::new(Pem::file(chain), Pem::file(key))
    }

    /// As [`from_pem_files`](Self::from_pem_files), from PEM text in memory.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        Self::new(Pem::given(chain), Pem::given(key))
    }

    fn new(chain: Pem, key: Pem) -> Result<Self, LoadError> {
        let sources = ServerSources { identity: Identity { chain, key }, clients: Vec::new(), optional: false };
        Ok(Self { live: Arc::new(Live::new(sources)?) })
    }

    /// Mutual TLS: a client must have a certificate, and one of the authorities in this file has signed it. Given more than
    /// once, the authorities of all files are taken.
    ///
    /// # Errors
    ///
    /// Where the file can't be read, or holds no certificates.
    pub fn client_ca_pem_file(self, authorities: impl AsRef<Path>) -> Result<Self, LoadError> {
        self.client_ca(Pem::file(authorities))
    }

    /// As [`client_ca_pem_file`](Self::client_ca_pem_file), from PEM text in memory.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn client_ca_pem(self, authorities: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        self.client_ca(Pem::given(authorities))
    }

    fn client_ca(self, pem: Pem) -> Result<Self, LoadError> {
        self.live.change(|sources| sources.clients.push(pem))?;
        Ok(self)
    }

    /// A client may come without a certificate; one that it has is checked all the same. It means nothing where no authorities
    /// for clients are given.
    ///
    /// # Errors
    ///
    /// Where a file, read once more, can't be used.
    pub fn client_certificate_optional(self) -> Result<Self, LoadError> {
        self.live.change(|sources| sources.optional = true)?;
        Ok(self)
    }

    /// What reads the files again.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(self.live.clone())
    }

    /// Has the files read again when they change: a member of a group, [ready](towerkit_lifecycle::Lifeline::ready) once it has looked.
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(self.live.clone())
    }

    /// For a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.live.current()
    }
}

#[derive(Clone, Debug)]
struct ServerSources {
    identity: Identity,
    clients: Vec<Pem>,
    optional: bool,
}

impl Sources for ServerSources {
    type Config = ServerConfig;

    /// Sessions are kept in the configuration: with a new one none is resumed that was begun under other authorities.
    fn load(&self) -> Result<ServerConfig, LoadError> {
        let provider = provider();
        let certified = self.identity.load(&provider)?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(super::VERSIONS)
            .map_err(|error| LoadError::new(None, "TLS can't be set up").because(error))?;
        let builder = if self.clients.is_empty() {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            self.clients.iter().try_for_each(|pem| pem.add_to(&mut roots))?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if self.optional { verifier.allow_unauthenticated() } else { verifier };
            let verifier = verifier
                .build()
                .map_err(|error| LoadError::new(None, "the authorities for clients can't be used").because(error))?;
            builder.with_client_cert_verifier(verifier)
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn pems(&self) -> Vec<&Pem> {
        [&self.identity.chain, &self.identity.key].into_iter().chain(&self.clients).collect()
    }
}
