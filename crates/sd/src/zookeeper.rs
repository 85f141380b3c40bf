//! ZooKeeper, from version 3.6 on: instances as ephemeral nodes below a path.
//!
//! ```no_run
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_sd::zookeeper::ZooKeeper;
//! use towerkit_sd::{Instancer, Registrar};
//!
//! # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
//! let zookeeper = ZooKeeper::new(["10.0.0.1:2181", "10.0.0.2:2181", "10.0.0.3:2181"])?;
//!
//! // Who calls:
//! let addsvc: Instancer = zookeeper.service("addsvc").instancer();
//!
//! // Who is called:
//! let registrar = Registrar::new(zookeeper.registration("addsvc"), "10.0.0.7:8081".parse()?);
//! Group::new().with(registrar).run().await?;
//! # let _ = addsvc;
//! # Ok(())
//! # }
//! ```
//!
//! # Nodes and data
//!
//! An instance is a node `PATH/SERVICE/_c_TOKEN-NUMBER`: ephemeral, so that it goes with the session that made it;
//! sequential, so that no other is in its way; and with a token of its own, by which it is found again when the answer
//! to its creation was lost. Its data is all that is known of the instance, as JSON:
//!
//! ```json
//! {"address": "10.0.0.7:8081", "id": "one", "zone": "eu-1a", "version": "1.4.2", "weight": 200, "tags": ["prod"],
//!  "labels": {"team": "blue"}}
//! ```
//!
//! Only the address must be there. Data that is `HOST:PORT`, or a URL with a port, is an instance too; a URL is kept as
//! the label `url`. This is what Go kit's registrar writes, and [`Registration::plain_value`] writes what its instancer
//! reads. Data that is neither, or longer than 64 KiB, is left out, as is a node that may not be read.
//!
//! # Settings
//!
//! | of [`ZooKeeper`] | default | |
//! | --- | --- | --- |
//! | [`path`](ZooKeeper::path) | `/services` | what the nodes of all services are below |
//! | [`digest`](ZooKeeper::digest) | none | user and password |
//! | [`session_timeout`](ZooKeeper::session_timeout) | 10 s | what a process that is killed is gone after |
//! | [`connect_timeout`](ZooKeeper::connect_timeout) | 3 s | limit of the making of a session |
//! | [`request_timeout`](ZooKeeper::request_timeout) | 3 s | limit of a request |
//! | [`check_interval`](ZooKeeper::check_interval) | 10 s | how long a watch may say nothing, before the session is tried |
//! | [`backoff`](ZooKeeper::backoff) | 100 ms to 10 s | waits after failures |
//!
//! | of [`Registration`] | default | |
//! | --- | --- | --- |
//! | [`acls`](Registration::acls) | all to anyone | who may do what with the nodes it makes |
//! | [`plain_value`](Registration::plain_value) | JSON | the address and nothing else |
//!
//! # When things fail
//!
//! * **An instancer** sets one watch on the path and all below it, and then reads, so that nothing falls between; an
//!   event does not use the watch up. A path that is not there is an empty set, and is watched as well.
//! * **A connection that is lost** is made again by the session, to any of the servers. What happened meanwhile such a
//!   watch does not tell (ZOOKEEPER-4698), so it is set and all is read anew. The last set stands until then, with the
//!   failure beside it. A connection that is dead without having ended is noticed by the session's own pings, within
//!   two fifths of its timeout.
//! * **A session that has expired** is followed by a new one, with the same consequences.
//! * **A registration** has a session of its own. When that expires, or its node is deleted or written to by somebody
//!   else, it is lost, and the [`Registrar`](crate::Registrar) makes it again. It is taken back by deleting its node,
//!   and any of the same token that an earlier try has left, and by closing the session.
//! * **A process that is killed** is gone when its session times out. One whose registrar alone is dropped is gone at
//!   once: its session is closed.
//!
//! A session that is dropped while it is not connected ends by itself within its timeout, not at once: until then the
//! client's library goes on looking for a server.

mod client;
mod discovery;
mod error;
mod nodes;
mod registration;
mod session;
mod watch;

pub use client::ZooKeeper;
pub use discovery::Discovery;
pub use registration::Registration;
pub use zookeeper_client::{Acl, AuthId, Permission};

const REGISTRY: &str = "zookeeper";
