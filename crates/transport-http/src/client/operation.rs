use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::base::Base;
use super::reply_error::reply_error;
use super::template::Template;
use super::{Client, EncodeRequest, Param, Settings};
use crate::codec::{Empty, Json, Query};

/// A method of a [`Remote`](crate::Remote) whose codecs are not chosen yet. Choosing them gives the
/// [`Client`](crate::Client).
pub struct Operation<S, T> {
    transport: S,
    base: Base,
    method: Method,
    template: Template,
    params: Vec<(usize, Arc<Param<T>>)>,
}

impl<S, T> Operation<S, T> {
    pub(super) const fn new(transport: S, base: Base, method: Method, template: Template) -> Self {
        Self { transport, base, method, template, params: Vec::new() }
    }

    /// Says where a name in the path has its value from. [`query`](Self::query) and [`Path`](crate::codec::Path) find the
    /// values of the names that are left by the fields of the message.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use towerkit_endpoint::BoxEndpoint;
    /// # use towerkit_endpoint::Endpoint;
    /// # use towerkit_transport_http::{Pool, Remote};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Profile { id: u64, name: String }
    /// # fn client(remote: Remote<Pool>) -> BoxEndpoint<Profile, ()> {
    /// remote.put("/profiles/{id}").param("id", |profile: &Profile| profile.id).json().erased()
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where the path has no such name, or it was given already: a mistake in the program, found as it starts.
    #[must_use]
    #[expect(clippy::panic, reason = "names are written by the programmer and read at start")]
    pub fn param<V: Display>(mut self, name: &str, value: impl Fn(&T) -> V + Send + Sync + 'static) -> Self {
        let Some(index) = self.template.index(name) else {
            panic!("the path {:?} has no {{{name}}}", self.template);
        };
        assert!(self.params.iter().all(|(given, _)| *given != index), "{{{name}}} was given its value already");
        self.params.push((index, Arc::new(move |message| value(message).to_string())));
        self
    }

    /// JSON out and JSON in.
    ///
    /// # Panics
    ///
    /// Where a name in the path has no value: a mistake in the program, found as it starts.
    #[must_use]
    pub fn json<R, M>(self) -> Client<S, Json, Json, T, R, M>
    where
        Json: EncodeRequest<T>,
    {
        self.codecs(Json, Json)
    }

    /// The message in the URL and JSON in: fields whose names are in the path go there, the others into the query string.
    #[must_use]
    pub fn query<R, M>(self) -> Client<S, Query, Json, T, R, M>
    where
        Query: EncodeRequest<T>,
    {
        self.codecs(Query, Json)
    }

    /// Nothing of the message but what [`param`](Self::param) takes, and nothing of the reply.
    ///
    /// # Panics
    ///
    /// Where a name in the path has no value: a mistake in the program, found as it starts.
    #[must_use]
    pub fn empty<R, M>(self) -> Client<S, Empty, Empty, T, R, M>
    where
        Empty: EncodeRequest<T>,
    {
        self.codecs(Empty, Empty)
    }

    /// A writer and a reader given apart.
    ///
    /// # Panics
    ///
    /// Where a name in the path has no value, and the writer is not one that gives values: a mistake in the program, found
    /// as it starts.
    #[must_use]
    pub fn codecs<N, D, R, M>(self, encode: N, decode: D) -> Client<S, N, D, T, R, M>
    where
        N: EncodeRequest<T>,
    {
        for (index, name) in self.template.names().iter().enumerate() {
            let given = encode.fills_path() || self.params.iter().any(|(given, _)| *given == index);
            assert!(given, "nothing gives {{{name}}} of {:?} a value", self.template);
        }
        let settings = Settings {
            method: self.method,
            base: self.base,
            template: Arc::new(self.template),
            params: self.params,
            encode,
            decode,
            timeout: DEFAULT_TIMEOUT,
            reply_limit: DEFAULT_REPLY_LIMIT,
            before: Vec::new(),
            after: Vec::new(),
            finalize: Vec::new(),
            error_decoder: Arc::new(reply_error),
        };
        Client { transport: self.transport, settings: Arc::new(settings), types: PhantomData }
    }
}

pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const DEFAULT_REPLY_LIMIT: usize = 4 << 20;

impl<S, T> fmt::Debug for Operation<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("method", &self.method)
            .field("base", &self.base)
            .field("path", &self.template)
            .finish_non_exhaustive()
    }
}
