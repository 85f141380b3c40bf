//! Consul, by HashiCorp: its catalogue is watched, and an instance is registered at its agent.
//!
//! ```no_run
//! use std::time::Duration;
//! use towerkit_sd::consul::Consul;
//! use towerkit_sd::Registrar;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let consul = Consul::new("http://127.0.0.1:8500")?;
//!
//! // Where the healthy ones are that have this tag.
//! let mut addsvc = consul.service("addsvc").tag("prod").instancer();
//! println!("{:?}", addsvc.known().await.instances());
//!
//! // We are one of them for as long as this is run, in a `towerkit_lifecycle::Group`.
//! let registration = consul.registration("addsvc").ttl(Duration::from_secs(10));
//! let registrar = Registrar::new(registration, "10.0.0.7:8081".parse()?);
//! # drop(registrar);
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
//! | of | setting | default |
//! |---|---|---|
//! | [`Consul`] | [`with_client`](Consul::with_client): TLS, layers | plain HTTP |
//! | | [`token`](Consul::token): the header `X-Consul-Token` | none |
//! | | [`request_timeout`](Consul::request_timeout): for a request that has nothing to wait for | 5 s |
//! | [`Discovery`] | [`tag`](Discovery::tag): all that are given must be there, case matters | any |
//! | | [`any_health`](Discovery::any_health): those as well whose checks don't pass | passing only |
//! | | [`datacenter`](Discovery::datacenter), [`near`](Discovery::near), [`filter`](Discovery::filter) | the agent's, none, none |
//! | | [`consistency`](Discovery::consistency) | [`Default`](Consistency::Default) |
//! | | [`wait`](Discovery::wait): for how long a query without news is held | 60 s |
//! | [`Registration`] | [`ttl`](Registration::ttl): heartbeats at a third of it | 15 s |
//! | | [`http_check`](Registration::http_check), [`tcp_check`](Registration::tcp_check): Consul looks, in place of heartbeats | |
//! | | [`deregister_after`](Registration::deregister_after): critical for so long, it is taken out | 10 TTL, 1 min at least; 10 min |
//!
//! # What becomes of an instance
//!
//! | here | in Consul |
//! |---|---|
//! | address | `Service.Address` and `Service.Port`; where that has no address, `Node.Address` |
//! | id | `Service.ID`; ours is NAME-HOST-PORT unless the instance has an id. One agent has an id once: two services that are one process need two |
//! | tags | `Service.Tags` |
//! | zone, version | `Service.Meta.zone`, `Service.Meta.version` |
//! | weight | `Service.Weights.Passing`, times 100: what Consul writes by itself is 1, and here it is 100. A weight that is no multiple of 100 stands in `Service.Meta.weight` too, which goes before |
//! | labels | the rest of `Service.Meta`. Consul takes 64 of them, of letters, digits, `-` and `_`, and 512 bytes of value |
//!
//! An entry without a port, or that can't be read, is left out.
//!
//! # What happens when
//!
//! - **Something changes.** Consul answers the query that it holds (a blocking query), and the new set is there at
//!   once. After five answers in a row there is one query a second, until it is quiet again. The index follows Consul's
//!   documentation, "Blocking Queries".
//! - **Consul can't be reached, or answers an error.** The set stands, the failure is told, and it is asked again after
//!   100 ms to 10 s. A connection that has died without a word is found after [`wait`](Discovery::wait), a sixteenth of
//!   it, and [`request_timeout`](Consul::request_timeout).
//! - **Consul comes back with nothing in it.** The set is empty as it says, until those that are registered have come
//!   back: ours by the next heartbeat.
//! - **The process is killed.** It is out of the set after its TTL, or when Consul's check fails; out of the catalogue
//!   after [`deregister_after`](Registration::deregister_after).
//! - **The registration is gone**, by another's hand or with the agent's data. The next heartbeat finds out, or where
//!   Consul does the check, a look each 5 s; and it is made again. A heartbeat that fails is tried again, and when the
//!   TTL is over the registration counts as lost.
//! - **The token is refused.** `PermissionDenied`. A token that may see nothing gets an empty answer from Consul, which
//!   says so, and that is `PermissionDenied` too; but without any token an answer that is empty for lack of rights
//!   can't be told from another.

mod check;
mod client;
mod discovery;
mod entry;
mod index;
mod pace;
mod registration;
mod target;
mod watch;

pub use client::Consul;
pub use discovery::{Consistency, Discovery};
pub use registration::Registration;

/// What errors call it.
const REGISTRY: &str = "consul";

// What stands in the metadata of a service.
const ZONE: &str = "zone";
const VERSION: &str = "version";
const WEIGHT: &str = "weight";
