//! Where the instances of a service are, which of them gets a call, and how a service says where it is: for any Tower service.
//!
//! # The page to start from
//!
//! An [`Instancer`] tells where the instances are, an [`Endpointer`] connects to each of them once, and a
//! [`Balancer`](balancer::Balancer) is one method of the service on whichever instance is chosen: an ordinary Tower service.
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{BoxEndpoint, DeadlineLayer, Endpoint, Error, endpoint_fn};
//! use towerkit_retry::RetryLayer;
//! use towerkit_sd::balancer::LeastLoaded;
//! use towerkit_sd::{Endpointer, Instancer};
//!
//! # /// In earnest: the client of an HTTP or a gRPC server.
//! # #[derive(Clone)]
//! # struct Client(String);
//! # impl Client {
//! #     fn new(url: &str) -> Result<Self, Error> { Ok(Self(url.to_owned())) }
//! #     fn sum(&self) -> BoxEndpoint<(i64, i64), i64> { endpoint_fn(|(a, b)| async move { Ok::<_, Error>(a + b) }).erased() }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
//! // A list that is written down. In earnest a registry: `consul.service("addsvc").instancer()`.
//! let instancer = Instancer::fixed(["10.0.0.7:8081".parse()?, "10.0.0.8:8081".parse()?]);
//!
//! let addsvc = Endpointer::new(instancer, |instance| Ok(Client::new(&format!("http://{}", instance.address()))?));
//!
//! let sum = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(1)))
//!     .layer(RetryLayer::new().idempotent()) // each attempt goes to another instance
//!     .service(addsvc.balance(LeastLoaded::new(), Client::sum))
//!     .erased();
//!
//! assert_eq!(sum.invoke((1, 2)).await?, 3);
//! # Ok(())
//! # }
//! ```
//!
//! On the other side a [`Registrar`] is a member of the service's run group: it registers the instance, keeps that alive, registers it
//! again when it was lost, and takes it back first of all at the stop.
//!
//! # Registries
//!
//! Each is a feature, and off by default; [`Instancer::fixed`] needs none.
//!
//! | feature | discovers | registers | learns of a change by |
//! | --- | --- | --- | --- |
//! | `file` | [`file`](mod@crate::file): a list in a file | | a look at the file |
//! | `dns` | [`dns`]: SRV records, or addresses | | asking again when the records' time is over |
//! | `consul` | [`consul`]: healthy instances of the catalog | TTL, HTTP or TCP check | a blocking query |
//! | `etcd` | [`etcd`]: keys of etcd v3 | a lease | a watch from the revision that was read |
//! | `eureka` | [`eureka`]: instances that are up | heartbeats | asking again |
//! | `zookeeper` | [`zookeeper`]: children of a node | an ephemeral node | a watch |
//! | `kubernetes` | [`kubernetes`]: EndpointSlices | (Kubernetes does) | a watch |
//! | `mdns` | [`mdns`]: the local link | an announcement | what the others announce |
//!
//! All of them keep the same promises:
//!
//! * What is published is the whole set. The newest is there at once for whoever asks, and a slow reader keeps nobody waiting.
//! * When the registry fails, the last set stands, and [says so](InstancerState::failure). It is used for as long as the user
//!   [likes](EndpointerBuilder::invalidate_on_error), which is for ever unless set.
//! * Whatever breaks (the registry restarts, a watch ends, a lease is lost, the connection is cut) is taken up again by itself, after waits that
//!   [grow](RegistryBackoff). Nothing goes stale in silence, and nothing hammers a registry that is down.
//! * What a registry says is not trusted: a malformed entry is passed over, sizes and times are bounded.
//!
//! A registry of one's own is a function that publishes, see [`Instancer::spawn`], and a [`Register`].
//!
//! # What an operator may rely on
//!
//! * One connection to each instance, shared by all methods; one that vanished is dropped after its calls have ended.
//! * [Passive health](Outliers): an instance whose calls fail, or hang until their deadline, is left out for a while; never more than a share of all of
//!   them.
//! * A call that is repeated avoids the instances that just failed it.
//! * [Filters](filter), a [preferred zone](EndpointerBuilder::prefer_zone), [subsets](EndpointerBuilder::subset) of large fleets,
//!   [slow start](EndpointerBuilder::slow_start).
//! * Each change, failure and ejection is an [event](EndpointerBuilder::on_event), each state of a registration
//!   [can be watched](Registrar::watch).
//!
//! # What is here
//!
//! * [`Instance`] is one running copy of a service; [`Instancer`] tells where they are, as an [`InstancerState`]; a [`Publisher`] is where a
//!   source says so.
//! * [`Endpointer`], made by an [`EndpointerBuilder`], connects to them; [`balancer`] has the ways to choose; [`NoInstance`] is the error of a call
//!   that found none.
//! * [`Registrar`] drives a [`Register`], which is one for each kind of registry.
//! * [`RegistryError`] is what went wrong in a registry, for operators.

pub mod balancer;
#[cfg(feature = "consul")]
pub mod consul;
#[cfg(feature = "dns")]
pub mod dns;
mod endpointer;
mod error;
#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(feature = "eureka")]
pub mod eureka;
#[cfg(any(feature = "consul", feature = "eureka", feature = "kubernetes"))]
mod exchange;
#[cfg(feature = "file")]
pub mod file;
pub mod filter;
mod hash;
mod instance;
mod instancer;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "mdns")]
pub mod mdns;
mod no_instance;
mod register;
mod registrar;
mod registry_backoff;
mod select;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
mod timely;
#[cfg(feature = "zookeeper")]
pub mod zookeeper;

pub use endpointer::{Endpointer, EndpointerBuilder, EndpointerEvent, MemberStatus, Outliers};
pub use error::RegistryError;
pub use instance::{Instance, InvalidAddress, InvalidAdvertised};
pub use instancer::{Instancer, InstancerFailure, InstancerState, Publisher};
pub use no_instance::NoInstance;
pub use register::Register;
pub use registrar::{Registrar, RegistrationState};
pub use registry_backoff::RegistryBackoff;
#[cfg(feature = "http-client")]
pub use towerkit_http_client::HttpClient;
