//! What is made of files, and made anew when they change: key sets, passwords, keys, policies.

mod error;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Reload, read_file};

pub use error::LoadError;

/// What the files hold, one after the other.
pub(crate) type Contents = [Vec<u8>];

type Parse<T> = dyn Fn(&Contents) -> Result<T, LoadError> + Send + Sync;

/// What was made of files. Who has the old one while it is made anew keeps it.
pub(crate) struct FromFiles<T> {
    paths: Vec<PathBuf>,
    parse: Box<Parse<T>>,
    current: ArcSwap<T>,
    /// Of what it was made; held while it is made anew, so that of two the later one stands.
    contents: Mutex<Vec<Vec<u8>>>,
}

impl<T: Send + Sync + 'static> FromFiles<T> {
    /// Reads them. It blocks for a short time: at start that does no harm.
    pub(crate) fn open(
        paths: Vec<PathBuf>,
        parse: impl Fn(&Contents) -> Result<T, LoadError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, LoadError> {
        let contents = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        let current = ArcSwap::from_pointee(parse(&contents)?);
        Ok(Arc::new(Self { paths, parse: Box::new(parse), current, contents: Mutex::new(contents) }))
    }

    /// What is of no file, and stays as it is.
    #[cfg(any(feature = "api-key", feature = "htpasswd"))]
    pub(crate) fn fixed(value: T) -> Arc<Self> {
        let parse = |_: &Contents| Err(LoadError::new(Path::new(""), "it is of no file"));
        let (current, contents) = (ArcSwap::from_pointee(value), Mutex::default());
        Arc::new(Self { paths: Vec::new(), parse: Box::new(parse), current, contents })
    }

    /// What is made of them now.
    pub(crate) fn current(&self) -> Guard<Arc<T>> {
        self.current.load()
    }
}

impl<T: Send + Sync + 'static> Reload for FromFiles<T> {
    fn paths(&self) -> Vec<PathBuf> {
        self.paths.clone()
    }

    fn is_of(&self, contents: &Contents) -> bool {
        *self.contents.lock().unwrap_or_else(PoisonError::into_inner) == *contents
    }

    fn reload(&self, contents: &Contents) -> Result<(), BoxError> {
        let mut held = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is stored before all is read.
        self.current.store(Arc::new((self.parse)(contents)?));
        *held = contents.to_vec();
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    read_file(path).map_err(|error| LoadError::unreadable(path, error))
}

/// The paths; what is made of them may be secret.
impl<T> fmt::Debug for FromFiles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFiles").field("paths", &self.paths).finish_non_exhaustive()
    }
}
