use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use towerkit_lifecycle::WatchFiles;

use super::live::{Live, Sources};
use super::pem::{Identity, Pem};
use super::{LoadError, Reloader, provider};

/// Whom a client trusts, and what it shows: see [`PoolSettings::tls`](crate::PoolSettings::tls).
///
/// The name in the URL must be in the server's certificate, and the certificate must be valid now; neither can be turned off.
/// Clones are the same, and are reloaded together.
#[derive(Clone, Debug)]
pub struct ClientTls {
    live: Arc<Live<ClientSources>>,
}

impl ClientTls {
    /// Trusts the authorities that the system trusts.
    ///
    /// # Errors
    ///
    /// Where the system has none.
    pub fn native_roots() -> Result<Self, LoadError> {
        Self::new(true, Vec::new())
    }

    /// Trusts the authorities in a file, and no others.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or holds no certificates.
    pub fn roots_pem_file(authorities: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::new(false, vec![Pem::file(authorities)])
    }

    /// As [`roots_pem_file`](Self::roots_pem_file), from PEM text in memory.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn roots_pem(authorities: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        Self::new(false, vec![Pem::given(authorities)])
    }

    fn new(native: bool, roots: Vec<Pem>) -> Result<Self, LoadError> {
        Ok(Self { live: Arc::new(Live::new(ClientSources { native, roots, identity: None })?) })
    }

    /// Mutual TLS: the certificate that is shown to a server which asks for one, with the chain above it, and its key.
    ///
    /// # Errors
    ///
    /// Where a file can't be read, holds something else, or the key does not belong to the certificate.
    pub fn identity_pem_files(self, chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, LoadError> {
        self.identity(Pem::file(chain), Pem::file(key))
    }

    /// As [`identity_pem_files`](Self::identity_pem_files), from PEM text in memory.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn identity_pem(self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        self.identity(Pem::given(chain), Pem::given(key))
    }

    fn identity(self, chain: Pem, key: Pem) -> Result<Self, LoadError> {
        self.live.change(|sources| sources.identity = Some(Identity { chain, key }))?;
        Ok(self)
    }

    /// What reads the files again, and the system's authorities. Connections that are open go on; the pool closes them when
    /// they have been idle for long enough.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(self.live.clone())
    }

    /// Has the files read again when they change: a member of a group, [ready](towerkit_lifecycle::Lifeline::ready) once it has looked. The
    /// system's authorities are no files of it, and are read again with them.
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(self.live.clone())
    }

    /// For a new connection.
    pub(crate) fn configs(&self) -> Arc<ClientConfigs> {
        self.live.current()
    }
}

/// One for each offer of protocols.
#[derive(Debug)]
pub(crate) struct ClientConfigs {
    /// HTTP/2, else HTTP/1.1.
    pub(crate) both: Arc<ClientConfig>,
    pub(crate) http2: Arc<ClientConfig>,
}

#[derive(Clone, Debug)]
struct ClientSources {
    native: bool,
    roots: Vec<Pem>,
    identity: Option<Identity>,
}

impl ClientSources {
    fn roots(&self) -> Result<RootCertStore, LoadError> {
        let mut roots = RootCertStore::empty();
        if self.native {
            let mut found = rustls_native_certs::load_native_certs();
            // One of them that can't be read does not make the others worse.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let error = LoadError::new(None, "the system has no certificate authorities");
                return Err(match found.errors.pop() {
                    Some(cause) => error.because(cause),
                    None => error,
                });
            }
        }
        self.roots.iter().try_for_each(|pem| pem.add_to(&mut roots))?;
        Ok(roots)
    }
}

impl Sources for ClientSources {
    type Config = ClientConfigs;

    fn load(&self) -> Result<ClientConfigs, LoadError> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(super::VERSIONS)
            .map_err(|error| LoadError::new(None, "TLS can't be set up").because(error))?
            .with_root_certificates(self.roots()?);
        let mut both = match &self.identity {
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.load(&provider)?)))
            }
            None => builder.with_no_client_auth(),
        };
        let mut http2 = both.clone();
        http2.resumption = Resumption::in_memory_sessions(256);
        http2.alpn_protocols = vec![b"h2".to_vec()];
        both.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(ClientConfigs { both: Arc::new(both), http2: Arc::new(http2) })
    }

    fn pems(&self) -> Vec<&Pem> {
        let identity = self.identity.iter().flat_map(|identity| [&identity.chain, &identity.key]);
        self.roots.iter().chain(identity).collect()
    }
}
