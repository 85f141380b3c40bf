//! Start in order, be ready, drain, stop in reverse: the run group of a service.
//!
//! A [`Group`] holds everything that runs for as long as the service does: servers, registrations, exporters, the listener
//! for signals. Each is a [`Member`]; each gets a [`Lifeline`], by which it says that it is up and learns that it is to stop.
//! There is no global state: a program may run two groups.
//!
//! ```
//! use std::time::Duration;
//! use towerkit_lifecycle::{Group, MemberEnding, member_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let exporter = member_fn("exporter", |lifeline| async move {
//!     lifeline.ready();
//!     lifeline.stopping().await;
//!     // ... flush ...
//!     Ok(())
//! });
//! let job = member_fn("a day's work", |lifeline| async move {
//!     lifeline.ready();
//!     tokio::time::sleep(Duration::from_millis(10)).await;
//!     Ok(()) // a member that ends, ends the group
//! });
//!
//! let report = Group::new().with(exporter).with(job).run().await.unwrap();
//! // As in: "exporter: stopped in 12µs", "a day's work: ended by itself".
//! println!("{report}");
//! assert!(matches!(report.members()[0].ending, MemberEnding::Stopped));
//! assert!(matches!(report.members()[1].ending, MemberEnding::Finished));
//! # }
//! ```
//!
//! # The order
//!
//! ```text
//!   with(Signals)  with(exporter)  with(server)  with(Linger)  with(registration)
//!       │ ready ──────▶ │ ready ──────▶ │ ready ─────▶ │ ready ─────▶ │ ready      the group is ready
//!       │               │               │              │              │
//!       │               │               │              │  stop ◀──────┤ deregister    not ready any more
//!       │               │               │  stop ◀──────┤ wait         │               balancers look elsewhere
//!       │               │  stop ◀───────┤ drain        │              │               calls under way end
//!       │  stop ◀───────┤ flush         │              │              │               telemetry of the drain is out
//!       ┴ ended         ┴               ┴              ┴              ┴
//! ```
//!
//! * **Start.** Members start in the order they were added; the next one starts when the last has called
//!   [`Lifeline::ready`]. One that fails, or is not ready within the start timeout, ends the start: those that run are stopped.
//!   One that ends well before it is ready was a job to be done at start, such as a migration: the next one starts.
//! * **Ready.** When all are ready, the group is: [`Health`] says so.
//! * **Stop** begins when a member ends, fails or panics, or asks for it ([`Lifeline::stop_group`], which is what [`Signals`]
//!   does). First [`Health`] turns to not ready, then the members are asked one after the other, the last first. Each has its time
//!   limit; one that is over it is aborted and reported. Asked for once more, the group gives the drain up and aborts the rest.
//!   The whole stop may take the sum of the limits.
//! * **Report.** [`Group::run`] tells of each member how it ended and how long its stop took.
//!
//! Each member runs in a task of its own, so a panic is that member's, and one that blocks its thread does not keep the others
//! from being stopped (on a runtime with more than one thread). Aborting cannot end such a task: it is
//! [left behind](MemberReport::left_behind), and the report says so.
//!
//! Dropping the future of `run` aborts all members. Nothing is printed; [`Group::on_event`] tells of each step as it happens.
//!
//! # Without a group
//!
//! [`Member::spawn`] runs one member in a task; [`Running::stop`] ends it in good order within a time and says how that went, as the
//! group's report does. A `Running` that is dropped asks for the same, and waits for nothing.
//!
//! # Around the group
//!
//! [`listen`](listen()) binds the address of a member that serves, and names its flag where that fails; [`exit_code`](exit_code()) ends the
//! program with what the group says.
//!
//! # Files that change
//!
//! [`WatchFiles`] is the member that reads again what is made of files: the certificates of `towerkit-transport-http`, the keys, passwords and
//! policies of `towerkit-auth`, and whatever else is [`Reload`].

mod event;
mod exit_code;
mod group;
mod health;
mod lifeline;
mod linger;
mod listen;
mod member;
mod report;
mod run;
mod running;
mod signals;
mod watch_files;

pub use event::GroupEvent;
pub use exit_code::exit_code;
pub use group::Group;
pub use health::{Health, HealthReport, MemberState};
pub use lifeline::{Lifeline, Stopper};
pub use linger::Linger;
pub use listen::{ListenError, listen};
pub use member::{Member, MemberFn, member_fn};
pub use report::{GroupError, GroupReport, MemberEnding, MemberReport};
pub use running::Running;
pub use signals::Signals;
pub use watch_files::{FileEvent, Reload, WatchFiles, read_file};
