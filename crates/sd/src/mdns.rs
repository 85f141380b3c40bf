//! mDNS: instances on one network segment find each other without a registry (RFC 6762, and RFC 6763 for services).
//!
//! For a laptop, or a lab. What it says goes to everybody on the segment, and everybody there can say anything.
//!
//! ```no_run
//! # async fn main_() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use towerkit_lifecycle::Group;
//! use towerkit_sd::Registrar;
//! use towerkit_sd::mdns::{Interfaces, Mdns};
//!
//! let mdns = Mdns::new(Interfaces::Loopback);
//! let addsvc = mdns.service("addsvc")?.instancer(); // `_addsvc._tcp.local.`
//!
//! let registrar = Registrar::new(mdns.registration("profilesvc")?, "127.0.0.1:8081".parse()?);
//! Group::new().with(registrar).run().await?;
//! # let _ = addsvc;
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
//! | | by default | |
//! | --- | --- | --- |
//! | [`Mdns::new`] | | on which interfaces it speaks |
//! | [`Mdns::port`] | 5353 | another one is heard by nobody else |
//! | [`Discovery::settle`] | 1 s | after which silence means that there is no instance |
//!
//! # What is carried
//!
//! The instance's id, or else its address, is the name of the service instance; where another on the segment has that
//! name already, a number is added to it. In the TXT record are `id`, `zone`, `version`, `weight`, and `tags` with
//! commas between them, each where there is one; all other keys are labels, so the services of others have theirs too.
//! Of a service instance with several addresses one is taken: of IPv4 before IPv6, one that leads further before one
//! that is of this link or of this machine.
//!
//! An instance is registered by its address. That of a listener on all interfaces (`0.0.0.0:8081`) stands for all
//! addresses this machine has on the chosen interfaces, and follows them. One whose host is a name, and one whose
//! address no chosen interface has, is refused.
//!
//! # Limits
//!
//! * **The segment.** It is multicast with a scope of one link: nothing passes a router, and most networks of Docker,
//!   Kubernetes and the clouds drop it, as do many wireless networks between their guests. Nobody is told: it looks as
//!   if there were no instances.
//! * **Size.** A name has at most 63 bytes, a pair in the TXT record 255, all of them 1300 (RFC 6763, section 6.2, has
//!   them fit into a packet).
//! * **Number.** At most 1000 instances of a service are taken; where there are more, that is told as a failure.
//! * **Trust.** Whoever is on the segment can register as anybody.
//!
//! # How it fails
//!
//! * **An instance deregisters, or its registrar is dropped.** It says goodbye, and is gone from the others within
//!   about 1 s (RFC 6762, section 10.1).
//! * **An instance is killed.** It is gone when its records run out: those of this crate after 2 min.
//! * **There is no interface to speak on, or the port is taken.** The last set stands, the failure is told, and it is
//!   tried again with a [`RegistryBackoff`](crate::RegistryBackoff).
//! * **An interface goes or comes.** Within about 5 s the instances behind it go or come, and what is registered is
//!   announced there.
//! * **The machine slept.** What ran out meanwhile is gone.
//!
//! # What it runs
//!
//! Each instancer and each registration has a thread of its own, with the sockets: mdns-sd's daemon. It has one
//! listener for each kind of service, so two instancers can't share it. The thread ends with the last clone of the
//! instancer, or with the registration.

mod client;
mod daemon;
mod discovery;
mod registration;
mod text;

pub use client::{Interfaces, Mdns};
pub use discovery::Discovery;
pub use registration::Registration;
