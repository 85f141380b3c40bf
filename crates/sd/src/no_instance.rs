use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::{Classify, Code, Refusal};

use crate::RegistryError;

/// There is no instance to call: the leaf error of a [`Balancer`](crate::balancer::Balancer).
///
/// It is `Unavailable`, and marked as not sent. What the registry's failure was, if that is the cause, is for operators: [`registry`](Self::registry).
#[derive(Clone, Debug)]
pub struct NoInstance {
    refusal: Refusal,
    registry: Option<Arc<RegistryError>>,
}

impl NoInstance {
    pub(crate) fn new() -> Self {
        Self { refusal: Refusal::new(Code::Unavailable), registry: None }
    }

    pub(crate) fn invalid(error: Arc<RegistryError>) -> Self {
        Self { registry: Some(error), ..Self::new() }
    }

    /// How the registry fails, where that is why there is none.
    #[must_use]
    pub fn registry(&self) -> Option<&RegistryError> {
        self.registry.as_deref()
    }
}

impl fmt::Display for NoInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no instance of the service is available")
    }
}

impl StdError for NoInstance {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.refusal)
    }
}

impl Classify for NoInstance {
    fn code(&self) -> Code {
        self.refusal.code()
    }
}
