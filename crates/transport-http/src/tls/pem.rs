use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::LoadError;

/// Where PEM text comes from. Its content is not shown: it may be a key.
#[derive(Clone)]
pub(super) enum Pem {
    File(PathBuf),
    Given(Arc<[u8]>),
}

impl Pem {
    pub(super) fn file(path: impl AsRef<Path>) -> Self {
        Self::File(path.as_ref().to_owned())
    }

    pub(super) fn given(pem: impl AsRef<[u8]>) -> Self {
        Self::Given(pem.as_ref().into())
    }

    pub(super) fn file_path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Given(_) => None,
        }
    }

    fn says(&self, problem: &'static str) -> LoadError {
        LoadError::new(self.file_path(), problem)
    }

    pub(super) fn read(&self) -> Result<Arc<[u8]>, LoadError> {
        match self {
            Self::File(path) => match std::fs::read(path) {
                Ok(bytes) => Ok(bytes.into()),
                Err(error) => Err(self.says("can't be read").because(error)),
            },
            Self::Given(bytes) => Ok(bytes.clone()),
        }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, LoadError> {
        let pem = self.read()?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match certificates {
            Ok(certificates) if certificates.is_empty() => Err(self.says("holds no certificate in PEM form")),
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(self.says("is no good PEM").because(error.to_string())),
        }
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, LoadError> {
        let pem = self.read()?;
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            let encrypted = pem.windows(b"ENCRYPTED".len()).any(|bytes| bytes == b"ENCRYPTED");
            // The error of the parser is not told, since it may quote the text.
            self.says(if encrypted {
                "the key is encrypted, which can't be read"
            } else {
                "holds no private key in PEM form (PKCS#8, SEC1 or PKCS#1)"
            })
        })
    }

    /// The authorities in it, added to others.
    pub(super) fn add_to(&self, roots: &mut RootCertStore) -> Result<(), LoadError> {
        for certificate in self.certificates()? {
            roots
                .add(certificate)
                .map_err(|error| self.says("holds a certificate that can't be trusted").because(error))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Given(_) => f.write_str("given"),
        }
    }
}

/// A certificate with the chain above it, and its key.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) chain: Pem,
    pub(super) key: Pem,
}

impl Identity {
    /// Reads both, and sees to it that they belong together.
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<CertifiedKey, LoadError> {
        let chain = self.chain.certificates()?;
        let key = provider
            .key_provider
            .load_private_key(self.key.key()?)
            .map_err(|error| self.key.says("the key can't be used").because(error))?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(_)) => Err(match self.chain.file_path() {
                Some(chain) => {
                    self.key.says("the key does not belong to the certificate").because(chain.display().to_string())
                }
                None => self.key.says("the key does not belong to the certificate"),
            }),
            Err(error) => Err(self.chain.says("the certificate can't be used").because(error)),
        }
    }
}
