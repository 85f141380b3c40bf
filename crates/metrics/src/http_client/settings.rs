use std::fmt;

/// A backend can't be made of the settings it was given. Says which, and shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSettings {
    backend: &'static str,
    what: &'static str,
}

impl InvalidSettings {
    pub(crate) const fn new(backend: &'static str, what: &'static str) -> Self {
        Self { backend, what }
    }
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.backend, self.what)
    }
}

impl std::error::Error for InvalidSettings {}
