//! An issuer of tokens, and what asks it.

use http::{Response, StatusCode};
use towerkit_auth::{Answer, ClientCredentials, CredentialSource, Credentials, HttpClient, NoCredentials};
use towerkit_endpoint::Context;
use towerkit_testing::events::Events;
use towerkit_transport_http::Body;

pub(crate) use crate::issuer_server::SOON;
use crate::issuer_server::{Asked, IssuerServer};

pub(crate) const SECRET: &str = "the-clients-secret";

pub(crate) struct Issuer {
    server: IssuerServer,
    pub(crate) asked: Events<Asked>,
}

impl Issuer {
    /// One that is down, and will give tokens that are good for an hour: `token-1`, `token-2` and so on.
    pub(crate) fn down() -> Self {
        let server = IssuerServer::down(|asked| token(asked.number, 3600));
        Self { asked: server.asked.clone(), server }
    }

    pub(crate) async fn up() -> Self {
        let mut issuer = Self::down();
        issuer.come_up().await;
        issuer
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/oauth/token", self.server.origin())
    }

    pub(crate) fn tokens(&self) -> ClientCredentials {
        ClientCredentials::new(&self.url(), "orders", SECRET, HttpClient::plain()).unwrap()
    }

    /// Says what is answered to the request of a number, from 1 on.
    pub(crate) fn answer(&self, answer: impl Fn(usize) -> Response<Body> + Send + Sync + 'static) {
        self.server.reply(move |asked| answer(asked.number));
    }

    /// Keeps those who ask waiting, or lets them go.
    pub(crate) fn hold(&self, hold: bool) {
        self.server.hold(hold);
    }

    pub(crate) async fn come_up(&mut self) {
        self.server.come_up().await;
    }

    /// Ends, and with it all connections: nobody listens at its port.
    pub(crate) async fn die(&mut self) {
        self.server.die().await;
    }
}

pub(crate) fn json(status: StatusCode, body: impl Into<String>) -> Response<Body> {
    Response::builder().status(status).header("content-type", "application/json").body(Body::from(body.into())).unwrap()
}

pub(crate) fn token(nth: usize, seconds: u64) -> Response<Body> {
    let body = format!(r#"{{"access_token":"token-{nth}","token_type":"bearer","expires_in":{seconds},"scope":"x"}}"#);
    json(StatusCode::OK, body)
}

/// What a call gets.
pub(crate) async fn ask(source: &impl CredentialSource) -> Result<Credentials, NoCredentials> {
    match source.credentials(&Context::new()) {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    }
}

/// The token that a call gets.
pub(crate) async fn get(source: &impl CredentialSource) -> String {
    let credentials = ask(source).await.unwrap();
    credentials.value().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}
