use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::{Ending, Error, ErrorHandlers, Exchange, Via};

/// What became of a request: what a [finalizer](crate::Server::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which request it was: the subject it was sent to. NATS tells nothing of the peer.
    pub exchange: Exchange,
    /// Whether the caller wants a reply: whether the message has a subject to reply to.
    pub wants_reply: bool,
    /// The bytes of the reply's payload; of a stream those of all items.
    pub payload_bytes: u64,
    /// From when the message was read out of the subscription to the end of the reply, of a stream to its last item.
    pub elapsed: Duration,
    /// How it ended: complete where the reply was handed to the connection, or none was wanted; `Unavailable` where there was one that
    /// [could not be](crate::ServeEvent::ReplyLost); cancelled where the server has stopped before, or the caller has left the stream.
    pub ending: Ending,
}

/// One message, as the stages of its exchange see it.
pub(super) struct Asking {
    pub(super) subject: Arc<str>,
    pub(super) wants_reply: bool,
    pub(super) reached_endpoint: bool,
}

impl Asking {
    pub(super) fn exchange(&self) -> Exchange {
        let mut exchange = Exchange::new(Some(Via::Nats { subject: self.subject.clone() }), None);
        exchange.reached_endpoint = self.reached_endpoint;
        exchange
    }

    /// Tells the handlers of the [`Server`](crate::Server), and those of [`Serve`](crate::Serve).
    pub(super) fn tell(&self, own: &ErrorHandlers, outer: &ErrorHandlers, error: &Error) {
        if !own.is_empty() || !outer.is_empty() {
            let exchange = self.exchange();
            own.tell(error, &exchange);
            outer.tell(error, &exchange);
        }
    }
}
