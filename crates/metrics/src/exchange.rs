//! What is sent to a backend that speaks HTTP, and what it answers.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::{Request, StatusCode};
use towerkit_endpoint::Report;
use towerkit_http_client::{HttpClient, NoReply, excerpt};

/// How much of a reply is read: it is a status, and some words to it where something is wrong.
const READ_OF_REPLY: usize = 64 * 1024;

/// Sends a request and reads the reply. Whoever asks bounds the time.
pub(crate) async fn call(client: &HttpClient, request: Request<Bytes>) -> Result<Reply, Unanswered> {
    let what = format!("{} {}", request.method(), request.uri());
    let exchange = async {
        let (head, body) = client.send(request).await?.into_parts();
        Ok(Reply { status: head.status, body: body.beginning(READ_OF_REPLY).await? })
    };
    exchange.await.map_err(|source| Unanswered { what, source })
}

/// What a server answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Its status and the beginning of its text, on one line.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = excerpt(&self.body);
        if text.is_empty() { self.status.fmt(f) } else { write!(f, "{}: {text}", self.status) }
    }
}

/// A server was not reached, or went away before it answered.
#[derive(Debug)]
pub(crate) struct Unanswered {
    what: String,
    source: NoReply,
}

impl Unanswered {
    /// Whether it is certain that the server has not seen the request.
    pub(crate) fn is_not_sent(&self) -> bool {
        self.source.is_not_sent()
    }
}

/// With all that caused it, since an event has its text alone.
impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, Report::new(&self.source))
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}
