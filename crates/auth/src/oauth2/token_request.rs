use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Uri};
use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl, percent_encoded};

use super::NoToken;
use super::reply;
use super::secrets::Secrets;
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
    /// None of them is a secret.
    pub(super) audiences: Vec<String>,
    /// Any of them may be one.
    pub(super) params: Vec<(String, String)>,
    pub(super) renew_before: Duration,
    pub(super) default_lifetime: Duration,
    pub(super) timeout: Duration,
    pub(super) on_failure: Arc<dyn Fn(&NoToken) + Send + Sync>,
}

impl TokenRequest {
    pub(super) fn new(
        url: ServerUrl,
        client_id: String,
        client_secret: String,
        client: HttpClient,
    ) -> Result<Self, InvalidUrl> {
        let uri = url.uri()?;
        Ok(Self {
            client,
            url,
            uri,
            client_id,
            client_secret,
            auth: ClientAuth::default(),
            scope: String::new(),
            audiences: Vec::new(),
            params: Vec::new(),
            renew_before: Duration::from_secs(60),
            default_lifetime: Duration::from_secs(300),
            timeout: Duration::from_secs(10),
            on_failure: Arc::new(|_| {}),
        })
    }

    pub(super) fn add_scope(&mut self, scope: &str) {
        if !self.scope.is_empty() {
            self.scope.push(' ');
        }
        self.scope.push_str(scope);
    }

    /// Fetches a token. `now` is when it begins: the lifetime is counted from there, since the issuer made the token some time after.
    ///
    /// Where there is none the issuer may have asked for a pause.
    pub(super) async fn send(&self, now: SystemTime, asked_for: &mut Option<Duration>) -> Result<Token, NoToken> {
        let reply::Issued { credentials, lifetime } = self.exchange(asked_for).await?;
        Ok(Token::new(credentials, now, lifetime.unwrap_or(self.default_lifetime), self.renew_before))
    }

    async fn exchange(&self, asked_for: &mut Option<Duration>) -> Result<reply::Issued, NoToken> {
        let request = self.http().map_err(|_| NoToken::Lost("the request for a token can't be written"))?;
        let reply = self.client.fetch(request, self.timeout, LONGEST_REPLY).await;
        let reply = reply.map_err(NoToken::NoReply)?;
        if reply.status().is_success() {
            return reply::issued(reply.body());
        }
        *asked_for = reply.headers().get(RETRY_AFTER).and_then(seconds);
        Err(reply::refused(reply.status(), reply.body(), &self.secrets()))
    }

    /// What must not be shown of that which is sent, in all forms that it has there.
    fn secrets(&self) -> Secrets {
        let plain = self.params.iter().map(|(_, value)| value).chain([&self.client_secret]);
        let forms = plain.flat_map(|secret| [secret.clone(), percent_encoded(secret).collect()]);
        // It is found with its padding and without.
        Secrets::new(forms.chain([self.basic().trim_end_matches('=').to_owned()]))
    }

    fn basic(&self) -> String {
        STANDARD.encode(format!("{}:{}", percent_encoded(&self.client_id), percent_encoded(&self.client_secret)))
    }

    fn http(&self) -> http::Result<Request<Bytes>> {
        let mut form = Form(String::from("grant_type=client_credentials"));
        if !self.scope.is_empty() {
            form.add("scope", &self.scope);
        }
        for audience in &self.audiences {
            form.add("audience", audience);
        }
        for (name, value) in &self.params {
            form.add(name, value);
        }
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        match self.auth {
            ClientAuth::Basic => {
                let mut value = HeaderValue::try_from(format!("Basic {}", self.basic()))?;
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
        self.0.extend(percent_encoded(name));
        self.0.push('=');
        self.0.extend(percent_encoded(value));
    }
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
