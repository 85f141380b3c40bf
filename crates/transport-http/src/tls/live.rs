use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::LoadError;
use super::pem::Pem;

/// Where a configuration is made from.
pub(super) trait Sources: Send + Sync + 'static {
    type Config: Send + Sync;

    /// Reads all of it.
    fn load(&self) -> Result<Self::Config, LoadError>;

    fn pems(&self) -> Vec<&Pem>;
}

/// A configuration that can be made anew while it is used: who has the old one keeps it.
pub(super) struct Live<S: Sources> {
    sources: Mutex<S>,
    current: RwLock<Arc<S::Config>>,
}

impl<S: Sources> Live<S> {
    pub(super) fn new(sources: S) -> Result<Self, LoadError> {
        let config = sources.load()?;
        Ok(Self { sources: Mutex::new(sources), current: RwLock::new(Arc::new(config)) })
    }

    pub(super) fn current(&self) -> Arc<S::Config> {
        // What is held under the lock is whole at any time, so a panic elsewhere takes nothing from it.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes where it is made from, and makes it anew. Nothing is changed where that fails.
    pub(super) fn change(&self, change: impl FnOnce(&mut S)) -> Result<(), LoadError>
    where
        S: Clone,
    {
        let mut sources = self.sources();
        let mut changed = sources.clone();
        change(&mut changed);
        self.take(changed.load()?);
        *sources = changed;
        Ok(())
    }

    fn sources(&self) -> MutexGuard<'_, S> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, config: S::Config) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

/// What a [`Reloader`](super::Reloader) holds, of a server or of a client.
pub(super) trait Reload: Send + Sync {
    fn reload(&self) -> Result<(), LoadError>;

    /// What the files hold now; none for one that can't be read.
    fn contents(&self) -> Vec<Option<Arc<[u8]>>>;
}

impl<S: Sources> Reload for Live<S> {
    fn reload(&self) -> Result<(), LoadError> {
        // Held meanwhile, so that of two reloads the later one stands.
        let sources = self.sources();
        self.take(sources.load()?);
        Ok(())
    }

    fn contents(&self) -> Vec<Option<Arc<[u8]>>> {
        let pems: Vec<Pem> = self.sources().pems().into_iter().cloned().collect();
        pems.iter().filter(|pem| matches!(pem, Pem::File(_))).map(|pem| pem.read().ok()).collect()
    }
}

impl<S: Sources + fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sources().fmt(f)
    }
}
