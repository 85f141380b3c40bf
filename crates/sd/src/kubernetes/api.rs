use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use towerkit_endpoint::Code;
use towerkit_http_client::{ReplyBody, ServerUrl, percent_encoded};

use super::{Discovery, REGISTRY};
use crate::exchange::{Reply, call, open, request};
use crate::{HttpClient, RegistryError};

/// An API server, and how it is spoken to.
#[derive(Clone)]
pub struct Kubernetes {
    client: HttpClient,
    /// Without a slash at its end.
    url: String,
    token: Token,
    namespace: String,
    pub(super) request_timeout: Duration,
}

#[derive(Clone)]
enum Token {
    None,
    Fixed(String),
    File(PathBuf),
}

impl Kubernetes {
    /// With the URL of the API server: `https://kubernetes.default.svc` in a cluster, `http://127.0.0.1:8001` where
    /// `kubectl proxy` runs.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where the URL is none of HTTP, or `https` for a client that can't do that, or has credentials or a query.
    pub fn new(url: &str, client: HttpClient) -> Result<Self, RegistryError> {
        let url = ServerUrl::parse(url, &client).and_then(ServerUrl::without_query);
        let url = url.map_err(|error| invalid(error.to_string()))?;
        if url.user().is_some() {
            return Err(invalid("the URL of the server has credentials, and Kubernetes wants a token"));
        }
        let request_timeout = Duration::from_secs(10);
        let url = url.to_string();
        Ok(Self { client, url, token: Token::None, namespace: "default".to_owned(), request_timeout })
    }

    /// The bearer token of a service account, in a file. It is read before each request: Kubernetes writes a new one
    /// there before the old one runs out.
    #[must_use]
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Token::File(path.into());
        self
    }

    /// A bearer token that does not change.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Token::Fixed(token.into());
        self
    }

    /// The namespace of the services, in place of `default`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How long the server may take for a page of the list, to begin a watch, and to end it once its time is over, in
    /// place of 10 s.
    #[must_use]
    pub const fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = time;
        self
    }

    /// The endpoints of a Service, by its name.
    pub fn service(&self, name: impl Into<String>) -> Discovery {
        Discovery::new(self.clone(), name.into())
    }

    /// A page of the slices of a service.
    pub(super) async fn page(&self, service: &str, after: &str) -> Result<Reply, RegistryError> {
        let mut query = vec![("limit", "500")];
        if !after.is_empty() {
            query.push(("continue", after));
        }
        let request = self.request(service, &query).await?;
        call(&self.client, REGISTRY, request, self.request_timeout).await
    }

    /// The changes of the slices of a service since a version, for a time; or what the server says in place of them.
    pub(super) async fn watch(
        &self,
        service: &str,
        version: &str,
        time: Duration,
    ) -> Result<Result<ReplyBody, Reply>, RegistryError> {
        let seconds = time.as_secs().max(1).to_string();
        let query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", &seconds),
        ];
        open(&self.client, REGISTRY, self.request(service, &query).await?, self.request_timeout).await
    }

    async fn request(&self, service: &str, query: &[(&str, &str)]) -> Result<Request<Bytes>, RegistryError> {
        let (url, namespace) = (&self.url, percent_encoded(&self.namespace));
        let selector = format!("kubernetes.io/service-name={service}");
        let mut url = format!(
            "{url}/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector={}",
            percent_encoded(&selector)
        );
        for (name, value) in query {
            url.push_str(&format!("&{name}={}", percent_encoded(value)));
        }
        let mut request = request(Method::GET, &url, Bytes::new())
            .map_err(|error| invalid("no request can be made").with_source(error))?;
        if let Some(authorization) = self.authorization().await? {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        Ok(request)
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, RegistryError> {
        let read;
        let token = match &self.token {
            Token::None => return Ok(None),
            Token::Fixed(token) => token,
            Token::File(path) => {
                read = tokio::fs::read_to_string(path).await.map_err(|error| {
                    let what = format!("the token in {} can't be read", path.display());
                    RegistryError::new(REGISTRY, Code::Unauthenticated, what).with_source(error)
                })?;
                &read
            }
        };
        // What is wrong with it is not said: it would have to be shown.
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| {
            RegistryError::new(REGISTRY, Code::Unauthenticated, "the token is none: it can't stand in a header")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn invalid(what: impl Into<Cow<'static, str>>) -> RegistryError {
    RegistryError::new(REGISTRY, Code::InvalidArgument, what)
}

/// Without the token.
impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Kubernetes");
        debug
            .field("url", &self.url)
            .field("namespace", &self.namespace)
            .field("request_timeout", &self.request_timeout);
        if let Token::File(path) = &self.token {
            debug.field("token_file", path);
        }
        debug.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_of_a_server_is_refused_without_being_shown() {
        for url in ["", "kubernetes", "ftp://secret", "https://a:secret@host", "https://secret?a", "https://"] {
            let error = Kubernetes::new(url, HttpClient::plain()).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn names_are_encoded_and_the_token_is_in_no_text() {
        let kubernetes = Kubernetes::new("http://host/prefix/", HttpClient::plain()).unwrap();
        let kubernetes = kubernetes.namespace("a/../b").token(" hush\n");
        let request = kubernetes.request("c&d,e", &[("continue", "f&g")]).await.unwrap();
        assert_eq!(
            request.uri().to_string(),
            "http://host/prefix/apis/discovery.k8s.io/v1/namespaces/a%2F..%2Fb/endpointslices\
             ?labelSelector=kubernetes.io%2Fservice-name%3Dc%26d%2Ce&continue=f%26g"
        );
        assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer hush");
        let text = format!("{request:?} {kubernetes:?}");
        assert!(!text.contains("hush"), "{text}");

        let error = kubernetes.token("hu\nsh").request("a", &[]).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hu"), "{error:?}");
    }
}
