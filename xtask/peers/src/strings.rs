//! stringsvc's messages, and what it does.

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// A text.
    pub s: String,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The text in capitals.
    pub v: String,
}

/// The work; None for an empty text.
#[must_use]
pub fn uppercase(request: &Request) -> Option<Reply> {
    (!request.s.is_empty()).then(|| Reply { v: request.s.to_uppercase() })
}
