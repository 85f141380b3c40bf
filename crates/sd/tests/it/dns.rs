//! Against dnsmasq, BIND and Knot, with dig as the neutral client; and against wires that only count or lie.

mod addresses;
mod call;
mod failure;
mod records;
mod servers;
mod wire;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tokio::time::timeout;
use towerkit_sd::dns::Dns;
use towerkit_sd::{Instancer, State};
use towerkit_testing::tool;

/// What asks a server of 127.0.0.1.
fn dns(port: u16) -> Dns {
    Dns::servers([SocketAddr::from(([127, 0, 0, 1], port))]).unwrap()
}

/// Waits for a state.
async fn until(instancer: &mut Instancer, what: &str, condition: impl Fn(&State) -> bool) -> State {
    let waited = timeout(Duration::from_secs(15), async {
        loop {
            let state = instancer.state();
            if condition(&state) {
                return state;
            }
            instancer.changed().await;
        }
    });
    match waited.await {
        Ok(state) => state,
        Err(_) => panic!("in vain waited until {what}: {:?}", instancer.state()),
    }
}

/// The first state that is known.
async fn first(mut instancer: Instancer) -> State {
    until(&mut instancer, "it is known", |state| state.is_known() || state.failure().is_some()).await
}

fn addresses(state: &State) -> Vec<&str> {
    state.instances().iter().map(towerkit_sd::Instance::address).collect()
}

async fn until_it_is(instancer: &mut Instancer, expected: &[&str]) -> State {
    until(instancer, &format!("it is {expected:?}"), |state| state.is_known() && addresses(state) == expected).await
}

async fn until_it_fails(instancer: &mut Instancer) -> State {
    until(instancer, "it fails", |state| state.failure().is_some()).await
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
