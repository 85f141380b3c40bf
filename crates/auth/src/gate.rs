//! What the layers of this crate have in common: a check before the call, at once or after a wait.
//!
//! Whoever only composes layers needs nothing of it; it is here so that a stack's type can be written down.
//!
//! ```
//! use tower::Layer;
//! use towerkit_auth::gate::{AuthenticationCheck, Gate};
//! use towerkit_auth::{Authentication, Basic};
//! use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
//!
//! /// A greeting that is for those alone who are known.
//! struct Greeter {
//!     greet: Gate<BoxEndpoint<String, String>, AuthenticationCheck>,
//! }
//!
//! let greet = endpoint_fn(|name: String| async move { Ok::<_, Error>(format!("Hello {name}")) }).erased();
//! let authentication = Authentication::new(Basic::fixed("greeter", "ada", "rosebud"));
//! let greeter = Greeter { greet: authentication.requests("greet").layer(greet) };
//! # let _ = greeter.greet;
//! ```

mod future;

use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;
use towerkit_endpoint::Request;

pub use self::future::GateFuture;
pub use crate::authentication::AuthenticationCheck;
pub use crate::authorization::AuthorizationCheck;

use crate::{Answer, Reason};

/// What is done before a call. The layers of this crate alone implement it.
pub trait Check<T>: Clone {
    /// What is kept from the beginning to the end.
    type Ticket: Send;
    /// What a check that has passed brings.
    type Proof;
    /// Why it has not passed.
    type Reason;
    /// The leaf error.
    type Denied;

    /// Looks at the request.
    fn begin(&self, request: &Request<T>) -> (Self::Ticket, Answer<Self::Proof, Self::Reason>);

    /// Writes what was found into the request, or refuses it.
    fn end(
        &self,
        ticket: Self::Ticket,
        request: &mut Request<T>,
        outcome: Result<Self::Proof, Self::Reason>,
    ) -> Result<(), Self::Denied>;
}

/// A service inside of a layer of this crate: of [`Authentication`](crate::Authentication) or of [`Authorization`](crate::Authorization).
///
/// It is always ready, and waits for the readiness of what is inside once its check has passed: so a caller who is refused is refused whatever the
/// load, and nobody holds a place of an inner limit while a check waits.
#[derive(Clone)]
pub struct Gate<S, C> {
    inner: S,
    check: C,
}

impl<S, C> Gate<S, C> {
    pub(crate) const fn new(inner: S, check: C) -> Self {
        Self { inner, check }
    }
}

impl<S, C, T> Service<Request<T>> for Gate<S, C>
where
    S: Service<Request<T>> + Clone,
    S::Error: From<C::Denied>,
    C: Check<T>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GateFuture<S, C, T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        GateFuture::new(self.inner.clone(), self.check.clone(), request)
    }
}

impl<S: fmt::Debug, C: fmt::Debug> fmt::Debug for Gate<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("inner", &self.inner).field("check", &self.check).finish()
    }
}

/// A check's reasons are mostly these.
pub(crate) type Outcome<P> = Result<P, Reason>;
