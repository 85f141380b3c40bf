//! What the programs here have in common. Each is a service as users of its framework would write it, and is told where to listen:
//!
//! | program | is |
//! | --- | --- |
//! | `hyper_stringsvc`, `axum_stringsvc` | stringsvc's `POST /uppercase`, with nothing around it |
//! | `towerkit_addsvc` | addsvc's `Sum` over HTTP and gRPC, with what a service in earnest has around it |
//! | `axum_addsvc`, `tonic_addsvc` | the same with what Tower has of that, or bare |
//! | `paced` | the load that is sent at a fixed rate |
//!
//! towerkit's stringsvc is `examples/stringsvc1` itself; those of Go are in `go/`.

pub mod strings;
pub mod telemetry;

use std::net::SocketAddr;
use std::time::Duration;

/// How long a call may take.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// How many calls are served at a time.
pub const CONCURRENCY: usize = 1024;

/// An argument that is an address.
///
/// # Panics
///
/// Where it is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark's program can't go on without")]
pub fn address(index: usize) -> SocketAddr {
    std::env::args().nth(index).and_then(|text| text.parse().ok()).expect("an address")
}
