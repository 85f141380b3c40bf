//! The service, wherever its instances are: one after the other is called.
//!
//! ```no_run
//! use profilesvc::client;
//! use towerkit::endpoint::Endpoint;
//! use towerkit::sd::Instancer;
//! use towerkit::sd::consul::Consul;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit::endpoint::BoxError> {
//! let service = client::connect(Instancer::fixed(["127.0.0.1:8086".parse()?, "127.0.0.1:9086".parse()?]));
//! let service = client::connect(client::instancer(&Consul::new("127.0.0.1:8500")?)); // or as Consul says
//! println!("{:?}", service.get_profile.invoke("1234".to_owned()).await?);
//! # Ok(())
//! # }
//! ```
//!
//! A call is made up to three times, and takes half a second in all. A status that is none of success is an error, with the code that the service gave it.
//!
//! # What is repeated
//!
//! Reading, replacing, changing and removing are, whatever went wrong on the way: done twice they leave what they leave done once (RFC 9110,
//! section 9.2.2; a patch here says what is to be, and not what is to be added). But whoever removes something may be told that it is not found,
//! where the reply to an earlier attempt was lost.
//!
//! What is posted is sent again only where it is certain that it did not arrive. A second attempt would add nothing either, and yet be told that
//! it exists: the caller could not tell its own profile from another's.

use std::time::Duration;

use tower::{ServiceBuilder, ServiceExt};
use towerkit::endpoint::{BoxEndpoint, DeadlineLayer, Endpoint, Error, Request};
use towerkit::retry::RetryLayer;
use towerkit::sd::balancer::RoundRobin;
use towerkit::sd::consul::Consul;
use towerkit::sd::{Endpointer, Instancer};
use towerkit::transport::http::codec::{Empty, Json, Path};
use towerkit::transport::http::{Pool, Remote};

use crate::endpoint::Endpoints;
use crate::transport::{ADDRESS, ADDRESSES, AddressesReply, PROFILE, PROFILES};

/// What the service is called in Consul.
pub const NAME: &str = "profilesvc";

/// The tag that its instances have there.
pub const TAG: &str = "prod";

/// The healthy instances in Consul. It is called within a Tokio runtime.
#[must_use]
pub fn instancer(consul: &Consul) -> Instancer {
    consul.service(NAME).tag(TAG).instancer()
}

/// The service at all instances that there are. It is called within a Tokio runtime.
#[must_use]
pub fn connect(instancer: Instancer) -> Endpoints {
    let pool = Pool::new();
    let fleet = Endpointer::new(instancer, move |one| Ok(Remote::new(&pool, &format!("http://{one}"))?));
    let unsent = RetryLayer::new().attempts(3).elsewhere();
    let any = unsent.clone().idempotent();
    Endpoints {
        post_profile: method(&fleet, &unsent, |one| one.post(PROFILES).codecs(Json, Empty)),
        get_profile: method(&fleet, &any, |one| one.get(PROFILE).codecs(Path, Json.under("profile"))),
        put_profile: method(&fleet, &any, |one| one.put(PROFILE).codecs((Path, Json), Empty)),
        patch_profile: method(&fleet, &any, |one| one.patch(PROFILE).codecs((Path, Json), Empty)),
        delete_profile: method(&fleet, &any, |one| one.delete(PROFILE).codecs(Path, Empty)),
        get_addresses: method(&fleet, &any, |one| {
            one.get(ADDRESSES).codecs(Path, Json).map_response(|reply: AddressesReply| reply.addresses)
        }),
        get_address: method(&fleet, &any, |one| one.get(ADDRESS).codecs(Path, Json.under("address"))),
        post_address: method(&fleet, &unsent, |one| one.post(ADDRESSES).codecs((Path, Json), Empty)),
        delete_address: method(&fleet, &any, |one| one.delete(ADDRESS).codecs(Path, Empty)),
    }
}

/// A method of the service, on one instance after the other.
fn method<T: Clone + Send + Sync + 'static, E: Endpoint<T, Failure = Error>>(
    fleet: &Endpointer<Remote<Pool>>,
    attempts: &RetryLayer,
    method: impl Fn(&Remote<Pool>) -> E + Send + Sync + 'static,
) -> BoxEndpoint<T, E::Reply> {
    ServiceBuilder::new()
        // What came with a request that is being served is not for others; the time that is left is.
        .map_request(Request::<T>::outgoing)
        .layer(DeadlineLayer::new(Duration::from_millis(500)))
        .layer(attempts.clone())
        .service(fleet.balance(RoundRobin::new(), method))
        .erased()
}
