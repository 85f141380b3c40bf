//! Kubernetes' client for Python.

use std::process::Command;

use towerkit_testing::process::Process;
use towerkit_testing::tool;

use super::fake::ApiServer;
use super::{addsvc, ready, slice};
use crate::support::{until_addresses, until_true};

/// Prints the addresses of the list, and then those of each change.
const WATCH: &str = r#"
import sys
from kubernetes import client, watch
api = client.DiscoveryV1Api(client.ApiClient(client.Configuration(host=sys.argv[1])))
def addresses(one):
    return [f"{endpoint.addresses[0]}:{one.ports[0].port}" for endpoint in one.endpoints or []]
select = {"label_selector": "kubernetes.io/service-name=addsvc"}
first = api.list_namespaced_endpoint_slice("default", limit=1, **select)
second = api.list_namespaced_endpoint_slice("default", limit=1, _continue=first.metadata._continue, **select)
print("LIST", [addresses(one) for one in first.items + second.items], flush=True)
changes = watch.Watch().stream(api.list_namespaced_endpoint_slice, "default", timeout_seconds=20,
                               allow_watch_bookmarks=True, resource_version=second.metadata.resource_version, **select)
for change in changes:
    if change["type"] != "BOOKMARK":
        print(change["type"], addresses(change["object"]), flush=True)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_is_taken_for_an_api_server_by_the_python_client_which_sees_what_ours_sees() {
    let test = "the_fake_is_taken_for_an_api_server_by_the_python_client_which_sees_what_ours_sees";
    let Some(python) = tool::find("python_kubernetes", test) else { return };
    let server = ApiServer::start().await;
    server.put(slice("a", 8081, &[ready("10.0.0.1"), ready("10.0.0.2")]));
    server.put(slice("b", 8082, &[]));
    let mut ours = addsvc(server.port()).instancer();
    let url = format!("http://127.0.0.1:{}", server.port());
    let peer = Process::start(Command::new(python).args(["-c", WATCH, &url]));
    let hear = async |line: &str| {
        until_true(line, || peer.said().contains(line)).await;
    };
    hear("LIST [['10.0.0.1:8081', '10.0.0.2:8081'], []]").await;
    until_addresses(&mut ours, &["10.0.0.1:8081", "10.0.0.2:8081"]).await;
    server.put(slice("b", 8082, &[ready("10.0.0.3")]));
    hear("MODIFIED ['10.0.0.3:8082']").await;
    until_addresses(&mut ours, &["10.0.0.1:8081", "10.0.0.2:8081", "10.0.0.3:8082"]).await;
    server.delete("a");
    hear("DELETED ['10.0.0.1:8081', '10.0.0.2:8081']").await;
    until_addresses(&mut ours, &["10.0.0.3:8082"]).await;
}
