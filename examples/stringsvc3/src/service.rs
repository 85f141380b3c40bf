//! What the service does itself, and what it is asked and answers.

use serde::{Deserialize, Serialize};
use towerkit_endpoint::Error;

/// What both methods are asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StringRequest {
    pub(crate) s: String,
}

/// What both methods answer.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Reply<V> {
    pub(crate) v: V,
}

/// The text in capitals.
pub(crate) async fn uppercase(request: StringRequest) -> Result<Reply<String>, Error> {
    if request.s.is_empty() {
        return Err(Error::invalid("s", "empty string"));
    }
    Ok(Reply { v: request.s.to_uppercase() })
}

/// How many bytes the text has.
pub(crate) async fn count(request: StringRequest) -> Result<Reply<usize>, Error> {
    Ok(Reply { v: request.s.len() })
}
