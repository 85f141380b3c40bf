use http::Method;

use super::base::{Base, InvalidBaseUrl};
use super::template::Template;
use super::{Operation, Pool};

/// A remote HTTP service: its base URL, and what carries requests to it. It makes a [`Client`](crate::Client) for each
/// method of the service.
///
/// Clones share what the transport shares.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
/// use towerkit_transport_http::codec::{Json, Path};
/// use towerkit_transport_http::{Remote, Router, Server};
///
/// #[derive(Serialize, Deserialize)]
/// struct Sum {
///     a: i64,
///     b: i64,
/// }
/// #[derive(Serialize, Deserialize)]
/// struct Total {
///     v: i64,
/// }
/// #[derive(Serialize, Deserialize)]
/// struct GetProfile {
///     id: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The service.
/// let sum = endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(Total { v: sum.a + sum.b }) });
/// let profile = endpoint_fn(|get: GetProfile| async move { Ok::<_, Error>(format!("this is {}", get.id)) });
/// let routes =
///     Router::new().post("/sum", Server::json(sum)).get("/profiles/{id}", Server::new(profile, Path, Json));
///
/// // A transport is any Tower HTTP service; here it is the service itself. Over the network it is a pool, shared by all
/// // clients of the program:
/// //     let remote = Remote::new(&pool, "http://127.0.0.1:8081")?;
/// let remote = Remote::over(routes, "http://addsvc")?;
///
/// let sum: BoxEndpoint<Sum, Total> = remote.post("/sum").json().erased();
/// assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await?.v, 3);
///
/// let profile: BoxEndpoint<GetProfile, String> = remote.get("/profiles/{id}").query().erased();
/// assert_eq!(profile.invoke(GetProfile { id: "a/b".to_owned() }).await?, "this is a/b");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Remote<S> {
    transport: S,
    base: Base,
}

impl Remote<Pool> {
    /// A service that is reached through a pool of connections.
    ///
    /// The base URL has the scheme `http`, or `https` where the pool has TLS, and a host; a port and a path may follow, and the
    /// path then stands before every template.
    ///
    /// # Errors
    ///
    /// Where the text is no such URL.
    pub fn new(pool: &Pool, base_url: &str) -> Result<Self, InvalidBaseUrl> {
        Ok(Self { transport: pool.clone(), base: Base::parse(base_url, pool.schemes)? })
    }

    /// A service that is reached over plain HTTP/1.1, through a pool of its own with the [default settings](Pool::builder). A pool that many share, or
    /// one with settings, goes with [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Where the text is no URL of `http`.
    pub fn plain(base_url: &str) -> Result<Self, InvalidBaseUrl> {
        Self::new(&Pool::builder().build(), base_url)
    }
}

impl<S> Remote<S> {
    /// What carries its requests.
    #[must_use]
    pub const fn transport(&self) -> &S {
        &self.transport
    }

    /// The absolute URL of a path and query of the service: what requests to the transport are made with.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, where it is no path and query.
    pub fn url(&self, target: &str) -> Result<http::Uri, towerkit_endpoint::Error> {
        self.base.at(target)
    }

    pub(crate) const fn base(&self) -> &Base {
        &self.base
    }

    pub(crate) const fn transport_mut(&mut self) -> &mut S {
        &mut self.transport
    }
}

impl<S: Clone> Remote<S> {
    /// A service that is reached through any Tower HTTP service: a pool under layers, a connector for TLS, a
    /// [`Router`](crate::Router) in the same process. It is given requests with an absolute URL.
    ///
    /// # Errors
    ///
    /// Where the text is no base URL, as [`new`](Remote::new) wants it; `https` is allowed as well.
    pub fn over(transport: S, base_url: &str) -> Result<Self, InvalidBaseUrl> {
        Ok(Self { transport, base: Base::parse(base_url, &["http", "https"])? })
    }

    /// The method and the path of an operation. In the path `{name}` stands for a value, percent-encoded, and `{*name}` for
    /// one whose slashes stay.
    ///
    /// # Panics
    ///
    /// Where the template is malformed: a mistake in the program, found as it starts.
    #[must_use]
    #[expect(clippy::panic, reason = "templates are written by the programmer and read at start")]
    pub fn method<T>(&self, method: Method, template: &str) -> Operation<S, T> {
        match Template::parse(template) {
            Ok(parsed) => Operation::new(self.transport.clone(), self.base.clone(), method, parsed),
            Err(reason) => panic!("{template:?} is no path template: {reason}"),
        }
    }

    /// [`method`](Self::method) with GET.
    ///
    /// # Panics
    ///
    /// As [`method`](Self::method) does.
    #[must_use]
    pub fn get<T>(&self, template: &str) -> Operation<S, T> {
        self.method(Method::GET, template)
    }

    /// [`method`](Self::method) with POST.
    ///
    /// # Panics
    ///
    /// As [`method`](Self::method) does.
    #[must_use]
    pub fn post<T>(&self, template: &str) -> Operation<S, T> {
        self.method(Method::POST, template)
    }

    /// [`method`](Self::method) with PUT.
    ///
    /// # Panics
    ///
    /// As [`method`](Self::method) does.
    #[must_use]
    pub fn put<T>(&self, template: &str) -> Operation<S, T> {
        self.method(Method::PUT, template)
    }

    /// [`method`](Self::method) with PATCH.
    ///
    /// # Panics
    ///
    /// As [`method`](Self::method) does.
    #[must_use]
    pub fn patch<T>(&self, template: &str) -> Operation<S, T> {
        self.method(Method::PATCH, template)
    }

    /// [`method`](Self::method) with DELETE.
    ///
    /// # Panics
    ///
    /// As [`method`](Self::method) does.
    #[must_use]
    pub fn delete<T>(&self, template: &str) -> Operation<S, T> {
        self.method(Method::DELETE, template)
    }
}
