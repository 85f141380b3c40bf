//! etcd, of version 3: instances as keys below a prefix, each bound to a lease.
//!
//! ```no_run
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_sd::etcd::Etcd;
//! use towerkit_sd::{Instancer, Registrar};
//!
//! # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
//! let etcd = Etcd::new(["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"])?;
//!
//! // Who calls:
//! let addsvc: Instancer = etcd.service("addsvc").instancer();
//!
//! // Who is called:
//! let registration = etcd.registration("addsvc").ttl(Duration::from_secs(10));
//! let registrar = Registrar::new(registration, "10.0.0.7:8081".parse()?);
//! Group::new().with(registrar).run().await?;
//! # let _ = addsvc;
//! # Ok(())
//! # }
//! ```
//!
//! # Keys and values
//!
//! The key of an instance is `PREFIX/SERVICE/ID`. Its value holds all that is known of it, as JSON:
//!
//! ```json
//! {"address": "10.0.0.7:8081", "id": "one", "zone": "eu-1a", "version": "1.4.2", "weight": 200, "tags": ["prod"],
//!  "labels": {"team": "blue"}}
//! ```
//!
//! Only the address must be there. A value that is `HOST:PORT`, or a URL with a port, is an instance too, whose id is
//! the rest of its key; a URL is kept as the label `url`. This is what Go kit's registrar writes, and
//! [`Registration::plain_value`] writes what its instancer reads. A value that is neither, or longer than 64 KiB, is
//! left out.
//!
//! # Settings
//!
//! | of [`Etcd`] | default | |
//! | --- | --- | --- |
//! | [`prefix`](Etcd::prefix) | `/services` | what keys begin with |
//! | [`user`](Etcd::user) | none | name and password |
//! | [`tls`](Etcd::tls) | none | certificates |
//! | [`connect_timeout`](Etcd::connect_timeout) | 3 s | limit of a connection |
//! | [`request_timeout`](Etcd::request_timeout) | 3 s | limit of a request |
//! | [`check_interval`](Etcd::check_interval) | 10 s | how long a watch may say nothing, before it is asked |
//! | [`backoff`](Etcd::backoff) | 100 ms to 10 s | waits after failures |
//!
//! | of [`Registration`] | default | |
//! | --- | --- | --- |
//! | [`ttl`](Registration::ttl) | 10 s | what a process that is killed is gone after |
//! | [`plain_value`](Registration::plain_value) | JSON | the address and nothing else |
//!
//! # When things fail
//!
//! * **An instancer** reads the keys at one revision and watches from the next, so that nothing falls between (etcd's
//!   documentation, API, Watch streams). However the watch ends, it waits, reads anew and watches from there. The last
//!   set stands meanwhile, with the failure beside it. So it does not matter whether the revision it had is compacted,
//!   or whether etcd has lost its data and counts from one.
//! * **A connection that is dead** without having ended is noticed: a watch that says nothing is asked for its
//!   progress, which is to come within the time of a request. HTTP/2 pings see to the rest.
//! * **A member that fails**, or has lost the cluster, is left for the next; nothing is asked of two at a time. Reads
//!   go through the leader: no member's past is taken for the present.
//! * **A registration** has one lease of its own. It is renewed three times in its life, and the key is watched: when
//!   the lease is gone, or the key is deleted or bound to no lease, by whomever, the registration is lost, and the
//!   [`Registrar`](crate::Registrar) makes it again. A key that another registration has taken is left to it, until it
//!   goes. It is taken back by revoking the lease, which never deletes what another has written.
//! * **A process that is killed** is gone when its lease runs out.
//! * **A token** that has run out is asked for again.

mod client;
mod discovery;
mod entries;
mod error;
mod link;
mod registration;
mod watch;

pub use client::Etcd;
pub use discovery::Discovery;
pub use etcd_client::{Certificate, Identity, TlsOptions};
pub use registration::Registration;

const REGISTRY: &str = "etcd";
