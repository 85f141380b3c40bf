use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tower::util::ServiceExt;
use towerkit_endpoint::{Context, Error, Request};

use super::params;
use super::wire::{Answer, Ids, Wire, write_call, wrong};
use crate::client::unreadable;

/// Several calls in one request. [`Remote::batch`](super::Remote::batch) makes it.
///
/// The service may run them in any order, and side by side.
pub struct Batch {
    wire: Wire,
    ids: Ids,
    text: String,
    calls: usize,
}

/// A call of a [`Batch`] whose reply is not fetched yet.
#[must_use = "it is what the reply is fetched with"]
pub struct Pending<R> {
    id: u64,
    reply: PhantomData<fn() -> R>,
}

/// The replies to a [`Batch`].
pub struct Replies {
    answers: HashMap<u64, Box<RawValue>>,
}

impl Batch {
    pub(super) const fn new(wire: Wire, ids: Ids) -> Self {
        Self { wire, ids, text: String::new(), calls: 0 }
    }

    /// Adds a call. Its parameters are written as those of [`Remote::method`](super::Remote::method).
    ///
    /// # Errors
    ///
    /// Where they can't be written; the batch is as before.
    pub fn call<R>(&mut self, method: &str, params: &impl Serialize) -> Result<Pending<R>, Error> {
        let id = self.ids.next();
        self.add(method, params, Some(id))?;
        self.calls += 1;
        Ok(Pending { id, reply: PhantomData })
    }

    /// Adds a notification, which has no reply.
    ///
    /// # Errors
    ///
    /// Where the parameters can't be written; the batch is as before.
    pub fn notify(&mut self, method: &str, params: &impl Serialize) -> Result<(), Error> {
        self.add(method, params, None)
    }

    /// Sends it, and waits for all replies. An empty one is not sent.
    ///
    /// # Errors
    ///
    /// Where the batch failed as a whole; what a single call failed with is told by [`Replies::take`].
    pub async fn send(self, context: Context) -> Result<Replies, Error> {
        let mut replies = Replies { answers: HashMap::new() };
        if self.text.is_empty() {
            return Ok(replies);
        }
        let message = Bytes::from(format!("[{}]", self.text));
        let text = self.wire.oneshot(Request::with_context(context, message)).await?;
        let Some(text) = text else {
            return if self.calls == 0 { Ok(replies) } else { Err(wrong("is empty")) };
        };
        if text.trim_ascii().starts_with(b"{") {
            // Of a batch that it could not read a server says so in one answer.
            let answer = Answer::read(&text)?;
            return Err(answer.of_no_call().unwrap_or_else(|| wrong("is to a single call")));
        }
        let answers: Vec<&RawValue> = serde_json::from_slice(&text).map_err(unreadable)?;
        for text in answers {
            let answer = Answer::read(text.get().as_bytes())?;
            // One that answers nothing we asked leaves its call without an answer, which is told there.
            if let Some(id) = answer.id() {
                replies.answers.entry(id).or_insert_with(|| text.to_owned());
            }
        }
        Ok(replies)
    }

    fn add(&mut self, method: &str, params: &impl Serialize, id: Option<u64>) -> Result<(), Error> {
        let params = params::write(params)?;
        if !self.text.is_empty() {
            self.text.push(',');
        }
        write_call(&mut self.text, method, params.as_deref(), id)
    }
}

impl Replies {
    /// Takes the reply of a call out.
    ///
    /// # Errors
    ///
    /// What the call failed with; `Internal` where there is no answer to it, or one that can't be read.
    #[expect(clippy::needless_pass_by_value, reason = "a reply can be taken once")]
    pub fn take<R: DeserializeOwned>(&mut self, pending: Pending<R>) -> Result<R, Error> {
        let text = self.answers.remove(&pending.id).ok_or_else(|| wrong("leaves a call of the batch out"))?;
        Answer::read(text.get().as_bytes())?.into_result()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Pending<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish()
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("answers", &self.answers.len()).finish()
    }
}
