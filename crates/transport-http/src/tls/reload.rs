use std::fmt;
use std::sync::Arc;

use super::LoadError;
use super::live::ReadAgain;

/// Reads the files of a [`ServerTls`](super::ServerTls) or of a [`ClientTls`](super::ClientTls) again.
///
/// Clones are the same.
#[derive(Clone)]
pub struct Reloader(pub(super) Arc<dyn ReadAgain>);

impl Reloader {
    /// Reads all files again: new connections use what they hold now, those that are open go on as they are. It reads files,
    /// and so blocks for a short time.
    ///
    /// # Errors
    ///
    /// Where one of them can't be used; what was used before is kept.
    pub fn reload(&self) -> Result<(), LoadError> {
        self.0.reload()
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reloader")
    }
}
