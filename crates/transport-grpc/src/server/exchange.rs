use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::{Ending, Error, ErrorHandlers, Exchange};

/// What became of a call: what a [finalizer](crate::Server::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which call it was. In a generated service its path is not known.
    pub exchange: Exchange,
    /// How many messages the reply had, up to its end.
    pub messages: u64,
    /// From the arrival of the head to the end of the reply.
    pub elapsed: Duration,
    /// How it ended: with the whole reply, or with an error; cancelled where the caller went away before the reply, or while its stream was
    /// open.
    pub ending: Ending,
}

/// Who hears of the errors of a call, and which it is. None where nobody does.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) exchange: Exchange,
    /// Beside the handlers of the [`Server`](crate::Server).
    outer: Option<Arc<ErrorHandlers>>,
}

impl Heard {
    pub(crate) fn of(
        own: &ErrorHandlers,
        outer: Option<&Arc<ErrorHandlers>>,
        exchange: impl FnOnce() -> Exchange,
    ) -> Option<Box<Self>> {
        (outer.is_some() || !own.is_empty()).then(|| Box::new(Self { exchange: exchange(), outer: outer.cloned() }))
    }

    pub(super) fn tell(&self, own: &ErrorHandlers, error: &Error) {
        own.tell(error, &self.exchange);
        if let Some(outer) = &self.outer {
            outer.tell(error, &self.exchange);
        }
    }
}
