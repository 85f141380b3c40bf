//! An authenticator that believes a name, for the tests of the layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;
use towerkit_auth::{Answer, Authenticator, Challenge, Principal, Reason, Scheme};
use towerkit_endpoint::{BoxError, Context, Error, Request};
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle};

/// Believes what stands under a name of the metadata.
///
/// `no` is not known; `later:` is known after a moment, `never:` never, and `soon:` at the first poll.
#[derive(Debug)]
pub(crate) struct Believes {
    pub(crate) header: &'static str,
    pub(crate) scheme: Scheme,
    /// How many futures that never end were dropped.
    pub(crate) dropped: Arc<AtomicUsize>,
}

impl Believes {
    pub(crate) fn new(header: &'static str, scheme: Scheme) -> Self {
        Self { header, scheme, dropped: Arc::default() }
    }

    pub(crate) fn user() -> Self {
        Self::new("x-user", Scheme::Bearer)
    }
}

/// What a log may have, and a caller not.
pub(crate) const SECRET_REASON: &str = "shard-7 has no such name";

impl Authenticator for Believes {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn authenticate(&self, context: &Context) -> Option<Answer<Principal>> {
        let name = context.metadata().get(self.header)?;
        let scopes = context.metadata().get("x-scopes").unwrap_or_default();
        let principal = |name: &str| Principal::new(self.scheme, name).with_scopes([scopes]);
        let judge = move |name: &str| match name {
            "no" => Err(Reason::Unsuitable(SECRET_REASON.into())),
            "two" => Err(Reason::Ambiguous("two names")),
            "down" => Err(Reason::Unavailable("the directory is away".into())),
            name => Ok(principal(name)),
        };
        Some(if let Some(name) = name.strip_prefix("later:") {
            let outcome = judge(name);
            Answer::later(async move {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                outcome
            })
        } else if let Some(name) = name.strip_prefix("soon:") {
            Answer::later(std::future::ready(judge(name)))
        } else if name.starts_with("never:") {
            let guard = Guard(Arc::clone(&self.dropped));
            Answer::later(async move {
                let _guard = guard;
                std::future::pending().await
            })
        } else {
            judge(name).into()
        })
    }

    fn challenge(&self, reason: Option<&Reason>) -> Option<HeaderValue> {
        let challenge = Challenge::new("Named").param("by", self.header);
        Some(
            match reason {
                Some(_) => challenge.param("error", "invalid_token"),
                None => challenge,
            }
            .into_value(),
        )
    }
}

pub(crate) struct Guard(pub(crate) Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A request with metadata.
pub(crate) fn request<const N: usize>(metadata: [(&str, &str); N]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in metadata {
        request.context_mut().metadata_mut().set(name, value).unwrap();
    }
    request
}

pub(crate) fn by(name: &str) -> Request<()> {
    request([("x-user", name)])
}

/// A request of a principal that was found out before.
pub(crate) fn of<T>(principal: Principal, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.context_mut().insert(principal);
    request
}

pub(crate) type Strict = Probe<Request<()>, (), Error>;

pub(crate) fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(BoxError::from(why)))
}

/// All challenges of an error, in their order.
pub(crate) fn challenges(error: &Error) -> Vec<&str> {
    error.metadata().get_all("www-authenticate").map(|value| value.to_str().unwrap()).collect()
}
