use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::BoxError;

/// What befalls a server and its messages: for a log or a counter.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeEvent {
    /// A message was answered with `Unavailable`, since as many as may be were under way.
    Refused {
        /// Its subject.
        subject: Arc<str>,
        /// How many may be under way.
        in_flight: usize,
    },
    /// There was a reply, and it could not be handed to the connection: the client is closed, or not even the error that takes the place
    /// of a reply that is too large may be sent. Its caller hears nothing.
    ReplyLost {
        /// The subject of its request.
        subject: Arc<str>,
        /// What went wrong.
        error: BoxError,
    },
    /// A hook has panicked over a message, of which its caller hears nothing.
    Panicked {
        /// The subject, as it is in the routes.
        subject: Arc<str>,
        /// The text of the panic.
        text: String,
    },
    /// The NATS server is about to stop: what is under way is finished, and then the connection moves to another server.
    Moving,
    /// It has moved, and the subjects are subscribed to on the other server.
    Moved,
    /// The drain has begun.
    Draining,
    /// The time for a drain is over: so many messages were under way, and get no answer.
    Cut {
        /// How many.
        messages: usize,
    },
}

impl fmt::Display for ServeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { subject, in_flight } => {
                write!(f, "{subject}: {in_flight} messages are under way, one more was refused")
            }
            Self::ReplyLost { subject, error } => write!(f, "{subject}: a reply was lost: {error}"),
            Self::Panicked { subject, text } => write!(f, "{subject}: panicked: {text}"),
            Self::Moving => f.write_str("the NATS server is about to stop, moving to another"),
            Self::Moved => f.write_str("moved to another NATS server"),
            Self::Draining => f.write_str("draining"),
            Self::Cut { messages } => write!(f, "{messages} messages under way were cut at the end of the drain"),
        }
    }
}
