use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use garde::Validate;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Classify, Code, Request, Violation};

/// Refuses messages that break their own rules, as `InvalidArgument`, and says of each field what is wrong with it.
///
/// The rules stand at the fields, by [`garde`]'s derive. All that is broken is told at once, each with its path
/// (`items[2].price`): over HTTP as `errors` of the problem, over other transports in their own form.
///
/// It stands inside of what reports the outcome, and outside of what costs: limits and the endpoint are for messages that
/// have a meaning.
///
/// ```
/// use garde::Validate;
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Code, Endpoint, Error, ValidateLayer, endpoint_fn};
///
/// #[derive(Validate)]
/// struct Order {
///     #[garde(dive)]
///     items: Vec<Item>,
/// }
///
/// #[derive(Validate)]
/// struct Item {
///     #[garde(length(min = 1))]
///     name: String,
///     #[garde(range(min = 1))]
///     price: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let order = ServiceBuilder::new()
///     .layer(ValidateLayer::new())
///     .service(endpoint_fn(|order: Order| async move { Ok::<_, Error>(order.items.len()) }));
///
/// let free = Item { name: String::new(), price: 0 };
/// let error = order.invoke(Order { items: vec![free] }).await.unwrap_err();
/// assert_eq!(error.code(), Code::InvalidArgument);
/// let fields: Vec<_> = error.violations().iter().map(|violation| &*violation.field).collect();
/// assert_eq!(fields, ["items[0].name", "items[0].price"]);
/// # }
/// ```
///
/// It keeps no state: clones share nothing. Readiness is the inner service's. A message that is good costs no allocation
/// but those of its own rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidateLayer(());

impl ValidateLayer {
    /// With the rules of the message's type.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for ValidateLayer {
    type Service = Validated<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Validated { inner }
    }
}

/// A service inside a [`ValidateLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Validated<S> {
    inner: S,
}

impl<S, T> Service<Request<T>> for Validated<S>
where
    S: Service<Request<T>>,
    S::Error: From<InvalidMessage>,
    T: Validate<Context: Default>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ValidateFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        match request.message().validate() {
            Ok(()) => ValidateFuture { inner: Some(self.inner.call(request)), invalid: None },
            Err(report) => ValidateFuture { inner: None, invalid: Some(InvalidMessage::new(&report)) },
        }
    }
}

pin_project! {
    /// The future of [`Validated`].
    #[derive(Debug)]
    pub struct ValidateFuture<F> {
        #[pin]
        inner: Option<F>,
        invalid: Option<InvalidMessage>,
    }
}

impl<F, R, E> Future for ValidateFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: From<InvalidMessage>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match (this.inner.as_pin_mut(), this.invalid.take()) {
            (Some(inner), _) => inner.poll(cx),
            (None, Some(invalid)) => Poll::Ready(Err(invalid.into())),
            // It was told already.
            (None, None) => Poll::Pending,
        }
    }
}

/// A message breaks its rules. The leaf error of [`ValidateLayer`].
#[derive(Clone, Debug)]
pub struct InvalidMessage {
    violations: Vec<Violation>,
    more: usize,
}

impl InvalidMessage {
    /// The most violations that are told; a list of bad elements must not make an answer that is longer than the question.
    pub const MOST: usize = 100;

    fn new(report: &garde::Report) -> Self {
        let all = report.iter().count();
        let violation =
            |(path, error): &(garde::Path, garde::Error)| Violation::new(path.to_string(), error.to_string());
        Self {
            violations: report.iter().take(Self::MOST).map(violation).collect(),
            more: all.saturating_sub(Self::MOST),
        }
    }
}

/// The first few, on one line.
impl fmt::Display for InvalidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        for (index, Violation { field, description }) in self.violations.iter().take(SHOWN).enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            match &**field {
                "" => f.write_str(description)?,
                field => write!(f, "{field}: {description}")?,
            }
        }
        match self.violations.len().saturating_sub(SHOWN) + self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for InvalidMessage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::InvalidArgument)
    }
}

impl Classify for InvalidMessage {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        self.violations.as_slice().into()
    }
}
