//! Our client against the Go server, which listens on all interfaces and so runs in a network of its own, with the client.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;
use towerkit_testing::tool;

use crate::cases::{self, each_case};
use crate::namespace;
use crate::site::{Target, soon};

/// Nobody else is in that network.
const PORT: u16 = 10000;

/// Starts the server. It is killed when this is dropped.
async fn start(program: &Path, flags: &[String]) -> Child {
    let mut command = Command::new(program);
    command.arg(format!("--port={PORT}")).args(flags).stdin(Stdio::null()).kill_on_drop(true);
    let mut server = command.spawn().unwrap();
    let up = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).await.is_err() {
            assert_eq!(server.try_wait().unwrap(), None, "the server did not start");
            sleep(Duration::from_millis(2)).await;
        }
    };
    soon(up).await;
    server
}

async fn passes(test: &str, flags: &[String], target: &Target, case: impl AsyncFn(&Target)) {
    let Some(program) = tool::find("grpc_interop_server", test) else { return };
    if !namespace::inside() {
        return namespace::enter(test).await;
    }
    let _server = start(&program, flags).await;
    case(target).await;
}

macro_rules! test {
    ($case:ident) => {
        mod $case {
            #[tokio::test]
            async fn our_client_passes_with_the_go_server() {
                let test = concat!("go_server::", stringify!($case), "::our_client_passes_with_the_go_server");
                super::passes(test, &[], &super::Target::plain(super::PORT), super::cases::$case).await;
            }
        }
    };
}

each_case!(test);

#[cfg(feature = "tls")]
mod tls {
    use super::{PORT, Target, cases, passes};
    use crate::certs::Certs;

    macro_rules! test {
        ($case:ident) => {
            mod $case {
                #[tokio::test]
                async fn our_client_passes_with_the_go_server_over_tls() {
                    let test = concat!(
                        "go_server::tls::",
                        stringify!($case),
                        "::our_client_passes_with_the_go_server_over_tls"
                    );
                    super::over_tls(test, super::cases::$case).await;
                }
            }
        };
    }

    test!(empty_unary);
    test!(large_unary);
    test!(ping_pong);

    async fn over_tls(test: &str, case: impl AsyncFn(&Target)) {
        let certs = Certs::new();
        let flags = [
            "--use_tls".to_owned(),
            format!("--tls_cert_file={}", certs.chain().display()),
            format!("--tls_key_file={}", certs.key().display()),
        ];
        passes(test, &flags, &Target::tls(PORT, certs.client()), case).await;
    }
}
