use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Reload, read_file};

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
    /// Of what it was made.
    contents: Mutex<Vec<Vec<u8>>>,
}

impl<S: Sources> Live<S> {
    pub(super) fn new(sources: S) -> Result<Self, LoadError> {
        // Read before: what changes meanwhile is found to have changed.
        let contents = Mutex::new(contents(&sources));
        let config = sources.load()?;
        Ok(Self { sources: Mutex::new(sources), current: RwLock::new(Arc::new(config)), contents })
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
        self.load(&changed)?;
        *sources = changed;
        Ok(())
    }

    fn sources(&self) -> MutexGuard<'_, S> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contents(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, sources: &S) -> Result<(), LoadError> {
        let contents = contents(sources);
        let config = sources.load()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        *self.contents() = contents;
        Ok(())
    }
}

/// What a [`Reloader`](super::Reloader) holds, of a server or of a client.
pub(super) trait ReadAgain: Send + Sync {
    fn reload(&self) -> Result<(), LoadError>;
}

impl<S: Sources> ReadAgain for Live<S> {
    fn reload(&self) -> Result<(), LoadError> {
        // Held meanwhile, so that of two reloads the later one stands.
        let sources = self.sources();
        self.load(&sources)
    }
}

impl<S: Sources> Reload for Live<S> {
    fn paths(&self) -> Vec<PathBuf> {
        paths(&*self.sources())
    }

    fn is_of(&self, contents: &[Vec<u8>]) -> bool {
        *self.contents() == *contents
    }

    /// It reads them once more. Should they have changed again since, the next look finds that.
    fn reload(&self, _: &[Vec<u8>]) -> Result<(), BoxError> {
        Ok(ReadAgain::reload(self)?)
    }
}

fn paths<S: Sources>(sources: &S) -> Vec<PathBuf> {
    sources.pems().into_iter().filter_map(|pem| pem.file_path().map(Path::to_owned)).collect()
}

/// What the files hold; nothing that any file holds where one can't be read.
fn contents<S: Sources>(sources: &S) -> Vec<Vec<u8>> {
    paths(sources).iter().map(read_file).collect::<Result<_, _>>().unwrap_or_default()
}

impl<S: Sources + fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sources().fmt(f)
    }
}
