//! OAuth 2.0 (RFC 6749), as a client that calls in its own name.

mod backoff;
mod fetch;
mod no_token;
mod reply;
mod secrets;
mod supply;
mod token_request;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::Context;
use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl};

use fetch::{Ask, Issuer};
pub use no_token::NoToken;
pub use token_request::ClientAuth;
use token_request::TokenRequest;

use crate::{Answer, CredentialSource, Credentials, NoCredentials};

/// Tokens of an issuer for a client that calls in its own name: the client credentials grant (RFC 6749, section 4.4).
///
/// It is what [`CredentialsLayer`](crate::CredentialsLayer) is given.
///
/// ```
/// use std::time::Duration;
///
/// use towerkit_auth::{ClientCredentials, CredentialsLayer, HttpClient};
///
/// # fn main() -> Result<(), towerkit_auth::InvalidUrl> {
/// // In earnest one that does TLS, such as the `Pool` of towerkit-transport-http.
/// let client = HttpClient::plain();
///
/// let tokens = ClientCredentials::new("http://127.0.0.1:8080/oauth/token", "orders", "the client's secret", client)?
///     .scope("add:read")
///     .audience("https://add.example")
///     .on_failure(|why| eprintln!("no token: {why}"));
///
/// let credentials = CredentialsLayer::new(tokens); // one for all stacks: its clones share the token
/// # let _ = credentials;
/// # Ok(())
/// # }
/// ```
///
/// # When a token is fetched
///
/// | there is | a call |
/// | --- | --- |
/// | a token | has it |
/// | one that expires [soon](Self::renew_before) | has it, and the first of them has a new one fetched meanwhile |
/// | none, or an expired one | waits for a fetch; all wait for the same one |
/// | the same, and a fetch has just failed | fails at once, with the same cause and when to try again |
/// | one that a service has rejected | waits for a new one; not more often than every 10 s, else it has the old one |
///
/// So an issuer that is down is not noticed before the token expires, but by [`on_failure`](Self::on_failure). After a failure the next fetch is made 0.5 s later
/// at the earliest; the pause doubles up to 10 s, and is as long as a `retry-after` asks for, up to 5 min.
///
/// A fetch is a task on the runtime of the call that began it: a caller who goes away does not end it for the others. It is bounded in
/// [time](Self::timeout) and, to 64 KiB, in size. Redirects are not followed, and a client that is passed in must not follow them either: the secret is for the one issuer.
///
/// What a call costs while there is a token: a lock that is held for some 50 ns, and no allocation.
pub struct ClientCredentials {
    issuer: Issuer,
}

impl ClientCredentials {
    /// From the token endpoint at a URL, which is `https`, or `http` on this machine (`127.0.0.1`, `[::1]`, `localhost`). It may have a query (RFC 6749, section 3.2).
    ///
    /// # Errors
    ///
    /// Where the URL is none that the client can reach, has credentials in it, or is a plain one to another machine.
    pub fn new(
        token_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        client: HttpClient,
    ) -> Result<Self, InvalidUrl> {
        let url = ServerUrl::parse(token_url, &client)?.protected()?;
        Self::at(url, client_id.into(), client_secret.into(), client)
    }

    /// The same, where the URL may be a plain one to any machine. Whoever is on the way reads the secret and the tokens: it is for networks that encrypt by themselves.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new), but the last.
    pub fn over_plain_http(
        token_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        client: HttpClient,
    ) -> Result<Self, InvalidUrl> {
        let url = ServerUrl::parse(token_url, &client)?;
        Self::at(url, client_id.into(), client_secret.into(), client)
    }

    fn at(url: ServerUrl, id: String, secret: String, client: HttpClient) -> Result<Self, InvalidUrl> {
        Ok(Self { issuer: Issuer::new(TokenRequest::new(url.without_user()?, id, secret, client)?) })
    }

    /// Asks for a scope (RFC 6749, section 3.3); several, where there are spaces in it, or by several calls. At first none is asked for, and the issuer decides.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.set(|request| request.add_scope(scope))
    }

    /// Says for which service the tokens are, as some issuers ask for it: the parameter `audience`. Others have `resource` (RFC 8707), by [`param`](Self::param).
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.set(|request| request.audiences.push(audience))
    }

    /// Adds a parameter of the request's body that the issuer wants. One of the same name stands beside it.
    ///
    /// Its value may be a secret, and so is cut out of [what an issuer says](NoToken::Refused), as is the client's secret.
    #[must_use]
    pub fn param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let param = (name.into(), value.into());
        self.set(|request| request.params.push(param))
    }

    /// Says how the id and the secret are sent. Without it: [`ClientAuth::Basic`].
    #[must_use]
    pub fn client_auth(self, auth: ClientAuth) -> Self {
        self.set(|request| request.auth = auth)
    }

    /// How long before its end a token is renewed. Without it: 60 s. It is in the last quarter of its lifetime, whatever this says.
    #[must_use]
    pub fn renew_before(self, end: Duration) -> Self {
        self.set(|request| request.renew_before = end)
    }

    /// For how long a token is good of which the issuer does not say it by `expires_in`. Without it: 5 min.
    #[must_use]
    pub fn default_lifetime(self, lifetime: Duration) -> Self {
        self.set(|request| request.default_lifetime = lifetime)
    }

    /// How long a fetch may take, from the connection to the end of the reply. Without it: 10 s.
    #[must_use]
    pub fn timeout(self, within: Duration) -> Self {
        self.set(|request| request.timeout = within)
    }

    /// Tells of each fetch that fails, also of those that no call waits for; at first nobody is told. There is no secret in it.
    ///
    /// The function runs in the fetch's task, and so outside of any request. Where it panics the fetch has failed all the same.
    #[must_use]
    pub fn on_failure(self, tell: impl Fn(&NoToken) + Send + Sync + 'static) -> Self {
        self.set(|request| request.on_failure = Arc::new(tell))
    }

    fn set(mut self, change: impl FnOnce(&mut TokenRequest)) -> Self {
        change(Arc::make_mut(&mut self.issuer.request));
        self
    }
}

impl CredentialSource for ClientCredentials {
    fn credentials(&self, _: &Context) -> Answer<Credentials, NoCredentials> {
        match self.issuer.ask() {
            Ask::Now(outcome) => Answer::Now(outcome),
            Ask::Later(fetched) => {
                let issuer = self.issuer.clone();
                Answer::later(async move { issuer.wait(fetched).await })
            }
        }
    }

    fn rejected(&self, credentials: &Credentials) {
        self.issuer.rejected(credentials);
    }
}

/// Without the secret and the token.
impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TokenRequest { url, client_id, scope, auth, .. } = &*self.issuer.request;
        f.debug_struct("ClientCredentials")
            .field("url", url)
            .field("client_id", client_id)
            .field("scope", scope)
            .field("auth", auth)
            .finish_non_exhaustive()
    }
}
