//! The methods as endpoints: what kind of failure each error is, and the layers around them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tower::ServiceBuilder;
use towerkit::endpoint::{BoxEndpoint, CatchPanicLayer, Classify, Code, DeadlineLayer, Endpoint, method_fn};
use towerkit::log::Logger;

use crate::service::{Address, Profile, ProfileError, ProfileService};

/// The service as endpoints: what a transport serves, and what a client of it has. What is asked begins with the profile's id, and goes on with
/// the address's where there is one.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// [`ProfileService::post_profile`].
    pub post_profile: BoxEndpoint<Profile, ()>,
    /// [`ProfileService::get_profile`].
    pub get_profile: BoxEndpoint<String, Profile>,
    /// [`ProfileService::put_profile`].
    pub put_profile: BoxEndpoint<(String, Profile), ()>,
    /// [`ProfileService::patch_profile`].
    pub patch_profile: BoxEndpoint<(String, Profile), ()>,
    /// [`ProfileService::delete_profile`].
    pub delete_profile: BoxEndpoint<String, ()>,
    /// [`ProfileService::get_addresses`].
    pub get_addresses: BoxEndpoint<String, Vec<Address>>,
    /// [`ProfileService::get_address`].
    pub get_address: BoxEndpoint<(String, String), Address>,
    /// [`ProfileService::post_address`].
    pub post_address: BoxEndpoint<(String, Address), ()>,
    /// [`ProfileService::delete_address`].
    pub delete_address: BoxEndpoint<(String, String), ()>,
}

impl Endpoints {
    /// Serves a service. Each request is a line of the log.
    pub fn new(service: impl ProfileService, log: &Logger) -> Self {
        let s = &Arc::new(service);
        Self {
            post_profile: wrap(s, log, "post_profile", |s, p| async move { s.post_profile(p).await }),
            get_profile: wrap(s, log, "get_profile", |s, id| async move { s.get_profile(id).await }),
            put_profile: wrap(s, log, "put_profile", |s, (id, p)| async move { s.put_profile(id, p).await }),
            patch_profile: wrap(s, log, "patch_profile", |s, (id, p)| async move { s.patch_profile(id, p).await }),
            delete_profile: wrap(s, log, "delete_profile", |s, id| async move { s.delete_profile(id).await }),
            get_addresses: wrap(s, log, "get_addresses", |s, id| async move { s.get_addresses(id).await }),
            get_address: wrap(s, log, "get_address", |s, (id, a)| async move { s.get_address(id, a).await }),
            post_address: wrap(s, log, "post_address", |s, (id, a)| async move { s.post_address(id, a).await }),
            delete_address: wrap(s, log, "delete_address", |s, (id, a)| async move { s.delete_address(id, a).await }),
        }
    }
}

/// A method of a service, with the layers around it, outermost first.
fn wrap<S, T, F, Fut, R>(service: &Arc<S>, log: &Logger, operation: &'static str, method: F) -> BoxEndpoint<T, R>
where
    S: ProfileService,
    T: Send + 'static,
    F: Fn(Arc<S>, T) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<R, ProfileError>> + Send + 'static,
    R: Send + 'static,
{
    ServiceBuilder::new()
        .layer(log.requests(operation))
        .layer(DeadlineLayer::new(Duration::from_secs(5)))
        .layer(CatchPanicLayer::new())
        .service(method_fn(service.clone(), method))
        .erased()
}

impl Classify for ProfileError {
    fn code(&self) -> Code {
        match self {
            Self::AlreadyExists => Code::AlreadyExists,
            Self::NotFound => Code::NotFound,
            Self::InconsistentIds | Self::NoId => Code::InvalidArgument,
            Self::Full => Code::ResourceExhausted,
        }
    }
}
