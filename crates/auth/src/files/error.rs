use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file can't be used; with its path, and where in it something is wrong. What stands in the file is not part of it.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    what: Cow<'static, str>,
    source: Option<io::Error>,
}

impl LoadError {
    /// What is wrong with the file as a whole, or with a line of it: `line 7: ...`.
    pub(crate) fn new(path: &Path, what: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.to_owned(), what: what.into(), source: None }
    }

    pub(crate) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self { path: path.to_owned(), what: error.to_string().into(), source: Some(error) }
    }

    /// Which file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Its own text is part of this one's.
        self.source.as_ref().and_then(std::error::Error::source)
    }
}
