//! Kubernetes: the endpoints of a Service, as its API server tells of them in EndpointSlices (`discovery.k8s.io/v1`).
//!
//! ```no_run
//! use towerkit_sd::HttpClient;
//! use towerkit_sd::kubernetes::Kubernetes;
//!
//! # async fn run(with_the_ca_of_the_cluster: HttpClient) -> Result<(), towerkit_endpoint::BoxError> {
//! const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
//! // A client that trusts `ca.crt` of that folder: TLS is not of this crate.
//! let client = with_the_ca_of_the_cluster;
//! let kubernetes = Kubernetes::new("https://kubernetes.default.svc", client)?
//!     .token_file(format!("{ACCOUNT}/token"))
//!     .namespace(std::fs::read_to_string(format!("{ACCOUNT}/namespace"))?);
//!
//! let addsvc = kubernetes.service("addsvc").port("http").instancer();
//! # drop(addsvc);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing of the environment is read, and no file but the token's: where the API server is, and whose namespace it is,
//! the program says. Its service account must be allowed to `list` and to `watch` `endpointslices` of the API group
//! `discovery.k8s.io` in the namespace.
//!
//! There is no registration: Kubernetes itself registers the pods that a Service selects, and takes out those that are
//! not ready. A service of this toolkit has its part in that by its readiness probe, and by going on to serve for a
//! while after it is asked to stop: see `towerkit_lifecycle`'s `Health` and `Linger`.
//!
//! # Settings
//!
//! | of | setting | default |
//! | --- | --- | --- |
//! | [`Kubernetes`] | [`token_file`](Kubernetes::token_file), [`token`](Kubernetes::token) | none |
//! | | [`namespace`](Kubernetes::namespace) | `default` |
//! | | [`request_timeout`](Kubernetes::request_timeout): how long the server may take for a page of the list, to begin a watch, and to end it | 10 s |
//! | | TLS and the CA, layers: those of the [`HttpClient`](crate::HttpClient) | |
//! | [`Discovery`] | [`port`](Discovery::port), [`port_number`](Discovery::port_number) | the only one |
//! | | [`prefer_ipv6`](Discovery::prefer_ipv6) | IPv4 of a service that has both |
//! | | [`terminating_as_last_resort`](Discovery::terminating_as_last_resort) | those that terminate are left out |
//! | | [`watch_timeout`](Discovery::watch_timeout): how long one watch lasts | 2 min |
//! | | [`backoff`](Discovery::backoff) | 100 ms to 10 s |
//!
//! # Which endpoints
//!
//! Those whose condition `ready` is true or unknown (EndpointSlice's documentation, Conditions), at the first of their
//! addresses: they are alike. An endpoint that stands in several slices, as it may while it moves, is one instance.
//! Ports are those of TCP. A service that has several, without a word on which of them, is a failure and not a guess;
//! so is a port that none of its slices has.
//!
//! # What an instance carries
//!
//! | [`Instance`](crate::Instance) | in the EndpointSlice |
//! | --- | --- |
//! | address | `endpoints[].addresses[0]` and `ports[].port` |
//! | id | the name of the pod in `targetRef` |
//! | zone | `zone` |
//! | version | the label `app.kubernetes.io/version` of the Service, which its slices have too |
//! | labels | the other labels of the Service, but for Kubernetes' own, and `node`: the name of the node |
//! | tags, weight | it has none |
//!
//! # What is asked
//!
//! The slices of the service are listed, in pages of 500, and then watched from the version of the list on, with
//! bookmarks, so that nothing falls in between (Kubernetes' documentation, Efficient detection of changes). A watch
//! ends after its time, and the next one begins where it ended. Changes that arrive together are published together.
//!
//! # When something fails
//!
//! * **The watch breaks**: it is taken up where it ended. The last set stands, and where the server can't be reached
//!   the failure is beside it.
//! * **The version is too old** (410 Gone, as a status or as an event): the list is read again. That is no failure.
//! * **The server refuses, or says what can't be understood**: that is a failure, and the list is read again.
//! * **The server takes the connection and says nothing**: a watch that goes on for longer than its time and the
//!   request time has failed, and the list is read again.
//! * All that is tried again is tried with [`RegistryBackoff`](crate::RegistryBackoff), as is a watch that ends as soon as it began.
//! * **The token is refused**: its file is read before each request, so that one that was rotated is taken up with the
//!   next.
//! * **The server sends too much**: 4 MiB of a line, 64 MiB of a page, 10 000 slices, 100 000 endpoints of a service
//!   are a failure. A slice or an endpoint that can't be understood is skipped.
//!
//! The tests of this module run against a small API server of their own, a fake that keeps to what the documentation
//! says of lists and watches, and that Kubernetes' client for Python takes for one; not against a cluster.

mod api;
mod discovery;
mod event;
mod follow;
mod lines;
mod slice;
mod slices;

pub use api::Kubernetes;
pub use discovery::Discovery;

/// What the registry is called in errors.
const REGISTRY: &str = "kubernetes";
