//! The programs that tests want beside themselves, and where each comes from.

mod cargo;
mod debian;
mod go;
mod go_local;
mod maven;
mod npm;
mod once;
mod pypi;

use std::mem::discriminant;
use std::path::PathBuf;
use std::thread;

use anyhow::Result;

pub use debian::install;
use go::Build;

/// Something tests want, and where it comes from.
struct Tool {
    name: &'static str,
    from: Source,
}

enum Source {
    /// The package that has the program.
    Debian(&'static str),
    /// A package with its version, and the folder of it: what a script of node requires.
    Npm(&'static str, &'static str),
    /// The machine itself: its packages are too old to be of use.
    Machine,
    /// The version of a program of crates.io, whose package has its name.
    Cargo(&'static str),
    /// The package of a program with its version, and how it is built.
    Go(&'static str, &'static str, Build),
    /// The folder of the repository that a program is built of.
    GoLocal(&'static str),
    /// The folder in `xtask/tools` of a program in Java.
    Maven(&'static str),
    /// Packages with their versions, and the Python that has them.
    Pypi(&'static [&'static str]),
}

const fn debian(name: &'static str, package: &'static str) -> Tool {
    Tool { name, from: Source::Debian(package) }
}

const fn npm(name: &'static str, version: &'static str) -> Tool {
    Tool { name, from: Source::Npm(name, version) }
}

const fn machine(name: &'static str) -> Tool {
    Tool { name, from: Source::Machine }
}

const fn crates_io(name: &'static str, version: &'static str) -> Tool {
    Tool { name, from: Source::Cargo(version) }
}

const fn go(name: &'static str, package: &'static str, version: &'static str, binary: &'static str) -> Tool {
    Tool { name, from: Source::Go(package, version, Build::Install(binary)) }
}

const fn go_module(
    name: &'static str,
    package: &'static str,
    version: &'static str,
    beside: &'static [&'static str],
) -> Tool {
    Tool { name, from: Source::Go(package, version, Build::Module(beside)) }
}

const fn go_local(name: &'static str, folder: &'static str) -> Tool {
    Tool { name, from: Source::GoLocal(folder) }
}

const fn maven(name: &'static str, project: &'static str) -> Tool {
    Tool { name, from: Source::Maven(project) }
}

const fn pypi(name: &'static str, packages: &'static [&'static str]) -> Tool {
    Tool { name, from: Source::Pypi(packages) }
}

/// Those of one source stand together.
const TOOLS: [Tool; 57] = [
    debian("argon2", "argon2"),
    debian("carbon-cache", "graphite-carbon"),
    debian("chromium", "chromium"),
    debian("curl", "curl"),
    debian("dig", "bind9-dnsutils"),
    debian("dnsmasq", "dnsmasq-base"),
    debian("etcd", "etcd-server"),
    debian("etcdctl", "etcd-client"),
    debian("h2load", "nghttp2-client"),
    debian("htpasswd", "apache2-utils"),
    debian("influxd", "influxdb"),
    debian("ip", "iproute2"),
    debian("javac", "default-jdk-headless"),
    debian("knotc", "knot"),
    debian("knotd", "knot"),
    debian("mvn", "maven"),
    debian("named", "bind9"),
    debian("nats-server", "nats-server"),
    debian("nginx", "nginx-light"),
    debian("node", "nodejs"),
    debian("npm", "npm"),
    debian("openssl", "openssl"),
    debian("prometheus", "prometheus"),
    debian("promtool", "prometheus"),
    debian("rsyslogd", "rsyslog"),
    debian("slowhttptest", "slowhttptest"),
    debian("whisper-fetch", "python3-whisper"),
    debian("wrk", "wrk"),
    npm("jayson", "5.0.0"),
    npm("jose", "6.2.18"),
    npm("statsd", "0.9.0"),
    machine("go"),
    crates_io("mdbook", "0.5.4"),
    go_module(
        "consul",
        "github.com/hashicorp/consul",
        "v1.12.9",
        &["github.com/hashicorp/consul/api@v1.14.0", "github.com/hashicorp/consul/sdk@v0.11.0"],
    ),
    go_module("etcd_newest", "go.etcd.io/etcd/server/v3", "v3.7.3", &[]),
    go("grpcurl", "github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.3", "grpcurl"),
    go("grpc_interop_client", "google.golang.org/grpc/interop/client", "v1.83.1", "client"),
    go("grpc_interop_server", "google.golang.org/grpc/interop/server", "v1.83.1", "server"),
    go("nats", "github.com/nats-io/natscli/nats", "v0.4.0", "nats"),
    go("nats-server-current", "github.com/nats-io/nats-server/v2", "v2.15.2", "nats-server"),
    go("statsd_exporter", "github.com/prometheus/statsd_exporter", "v0.30.0", "statsd_exporter"),
    go("toxiproxy", "github.com/Shopify/toxiproxy/v2/cmd/server", "v2.12.0", "server"),
    go_local("gokit_nats", "crates/transport-nats/tests/go"),
    maven("eureka", "eureka"),
    maven("zipkin", "zipkin"),
    maven("zookeeper", "zookeeper"),
    pypi("python_eureka", &["py-eureka-client==0.13.3"]),
    pypi(
        "python_grpc",
        &[
            "grpcio==1.85.1",
            "grpcio-health-checking==1.85.1",
            "grpcio-reflection==1.85.1",
            "grpcio-status==1.85.1",
            "grpcio-tools==1.85.1",
        ],
    ),
    pypi("python_moto", &["moto[server]==5.2.5"]),
    pypi("python_datadog", &["datadog==0.56.0"]),
    pypi("python_rotel", &["rotel==0.0.1a15"]),
    pypi("python_jwt", &["pyjwt[crypto]==2.15.1", "jwcrypto==1.6.1"]),
    pypi("python_nats", &["nats-py==2.16.0"]),
    pypi("python_prometheus", &["prometheus-client==0.26.0"]),
    pypi("python_kubernetes", &["kubernetes==37.0.2"]),
    pypi("python_kazoo", &["kazoo==2.11.0"]),
    pypi("python_zeroconf", &["zeroconf==0.154.0"]),
];

impl Tool {
    /// The Debian packages it still needs.
    fn missing(&self) -> Vec<&'static str> {
        match self.from {
            Source::Debian(package) if find(self.name).is_none() => vec![package],
            Source::Pypi(_) => pypi::missing(),
            Source::Debian(_)
            | Source::Npm(..)
            | Source::Machine
            | Source::Cargo(_)
            | Source::Go(..)
            | Source::GoLocal(_)
            | Source::Maven(_) => Vec::new(),
        }
    }

    /// Where it is, after it is installed if it was not.
    fn path(&self) -> Option<PathBuf> {
        match self.from {
            Source::Debian(_) | Source::Machine => find(self.name),
            Source::Npm(package, version) => npm::package(package, version),
            Source::Cargo(version) => cargo::program(self.name, version),
            Source::Go(package, version, build) => go::program(self.name, package, version, build),
            Source::GoLocal(folder) => go_local::program(self.name, folder, "."),
            Source::Maven(project) => maven::jar(project),
            Source::Pypi(packages) => pypi::python(self.name, packages),
        }
    }
}

/// Installs what is missing, and says where each tool is; whether all are there.
pub fn run() -> Result<bool> {
    let tools = provision();
    for (name, path) in &tools {
        println!("{name}={}", path.display());
    }
    for tool in TOOLS.iter().filter(|tool| tools.iter().all(|(name, _)| *name != tool.name)) {
        println!("{} is not here", tool.name);
    }
    Ok(tools.len() == TOOLS.len())
}

/// The tools that are here, after those that were missing are installed, or have been asked for.
pub fn provision() -> Vec<(&'static str, PathBuf)> {
    bring(|_| true)
}

/// One of them.
pub fn provision_one(name: &str) -> Option<PathBuf> {
    bring(|tool| tool.name == name).pop().map(|(_, path)| path)
}

/// A program of Go in a folder of the repository that is no tool of the tests.
pub fn build_go(name: &str, folder: &str, package: &str) -> Option<PathBuf> {
    let _lock = once::lock();
    go_local::program(name, folder, package)
}

fn bring(wanted: impl Fn(&Tool) -> bool + Sync) -> Vec<(&'static str, PathBuf)> {
    // Another run may be at it in the same folder. Where it can't be locked, that is taken as it comes.
    let _lock = once::lock();
    // First, since other sources need programs of it.
    let mut missing: Vec<_> = TOOLS.iter().filter(|tool| wanted(tool)).flat_map(Tool::missing).collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        install(&missing);
    }
    let paths = &|tools: &'static [Tool]| -> Vec<_> {
        tools.iter().filter(|tool| wanted(tool)).filter_map(|tool| Some((tool.name, tool.path()?))).collect()
    };
    // Sources are slow, and strangers to each other. The tools of one take turns: they share what it has built.
    thread::scope(|scope| {
        let running: Vec<_> = sources().map(|tools| scope.spawn(move || paths(tools))).collect();
        running.into_iter().flat_map(|source| source.join().unwrap_or_default()).collect()
    })
}

/// Where a program is, if it is on the path. Debian has servers in a folder that is on root's path only.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn sources() -> impl Iterator<Item = &'static [Tool]> {
    TOOLS.chunk_by(|one, next| discriminant(&one.from) == discriminant(&next.from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_of_one_source_stand_together() {
        let mut seen = Vec::new();
        for source in sources().map(|tools| discriminant(&tools[0].from)) {
            assert!(!seen.contains(&source));
            seen.push(source);
        }
    }
}
