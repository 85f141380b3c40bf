//! The programs that are compared: how each is built, started, and how large it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use towerkit_testing::process::free_port;

use super::cores::Cores;
use super::service::Service;
use crate::bench::process::Process;
use crate::test::tools;
use crate::workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Towerkit,
    /// The example, whole.
    Addsvc,
    GoKit,
    Axum,
    AxumLimits,
    Hyper,
    Tonic,
    TonicBare,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Towerkit => "towerkit",
            Self::Addsvc => "towerkit's examples/addsvc, whole",
            Self::GoKit => "Go kit",
            Self::Axum => "axum",
            Self::AxumLimits => "axum, timeout, limit and shed alone",
            Self::Hyper => "hyper by hand",
            Self::Tonic => "tonic",
            Self::TonicBare => "tonic, bare",
        }
    }
}

/// Go kit's programs, where there is a Go toolchain that has built them.
pub struct GoKit {
    stringsvc: Option<PathBuf>,
    addsvc: Option<PathBuf>,
}

/// Builds all programs.
pub fn build() -> Result<GoKit> {
    workspace::build_programs(&["peers", "addsvc", "stringsvc1"])?;
    let go = |service| tools::build_go(&format!("gokit_{service}"), "xtask/peers/go", &format!("./{service}"));
    let built = GoKit { stringsvc: go("stringsvc"), addsvc: go("addsvc") };
    if built.stringsvc.is_none() || built.addsvc.is_none() {
        println!("SKIPPED: Go kit: it could not be built");
    }
    Ok(built)
}

/// What is written for operators goes nowhere.
fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// How large a program is without what is there for debuggers alone. Go's linker has left that out (`-s -w`).
pub fn stripped(program: &Path) -> Result<f64> {
    let copy = workspace::target().join("bench-stripped");
    workspace::output(Command::new("strip").arg("-o").arg(&copy).arg(program))?;
    Ok(std::fs::metadata(&copy)?.len() as f64)
}

impl Kind {
    /// None where it could not be built.
    pub fn program(self, service: Service, go_kit: &GoKit) -> Option<PathBuf> {
        let name = if service == Service::Strings { "stringsvc" } else { "addsvc" };
        let rust = match self {
            Self::GoKit if service == Service::Strings => return go_kit.stringsvc.clone(),
            Self::GoKit => return go_kit.addsvc.clone(),
            Self::Towerkit if service == Service::Strings => "stringsvc1".to_owned(),
            Self::Addsvc => "addsvc".to_owned(),
            Self::Towerkit => format!("towerkit_{name}"),
            Self::Axum | Self::AxumLimits => format!("axum_{name}"),
            Self::Hyper => format!("hyper_{name}"),
            Self::Tonic | Self::TonicBare => format!("tonic_{name}"),
        };
        Some(workspace::program(&rust))
    }

    /// Starts it on the core of servers, with its log written to nowhere.
    pub fn start(self, program: &Path, service: Service, cores: &Cores) -> Result<Process> {
        let [http, grpc, json_rpc, debug] = [(); 4].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let mut command = cores.server(program);
        match self {
            Self::Towerkit | Self::GoKit if service == Service::Strings => command.arg(http.to_string()),
            Self::Towerkit | Self::GoKit => command.args([http.to_string(), grpc.to_string()]),
            Self::Addsvc => command.args([
                format!("--http-addr={http}"),
                format!("--grpc-addr={grpc}"),
                format!("--jsonrpc-addr={json_rpc}"),
                format!("--debug-addr={debug}"),
                "--rate-limit=1000000000".to_owned(),
            ]),
            Self::Axum if service == Service::Strings => command.arg(http.to_string()),
            Self::Axum => command.arg(http.to_string()).arg("all"),
            Self::AxumLimits => command.arg(http.to_string()).arg("limits"),
            Self::Hyper => command.arg(http.to_string()),
            Self::Tonic => command.arg(grpc.to_string()).arg("all"),
            Self::TonicBare => command.arg(grpc.to_string()).arg("bare"),
        };
        let address = if service == Service::AddGrpc { grpc } else { http };
        Process::told(quiet(&mut command), address).with_context(|| self.name())
    }
}
