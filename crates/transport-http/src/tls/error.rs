use std::fmt;
use std::path::{Path, PathBuf};

use towerkit_endpoint::BoxError;

/// Why a certificate, a key or a set of authorities was not taken. It names the file; no key is in it.
#[derive(Debug)]
pub struct LoadError {
    file: Option<PathBuf>,
    problem: &'static str,
    cause: Option<BoxError>,
}

impl LoadError {
    pub(super) fn new(file: Option<&Path>, problem: &'static str) -> Self {
        Self { file: file.map(Path::to_owned), problem, cause: None }
    }

    pub(super) fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The file that was not taken; none where it was given as bytes, or comes from the system.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", file.display())?;
        }
        f.write_str(self.problem)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// Without a source: its text is told already.
impl std::error::Error for LoadError {}
