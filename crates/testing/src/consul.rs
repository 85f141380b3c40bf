//! A real agent of Consul beside a test.
//!
//! ```
//! use towerkit_testing::consul::Consul;
//!
//! fn an_instance_is_found() {
//!     let Some(consul) = Consul::start("an_instance_is_found") else { return };
//!     println!("--consul-addr {}: {}", consul.address(), consul.passing("greeter"));
//! }
//! # an_instance_is_found();
//! ```

use std::process::Command;
use std::time::Duration;

use crate::process::{Process, free_port};
use crate::{http, tool};

/// An agent that is a server as well and has all in memory, on ports of its own. Dropped, it is killed.
#[derive(Debug)]
pub struct Consul {
    port: u16,
    _process: Process,
}

impl Consul {
    /// Starts it, and waits until it has a leader; none where the program `consul` is not there, and the test is to return
    /// (see [`tool`]).
    ///
    /// # Panics
    ///
    /// Where it does not start within 30 s, or may not be skipped.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let program = tool::find("consul", test)?;
        let [port, server, gossip] = [free_port(), free_port(), free_port()];
        let mut command = Command::new(program);
        command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-disable-host-node-id"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1", "-log-level", "warn"]);
        command.args(["-http-port", &port.to_string(), "-server-port", &server.to_string()]);
        command.args(["-serf-lan-port", &gossip.to_string()]);
        let limit = Duration::from_secs(30);
        let mut process = Process::start(&mut command).listens_on(port, limit);
        process.wait_for("has a leader, and itself in the catalogue", limit, || {
            http::try_send(port, "GET", "/v1/catalog/nodes", "", "").is_ok_and(|reply| reply.body.contains("\"Node\""))
        });
        Some(Self { port, _process: process })
    }

    /// Where it is asked by HTTP.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The healthy instances of a service, as JSON: what `/v1/health/service/NAME?passing` answers.
    ///
    /// # Panics
    ///
    /// Where it does not answer, or with an error.
    #[must_use]
    pub fn passing(&self, service: &str) -> String {
        let reply = http::get(self.port, &format!("/v1/health/service/{service}?passing"));
        assert_eq!(reply.status, 200, "Consul does not tell of {service}: {}", reply.body);
        reply.body
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    #[should_panic(expected = "Consul does not tell of greeter: No cluster leader")]
    fn what_consul_says_of_its_own_troubles_is_no_list_of_instances() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            let reply = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 17\r\n\r\nNo cluster leader";
            stream.write_all(reply.as_bytes()).unwrap();
        });
        let consul = Consul { port, _process: Process::start(Command::new("sleep").arg("60")) };
        assert_eq!(consul.passing("greeter"), "");
    }
}
