//! A NATS server of a test's own, and a service on it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use towerkit_endpoint::{BoxEndpoint, BoxError, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::{tool, wait};
use towerkit_transport_nats::{Remote, Routes, Serve, Server, serve};

pub(crate) const SOON: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) a: i64,
    pub(crate) b: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Total {
    pub(crate) v: i64,
}

pub(crate) const ONE_TWO: Sum = Sum { a: 1, b: 2 };

pub(crate) fn sum() -> BoxEndpoint<Sum, Total> {
    endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(Total { v: sum.a + sum.b }) }).erased()
}

pub(crate) fn sum_routes() -> Routes {
    Routes::new().queue_group("add").subject("add.sum", Server::json(sum()))
}

/// The servers there are: Debian's, and the current one.
pub(crate) fn servers(test: &str) -> Vec<PathBuf> {
    ["nats-server", "nats-server-current"].into_iter().filter_map(|name| tool::find(name, test)).collect()
}

pub(crate) struct Nats {
    program: PathBuf,
    pub(crate) port: u16,
    arguments: Vec<String>,
    file: Option<PathBuf>,
    pub(crate) process: Option<Process>,
}

impl Nats {
    pub(crate) fn start(program: &Path) -> Self {
        Self::start_with(program, &[])
    }

    pub(crate) fn start_with(program: &Path, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut nats = Self { program: program.to_owned(), port: free_port(), arguments, file: None, process: None };
        nats.start_again();
        nats
    }

    /// Of a configuration file's text.
    pub(crate) fn configured(program: &Path, name: &str, text: &str) -> Self {
        let file = std::env::temp_dir().join(format!("towerkit-nats-{}-{name}.conf", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let mut nats = Self::start_with(program, &["-c", file.to_str().unwrap()]);
        nats.file = Some(file);
        nats
    }

    pub(crate) fn start_again(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.arguments);
        self.process = Some(Process::start(&mut command).listens_on(self.port, SOON));
    }

    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connect(&self) -> Client {
        ConnectOptions::new().connect(self.url()).await.unwrap()
    }

    pub(crate) async fn remote(&self) -> Remote {
        Remote::new(self.connect().await)
    }

    /// Serves routes on a connection of their own.
    pub(crate) async fn serve(&self, routes: Routes) -> Running {
        Running::start(serve(self.connect().await, routes)).await
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A service under way.
pub(crate) struct Running {
    pub(crate) stopper: Stopper,
    pub(crate) task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    pub(crate) async fn start(serve: Serve) -> Self {
        let (lifeline, stopper) = Lifeline::detached();
        let task = tokio::spawn(serve.run(lifeline));
        within(stopper.ready()).await;
        Self { stopper, task }
    }

    pub(crate) async fn stop(self, time: Duration) -> Result<(), BoxError> {
        self.stopper.stop(time);
        within(self.task).await.unwrap()
    }
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("it takes too long")
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, condition: impl FnMut() -> bool) {
    wait::until(what, SOON, condition).await;
}

pub(crate) fn sum_of(remote: &Remote) -> BoxEndpoint<Sum, Total> {
    remote.subject("add.sum").json().erased()
}

/// Two nodes of a cluster.
pub(crate) fn cluster(program: &Path) -> [Nats; 2] {
    let routes = [free_port(), free_port()];
    let node = |own: usize| {
        let text = format!(
            "server_name: n{own}\nlame_duck_grace_period: \"2s\"\nlame_duck_duration: \"30s\"\n\
             cluster {{ name: c, listen: \"127.0.0.1:{}\", routes: [\"nats://127.0.0.1:{}\"] }}\n",
            routes[own],
            routes[1 - own]
        );
        Nats::configured(program, &format!("node-{}", routes[own]), &text)
    };
    let mut nodes = [node(0), node(1)];
    for node in &mut nodes {
        node.process.as_mut().unwrap().wait_until_said("Route connection created", 1, SOON);
    }
    nodes
}
