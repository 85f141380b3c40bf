//! What is made of files, and made anew when they change: key sets, passwords, keys, policies.

mod error;
mod watch;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

pub use error::LoadError;
pub use watch::{FileEvent, WatchFiles};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// What the files hold, one after the other.
pub(crate) type Contents = Vec<Vec<u8>>;

type Parse<T> = dyn Fn(&Contents) -> Result<T, LoadError> + Send + Sync;

/// What was made of files. Who has the old one while it is made anew keeps it.
pub(crate) struct FromFiles<T> {
    paths: Vec<PathBuf>,
    parse: Box<Parse<T>>,
    current: ArcSwap<T>,
    /// Of what it was made; held while it is made anew, so that of two the later one stands.
    contents: Mutex<Contents>,
}

impl<T: Send + Sync + 'static> FromFiles<T> {
    /// Reads them. It blocks for a short time: at start that does no harm.
    pub(crate) fn open(
        paths: Vec<PathBuf>,
        parse: impl Fn(&Contents) -> Result<T, LoadError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, LoadError> {
        let contents = read_all(&paths)?;
        let current = ArcSwap::from_pointee(parse(&contents)?);
        Ok(Arc::new(Self { paths, parse: Box::new(parse), current, contents: Mutex::new(contents) }))
    }

    /// What is of no file, and stays as it is.
    #[cfg(any(feature = "api-key", feature = "htpasswd"))]
    pub(crate) fn fixed(value: T) -> Arc<Self> {
        let parse = |_: &Contents| Err(LoadError::new(Path::new(""), "it is of no file"));
        let (current, contents) = (ArcSwap::from_pointee(value), Mutex::new(Contents::new()));
        Arc::new(Self { paths: Vec::new(), parse: Box::new(parse), current, contents })
    }

    /// What is made of them now.
    pub(crate) fn current(&self) -> Guard<Arc<T>> {
        self.current.load()
    }
}

/// A [`FromFiles`], whatever it makes.
pub(crate) trait Reload: Send + Sync {
    /// What they hold now.
    fn read(&self) -> Result<Contents, LoadError>;

    /// Whether it is made of just this.
    fn is_of(&self, contents: &Contents) -> bool;

    /// Makes it anew; on an error it stays as it was.
    fn take(&self, contents: &Contents) -> Result<(), LoadError>;

    fn paths(&self) -> &[PathBuf];
}

impl<T: Send + Sync> Reload for FromFiles<T> {
    fn read(&self) -> Result<Contents, LoadError> {
        read_all(&self.paths)
    }

    fn is_of(&self, contents: &Contents) -> bool {
        *self.contents.lock().unwrap_or_else(PoisonError::into_inner) == *contents
    }

    fn take(&self, contents: &Contents) -> Result<(), LoadError> {
        let mut held = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new((self.parse)(contents)?));
        held.clone_from(contents);
        Ok(())
    }

    fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Contents, LoadError> {
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |error: std::io::Error| LoadError::unreadable(path, error);
    // To open a pipe would be to wait for who writes to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(LoadError::new(path, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(LoadError::new(path, format!("it has more than {LONGEST} bytes")));
    }
    Ok(bytes)
}

/// The paths; what is made of them may be secret.
impl<T> fmt::Debug for FromFiles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFiles").field("paths", &self.paths).finish_non_exhaustive()
    }
}
