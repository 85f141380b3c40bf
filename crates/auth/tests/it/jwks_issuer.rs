//! An issuer of keys, and what fetches from it.

use std::future::Future;

use http::{Response, StatusCode};
use towerkit_auth::{JwksEvent, JwksUrl};
use towerkit_http_client::HttpClient;
use towerkit_testing::events::Events;
use towerkit_transport_http::Body;

use crate::issuer_server::{Asked, IssuerServer};
pub(crate) use crate::issuer_server::{Running, SOON};
use crate::jwks_keys::{SigningKey, jwks};

pub(crate) struct Issuer(IssuerServer);

impl Issuer {
    /// One that is down, and will publish nothing.
    pub(crate) fn down() -> Self {
        Self(IssuerServer::down(|_| status(StatusCode::NOT_FOUND)))
    }

    /// One that is up, with keys.
    pub(crate) async fn with<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Self {
        let mut issuer = Self::down();
        issuer.publish(keys);
        issuer.come_up().await;
        issuer
    }

    pub(crate) fn origin(&self) -> String {
        self.0.origin()
    }

    pub(crate) fn keys(&self) -> JwksUrl {
        JwksUrl::new(&format!("{}/jwks.json", self.origin()), HttpClient::plain()).unwrap()
    }

    pub(crate) fn publish<'a>(&self, keys: impl IntoIterator<Item = &'a SigningKey>) {
        let keys = jwks(keys);
        self.answer(move |_| Response::new(keys.clone().into()));
    }

    /// Says what is answered, for a path.
    pub(crate) fn answer(&self, answer: impl Fn(&str) -> Response<Body> + Send + Sync + 'static) {
        self.0.reply(move |asked| answer(asked.path.split('?').next().unwrap_or_default()));
    }

    /// How many requests have come so far.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked.len()
    }

    /// Until so many have come.
    pub(crate) async fn wait_asked(&self, count: usize) {
        self.0.asked.wait_len(count, SOON).await;
    }

    /// How many of them were not to be answered by a cache.
    pub(crate) fn asked_past_caches(&self) -> usize {
        let past = |asked: &&Asked| asked.headers.get("cache-control").is_some_and(|control| control == "no-cache");
        self.0.asked.snapshot().iter().filter(past).count()
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.0.is_up()
    }

    /// Keeps those who ask waiting, or lets them go.
    pub(crate) fn hold(&self, hold: bool) {
        self.0.hold(hold);
    }

    pub(crate) async fn come_up(&mut self) {
        self.0.come_up().await;
    }

    /// Ends, and with it all connections: nobody listens at its port.
    pub(crate) async fn die(&mut self) {
        self.0.die().await;
    }
}

pub(crate) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from("so\nit is"));
    *response.status_mut() = status;
    response
}

/// Has what a set of keys tells.
pub(crate) fn told(keys: JwksUrl) -> (JwksUrl, Events<JwksEvent>) {
    let events = Events::new();
    let tell: Events<JwksEvent> = events.clone();
    (keys.on_event(move |event| tell.push(event.clone())), events)
}

pub(crate) const fn is_refreshed(event: &JwksEvent) -> bool {
    matches!(event, JwksEvent::Refreshed { .. })
}

pub(crate) const fn is_failed(event: &JwksEvent) -> bool {
    matches!(event, JwksEvent::Failed { .. })
}

/// Waits for one that is told after this is called, and not only after it is polled.
pub(crate) fn next(events: &Events<JwksEvent>, is: fn(&JwksEvent) -> bool) -> impl Future<Output = JwksEvent> {
    let before = events.len();
    let told = events.wait_for(move |all| all.iter().skip(before).any(is), SOON);
    async move { told.await.into_iter().skip(before).find(is).unwrap() }
}
