use std::fmt;
use std::future::{Future, ready};

use towerkit_endpoint::BoxError;

/// What requests are signed with: an access key and, for one that lapses, its session token.
///
/// ```
/// use towerkit_metrics::cloudwatch::Credentials;
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI").with_token("a session");
/// assert!(!format!("{credentials:?}").contains("wJalr"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Credentials {
    /// An access key: its id and its secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: secret.into(), token: None }
    }

    /// The token of the session for which the key was made.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

/// Nothing of it is shown but the id of the key, which is no secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where credentials come from: [`Credentials`] that stay as they are, or an async function, for those that lapse and are replaced.
///
/// It is asked once a flush, before its first request and within the pusher's [time](crate::push::Pusher::timeout) to connect: the
/// requests of a flush are signed with the same. It keeps what it has as long as that is good.
///
/// ```
/// use towerkit_endpoint::BoxError;
/// use towerkit_metrics::cloudwatch::{Credentials, ProvideCredentials};
///
/// fn provider() -> impl ProvideCredentials {
///     || async {
///         let secret = std::fs::read_to_string("/run/secrets/aws")?; // it is replaced now and then
///         Ok::<_, BoxError>(Credentials::new("AKIDEXAMPLE", secret.trim()))
///     }
/// }
/// # let _ = provider();
/// ```
pub trait ProvideCredentials: Send + Sync + 'static {
    /// The credentials that hold just now.
    fn credentials(&self) -> impl Future<Output = Result<Credentials, BoxError>> + Send;
}

impl ProvideCredentials for Credentials {
    fn credentials(&self) -> impl Future<Output = Result<Self, BoxError>> + Send {
        ready(Ok(self.clone()))
    }
}

impl<F, Fut, E> ProvideCredentials for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credentials, E>> + Send,
    E: Into<BoxError>,
{
    async fn credentials(&self) -> Result<Credentials, BoxError> {
        self().await.map_err(Into::into)
    }
}
