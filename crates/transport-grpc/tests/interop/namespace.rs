//! A network of a test's own: for a server that insists on all interfaces, which must not be seen from outside.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use towerkit_testing::tool;

use crate::site::soon;

const INSIDE: &str = "TOWERKIT_INTEROP_INSIDE";

/// Whether this process runs in a network of its own.
pub(crate) fn inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Runs the test once more, alone and in a network of its own, where it finds itself [`inside`]. It is skipped where there are no
/// namespaces to be had.
pub(crate) async fn enter(test: &str) {
    let probe = unshare("ip link set lo up").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !soon(probe).await.is_ok_and(|status| status.success()) {
        tool::skip(test, "there are no namespaces: they want root, unshare (util-linux) and ip (iproute2)");
        return;
    }
    let mut command = unshare("ip link set lo up && exec \"$0\" \"$@\"");
    command.arg(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    // More than what is waited for inside, so that it is told what it was.
    let output = timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    // A name that is wrong would run nothing, and that would be a success.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    // What counts results by the lines of the runner is not to count these.
    assert!(passed, "{}:\n{}", output.status, said.lines().map(|line| format!("| {line}\n")).collect::<String>());
}

/// What it starts ends with it: processes have a namespace as well, and the first of them is killed with `unshare`.
fn unshare(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--pid", "--fork", "--kill-child", "sh", "-c", script]).kill_on_drop(true);
    command
}
