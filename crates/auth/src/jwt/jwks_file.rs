use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::Guard;
use towerkit_lifecycle::WatchFiles;

use super::{JwksRules, KeySet, KeySource, Keys, Refresh};
use crate::files::{Contents, FromFiles, LoadError};

/// A file with a JSON Web Key Set (RFC 7517, section 5), which is read again when it changes.
///
/// A token that names a key which is not there is refused at once: no request reads the file, [`watch`](Self::watch)
/// does, each 30 s. So whoever changes keys writes the new one into the file, waits for longer than that, and then
/// signs with it. A change that can't be used is told, and the old keys stay.
///
/// Clones share it.
///
/// ```
/// use towerkit_auth::{Audience, Issuer, JwksFile, JwtVerifier};
/// use towerkit_lifecycle::Group;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("towerkit-auth-doc-{}.json", std::process::id()));
/// # std::fs::write(&path, r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#)?;
/// let file = JwksFile::open(&path)?;
/// let group = Group::new().with(file.watch().on_event(|event| eprintln!("{event}")));
/// let verifier = JwtVerifier::new(&file, Issuer::is("https://issuer.example"), Audience::is("greeter"));
/// # drop((group, verifier));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JwksFile(Arc<FromFiles<KeySet>>);

impl JwksFile {
    /// Reads one of public keys, by the rules of [`KeySet::from_jwks`]. It blocks for a short time: at start that does
    /// no harm.
    ///
    /// # Errors
    ///
    /// Where it can't be read, is no key set, or has no key that can be used.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Self::open_with(path, JwksRules::new())
    }

    /// As [`open`](Self::open), by other rules: [with secrets](JwksRules::secrets), say.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn open_with(path: impl Into<PathBuf>, rules: JwksRules) -> Result<Self, LoadError> {
        let path = path.into();
        let named = path.clone();
        let parse = move |contents: &Contents| {
            let json = contents.first().map(Vec::as_slice).unwrap_or_default();
            KeySet::from_jwks_with(json, &rules).map_err(|error| LoadError::new(&named, error.to_string()))
        };
        FromFiles::open(vec![path], parse).map(Self)
    }

    /// The keys as they are now, with those that are [skipped](KeySet::skipped).
    #[must_use]
    pub fn key_set(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.current())
    }

    /// What reads it again when it changes, once it is run. Without `on_event` nobody hears of a file that is of no use.
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(Arc::clone(&self.0))
    }
}

impl KeySource for JwksFile {
    fn current(&self) -> Guard<Arc<KeySet>> {
        self.0.current()
    }

    fn refresh(&self, _: Option<&str>) -> Option<Refresh> {
        None
    }
}

/// Its keys, as they are at any time.
impl From<&JwksFile> for Keys {
    fn from(file: &JwksFile) -> Self {
        Self::new(file.clone())
    }
}

impl fmt::Debug for JwksFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwksFile").field(&self.0).finish()
    }
}
