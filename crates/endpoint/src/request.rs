use std::fmt;

use crate::Context;

/// A message and the [`Context`] it travels in.
///
/// ```
/// use towerkit_endpoint::Request;
///
/// let request = Request::new("7");
/// let request = request.map(|text| text.len()); // the context stays
/// assert_eq!(*request.message(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Request<T> {
    context: Context,
    message: T,
}

impl<T> Request<T> {
    /// A message in an empty context: no deadline, no metadata.
    #[must_use]
    pub fn new(message: T) -> Self {
        Self::with_context(Context::new(), message)
    }

    /// A message in a context: one that a transport read, or [`Context::outgoing`] of the request being served.
    #[must_use]
    pub const fn with_context(context: Context, message: T) -> Self {
        Self { context, message }
    }

    /// The context.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The context, to change.
    pub const fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// The message.
    #[must_use]
    pub const fn message(&self) -> &T {
        &self.message
    }

    /// The message, to change.
    pub const fn message_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message alone; the context is dropped.
    #[must_use]
    pub fn into_message(self) -> T {
        self.message
    }

    /// Context and message apart; [`with_context`](Self::with_context) puts them together again.
    #[must_use]
    pub fn into_parts(self) -> (Context, T) {
        (self.context, self.message)
    }

    /// The same message in the [context of an outgoing call](Context::outgoing): for what passes a request on to another service.
    ///
    /// ```
    /// use tower::ServiceBuilder;
    /// use towerkit_endpoint::{Endpoint, Error, Request, endpoint_fn};
    ///
    /// let remote = endpoint_fn(|name: String| async move { Ok::<_, Error>(name) }); // in earnest: a client
    /// let gateway = ServiceBuilder::new().map_request(Request::<String>::outgoing).service(remote).erased();
    /// # let _ = gateway;
    /// ```
    #[must_use]
    pub fn outgoing(self) -> Self {
        Self { context: self.context.outgoing(), message: self.message }
    }

    /// Another message in the same context.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Request<U> {
        Request { context: self.context, message: f(self.message) }
    }
}

impl<T> From<T> for Request<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

impl<T: fmt::Debug> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("context", &self.context).field("message", &self.message).finish()
    }
}
