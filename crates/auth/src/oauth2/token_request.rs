use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Uri};
use towerkit_http_client::{HttpClient, ServerUrl, encoded};

use super::reply;
use super::supply::Failed;
use super::{InvalidTokenUrl, NoToken};
use crate::NoCredentials;
use crate::credentials::Token;

/// The longest reply that is read, in bytes.
const LONGEST_REPLY: usize = 64 * 1024;

/// How a client shows its id and its secret to an issuer (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// By HTTP's basic scheme, which each issuer takes. Both are form-encoded first, as the RFC has it; an issuer that forgets that refuses
    /// ids and secrets with other characters than letters, digits and `-._~`.
    #[default]
    Basic,
    /// In the body, as `client_id` and `client_secret`: where the issuer does not take the other.
    RequestBody,
}

/// What is asked of an issuer, and how.
#[derive(Clone)]
pub(super) struct TokenRequest {
    client: HttpClient,
    pub(super) url: ServerUrl,
    uri: Uri,
    pub(super) client_id: String,
    client_secret: String,
    pub(super) auth: ClientAuth,
    /// With a space between any two.
    pub(super) scope: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) renew_before: Duration,
    pub(super) default_lifetime: Duration,
    pub(super) timeout: Duration,
    pub(super) on_failure: Arc<dyn Fn(&NoToken) + Send + Sync>,
}

impl TokenRequest {
    pub(super) fn new(
        url: &str,
        client_id: String,
        client_secret: String,
        client: HttpClient,
    ) -> Result<Self, InvalidTokenUrl> {
        let url = ServerUrl::read(url, &client)?.without_user()?;
        let uri = url.uri()?;
        Ok(Self {
            client,
            url,
            uri,
            client_id,
            client_secret,
            auth: ClientAuth::default(),
            scope: String::new(),
            params: Vec::new(),
            renew_before: Duration::from_secs(60),
            default_lifetime: Duration::from_secs(300),
            timeout: Duration::from_secs(10),
            on_failure: Arc::new(|_| {}),
        })
    }

    /// Whether nobody on the way reads what is sent: by TLS, or since it does not leave the machine.
    pub(super) fn is_protected(&self) -> bool {
        self.uri.scheme_str() == Some("https") || self.uri.host().is_some_and(is_this_machine)
    }

    pub(super) fn add_scope(&mut self, scope: &str) {
        if !self.scope.is_empty() {
            self.scope.push(' ');
        }
        self.scope.push_str(scope);
    }

    /// Fetches a token. `now` is when it begins: the lifetime is counted from there, since the issuer made the token some time after.
    pub(super) async fn send(&self, now: SystemTime) -> Result<Token, Failed> {
        let mut asked_for = None;
        match self.exchange(&mut asked_for).await {
            Ok(reply::Issued { credentials, lifetime }) => {
                Ok(Token::new(credentials, now, lifetime.unwrap_or(self.default_lifetime), self.renew_before))
            }
            Err(why) => {
                (self.on_failure)(&why);
                Err(Failed { error: NoCredentials::new(why), asked_for })
            }
        }
    }

    async fn exchange(&self, asked_for: &mut Option<Duration>) -> Result<reply::Issued, NoToken> {
        let request = self.http().map_err(|_| NoToken::Lost("the request for a token can't be written"))?;
        let reply = self.client.fetch(request, self.timeout, LONGEST_REPLY).await;
        let reply = reply.map_err(NoToken::NoReply)?;
        if reply.status().is_success() {
            return reply::issued(reply.body());
        }
        *asked_for = reply.headers().get(RETRY_AFTER).and_then(seconds);
        Err(reply::refused(reply.status(), reply.body(), &self.client_secret))
    }

    fn http(&self) -> http::Result<Request<Bytes>> {
        let mut form = Form(String::from("grant_type=client_credentials"));
        if !self.scope.is_empty() {
            form.add("scope", &self.scope);
        }
        for (name, value) in &self.params {
            form.add(name, value);
        }
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        match self.auth {
            ClientAuth::Basic => {
                let pair = format!("{}:{}", encoded(&self.client_id), encoded(&self.client_secret));
                let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            ClientAuth::RequestBody => {
                form.add("client_id", &self.client_id);
                form.add("client_secret", &self.client_secret);
            }
        }
        request.body(form.0.into())
    }
}

/// A body of `application/x-www-form-urlencoded`. A space is `%20` in it, which whoever reads forms understands as well as `+`.
struct Form(String);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push('&');
        self.0.extend(encoded(name));
        self.0.push('=');
        self.0.extend(encoded(value));
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// `retry-after` in seconds (RFC 9110, section 10.2.3).
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Without the secret.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("url", &self.url).finish_non_exhaustive()
    }
}
