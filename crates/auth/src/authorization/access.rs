use std::fmt;

use towerkit_endpoint::{Context, Request};

use crate::{Principal, Reason};

/// What a [`Policy`](crate::Policy) judges: who wants to do what, with what.
pub struct Access<'a, T> {
    operation: &'a str,
    request: &'a Request<T>,
}

impl<'a, T> Access<'a, T> {
    /// Of a request to an operation: for tests of policies.
    #[must_use]
    pub const fn new(operation: &'a str, request: &'a Request<T>) -> Self {
        Self { operation, request }
    }

    /// Who makes the call; none where no authentication stands before, or where it was optional.
    #[must_use]
    pub fn principal(&self) -> Option<&'a Principal> {
        Principal::of(self.request.context())
    }

    /// The name that the layer was given.
    #[must_use]
    pub const fn operation(&self) -> &'a str {
        self.operation
    }

    /// What is asked.
    #[must_use]
    pub const fn message(&self) -> &'a T {
        self.request.message()
    }

    /// What travels with it.
    #[must_use]
    pub const fn context(&self) -> &'a Context {
        self.request.context()
    }

    /// A no: to one who is known for what it says, to others since they are not.
    pub(crate) fn no(&self, why: &'static str) -> Reason {
        if self.principal().is_some() { Reason::NotAllowed(why.into()) } else { Reason::Missing }
    }
}

/// Without the message: it may hold secrets.
impl<T> fmt::Debug for Access<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("operation", &self.operation)
            .field("principal", &self.principal())
            .finish_non_exhaustive()
    }
}
