//! Netflix's Eureka, over its HTTP interface with JSON: whom it knows, and registering there.
//!
//! ```no_run
//! use towerkit_lifecycle::Group;
//! use towerkit_sd::eureka::Eureka;
//! use towerkit_sd::Registrar;
//!
//! # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
//! let eureka = Eureka::new(["http://eureka-1:8761/eureka", "http://eureka-2:8761/eureka"])?
//!     .user("addsvc", "secret");
//!
//! // Who calls addsvc:
//! let addsvc = eureka.service("addsvc").instancer();
//!
//! // Who is addsvc:
//! let registrar = Registrar::new(eureka.registration("addsvc"), "10.0.0.7:8081".parse()?);
//! let group = Group::new().with(registrar); // after the servers
//! # drop(addsvc);
//! # group.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
//! | of | setting | default |
//! | --- | --- | --- |
//! | [`Eureka`] | [`user`](Eureka::user), for servers whose URL has none | none |
//! | | [`request_timeout`](Eureka::request_timeout): how long one server may take to answer | 3 s |
//! | | [`with_client`](Eureka::with_client): TLS, layers | plain HTTP |
//! | [`Discovery`] | [`interval`](Discovery::interval): how often the registry is asked | 30 s |
//! | | [`include`](Discovery::include): instances of which status count, beside UP | none |
//! | | [`secure_port`](Discovery::secure_port) | the plain port |
//! | | [`host_name`](Discovery::host_name) | the IP address |
//! | | [`hold_when_gone`](Discovery::hold_when_gone): how long the last set stands when the registry knows of no instance any more | 90 s |
//! | | [`backoff`](Discovery::backoff) | 100 ms to 10 s |
//! | [`Registration`] | [`ttl`](Registration::ttl): after how long without a renewal it runs out | 90 s |
//! | | [`renewal`](Registration::renewal): how often it is renewed | 30 s |
//! | | [`status`](Registration::status) | UP |
//! | | [`secure_port`](Registration::secure_port): the port of the instance speaks TLS | no |
//!
//! The interval of the poll and those of the lease are those of Netflix's own client.
//!
//! # What is asked
//!
//! An instancer asks for its one application, and is told the whole of it each time. Netflix's client keeps a copy of
//! the whole registry and asks what has changed; whoever calls a few services of a registry of hundreds gets less to
//! read this way, and has no copy that may differ from what it was copied from. Instancers of several services share
//! the client and its connections, and nothing else.
//!
//! A change is seen after the poll interval at the latest, and after what the servers add to it: they answer from a
//! cache that is up to 30 s old, unless they are told otherwise (`eureka.server.use-read-only-response-cache`).
//!
//! # Which instances
//!
//! Those of the status UP. The status is what the server says it is: one that an operator has overridden, to take an
//! instance out of the traffic, counts for what it is overridden with. An instance without a usable address, or whose
//! port is disabled, is left out; an entry that can't be understood is skipped, and where none of them can, that is a
//! failure.
//!
//! # What an instance carries
//!
//! | [`Instance`](crate::Instance) | in Eureka | |
//! | --- | --- | --- |
//! | address | `ipAddr`, `hostName`, `port`, `securePort` | a host name stands in both where there is no IP address |
//! | id | `instanceId` | `HOST:NAME:PORT` where it has none, as in Spring Cloud |
//! | zone | metadata `zone`, as in Spring Cloud | else the availability zone that Amazon's data centre info has |
//! | version | metadata `version` | |
//! | weight | metadata `weight`, as in Spring Cloud | not written where it is the default |
//! | tags | metadata `tags`, with commas between | one that has a comma comes back as two; 256 are read |
//! | labels | the rest of the metadata | one that has a name of the above is not written where the field says something |
//!
//! An application's name is turned to upper case, as Eureka does; its name as given is the VIP address, by which Spring
//! Cloud's clients look for it. Names and ids stand in paths percent-encoded. Tomcat, which is what serves Spring's
//! Eureka, takes none with a `/`. A label without a name, and control characters, are refused: Eureka would take them,
//! and write XML that no other client can read.
//!
//! # When something fails
//!
//! * **A server** that can't be reached, takes too long, or refuses: the next one is asked, and stays the first to be
//!   asked until it fails.
//! * **All servers**: the last set stands, with the failure beside it; they are asked again with
//!   [`RegistryBackoff`](crate::RegistryBackoff).
//! * **The registry was restarted, and is empty**: it knows of nobody until they have all registered anew, at their
//!   next renewal. The last set stands for the time of [`hold_when_gone`](Discovery::hold_when_gone), with a failure
//!   beside it that says so, and only then is it believed that there is no instance left. A set that is smaller, but
//!   not empty, is believed at once.
//! * **The registration is lost**, which a renewal is told by a 404: it is registered again (Netflix's documentation,
//!   Eureka REST operations).
//! * **The registry can't be reached for renewals**: they are tried again with backoff. After the duration of the lease
//!   it counts as lost.
//! * **A process that dies** is evicted once its lease has run out: Eureka's servers give it about twice its duration,
//!   and keep it in any case while they preserve themselves, which is when many instances stop renewing at once.

mod api;
mod discovery;
mod entry;
mod registration;
mod status;

pub use api::Eureka;
pub use discovery::Discovery;
pub use registration::Registration;
pub use status::Status;

/// What the registry is called in errors.
const REGISTRY: &str = "eureka";
