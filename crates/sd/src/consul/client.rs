use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use towerkit_endpoint::Code;
use towerkit_http_client::{HttpClient, ServerUrl};

use super::REGISTRY;
use super::discovery::Discovery;
use super::registration::Registration;
use super::target::Target;
use crate::exchange::{Reply, call, request};
use crate::{Instance, RegistryError};

/// An agent of Consul, and how it is spoken to: where [services](Self::service) are looked up and
/// [registrations](Self::registration) are made.
#[derive(Clone)]
pub struct Consul {
    http: HttpClient,
    address: String,
    token: Option<String>,
    request_timeout: Duration,
}

impl Consul {
    /// By its address, as in `127.0.0.1:8500`, or its URL, as in `http://127.0.0.1:8500`, spoken to over plain HTTP. A URL may have a path, where a
    /// proxy stands in front.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where it is no URL of HTTP, or `https`, which wants [`with_client`](Self::with_client), or holds a user or a query.
    pub fn new(url: &str) -> Result<Self, RegistryError> {
        Self::with_client(url, HttpClient::plain())
    }

    /// By its URL, spoken to by a client of one's own: one that does TLS, or has layers around it.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); of a client that was passed in it is not known whether it can do `https`.
    pub fn with_client(url: &str, http: HttpClient) -> Result<Self, RegistryError> {
        let invalid = |what: &dyn fmt::Display| RegistryError::new(REGISTRY, Code::InvalidArgument, what.to_string());
        // Consul's own tools take an address as well, in `CONSUL_HTTP_ADDR`.
        let url = match url.contains("://") {
            true => Cow::Borrowed(url),
            false => Cow::Owned(format!("http://{}", url.parse::<Instance>().map_err(|error| invalid(&error))?)),
        };
        let url = ServerUrl::parse(&url, &http).and_then(ServerUrl::without_query).map_err(|error| invalid(&error))?;
        if url.user().is_some() {
            return Err(invalid(&"the URL of the agent has a user in it, which Consul does not know of"));
        }
        Ok(Self { http, address: url.to_string(), token: None, request_timeout: Duration::from_secs(5) })
    }

    /// The token that every request bears, in the header `X-Consul-Token`. It stands in no error, and not in `Debug`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// How long a request may take that has nothing to wait for, in place of 5 s.
    #[must_use]
    pub const fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = time;
        self
    }

    /// The instances of a service, by its name.
    #[must_use]
    pub fn service(&self, name: impl Into<String>) -> Discovery {
        Discovery::new(self.clone(), name.into())
    }

    /// The registration of an instance under the name of its service, to be handed to a
    /// [`Registrar`](crate::Registrar).
    #[must_use]
    pub fn registration(&self, name: impl Into<String>) -> Registration {
        Registration::new(self.clone(), name.into())
    }

    pub(super) const fn within(&self) -> Duration {
        self.request_timeout
    }

    /// Asks, and has the whole reply whatever its status is.
    pub(super) async fn ask(
        &self,
        method: Method,
        target: &Target,
        body: Bytes,
        within: Duration,
    ) -> Result<Reply, RegistryError> {
        let invalid = |what| RegistryError::new(REGISTRY, Code::InvalidArgument, what);
        let mut request = request(method, &format!("{}{target}", self.address), body)
            .map_err(|error| invalid(format!("{target} can't be asked for")).with_source(error))?;
        if let Some(token) = &self.token {
            let mut token =
                HeaderValue::from_str(token).map_err(|_| invalid("the token can't stand in a header".to_owned()))?;
            token.set_sensitive(true);
            request.headers_mut().insert("x-consul-token", token);
        }
        call(&self.http, REGISTRY, request, within).await
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consul").field("address", &self.address).finish_non_exhaustive()
    }
}
