//! Against dnsmasq, BIND and Knot, with dig as the neutral client; and against wires that only count or lie.

mod addresses;
mod call;
mod failure;
mod records;
mod servers;
mod wire;

use std::net::SocketAddr;
use std::process::Command;

use towerkit_sd::dns::Dns;
use towerkit_sd::{Instancer, InstancerState};
use towerkit_testing::tool;

use crate::support::until;

/// What asks a server of 127.0.0.1.
fn dns(port: u16) -> Dns {
    Dns::servers([SocketAddr::from(([127, 0, 0, 1], port))]).unwrap()
}

/// The first state that is known.
async fn first(mut instancer: Instancer) -> InstancerState {
    until(&mut instancer, "it is known", |state| state.is_known() || state.failure().is_some()).await
}

/// What dig finds: the lines of its short answer, in order.
fn dig(test: &str, port: u16, kind: &str, name: &str) -> Option<Vec<String>> {
    let dig = tool::find("dig", test)?;
    let output =
        Command::new(dig).args(["@127.0.0.1", "-p", &port.to_string(), kind, name, "+short"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect();
    lines.sort();
    Some(lines)
}
