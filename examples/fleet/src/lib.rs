//! What becomes of calls when instances of a service are killed, hang, are restarted, and when their registry goes away.
//!
//! Nothing is made up: [`servers`] are processes of Consul and of `addsvc`, [`clients`] call them by gRPC in four ways at once, each with
//! a [`load`] that waits for nobody, and the [`scenario`] sends the signals. The [`report`] says how each fared.

pub mod clients;
pub mod load;
pub mod report;
pub mod scenario;
pub mod servers;

use std::thread;
use std::time::Duration;

use towerkit_endpoint::BoxError;

use clients::Client;
use load::Load;
use report::Outcome;
use scenario::Plan;
use servers::{Programs, Servers};

/// Starts the servers, has the clients call them through the scenario, and says how they fared.
///
/// # Errors
///
/// When a server can't be started, or the fleet is not whole again in time.
pub async fn run(programs: Programs, plan: Plan) -> Result<Outcome, BoxError> {
    // Processes are waited for by threads that block: the load has the runtime for itself.
    let start = programs.clone();
    let mut servers = tokio::task::spawn_blocking(move || Servers::start(&start)).await?;
    let clients = clients::all(&servers.consul, &plan)?;
    let load = Load::start(&clients, plan.rate);
    let (fleets, setting) = (clients.iter().map(Client::fleet).collect::<Vec<_>>(), plan.clone());
    let played = tokio::task::spawn_blocking(move || {
        let phases = scenario::play(&programs, &mut servers, &fleets, &setting);
        (phases, servers)
    });
    let (phases, servers) = played.await?;
    // What was begun before the end is answered.
    let calls = load.end().await;
    drop(servers);
    let phases = phases?;
    let (names, sizes) = clients.iter().map(|client| (client.name(), client.sizes())).unzip();
    Ok(Outcome { names, sizes, phases, calls })
}

/// How long a condition is waited for that has to come.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Blocks until a condition holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) -> Result<(), BoxError> {
    let start = std::time::Instant::now();
    while !condition() {
        if start.elapsed() > SOON {
            return Err(format!("not within {SOON:?}: {what}").into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
