//! DNS: the instances are the SRV records of a name (RFC 2782), or the addresses of one.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerkit_sd::RegistryError> {
//! use std::time::Duration;
//! use towerkit_sd::dns::Dns;
//!
//! // Or `Dns::system()?`, which asks whom the machine asks.
//! let dns = Dns::servers(["127.0.0.1:53".parse().unwrap()])?;
//! let addsvc = dns.service("_http._tcp.addsvc.example.")?.instancer();
//!
//! // A name without SRV records, such as a headless service of Kubernetes: each of its addresses, with a port.
//! let profilesvc = dns.hosts("profilesvc.prod.svc.cluster.local.", 8080)?.max_ttl(Duration::from_secs(5)).instancer();
//! # let _ = (addsvc, profilesvc);
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
//! | of a [`Discovery`] | by default | |
//! | --- | --- | --- |
//! | [`every_priority`](Discovery::every_priority) | no | publishes the records of all priorities |
//! | [`resolve_targets`](Discovery::resolve_targets) | no | publishes the addresses of the targets, not their names |
//! | [`ipv4_only`](Discovery::ipv4_only), [`ipv6_only`](Discovery::ipv6_only) | both | which addresses are asked for |
//! | [`missing_is_empty`](Discovery::missing_is_empty) | no | a name that is not there is no failure: it has no instances |
//! | [`min_ttl`](Discovery::min_ttl) | 1 s | the time between two lookups, where the TTL is shorter |
//! | [`max_ttl`](Discovery::max_ttl) | 5 min | the same, where the TTL is longer |
//! | [`timeout`](Discovery::timeout) | 5 s | how long a lookup may take, with all that belongs to it |
//! | [`backoff`](Discovery::backoff) | 100 ms to 10 s | the time between two lookups when they fail |
//!
//! # What is published
//!
//! * **Priority.** RFC 2782 sends callers to the lowest-numbered priority they can reach. Whom they can reach is not
//!   known here: what is published is the lowest number that has a usable record. With `every_priority` it is a label,
//!   `priority`, and the choice is the caller's.
//! * **Weight** is the instance's. A record of weight 0 is to be chosen hardly ever next to others, and counts as 1:
//!   that gives it the share it has in the algorithm of RFC 2782. Where all have 0 there is nothing to choose by, and
//!   all have the weight of an instance that says nothing.
//! * **A target** stays a name, which the connection resolves when it is made; that is what TLS wants, and costs no
//!   more lookups. With `resolve_targets` each of its addresses is an instance, and the name is a label, `target`.
//!   Addresses that come along with the SRV records are not asked for once more. A target that has none is skipped; one
//!   whose lookup fails, fails the whole, since half a set would be published else.
//! * **A record that can't be used** (port 0, a target that no host can have, the address `0.0.0.0`) is skipped. Where
//!   none is left, the answer is a failure.
//! * **The target `.`** says that the service is decidedly not there (RFC 2782): where it is all there is, the set is
//!   empty.
//!
//! DNS holds no zone, version or tags, and has no registration: who runs the name server writes the records.
//!
//! # When it asks
//!
//! When the TTL is over: the least of all records that were used, within `min_ttl` and `max_ttl`. The cache of the
//! resolver is passed over, so nothing is older than that. An answer too long for UDP is asked for by TCP.
//!
//! # When it fails
//!
//! * **No answer, one of failure (SERVFAIL, REFUSED), one that is malformed.** The last set stands, the failure is
//!   told, and it is asked again after a wait that grows, see [`RegistryBackoff`](crate::RegistryBackoff).
//! * **NXDOMAIN, or no records of the type.** The same, with the code `NotFound`: such answers come from broken
//!   resolvers and half-loaded zones too. Where the server is trusted to take names away, as Consul's is for a service
//!   without healthy instances, `missing_is_empty` makes it the empty set. It is asked again as after a failure,
//!   whatever the TTL of the refusal, so that a service that comes back is seen soon.
//! * **The server is back.** The next lookup finds it: after at most the longest wait, 10 s by default.

mod client;
mod discovery;
mod follow;
mod hosts;
mod lookup;
mod srv;

pub use client::Dns;
pub use discovery::Discovery;
pub use hosts::Hosts;
pub use srv::Srv;
