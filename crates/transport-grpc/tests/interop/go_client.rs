//! The Go client against our server.

use std::time::Duration;

use tokio::process::Command;
use towerkit_endpoint::{Code, Ending};
use towerkit_testing::tool;

use crate::service::TestService;
use crate::site::{Site, soon};

/// Runs a case; it has passed where the client says so by its exit. False where there is no such client.
async fn passes(test: &str, port: u16, case: &str, flags: &[&str]) -> bool {
    let Some(program) = tool::find("grpc_interop_client", test) else { return false };
    let mut command = Command::new(program);
    command.arg("--server_host=127.0.0.1").arg(format!("--server_port={port}")).arg(format!("--test_case={case}"));
    command.args(flags).kill_on_drop(true);
    let output = soon(command.output()).await.unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    true
}

macro_rules! test {
    ($name:ident: $case:literal $(, $flag:expr)*) => {
        #[tokio::test]
        async fn $name() {
            let site = Site::start(TestService::new().routes()).await;
            passes(concat!("go_client::", stringify!($name)), site.address.port(), $case, &[$($flag),*]).await;
        }
    };
}

const SOAK: &str = "--soak_iterations=20";
/// A balancer of the client's that reads reports of load.
const ORCA: &str = r#"--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}"#;

test!(the_go_client_passes_empty_unary: "empty_unary");
test!(the_go_client_passes_large_unary: "large_unary");
test!(the_go_client_passes_client_streaming: "client_streaming");
test!(the_go_client_passes_server_streaming: "server_streaming");
test!(the_go_client_passes_ping_pong: "ping_pong");
test!(the_go_client_passes_empty_stream: "empty_stream");
test!(the_go_client_passes_timeout_on_sleeping_server: "timeout_on_sleeping_server");
test!(the_go_client_passes_cancel_after_begin: "cancel_after_begin");
test!(the_go_client_passes_custom_metadata: "custom_metadata");
test!(the_go_client_passes_status_code_and_message: "status_code_and_message");
test!(the_go_client_passes_special_status_message: "special_status_message");
test!(the_go_client_passes_unimplemented_method: "unimplemented_method");
test!(the_go_client_passes_unimplemented_service: "unimplemented_service");
test!(the_go_client_passes_pick_first_unary: "pick_first_unary");
test!(the_go_client_passes_rpc_soak: "rpc_soak", SOAK);
test!(the_go_client_passes_rpc_soak_on_four_threads: "rpc_soak", SOAK, "--soak_num_threads=4");
test!(the_go_client_passes_channel_soak: "channel_soak", SOAK);
test!(the_go_client_passes_orca_per_rpc: "orca_per_rpc", ORCA);
test!(the_go_client_passes_orca_oob: "orca_oob", ORCA);

#[tokio::test]
async fn the_go_client_passes_cancel_after_first_response_and_our_server_hears_of_it() {
    let test = "go_client::the_go_client_passes_cancel_after_first_response_and_our_server_hears_of_it";
    let service = TestService::new();
    let site = Site::start(service.routes()).await;
    if passes(test, site.address.port(), "cancel_after_first_response", &[]).await {
        let summary = service.ended.wait_len(1, Duration::from_secs(10)).await.remove(0);
        let cancelled = matches!(summary.ending, Ending::Cancelled | Ending::Failed(Code::Cancelled));
        assert!(cancelled && summary.messages == 1, "{summary:?}");
    }
}

#[cfg(feature = "tls")]
mod tls {
    use super::passes;
    use crate::certs::Certs;
    use crate::service::TestService;
    use crate::site::Site;

    macro_rules! test {
        ($name:ident: $case:literal) => {
            #[tokio::test]
            async fn $name() {
                over_tls(concat!("go_client::tls::", stringify!($name)), $case).await;
            }
        };
    }

    test!(the_go_client_passes_empty_unary_over_tls: "empty_unary");
    test!(the_go_client_passes_large_unary_over_tls: "large_unary");
    test!(the_go_client_passes_ping_pong_over_tls: "ping_pong");
    test!(the_go_client_passes_channel_soak_over_tls: "channel_soak");

    async fn over_tls(test: &str, case: &str) {
        let certs = Certs::new();
        let site = Site::with(TestService::new().routes(), |server| server.tls(certs.server())).await;
        let authority = format!("--ca_file={}", certs.authority().display());
        passes(test, site.address.port(), case, &["--use_tls", "--use_test_ca", &authority]).await;
    }
}
