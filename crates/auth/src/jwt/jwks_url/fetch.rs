use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{Request, Response, StatusCode, Uri};
use serde::Deserialize;
use tokio::time::Instant;
use towerkit_http_client::{HttpClient, NoReply, ServerUrl, excerpt};

use super::JwksError;
use super::address::{Address, protected};
use super::freshness::max_age;
use crate::{JwksRules, KeySet, Reason};

/// The longest configuration of an issuer that is read, in bytes.
const LONGEST_CONFIGURATION: usize = 64 * 1024;

/// What asks an issuer for its keys.
pub(super) struct Fetcher {
    pub(super) address: Address,
    pub(super) client: HttpClient,
    /// Where the issuer's configuration says that the keys are.
    pub(super) found: Option<ServerUrl>,
    pub(super) within: Duration,
    pub(super) rules: JwksRules,
}

/// What it gets.
pub(super) struct Fetched {
    pub(super) set: KeySet,
    pub(super) max_age: Option<Duration>,
}

/// Of an issuer's configuration (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    /// Where the keys are is asked anew unless it is on demand, or the last time went wrong: a place that was left may serve the last keys on.
    pub(super) async fn fetch(&mut self, on_demand: bool) -> Result<Fetched, JwksError> {
        if !on_demand {
            self.found = None;
        }
        let fetched = self.fetch_since(Instant::now(), on_demand).await;
        if fetched.is_err() {
            self.found = None;
        }
        fetched
    }

    async fn fetch_since(&mut self, begun: Instant, on_demand: bool) -> Result<Fetched, JwksError> {
        let url = match (&self.address, &self.found) {
            (Address::Keys(url), _) | (_, Some(url)) => url.clone(),
            (Address::Issuer(issuer, url), None) => {
                let found = self.discover(issuer, url, begun, on_demand).await?;
                self.found.insert(found).clone()
            }
        };
        // It was one when it was read.
        let uri = url.uri().map_err(|_| JwksError::Configuration("jwks_uri is no URL".into()))?;
        let accept = "application/jwk-set+json, application/json";
        let reply = self.get(uri, accept, begun, on_demand, KeySet::MAX_BYTES).await?;
        let set = KeySet::from_jwks_with(reply.body(), &self.rules).map_err(JwksError::Invalid)?;
        Ok(Fetched { set, max_age: max_age(reply.headers()) })
    }

    async fn discover(
        &self,
        issuer: &str,
        url: &ServerUrl,
        begun: Instant,
        on_demand: bool,
    ) -> Result<ServerUrl, JwksError> {
        let wrong = |what: &'static str| JwksError::Configuration(what.into());
        let uri = url.below("/.well-known/openid-configuration").map_err(|_| wrong("its URL is too long"))?;
        let reply = self.get(uri, "application/json", begun, on_demand, LONGEST_CONFIGURATION).await?;
        let configuration: Configuration =
            serde_json::from_slice(reply.body()).map_err(|_| wrong("it is no object with an issuer and a jwks_uri"))?;
        if configuration.issuer != issuer {
            let other = Reason::quote(&configuration.issuer);
            return Err(JwksError::Configuration(format!("it is that of another issuer, \"{other}\"").into()));
        }
        let found = protected(&configuration.jwks_uri, &self.client)
            .map_err(|invalid| JwksError::Configuration(format!("jwks_uri: the URL {}", invalid.what()).into()))?;
        // Who else is on this machine speaks for no issuer elsewhere.
        if is_https(url) && !is_https(&found) {
            return Err(wrong("jwks_uri is not https, as the issuer is"));
        }
        Ok(found)
    }

    /// A reply of 200, with all of it.
    async fn get(
        &self,
        uri: Uri,
        accept: &'static str,
        begun: Instant,
        on_demand: bool,
        limit: usize,
    ) -> Result<Response<Bytes>, JwksError> {
        let mut request = Request::get(uri).header(ACCEPT, accept);
        if on_demand {
            // What a cache on the way has does not have the key that is wanted.
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        let request =
            request.body(Bytes::new()).map_err(|error| JwksError::NoReply(NoReply::Unanswered(error.into())))?;
        let left = self.within.saturating_sub(begun.elapsed());
        let reply = self.client.fetch(request, left, limit).await.map_err(|error| {
            // The time is that of both replies.
            JwksError::NoReply(if matches!(error, NoReply::Late(_)) { NoReply::Late(self.within) } else { error })
        })?;
        match reply.status() {
            StatusCode::OK => Ok(reply),
            status if status.is_redirection() => Err(JwksError::Redirected(status)),
            status => Err(JwksError::Status(status, excerpt(reply.body()))),
        }
    }
}

fn is_https(url: &ServerUrl) -> bool {
    url.uri().is_ok_and(|uri| uri.scheme_str() == Some("https"))
}
