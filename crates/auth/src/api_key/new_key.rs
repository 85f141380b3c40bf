use std::fmt;

use aws_lc_rs::rand;

use super::entry::Sha256;
use super::{ApiKey, InvalidApiKey};

/// By what scanners for secrets find a key that got into a repository or a log.
const PREFIX: &str = "towerkit_";

/// A key that [`ApiKey::generate`] has made, and what is to be kept of it. `Debug` hides it.
///
/// It is `towerkit_` and 64 hexadecimal digits: `towerkit_[0-9a-f]{64}` is what a scanner for secrets looks for.
///
/// ```
/// use towerkit_auth::{ApiKey, ApiKeys};
///
/// let new = ApiKey::generate("cart")?;
/// println!("the key, which is not shown again: {}", new.key());
/// println!("a line for the file of keys: {}", new.entry());
///
/// let keys = ApiKeys::new([new.entry().clone()])?;
/// # let _ = keys;
/// # Ok::<(), towerkit_auth::InvalidApiKey>(())
/// ```
pub struct NewApiKey {
    key: String,
    entry: ApiKey,
}

impl NewApiKey {
    pub(super) fn generate(name: String) -> Result<Self, InvalidApiKey> {
        let mut bits = [0; 32];
        rand::fill(&mut bits).map_err(|_| InvalidApiKey("the system has no random numbers".into()))?;
        // A hash is written as a key is: in hexadecimal digits.
        let key = format!("{PREFIX}{}", Sha256(bits));
        let entry = ApiKey::new(name, Sha256::of(key.as_bytes()))?;
        Ok(Self { key, entry })
    }

    /// The key: a secret, for the caller alone.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is known of it here. `Display` writes it as the line of a file.
    #[must_use]
    pub const fn entry(&self) -> &ApiKey {
        &self.entry
    }
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey").field("entry", &self.entry).finish_non_exhaustive()
    }
}
