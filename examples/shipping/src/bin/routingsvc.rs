//! A routing service to try `shipping` with: it knows six voyages, and how cargo gets from one port to another by them.
//!
//! ```text
//! cargo run -p shipping --bin routingsvc
//! curl '127.0.0.1:7878/paths?from=AUMEL&to=SESTO'
//! ```
//!
//! It shares no code with `shipping`: it is a context of its own, and they meet in what goes over the wire.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tower::ServiceBuilder;
use towerkit::endpoint::{BoxError, CatchPanicLayer, Error, endpoint_fn};
use towerkit::lifecycle::{Group, GroupEvent, Signals, exit_code, listen};
use towerkit::log::Logger;
use towerkit::transport::http::{Router, Server, serve};

/// The voyages, each with the ports it calls at.
const VOYAGES: [(&str, [&str; 3]); 6] = [
    ("V100", ["JNTKO", "CNHKG", "AUMEL"]),
    ("V200", ["AUMEL", "CNHKG", "JNTKO"]),
    ("V300", ["CNHKG", "NLRTM", "DEHAM"]),
    ("V400", ["DEHAM", "NLRTM", "CNHKG"]),
    ("V500", ["NLRTM", "DEHAM", "SESTO"]),
    ("V600", ["SESTO", "DEHAM", "NLRTM"]),
];

/// How long it takes from one port to the next.
const AT_SEA: Duration = Duration::days(1);

/// How long cargo waits before it is loaded.
const IN_PORT: Duration = Duration::hours(12);

/// Edges that a path has at most.
const EDGES: usize = 3;

/// Paths that are answered at most: the shortest.
const PATHS: usize = 3;

/// Finds paths from one port to another.
#[derive(Parser)]
#[command(name = "routingsvc", version)]
struct Flags {
    /// Where the service listens for HTTP.
    #[arg(long, default_value = "127.0.0.1:7878", value_name = "ADDRESS")]
    http_addr: SocketAddr,
}

#[derive(Deserialize)]
struct FindPaths {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Paths {
    paths: Vec<Path>,
}

#[derive(Serialize)]
struct Path {
    edges: Vec<Edge>,
}

#[derive(Serialize)]
struct Edge {
    origin: &'static str,
    destination: &'static str,
    voyage: &'static str,
    departure: String,
    arrival: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(Flags { http_addr }: Flags) -> Result<(), BoxError> {
    let log = Logger::logfmt(std::io::stderr()).with("service", "routingsvc");
    let listener = listen("--http-addr", http_addr).await?;
    let address = listener.local_addr()?;
    let find_paths = ServiceBuilder::new()
        .layer(log.requests("find_paths"))
        .layer(CatchPanicLayer::new())
        .service(endpoint_fn(|asked| async move { find_paths(&asked, OffsetDateTime::now_utc()) }));
    let routes = Router::new().get("/paths", Server::query(find_paths));
    let group = Group::new().on_event(move |event| match event {
        GroupEvent::GroupReady => {
            println!("routingsvc listens for HTTP on {address}; try:\n  curl '{address}/paths?from=AUMEL&to=SESTO'");
        }
        GroupEvent::StopAsked { .. } | GroupEvent::Ended { .. } => log.scope(|| tracing::info!("{event}")),
        _ => {}
    });
    group.with(Signals::terminate()).with(serve(listener, routes)).run().await?;
    Ok(())
}

/// The shortest paths of all that there are.
fn find_paths(FindPaths { from, to }: &FindPaths, now: OffsetDateTime) -> Result<Paths, Error> {
    let (from, to) = (port("from", from)?, port("to", to)?);
    let mut found = Vec::new();
    if from != to {
        search(from, to, &mut Vec::new(), &mut found);
    }
    found.sort_by_key(|path| (path.len(), path.iter().map(|hop| hop.ports).sum::<u8>()));
    let paths = found.iter().take(PATHS).map(|path| timed(path, now)).collect::<Result<_, _>>();
    Ok(Paths { paths: paths.map_err(Error::internal)? })
}

fn port(field: &'static str, code: &str) -> Result<&'static str, Error> {
    let mut ports = VOYAGES.iter().flat_map(|(_, ports)| ports);
    ports.find(|port| **port == code).copied().ok_or_else(|| Error::invalid(field, "is no port of these voyages"))
}

/// From one port to another on one voyage, and how many ports further on that is.
#[derive(Clone)]
struct Hop {
    from: &'static str,
    to: &'static str,
    voyage: &'static str,
    ports: u8,
}

/// Adds what leads on from a port, and comes to none twice.
fn search(at: &'static str, to: &'static str, path: &mut Vec<Hop>, found: &mut Vec<Vec<Hop>>) {
    for (voyage, calls) in VOYAGES {
        let onwards = calls.into_iter().skip_while(|port| *port != at).skip(1);
        for (next, ports) in onwards.zip(1..) {
            if path.iter().any(|hop| hop.from == next) {
                continue;
            }
            path.push(Hop { from: at, to: next, voyage, ports });
            if next == to {
                found.push(path.clone());
            } else if path.len() < EDGES {
                search(next, to, path, found);
            }
            path.pop();
        }
    }
}

/// It leaves the first port some hours from now.
fn timed(path: &[Hop], now: OffsetDateTime) -> Result<Path, time::error::Format> {
    let mut at = now;
    let edge = |hop: &Hop| {
        let departure = at + IN_PORT;
        at = departure + AT_SEA * i32::from(hop.ports);
        Ok(Edge {
            origin: hop.from,
            destination: hop.to,
            voyage: hop.voyage,
            departure: departure.format(&Rfc3339)?,
            arrival: at.format(&Rfc3339)?,
        })
    };
    path.iter().map(edge).collect::<Result<_, _>>().map(|edges| Path { edges })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PORTS: [&str; 6] = ["SESTO", "AUMEL", "CNHKG", "JNTKO", "NLRTM", "DEHAM"];

    fn found(from: &str, to: &str) -> Result<Vec<Path>, Error> {
        let asked = FindPaths { from: from.to_owned(), to: to.to_owned() };
        find_paths(&asked, OffsetDateTime::UNIX_EPOCH).map(|paths| paths.paths)
    }

    #[test]
    fn from_each_port_there_is_a_way_to_each_other() {
        for (from, to) in PORTS.iter().flat_map(|from| PORTS.map(|to| (*from, to))).filter(|(from, to)| from != to) {
            let paths = found(from, to).unwrap();
            assert!(!paths.is_empty() && paths.len() <= PATHS, "{from} to {to}");
            for Path { edges } in paths {
                assert_eq!((edges[0].origin, edges[edges.len() - 1].destination), (from, to));
                let meet = |pair: &[Edge]| pair[0].destination == pair[1].origin && pair[0].arrival < pair[1].departure;
                assert!(edges.windows(2).all(meet));
            }
        }
    }

    #[test]
    fn a_way_comes_to_no_port_twice_and_the_shortest_come_first() {
        let mut most = 0;
        for (from, to) in PORTS.iter().flat_map(|from| PORTS.map(|to| (*from, to))) {
            let paths = found(from, to).unwrap();
            most = most.max(paths.len());
            for Path { edges } in &paths {
                let ports: HashSet<_> = edges.iter().map(|edge| edge.destination).chain([from]).collect();
                assert!(ports.len() == edges.len() + 1 && edges.len() <= EDGES, "{from} to {to}");
            }
            let length = |path: &Path| (path.edges.len(), path.edges.last().map(|edge| edge.arrival.clone()));
            assert!(paths.is_sorted_by_key(length), "{from} to {to}");
        }
        assert_eq!(most, PATHS);
    }

    #[test]
    fn melbourne_to_stockholm_takes_less_than_a_week() {
        let paths = found("AUMEL", "SESTO").unwrap();
        assert_eq!(paths[0].edges.last().unwrap().arrival, "1970-01-06T12:00:00Z");
    }

    #[test]
    fn there_is_no_way_to_where_one_is_and_none_from_nowhere() {
        assert!(found("SESTO", "SESTO").unwrap().is_empty());
        let error = found("SESTO", "XXXXX").err().unwrap();
        assert_eq!(error.violations()[0].field, "to");
    }
}
