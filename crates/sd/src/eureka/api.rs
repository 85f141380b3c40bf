use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use towerkit_endpoint::Code;
use towerkit_http_client::{ServerUrl, percent_encoded};

use super::{Discovery, REGISTRY, Registration};
use crate::exchange::{Reply, call, request};
use crate::{HttpClient, RegistryError};

/// The servers of a Eureka, and how they are spoken to. Clones share which of the servers was last seen well.
#[derive(Clone)]
pub struct Eureka {
    client: HttpClient,
    servers: Arc<[Server]>,
    /// The one that is asked first.
    first: Arc<AtomicUsize>,
    authorization: Option<HeaderValue>,
    request_timeout: Duration,
}

struct Server {
    /// Without credentials, and without a slash at its end.
    url: String,
    authorization: Option<HeaderValue>,
}

impl Eureka {
    /// With the URLs of its servers, as their own clients have them: `http://eureka-1:8761/eureka`, spoken to over plain HTTP. They are
    /// peers, and asked in this order, each where the one before it fails. A URL may have credentials:
    /// `http://name:password@eureka-1:8761/eureka`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where there is no server, or a URL is none of HTTP, or `https`, which wants
    /// [`with_client`](Self::with_client), or has a query.
    pub fn new<U: AsRef<str>>(servers: impl IntoIterator<Item = U>) -> Result<Self, RegistryError> {
        Self::with_client(servers, HttpClient::plain())
    }

    /// With the URLs of its servers, spoken to by a client of one's own: one that does TLS, or has layers around it.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); of a client that was passed in it is not known whether it can do `https`.
    pub fn with_client<U: AsRef<str>>(
        servers: impl IntoIterator<Item = U>,
        client: HttpClient,
    ) -> Result<Self, RegistryError> {
        let servers =
            servers.into_iter().map(|url| Server::new(url.as_ref(), &client)).collect::<Result<Arc<[_]>, _>>()?;
        if servers.is_empty() {
            return Err(invalid("it has no server"));
        }
        let first = Arc::new(AtomicUsize::new(0));
        Ok(Self { client, servers, first, authorization: None, request_timeout: Duration::from_secs(3) })
    }

    /// What servers are told whose URL has no credentials of its own: HTTP's basic authentication.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.authorization = Some(basic(name.as_bytes(), password.as_bytes()));
        self
    }

    /// How long one server may take for one answer, in place of 3 s.
    #[must_use]
    pub const fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = time;
        self
    }

    /// The instances of an application.
    pub fn service(&self, name: impl Into<String>) -> Discovery {
        Discovery::new(self.clone(), name.into())
    }

    /// A registration as an instance of an application, for a [`Registrar`](crate::Registrar).
    #[must_use]
    pub fn registration(&self, name: impl Into<String>) -> Registration {
        Registration::new(self.clone(), name.into())
    }

    /// The answer of the first server that has one: a success, or that it does not know of the thing.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Reply, RegistryError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut failure = invalid("it has no server");
        let (before, after) = self.servers.split_at_checked(first).unwrap_or_default();
        for (server, index) in after.iter().chain(before).zip((first..self.servers.len()).chain(0..first)) {
            let mut turn = Turn { eureka: self, index, answered: false };
            match self.ask_one(server, method.clone(), path, body.clone()).await {
                Ok(reply) => {
                    turn.answered = true;
                    return Ok(reply);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn ask_one(&self, server: &Server, method: Method, path: &str, body: Bytes) -> Result<Reply, RegistryError> {
        let mut request = request(method, &format!("{}/{path}", server.url), body)
            .map_err(|error| invalid("no request can be made").with_source(error))?;
        if let Some(authorization) = server.authorization.as_ref().or(self.authorization.as_ref()) {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        let reply = call(&self.client, REGISTRY, request, self.request_timeout).await?;
        if reply.status() == StatusCode::NOT_FOUND { Ok(reply) } else { reply.accepted() }
    }
}

/// While a server is asked. Without an answer, be it that nobody waits for it any more, the next server is the first
/// from then on.
struct Turn<'a> {
    eureka: &'a Eureka,
    index: usize,
    answered: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let next = (self.index + 1) % self.eureka.servers.len().max(1);
            // Where another call has gone on already, that stands.
            let _ = self.eureka.first.compare_exchange(self.index, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl Server {
    fn new(url: &str, client: &HttpClient) -> Result<Self, RegistryError> {
        let url = ServerUrl::parse(url, client).and_then(ServerUrl::without_query);
        let url = url.map_err(|error| invalid(error.to_string()))?;
        let authorization = url.user().map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
            basic(&decoded(name), &decoded(password))
        });
        Ok(Self { url: url.to_string(), authorization })
    }
}

fn basic(name: &[u8], password: &[u8]) -> HeaderValue {
    let value = format!("Basic {}", STANDARD.encode([name, b":", password].concat()));
    // Base64 has nothing that a header may not have.
    let mut value = HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

fn invalid(what: impl Into<Cow<'static, str>>) -> RegistryError {
    RegistryError::new(REGISTRY, Code::InvalidArgument, what)
}

/// The path of an application.
pub(super) fn application(name: &str) -> String {
    format!("apps/{}", percent_encoded(&name.to_uppercase()))
}

/// The path of an instance of an application.
pub(super) fn instance(name: &str, id: &str) -> String {
    format!("{}/{}", application(name), percent_encoded(id))
}

/// Without credentials.
impl fmt::Debug for Eureka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.servers.iter().map(|server| &server.url).collect();
        f.debug_struct("Eureka")
            .field("servers", &servers)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_url_are_in_no_text() {
        let eureka = Eureka::new(["http://us%3Aer:p%40ss@[::1]:8761/eureka/"]).unwrap().user("a", "hush");
        let server = &eureka.servers[0];
        assert_eq!(server.url, "http://[::1]:8761/eureka");
        assert_eq!(server.authorization.as_ref().unwrap(), "Basic dXM6ZXI6cEBzcw==");
        let text = format!("{eureka:?} {:?} {:?}", eureka.authorization, server.authorization);
        assert!(!text.contains("p%40ss") && !text.contains("cEBzcw") && !text.contains("hush"), "{text}");
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused_without_being_shown() {
        for url in [
            "",
            "eureka",
            "eureka:8761",
            "ftp://secret@eureka",
            "http://secret@",
            "http://secret@eureka/?a",
            "http://a:secret/",
        ] {
            let error = Eureka::new([url]).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
        assert!(Eureka::new([""; 0]).is_err());
    }

    #[test]
    fn names_and_ids_are_encoded_in_paths() {
        assert_eq!(instance("add svc", "10.0.0.7:a/b?c:8081"), "apps/ADD%20SVC/10.0.0.7%3Aa%2Fb%3Fc%3A8081");
    }
}
