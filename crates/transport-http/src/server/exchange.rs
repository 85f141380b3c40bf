use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{StatusCode, Version};
use towerkit_endpoint::{Ending, Error, ErrorHandlers, Exchange, Via};

use crate::Body;

/// What became of a request: what a [finalizer](crate::Server::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which request it was. The query of its path may hold secrets.
    pub exchange: Exchange,
    /// The version of HTTP.
    pub version: Version,
    /// The status of the reply; none where the caller went away before there was one.
    pub status: Option<StatusCode>,
    /// The bytes of the reply's body that were handed to the connection.
    pub body_bytes: u64,
    /// From the arrival of the head to the end of the reply.
    pub elapsed: Duration,
    /// How it ended: with the whole of a reply, good or failed, or with an error within its body; cancelled where the caller went away before
    /// the reply, or while it was sent.
    pub ending: Ending,
}

/// How a request came, and where from.
pub(crate) fn exchange(parts: &Parts, body: &Body) -> Exchange {
    Exchange::new(via(parts), body.peer())
}

pub(crate) fn via(parts: &Parts) -> Option<Via> {
    let path = parts.uri.path_and_query()?;
    Some(Via::Http { method: parts.method.clone(), path: path.clone() })
}

/// Who hears of the errors of a request beside the handlers of the [`Server`](crate::Server), and which request it is. None where nobody does.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) exchange: Exchange,
    outer: Option<Arc<ErrorHandlers>>,
}

impl Heard {
    pub(crate) fn of(own: &ErrorHandlers, parts: &Parts, body: &Body) -> Option<Self> {
        let outer = body.error_handlers().cloned();
        (outer.is_some() || !own.is_empty()).then(|| Self { exchange: exchange(parts, body), outer })
    }

    pub(crate) fn tell(&self, own: &ErrorHandlers, error: &Error) {
        own.tell(error, &self.exchange);
        if let Some(outer) = &self.outer {
            outer.tell(error, &self.exchange);
        }
    }
}
