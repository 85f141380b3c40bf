//! A file: the instances stand in it, one a line, and it is looked at again and again.
//!
//! For what no registry knows of: machines that are set up by hand or by a tool, a ConfigMap of Kubernetes, a test.
//!
//! ```
//! use towerkit_sd::file::InstanceFile;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("towerkit-sd-doc-{}", std::process::id()));
//! # let text = "10.0.0.7:8081 zone=eu-1a version=1.4.2 tag=prod\n10.0.0.8:8081 weight=200 rack=b7\n";
//! # std::fs::write(&path, text)?;
//! let mut addsvc = InstanceFile::new(&path).instancer(); // in earnest: "/etc/addsvc/instances"
//! let state = addsvc.known().await;
//! assert_eq!(state.instances()[0].zone(), Some("eu-1a"));
//! assert_eq!(state.instances()[1].label("rack"), Some("b7"));
//! # std::fs::remove_file(&path)?;
//! # Ok(())
//! # }
//! ```
//!
//! # What stands in it
//!
//! ```text
//! # The machines of the first hall.
//! 10.0.0.7:8081 zone=eu-1a version=1.4.2 tag=prod tag=canary
//! [fd00::8]:8081 id=old-one weight=50         # half of what others take
//! node-9.example:8081 rack=b7
//! ```
//!
//! Each line is an address, and after it, in any order, what is known of the instance: `zone`, `version`, `weight` (a
//! whole number, 100 where there is none) and `id` once, `tag` as often as there are tags; any other NAME=VALUE is a
//! label. Words stand apart by blanks, so that none can hold one. A word that begins with `#` begins a comment. It is
//! UTF-8; a line has 4096 bytes at most, and the file 16 MiB.
//!
//! # Settings
//!
//! | setting | default |
//! |---|---|
//! | [`interval`](InstanceFile::interval): the time between two looks | 1 s |
//!
//! # What happens when
//!
//! - **It is replaced**: by a rename as editors do it, or by a link that points elsewhere, as with Kubernetes'
//!   ConfigMaps. It is the name that is looked at, and no events of the kernel are needed, so that this holds on NFS
//!   too. What is new is read when it has stood unchanged for 100 ms, and again until two seconds have passed, since
//!   the clocks of file systems may be that coarse. What stays is not read again.
//! - **It is written to where it is**: the same. But a writer that pauses for longer than that half way is found out
//!   only where the half is wrong as it stands: better write another file beside it, and rename that.
//! - **A line is wrong**: the whole file is, and the failure names the line. The last good set stands, so that half a
//!   file drops no instances. An address that stands there twice is wrong too.
//! - **It is empty**: that is wrong as well, since so is one that is about to be written. A comment alone says that
//!   there are no instances.
//! - **It is not there**, may not be read, is no regular file or does not answer within 5 s, as with NFS: a failure.
//!   The last set stands, and it is looked for as before.

mod changes;
mod parse;
mod source;
mod stamp;
mod watch;

pub use source::InstanceFile;

/// What errors call it.
const REGISTRY: &str = "file";
